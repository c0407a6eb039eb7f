package traffic

import (
	"cmp"
	"slices"
)

// DefaultKeys is how many keys a Top or Distinct counts exactly unless it is
// told another bound.
const DefaultKeys = 100_000

// maxTopText bounds the bytes of the keys of a Top: who writes the log chooses
// how long they are.
const maxTopText = 8 << 20

// An Entry is what was counted of one key.
type Entry struct {
	Key   string
	Count int64
	Bytes int64
	// Over is by how much Count may be too high; zero: it is exact.
	Over int64

	gone bool // it is no longer in its table
}

// A Top counts keys. Up to its bound, and up to 8 MiB of keys, it is exact; beyond,
// every key that was counted more often than Error is in it, and Error is at most a
// Most-th of all counts: more only of keys with over 50 bytes in the mean, of which
// there is room for fewer. The zero Top is empty and has the bound DefaultKeys.
type Top struct {
	Most int    // keys that are exact in any case; zero: DefaultKeys
	Seed uint64 // of the hash by which Keys goes on beyond the bound, see Distinct

	entries map[string]*Entry
	last    *Entry    // that was found last: many keys come in runs
	keys    *Distinct // all keys, once the bound was passed
	error   int64
	size    int // bytes of all keys
}

// Add counts a key, and bytes with it. A negative count takes back what was
// counted before; of a key that is not there nothing is taken back.
func (t *Top) Add(key []byte, count, bytes int64) {
	e := t.last
	if e == nil || e.Key != string(key) {
		e = t.entries[string(key)]
	}
	if e != nil {
		t.last = e
		t.change(e, count, bytes)
	} else if count > 0 {
		t.insert(Entry{Key: string(key), Count: count, Bytes: bytes})
	}
}

// Again is Add for a caller who keeps what it returns for each key, and gives it
// back with the key the next time; nil is the first time.
func (t *Top) Again(e *Entry, key string, count, bytes int64) *Entry {
	if e == nil || e.gone || e.Key != key {
		e = t.entries[key]
	}
	switch {
	case e != nil:
		t.change(e, count, bytes)
	case count > 0:
		e = t.insert(Entry{Key: key, Count: count, Bytes: bytes})
	}
	return e
}

func (t *Top) change(e *Entry, count, bytes int64) {
	e.Count += count
	e.Bytes += bytes
	if e.Count <= 0 && t.keys == nil {
		t.remove(e)
		t.last = nil
	}
}

func (t *Top) remove(e *Entry) {
	delete(t.entries, e.Key)
	t.size -= len(e.Key)
	e.gone = true
}

func (t *Top) most() int {
	if t.Most <= 0 {
		return DefaultKeys
	}
	return t.Most
}

// insert adds a key that is not there. It may have been there before, and as often
// as any that is not.
func (t *Top) insert(e Entry) *Entry {
	if t.entries == nil {
		t.entries = map[string]*Entry{}
	}
	if t.keys != nil {
		t.keys.Add([]byte(e.Key))
	}
	e.Count, e.Over = e.Count+t.error, e.Over+t.error
	t.entries[e.Key] = &e
	if t.size += len(e.Key); len(t.entries) > t.most()+t.most()/4 || t.size > maxTopText {
		t.purge()
	}
	return &e
}

// purge leaves the most frequent keys. Most of them or more were counted as often
// as those that go, so that Error grows by no more than a Most-th of what was
// counted since.
func (t *Top) purge() {
	if t.keys == nil {
		t.count()
	}
	const lengthBits = 17                     // a key is part of a line
	order := make([]int64, 0, len(t.entries)) // by count, the length of the key below it
	for _, e := range t.entries {
		order = append(order, min(e.Count, 1<<45)<<lengthBits|int64(min(len(e.Key), 1<<lengthBits-1)))
	}
	slices.Sort(order)
	last := len(order) - 1 // that does not stay
	for room := maxTopText * 2 / 3; last > 0 && last >= len(order)-t.most(); last-- {
		if room -= int(order[last] & (1<<lengthBits - 1)); room < 0 {
			break
		}
	}
	t.error = max(t.error, order[last]>>lengthBits)
	for _, e := range t.entries {
		if e.Count <= t.error {
			t.remove(e)
		}
	}
	t.last = nil
}

// count goes on to count different keys beyond the bound.
func (t *Top) count() {
	t.keys = &Distinct{Most: 1, Seed: t.Seed}
	for key := range t.entries {
		t.keys.Add([]byte(key))
	}
}

// Keys is how many different keys were counted, and whether that is exact.
func (t *Top) Keys() (n int64, exact bool) {
	if t.keys != nil {
		return t.keys.Count(), t.keys.Exact()
	}
	return int64(len(t.entries)), true
}

// Error is how often a key that is not in it can have been counted at most;
// zero: none is missing, and all counts are exact.
func (t *Top) Error() int64 { return t.error }

// Get gives what was counted of a key.
func (t *Top) Get(key string) Entry {
	if e := t.entries[key]; e != nil {
		return *e
	}
	return Entry{Key: key}
}

// First gives the first n entries, the most frequent first, then by bytes and
// key; all of them where n is negative.
func (t *Top) First(n int) []Entry {
	return t.first(n, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Key, b.Key))
	})
}

// FirstByBytes is First with the most bytes first.
func (t *Top) FirstByBytes(n int) []Entry {
	return t.first(n, func(a, b *Entry) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Key, b.Key))
	})
}

func (t *Top) first(n int, order func(a, b *Entry) int) []Entry {
	all := make([]*Entry, 0, len(t.entries))
	for _, e := range t.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, order)
	if n >= 0 {
		all = all[:min(n, len(all))]
	}
	out := make([]Entry, len(all))
	for i, e := range all {
		out[i] = Entry{Key: e.Key, Count: e.Count, Bytes: e.Bytes, Over: e.Over}
	}
	return out
}

// Merge adds what another counted. Where both are exact and together within the
// bound the sum is that of counting all at once.
func (t *Top) Merge(o *Top) {
	missing := o.error
	if o.keys != nil {
		if t.keys == nil {
			t.count()
		}
		t.keys.Merge(o.keys)
	}
	if missing > 0 { // what o does not have it may have lost
		t.error += missing
		for _, e := range t.entries {
			e.Count, e.Over = e.Count+missing, e.Over+missing
		}
	}
	for _, e := range o.First(-1) {
		e.Count, e.Over = e.Count-missing, e.Over-missing
		if have := t.entries[e.Key]; have != nil {
			have.Over += e.Over
			t.change(have, e.Count, e.Bytes)
			continue
		}
		t.insert(e)
	}
}
