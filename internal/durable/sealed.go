package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// A Sealed is a file of a form, with the copy before it.
type Sealed struct {
	File
	Form
}

const previousSuffix = ".1"

func (s Sealed) file() File {
	f := s.File
	if f.Previous == "" {
		f.Previous = previousSuffix
	}
	return f
}

// Load hands the content to decode. Where the file is damaged or missing, the
// copy before it serves, and unusable says why the file did not. Nothing there
// at all is fs.ErrNotExist; both damaged, ErrDamaged; one that a later version
// wrote, a *VersionError, for which no older copy serves. Load moves nothing.
func (s Sealed) Load(decode func(body []byte) error) (unusable, err error) {
	f := s.file()
	err = s.read(f.Name, decode)
	if err == nil {
		return nil, nil
	}
	missing := errors.Is(err, fs.ErrNotExist)
	if !missing && !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	oldErr := s.read(f.Name+f.Previous, decode)
	oldMissing := errors.Is(oldErr, fs.ErrNotExist)
	switch {
	case oldErr == nil:
		return err, nil
	case missing:
		return nil, oldErr
	case oldMissing:
		return nil, fmt.Errorf("%w, and there is no copy before it; to start anew, move it away", err)
	}
	return nil, fmt.Errorf("%w, and so is the copy before it (%w); to start anew, move both away", err, oldErr)
}

// Save replaces the content and keeps the one before. A damaged file is moved
// aside under another name first, never written over; one of a later version
// stays, and the error is a *VersionError. The caller keeps other writers out.
func (s Sealed) Save(body []byte) error {
	data, err := s.Seal(body)
	if err != nil {
		return fmt.Errorf("write %s: %w", s.Name(), err)
	}
	f := s.file()
	if err := f.Sweep(); err != nil {
		return err
	}
	err = s.read(f.Name, func([]byte) error { return nil })
	switch {
	case errors.Is(err, ErrDamaged):
		aside := f.Name + ".damaged-" + strconv.FormatInt(time.Now().UnixNano(), 36)
		if err := os.Rename(f.Name, aside); err != nil {
			return err
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return f.Write(data)
}

// Name is the path of the file.
func (s Sealed) Name() string { return s.File.Name }

func (s Sealed) read(name string, decode func([]byte) error) error {
	data, err := Read(name, s.Limit)
	if err != nil {
		return err
	}
	body, err := s.Unseal(data)
	var version *VersionError
	switch {
	case errors.As(err, &version):
		return fmt.Errorf("%s: %w", name, err)
	case err != nil:
		return fmt.Errorf("%s is %w", name, err)
	}
	if err := decode(body); err != nil {
		return fmt.Errorf("%s is %w: %w", name, ErrDamaged, err)
	}
	return nil
}
