package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A File is a file that is replaced whole or not at all.
type File struct {
	Name     string
	Mode     fs.FileMode // zero: 0600
	Previous string      // suffix of the name under which the content before stays; "": nowhere
	Temp     string      // folder of temporary files, on the same file system; "": that of Name

	// Commit is called when the new content is on the disk and before it takes its
	// place. When it has answered nil, the temporary file stays whatever fails:
	// whoever finds what was committed can end it. Nil: there is nothing to commit.
	Commit func() error

	// Step is called before each system call that changes the disk, with its
	// name. Its error is taken for one of the call: a test ends the process or
	// fills the disk there. Nil: nobody watches.
	Step func(step string) error
}

// Write replaces the file name by data, with mode 0600.
func Write(name string, data []byte) error { return File{Name: name}.Write(data) }

// Write replaces the content by data.
func (f File) Write(data []byte) error { return f.WriteFrom(bytesOf(data)) }

// WriteFrom replaces the content by what fill writes, which is not held in
// memory. On an error the old content stands and the temporary file is gone.
func (f File) WriteFrom(fill func(w io.Writer) error) error {
	tmp, err := f.temporary(fill)
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Name, err)
	}
	err = f.keepPrevious()
	if err == nil && f.Commit != nil {
		err = errors.Join(SyncDir(f.tempDir()), f.Commit())
	}
	committed := err == nil && f.Commit != nil
	if err == nil {
		err = f.step("rename")
	}
	if err == nil {
		err = os.Rename(tmp, f.Name)
	}
	if err != nil && !committed {
		err = errors.Join(err, os.Remove(tmp))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", f.Name, err)
	}
	return f.settle()
}

// Create writes a file that is not there yet. It never replaces: of two writers
// one wins, and the other's error wraps fs.ErrExist.
func (f File) Create(data []byte) error {
	tmp, err := f.temporary(bytesOf(data))
	if err != nil {
		return fmt.Errorf("create %s: %w", f.Name, err)
	}
	defer os.Remove(tmp) //nolint:errcheck // Sweep takes what is left
	if err = f.step("link"); err == nil {
		err = os.Link(tmp, f.Name)
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", f.Name, err)
	}
	return f.settle()
}

// Sweep removes the temporary files that killed writers left. The caller holds
// a lock that keeps living writers out.
func (f File) Sweep() error {
	list, err := os.ReadDir(f.tempDir())
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), f.tempPrefix()) {
			continue
		}
		if err := os.Remove(filepath.Join(f.tempDir(), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Read gives the content of a regular file of at most limit bytes, with no link
// followed and no second look by name. What is no such file is ErrDamaged.
func Read(name string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) {
		return nil, fmt.Errorf("%s is %w: no regular file", name, ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %w: no regular file", name, ErrDamaged)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is %w: it has more than %d bytes", name, ErrDamaged, limit)
	}
	return data, err
}

func bytesOf(data []byte) func(io.Writer) error {
	return func(w io.Writer) error { _, err := w.Write(data); return err }
}

func (f File) step(name string) error {
	if f.Step == nil {
		return nil
	}
	return f.Step(name)
}

func (f File) mode() fs.FileMode {
	if f.Mode == 0 {
		return 0o600
	}
	return f.Mode
}

func (f File) tempDir() string {
	if f.Temp != "" {
		return f.Temp
	}
	return filepath.Dir(f.Name)
}

func (f File) tempPrefix() string { return "." + filepath.Base(f.Name) + ".tmp-" }

// temporary writes a synced temporary file and gives its name.
func (f File) temporary(fill func(io.Writer) error) (name string, err error) {
	if err := f.step("create"); err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(f.tempDir(), f.tempPrefix())
	if err != nil {
		return "", err
	}
	if err = f.step("write"); err == nil {
		err = fill(&stepWriter{w: tmp, file: f})
	}
	if err == nil {
		err = tmp.Chmod(f.mode())
	}
	if err == nil {
		err = f.step("sync")
	}
	if err == nil {
		// An error here says once only that bytes may be lost: the file is given up.
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(tmp.Name()))
	}
	return tmp.Name(), nil
}

// A stepWriter lets a test stop in the middle of the bytes.
type stepWriter struct {
	w     io.Writer
	file  File
	asked bool
}

func (s *stepWriter) Write(p []byte) (int, error) {
	if s.asked || s.file.Step == nil {
		return s.w.Write(p)
	}
	s.asked = true
	n, err := s.w.Write(p[:len(p)/2])
	if err == nil {
		err = s.file.step("write rest")
	}
	if err != nil {
		return n, err
	}
	m, err := s.w.Write(p[n:])
	return n + m, err
}

// keepPrevious makes the previous copy a second name of the present content,
// which stands under its own name all the while. Where there is no present
// content, the previous copy is all there is, and stays.
func (f File) keepPrevious() error {
	if f.Previous == "" {
		return nil
	}
	if _, err := os.Lstat(f.Name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	old := f.Name + f.Previous
	if err := f.step("unlink old"); err != nil {
		return err
	}
	if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := f.step("link old"); err != nil {
		return err
	}
	err := os.Link(f.Name, old)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return f.copyTo(old)
}

// copyTo serves where the file system has no hard links.
func (f File) copyTo(old string) error {
	from, err := os.Open(f.Name)
	if err != nil {
		return err
	}
	defer from.Close()
	return File{Name: old, Mode: f.Mode}.WriteFrom(func(w io.Writer) error { _, err := io.Copy(w, from); return err })
}

// settle makes the new name durable.
func (f File) settle() error {
	if err := f.step("sync folder"); err != nil {
		return err
	}
	if err := SyncDir(filepath.Dir(f.Name)); err != nil {
		return err
	}
	return f.step("done")
}
