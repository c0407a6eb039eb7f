package tree

import (
	"fmt"
	"iter"

	"github.com/pugetsoundtech/upkeep/host"
)

// An Old gives the entries of an earlier walk by their paths, which are asked for
// in tree order. Its zero value has none.
type Old struct {
	more  bool
	entry host.Entry
	next  func() (host.Entry, error, bool)
	stop  func()
	begun bool
}

// Follow begins to read a stream of entries in tree order; nil has none.
func Follow(entries iter.Seq2[host.Entry, error]) *Old {
	o := new(Old)
	if entries != nil {
		o.next, o.stop = iter.Pull2(entries)
	}
	return o
}

// Close ends the stream.
func (o *Old) Close() {
	if o.stop != nil {
		o.stop()
	}
}

// At gives the entry of a path, and whether there is one. The error is that of
// the stream, or says that it is out of order.
func (o *Old) At(path string) (host.Entry, bool, error) {
	if o.next == nil {
		return host.Entry{}, false, nil
	}
	for !o.begun || o.more && Compare(o.entry.Path, path) < 0 {
		if err := o.advance(); err != nil {
			return host.Entry{}, false, err
		}
	}
	if o.more && o.entry.Path == path {
		return o.entry, true, nil
	}
	return host.Entry{}, false, nil
}

func (o *Old) advance() error {
	last, had := o.entry.Path, o.more
	e, err, more := o.next()
	o.begun, o.entry, o.more = true, e, more
	switch {
	case more && err != nil:
		return fmt.Errorf("old entries: %w", err)
	case more && had && Compare(last, e.Path) >= 0:
		return fmt.Errorf("old entries are out of order at %q", e.Path)
	}
	return nil
}
