// Package atomicfile replaces files whole: after a crash at any moment a file
// has its old content or its new content, never a part.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file name by data, durably: it writes a temporary file in
// the same folder, syncs it, renames it and syncs the folder. On an error the
// old content stands and the temporary file is gone.
func Write(name string, data []byte, perm fs.FileMode) error {
	return Writer{}.write(name, "", data, perm)
}

// Replace is Write that keeps the content before as name+suffix.
func Replace(name, suffix string, data []byte, perm fs.FileMode) error {
	return Writer{}.write(name, suffix, data, perm)
}

// A Writer writes as the functions of this package do, and can be watched.
type Writer struct {
	// Step is called before each system call that changes the disk, with its
	// name; a test ends the process there. Nil: nobody watches.
	Step func(step string)
}

// Replace is the package's Replace, watched.
func (w Writer) Replace(name, suffix string, data []byte, perm fs.FileMode) error {
	return w.write(name, suffix, data, perm)
}

func (w Writer) step(name string) {
	if w.Step != nil {
		w.Step(name)
	}
}

func (w Writer) write(name, suffix string, data []byte, perm fs.FileMode) error {
	tmp, err := w.temp(name, data, perm)
	if err != nil {
		return err
	}
	if suffix != "" {
		err = w.keepOld(name, name+suffix)
	}
	if err == nil {
		err = w.commit(tmp, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	w.step("sync folder")
	err = SyncDir(filepath.Dir(name))
	w.step("done")
	return err
}

func (w Writer) temp(name string, data []byte, perm fs.FileMode) (string, error) {
	w.step("create")
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".tmp-")
	if err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	err = w.fill(f, data, perm)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func (w Writer) fill(f *os.File, data []byte, perm fs.FileMode) error {
	w.step("write")
	half := len(data) / 2
	if _, err := f.Write(data[:half]); err != nil {
		return err
	}
	w.step("write rest")
	if _, err := f.Write(data[half:]); err != nil {
		return err
	}
	if err := f.Chmod(perm); err != nil {
		return err
	}
	w.step("sync")
	return f.Sync()
}

// keepOld makes old a second name of the current content. Where there is none,
// old is all there is, and stays.
func (w Writer) keepOld(name, old string) error {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	w.step("unlink old")
	if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	w.step("link old")
	err := os.Link(name, old)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	}
	// A file system without hard links: a copy serves.
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("replace %s: %w", name, err)
	}
	return w.write(old, "", data, 0o600)
}

func (w Writer) commit(tmp, name string) error {
	w.step("rename")
	if err := os.Rename(tmp, name); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// SyncDir makes the names in a folder durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
