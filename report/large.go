package report

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
)

// large is what a recorder knows of large values.
type large struct {
	before map[string]string // name: digest, of the last stored run
	after  map[string]string // without what this run keeps anew
	values map[string][]byte // what it keeps anew
	load   func(digest string) ([]byte, error)
	store  bool // there is a place for them, or no memory at all
}

// KeepLarge hands a value that grows with the machine to the next run, as Keep
// does, in a file of its own: thousands of sockets, counters of many users. A
// nil value removes the name. The names are not those of Keep.
func (r *Recorder) KeepLarge(name string, value []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("keep") {
		return ErrLate
	}
	if !r.large.store {
		return fmt.Errorf("the store of this suite keeps no large values: %w", errors.ErrUnsupported)
	}
	total := len(value)
	for n, v := range r.large.values {
		if n != name {
			total += len(v)
		}
	}
	if total > MaxLarge {
		return fmt.Errorf("large values exceed %d bytes", MaxLarge)
	}
	delete(r.large.after, name)
	delete(r.large.values, name)
	if value != nil {
		r.large.values[name] = bytes.Clone(value)
	}
	return nil
}

// MaxLarge bounds the large values of one check, in bytes.
const MaxLarge = 128 << 20

// KeptLarge gives what the last stored run kept under name by KeepLarge; nil and
// no error when there is nothing. An error is no empty memory.
func (r *Recorder) KeptLarge(name string) ([]byte, error) {
	digest, ok := r.large.before[name]
	if !ok {
		return nil, nil
	}
	if r.large.load == nil {
		return nil, fmt.Errorf("the store of this suite keeps no large values: %w", errors.ErrUnsupported)
	}
	value, err := r.large.load(digest)
	if err != nil {
		return nil, &StateError{Check: r.check, Name: name, Err: err}
	}
	return value, nil
}

// largeAfter gives the names that stay, and what is kept anew: as with keptAfter,
// nothing new when a finding of this run was not recorded.
func (r *Recorder) largeAfter() (names map[string]string, values map[string][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost {
		return maps.Clone(r.large.before), nil
	}
	names = maps.Clone(r.large.after)
	if names == nil {
		names = map[string]string{}
	}
	return names, maps.Clone(r.large.values)
}
