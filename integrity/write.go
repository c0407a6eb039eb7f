package integrity

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/internal/atomicfile"
	"github.com/pugetsoundtech/upkeep/internal/lock"
	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// CreateBaseline writes the first baseline under name, from a stream that is
// not held in memory. If the stream ends with an error there is no baseline.
// The error wraps fs.ErrExist when there is a baseline already, or a previous
// copy of one, in whatever state: nothing is written over it.
func CreateBaseline(name string, head Head, entries Entries) error {
	return locked(name, func() error {
		for _, taken := range []string{name, name + suffixOld} {
			if _, err := os.Lstat(taken); !errors.Is(err, fs.ErrNotExist) {
				return errors.Join(fmt.Errorf("create baseline %s: %w", taken, fs.ErrExist), err)
			}
		}
		return replaceBaseline(name, false, head, entries)
	})
}

// replaceBaseline writes a baseline whole or not at all. The caller holds the
// lock. keep makes the present file the previous copy.
func replaceBaseline(name string, keep bool, head Head, entries Entries) error {
	tmp, err := writeBaselineTemp(name, head, entries)
	if err == nil && keep {
		err = keepOld(name)
	}
	if err == nil {
		step("rename")
		err = os.Rename(tmp, name)
	}
	if err != nil {
		if tmp != "" {
			err = errors.Join(err, os.Remove(tmp))
		}
		return fmt.Errorf("write baseline %s: %w", name, err)
	}
	step("sync folder")
	return atomicfile.SyncDir(filepath.Dir(name))
}

// step is called before each call that changes the disk; tests end the process there.
var step = func(string) {}

// locked runs fn while no other process writes this baseline, and after what a
// killed one has left half written is gone.
func locked(name string, fn func() error) error {
	l, err := lock.Acquire(name + ".lock")
	if err != nil {
		return fmt.Errorf("write baseline %s: %w", name, err)
	}
	defer l.Release()
	if err := removeTemps(name); err != nil {
		return fmt.Errorf("write baseline %s: %w", name, err)
	}
	return fn()
}

func tempPrefix(name string) string { return "." + filepath.Base(name) + ".tmp-" }

func removeTemps(name string) error {
	dir := filepath.Dir(name)
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range list {
		if len(e.Name()) > len(tempPrefix(name)) && e.Name()[:len(tempPrefix(name))] == tempPrefix(name) {
			errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// keepOld makes the previous copy a second name of the present file, which
// stands under its own name all the while.
func keepOld(name string) error {
	step("unlink old")
	if err := os.Remove(name + suffixOld); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	step("link old")
	return os.Link(name, name+suffixOld)
}

// writeBaselineTemp writes a synced temporary file and gives its name, which is
// empty when there is none.
func writeBaselineTemp(name string, head Head, entries Entries) (string, error) {
	step("create")
	f, err := os.CreateTemp(filepath.Dir(name), tempPrefix(name))
	if err != nil {
		return "", err
	}
	step("write")
	w := bufio.NewWriterSize(f, 256<<10)
	err = encodeBaseline(w, head, entries)
	if err == nil {
		err = w.Flush()
	}
	step("sync")
	if err == nil {
		err = f.Sync()
	}
	return f.Name(), errors.Join(err, f.Close())
}

// encodeBaseline writes the file's format to w.
func encodeBaseline(w io.Writer, head Head, entries Entries) error {
	if _, err := io.WriteString(w, magic); err != nil {
		return err
	}
	text, err := encodeHead(head)
	if err != nil {
		return err
	}
	b := blockWriter{w: w}
	if err := b.write(blockHead, text); err != nil {
		return err
	}
	count, err := b.records(entries)
	if err != nil {
		return err
	}
	tail, _ := tailOf(count, b.digests)
	return b.write(blockTail, tail)
}

// records writes the entries in blocks, and gives their number.
func (b *blockWriter) records(entries Entries) (count int64, err error) {
	var c encoder
	last := ""
	for e, err := range entries {
		if err != nil {
			return count, err
		}
		if last != "" && tree.Compare(last, e.Path) >= 0 {
			return count, fmt.Errorf("entries are out of order at %q", e.Path)
		}
		last = e.Path
		c.add(e)
		count++
		if len(c.buf) >= blockTarget {
			if err := b.write(blockRecords, c.buf); err != nil {
				return count, err
			}
			c.reset()
		}
	}
	if len(c.buf) == 0 {
		return count, nil
	}
	return count, b.write(blockRecords, c.buf)
}
