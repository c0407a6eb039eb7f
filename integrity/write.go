package integrity

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity/internal/blockfile"
	"github.com/pugetsoundtech/upkeep/internal/durable"
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
		if err := replaceBaseline(name, false, head, entries); err != nil {
			return err
		}
		return copyBaseline(name)
	})
}

// copyBaseline makes the previous copy of a baseline that has none before it, so
// that one flipped bit of the first day is no loss.
func copyBaseline(name string) error {
	from, err := os.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	f := durable.File{Name: name + suffixOld, Step: step}
	return f.WriteFrom(func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}

// replaceBaseline writes a baseline whole or not at all. The caller holds the
// lock. keep makes the present file the previous copy.
func replaceBaseline(name string, keep bool, head Head, entries Entries) error {
	return replacement{name: name, keep: keep}.write(head, entries)
}

// A replacement is how a baseline is replaced.
type replacement struct {
	name   string
	keep   bool
	commit func(root Digest) error // of the new one, when it is on the disk and before it takes its place; nil: nothing
}

func (r replacement) write(head Head, entries Entries) error {
	f := baselineFile(r.name)
	if r.keep {
		f.Previous = suffixOld
	}
	var root Digest
	if r.commit != nil {
		f.Commit = func() error { return r.commit(root) }
	}
	return f.WriteFrom(func(w io.Writer) (err error) {
		buf := bufio.NewWriterSize(w, 256<<10)
		root, err = encodeBaseline(buf, head, entries)
		return errors.Join(err, buf.Flush())
	})
}

func baselineFile(name string) durable.File { return durable.File{Name: name, Step: step} }

// step is called before each call that changes the disk; tests end the process there.
var step func(string) error

// locked runs fn while no other process writes this baseline, and after what a
// killed one has left half done is ended, or gone.
func locked(name string, fn func() error) error {
	l, err := durable.Acquire(name + ".lock")
	if err != nil {
		return fmt.Errorf("write baseline %s: %w", name, err)
	}
	defer l.Release()
	if err := errors.Join(follow(name), baselineFile(name).Sweep()); err != nil {
		return fmt.Errorf("write baseline %s: %w", name, err)
	}
	return fn()
}

// encodeBaseline writes the file's format to w, and gives the root.
func encodeBaseline(w io.Writer, head Head, entries Entries) (Digest, error) {
	text, err := encodeHead(head)
	if err != nil {
		return Digest{}, err
	}
	b, err := blockfile.NewWriter(w, text)
	if err != nil {
		return Digest{}, err
	}
	count, err := writeRecords(b, entries)
	if err != nil {
		return Digest{}, err
	}
	root, err := b.Close(count)
	return Digest(root), err
}

// writeRecords writes the entries in blocks, and gives their number.
func writeRecords(b *blockfile.Writer, entries Entries) (count int64, err error) {
	var c encoder
	first, last := "", ""
	for e, err := range entries {
		if err != nil {
			return count, err
		}
		if last != "" && tree.Compare(last, e.Path) >= 0 {
			return count, fmt.Errorf("entries are out of order at %q", e.Path)
		}
		if last = e.Path; len(c.buf) == 0 {
			first = e.Path
		}
		c.add(e)
		count++
		if len(c.buf) >= blockfile.Target {
			if err := b.Add(first, c.buf); err != nil {
				return count, err
			}
			c.reset()
		}
	}
	if len(c.buf) == 0 {
		return count, nil
	}
	return count, b.Add(first, c.buf)
}
