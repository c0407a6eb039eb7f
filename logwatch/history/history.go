package history

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Bounds of what is remembered.
const (
	window   = 5 * week // hours of one kind
	maxKinds = 20_000
	maxCells = 400_000 // hours with counts, of all kinds
	maxText  = 200     // bytes of an id, a label, a source

	day  = 24
	week = 7 * day
)

// A History is the counts of many kinds. The zero History is empty and ready.
// It is not safe for concurrent use.
type History struct {
	kinds map[string]*Kind
	alive []uint32 // hours in which the machine was seen
	begun uint32   // first of all
	now   uint32   // of the present reading
	lost  int
}

// A Kind is the lines of one kind.
type Kind struct {
	ID     string
	Label  string // what a person knows it by; set by the caller
	Source string // where it came last; set by the caller

	first, last uint32 // hours since 1970; last also tells when anything came at all
	cells       []cell // in order of time
	fresh       uint32 // the first hour that this reading added to; zero: none
	isNew       bool
}

// cell is how many lines came in an hour.
type cell struct{ hour, n uint32 }

// hourOf is the hour of a time; zero for what no clock should show.
func hourOf(t time.Time) uint32 { return uint32(max(t.Unix(), 0) / 3600) }

func timeOf(hour uint32) time.Time { return time.Unix(int64(hour)*3600, 0).UTC() }

// Begin begins a reading: the machine is there now.
func (h *History) Begin(now time.Time) {
	h.now = hourOf(now)
	h.see(h.now)
}

// see notes that the machine was there.
func (h *History) see(hour uint32) {
	if i, known := slices.BinarySearch(h.alive, hour); !known {
		h.alive = slices.Insert(h.alive, i, hour)
	}
	if h.begun == 0 || hour < h.begun {
		h.begun = hour
	}
}

// Add counts n lines of a kind, and gives it. Lines of the future, and such as
// are older than five weeks, say that the kind is known and count for no hour.
// It is nil where there is no room for one more kind.
func (h *History) Add(id string, at time.Time, n int) *Kind {
	k := h.kinds[id]
	if k == nil {
		if len(id) > maxText || len(h.kinds) >= 2*maxKinds {
			h.lost++
			return nil
		}
		if h.kinds == nil {
			h.kinds = map[string]*Kind{}
		}
		k = &Kind{ID: id, isNew: true}
		h.kinds[id] = k
	}
	h.Count(k, at, n)
	return k
}

// Count counts more lines of a kind that Add gave.
func (h *History) Count(k *Kind, at time.Time, n int) {
	hour := hourOf(at)
	if at.IsZero() || hour > h.now || hour+window < h.now {
		hour = 0
	}
	if k.first == 0 || hour != 0 && hour < k.first {
		k.first = cmp.Or(hour, h.now)
	}
	k.last = max(k.last, hour)
	if hour == 0 || n <= 0 {
		return
	}
	if k.fresh == 0 || hour < k.fresh {
		k.fresh = hour
	}
	h.see(hour)
	if end := len(k.cells) - 1; end >= 0 && k.cells[end].hour == hour {
		k.cells[end].add(n)
		return
	}
	i, known := k.at(hour)
	if !known {
		k.cells = slices.Insert(k.cells, i, cell{hour: hour})
	}
	k.cells[i].add(n)
}

func (c *cell) add(n int) { c.n = uint32(min(uint64(c.n)+uint64(n), 1<<32-1)) }

func (k *Kind) at(hour uint32) (int, bool) {
	return slices.BinarySearchFunc(k.cells, hour, func(c cell, hour uint32) int { return cmp.Compare(c.hour, hour) })
}

// Kinds gives all kinds, by their ids.
func (h *History) Kinds() []*Kind {
	return slices.SortedFunc(maps.Values(h.kinds), func(a, b *Kind) int { return cmp.Compare(a.ID, b.ID) })
}

// Lost is how many regular kinds had to be forgotten, or could not be taken, in
// this reading: of them nobody will know that they went silent.
func (h *History) Lost() int { return h.lost }

// trim keeps the bounds.
func (h *History) trim() {
	h.alive = slices.DeleteFunc(h.alive, func(hour uint32) bool { return hour+window < h.now })
	cells := 0
	for _, k := range h.kinds {
		k.cells = slices.DeleteFunc(k.cells, func(c cell) bool { return c.hour+window < k.last })
		cells += len(k.cells)
	}
	if len(h.kinds) <= maxKinds && cells <= maxCells {
		return
	}
	order := slices.SortedFunc(maps.Values(h.kinds), func(a, b *Kind) int {
		return cmp.Or(cmp.Compare(b2i(len(a.cells) > 1), b2i(len(b.cells) > 1)), cmp.Compare(a.last, b.last), cmp.Compare(a.ID, b.ID))
	})
	for _, k := range order {
		if len(h.kinds) <= maxKinds && cells <= maxCells {
			return
		}
		if len(k.cells) > 1 {
			h.lost++
		}
		cells -= len(k.cells)
		delete(h.kinds, k.ID)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
