package memory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/report"
)

// FileStore is a Store in one folder of the local disk: the file state.json,
// and beside it state.json.1 as it was before the last Save. Each begins with a
// line that has the format's version and the SHA-256 of the rest. It does not
// exclude two processes from each other.
type FileStore struct {
	Dir string // must exist and be writable by nobody else

	step func(string) error // of tests
}

const (
	stateName  = "state.json"
	stateLimit = 256 << 20 // with the head line
)

// Load reads the state. For a damaged state.json the copy before it is used,
// with a notice; if that is damaged too the error wraps ErrDamaged. State that a
// later version wrote is a *VersionError. Load moves nothing.
func (s FileStore) Load(ctx context.Context) (Saved, error) {
	if err := ctx.Err(); err != nil {
		return Saved{}, err
	}
	var saved Saved
	unusable, err := s.file().Load(func(body []byte) (err error) { saved, err = DecodeSaved(body); return err })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Saved{}, nil
	case err != nil:
		return Saved{}, versionError(err)
	case unusable != nil:
		saved.Notices = append(saved.Notices, fmt.Sprintf(
			"the state of the last run could not be used (%v); the copy before it, of %s, was used: changes since then are told again",
			unusable, reportTime(saved.Report)))
	}
	// Where it cannot be told what was delivered, it is delivered again.
	_, err = s.deliveredFile().Load(func(body []byte) error {
		if saved.Report != nil && saved.Report.ID == string(body) {
			saved.Delivered = saved.Report.ID
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, report.ErrDamaged) {
		return Saved{}, versionError(err)
	}
	return saved, nil
}

// Save replaces the state and keeps the one before. A damaged state is moved
// aside under another name first, never written over; the state of a later
// version stays, and the error is a *VersionError.
func (s FileStore) Save(ctx context.Context, saved Saved) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	body, err := EncodeSaved(saved)
	if err != nil {
		return err
	}
	if err := s.sweep(saved); err != nil {
		return versionError(err)
	}
	return versionError(s.file().Save(body))
}

// MarkDelivered remembers which report was delivered.
func (s FileStore) MarkDelivered(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return versionError(s.deliveredFile().Save([]byte(id)))
}

// SaveLarge is LargeStore.SaveLarge: a file of the folder "kept".
func (s FileStore) SaveLarge(ctx context.Context, value []byte) (digest string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return s.digests().Put(value)
}

// LoadLarge is LargeStore.LoadLarge.
func (s FileStore) LoadLarge(ctx context.Context, digest string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	value, err := s.digests().Get(digest)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("a large value is missing, so the state is %w: %w", report.ErrDamaged, err)
	}
	return value, err
}

// sweep removes the large values that nothing refers to: what is to be saved,
// the state, and the copy before it.
func (s FileStore) sweep(next Saved) error {
	used := map[string]bool{}
	note := func(saved Saved) {
		for _, names := range saved.Large {
			for _, digest := range names {
				used[digest] = true
			}
		}
	}
	note(next)
	if more, err := s.digests().Holds(func(digest string) bool { return !used[digest] }); err != nil || !more {
		return err
	}
	for _, name := range []string{stateName, stateName + ".1"} {
		one := s.file()
		one.File.Name, one.Previous = filepath.Join(s.Dir, name), ".none"
		_, err := one.Load(func(body []byte) error {
			saved, err := DecodeSaved(body)
			note(saved)
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, report.ErrDamaged) {
			return err
		}
	}
	return s.digests().Sweep(func(digest string) bool { return used[digest] })
}

func (s FileStore) digests() durable.Digests {
	return durable.Digests{Dir: filepath.Join(s.Dir, "kept"), Limit: report.MaxLarge, Step: s.step}
}

func (s FileStore) deliveredFile() durable.Sealed {
	return durable.Sealed{
		File: durable.File{Name: filepath.Join(s.Dir, "delivered"), Step: s.step},
		Form: durable.Form{Name: "upkeep-delivered", Version: 1, Limit: 4 << 10},
	}
}

func (s FileStore) file() durable.Sealed {
	return durable.Sealed{
		File: durable.File{Name: filepath.Join(s.Dir, stateName), Step: s.step},
		Form: durable.Form{Name: "upkeep-state", Version: 2, Limit: stateLimit},
	}
}

// versionError gives the error of another form in this package's type.
func versionError(err error) error {
	var version *durable.VersionError
	if errors.As(err, &version) {
		return fmt.Errorf("%w: %w", &report.VersionError{Schema: version.Form, Reads: version.Reads}, err)
	}
	return err
}

func reportTime(rep *report.Report) string {
	if rep == nil {
		return "an unknown time"
	}
	return rep.Finished.Format(time.RFC3339)
}
