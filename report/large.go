package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
)

// A LargeStore is a Store that also keeps large values, each named by its
// SHA-256 in hexadecimal digits.
//
//  1. SaveLarge is durable when it returns nil.
//  2. LoadLarge gives the bytes that were saved; what is missing or has other
//     bytes is ErrDamaged, never empty.
//  3. Save may forget the values that Saved.Large names neither in what is saved
//     nor in what Load can fall back to, and no others.
type LargeStore interface {
	Store
	SaveLarge(ctx context.Context, value []byte) (digest string, err error)
	LoadLarge(ctx context.Context, digest string) ([]byte, error)
}

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
	if total > maxLarge {
		return fmt.Errorf("large values exceed %d bytes", maxLarge)
	}
	delete(r.large.after, name)
	delete(r.large.values, name)
	if value != nil {
		r.large.values[name] = bytes.Clone(value)
	}
	return nil
}

// maxLarge bounds the large values of one check, in bytes.
const maxLarge = 128 << 20

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

// large gives what the recorder of a check knows of large values.
func (r *run) large(check string) large {
	out := large{
		before: r.saved.Large[check], after: maps.Clone(r.saved.Large[check]),
		values: map[string][]byte{}, store: r.Store == nil || r.err != nil,
	}
	if store, ok := r.Store.(LargeStore); ok {
		out.store = true
		out.load = func(digest string) ([]byte, error) {
			return answer(r.whole, r.Suite, "Store.LoadLarge", storeTimeout, func(ctx context.Context) ([]byte, error) { return store.LoadLarge(ctx, digest) })
		}
	}
	return out
}

// saveLarge stores what the checks of this run keep, before the report that
// refers to it, and gives all names.
func (r *run) saveLarge() (map[string]map[string]string, error) {
	all := maps.Clone(r.saved.Large)
	if all == nil {
		all = map[string]map[string]string{}
	}
	for check, cl := range r.claims {
		names, values := cl.rec.largeAfter()
		for name, value := range values {
			digest, err := r.saveOne(value)
			if err != nil {
				return nil, err
			}
			names[name] = digest
		}
		all[check] = names
	}
	maps.DeleteFunc(all, func(check string, names map[string]string) bool { return len(names) == 0 || !r.remembered(check) })
	return all, nil
}

func (r *run) saveOne(value []byte) (string, error) {
	store, ok := r.Store.(LargeStore)
	if !ok {
		return "", errors.ErrUnsupported
	}
	return answer(r.whole, r.Suite, "Store.SaveLarge", storeTimeout, func(ctx context.Context) (string, error) { return store.SaveLarge(ctx, value) })
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
