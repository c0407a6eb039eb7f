package traffic

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// errSaved says that what was saved cannot have been written by this package.
var errSaved = errors.New("the numbers that were saved are damaged")

type savedEntry struct {
	Key   []byte `json:"k"` // any bytes
	Count int64  `json:"n"`
	Bytes int64  `json:"b,omitempty"`
	Over  int64  `json:"over,omitempty"`
}

type savedTop struct {
	Entries []savedEntry `json:"entries"`
	Keys    *Distinct    `json:"keys,omitempty"`
	Error   int64        `json:"error,omitempty"`
}

// MarshalJSON writes what was counted, without the bound and the seed.
func (t *Top) MarshalJSON() ([]byte, error) {
	out := savedTop{Keys: t.keys, Error: t.error}
	for _, e := range t.First(-1) {
		out.Entries = append(out.Entries, savedEntry{[]byte(e.Key), e.Count, e.Bytes, e.Over})
	}
	return json.Marshal(out)
}

// UnmarshalJSON goes on with what MarshalJSON wrote. Bound and seed are those
// that t has, and the seed is the one of then.
func (t *Top) UnmarshalJSON(data []byte) error {
	var in savedTop
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*t = Top{Most: t.Most, Seed: t.Seed, error: in.Error, entries: map[string]*Entry{}}
	for _, e := range in.Entries {
		t.size += len(e.Key)
		t.entries[string(e.Key)] = &Entry{Key: string(e.Key), Count: e.Count, Bytes: e.Bytes, Over: e.Over}
	}
	if in.Keys != nil {
		in.Keys.Most, in.Keys.Seed = 1, t.Seed
		t.keys = in.Keys
	}
	return nil
}

type savedDistinct struct {
	Exact  []byte `json:"exact,omitempty"` // eight bytes a hash, ascending
	Sketch []byte `json:"sketch,omitempty"`
}

// MarshalJSON writes what was counted, without the bound and the seed. It has a
// use only where the seed is the caller's.
func (d *Distinct) MarshalJSON() ([]byte, error) {
	out := savedDistinct{Sketch: d.sketch}
	for _, h := range slices.Sorted(maps.Keys(d.exact)) {
		out.Exact = binary.BigEndian.AppendUint64(out.Exact, h)
	}
	return json.Marshal(out)
}

// UnmarshalJSON goes on with what MarshalJSON wrote.
func (d *Distinct) UnmarshalJSON(data []byte) error {
	var in savedDistinct
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if len(in.Exact)%8 != 0 || in.Sketch != nil && len(in.Sketch) != registers {
		return errSaved
	}
	*d = Distinct{Most: d.Most, Seed: d.Seed, sketch: in.Sketch, exact: map[uint64]struct{}{}}
	for ; len(in.Exact) > 0; in.Exact = in.Exact[8:] {
		d.exact[binary.BigEndian.Uint64(in.Exact)] = struct{}{}
	}
	return nil
}

type savedHistogram struct {
	Buckets map[int]int64 `json:"buckets"`
	Max     uint64        `json:"max"`
}

// MarshalJSON writes the amounts by bucket.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	out := savedHistogram{Buckets: map[int]int64{}, Max: h.max}
	for i, n := range h.buckets {
		if n != 0 {
			out.Buckets[i] = n
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON goes on with what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(data []byte) error {
	var in savedHistogram
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*h = Histogram{max: in.Max}
	for i, n := range in.Buckets {
		if i < 0 || i >= len(h.buckets) {
			return errSaved
		}
		h.buckets[i] = n
		h.count += n
	}
	return nil
}
