package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// form is what an encoded history begins with; another form is another version.
const form = "logwatch history 1\n"

// maxEncoded bounds an encoded history, in bytes.
const maxEncoded = 64 << 20

// ErrDamaged says that bytes are no encoded history.
var ErrDamaged = errors.New("the history of the logs is damaged")

// Encode gives the bytes by which Decode restores it, after what is beyond its
// bounds is forgotten. A second call gives the same.
func (h *History) Encode() []byte {
	h.trim()
	e := encoder(form)
	e.number(h.begun)
	e.hours(h.alive)
	kinds := h.Kinds()
	var sources []string
	for _, k := range kinds {
		sources = append(sources, clip(k.Source))
	}
	slices.Sort(sources)
	sources = slices.Compact(sources)
	e.number(uint32(len(sources)))
	for _, s := range sources {
		e.text(s)
	}
	e.number(uint32(len(kinds)))
	for _, k := range kinds {
		e.text(k.ID)
		e.text(clip(k.Label))
		source, _ := slices.BinarySearch(sources, clip(k.Source))
		for _, n := range []uint32{uint32(source), k.first, k.last, uint32(len(k.cells))} {
			e.number(n)
		}
		at := uint32(0)
		for _, c := range k.cells {
			e.number(c.hour - at)
			e.number(c.n)
			at = c.hour
		}
	}
	return e
}

func clip(s string) string { return s[:min(len(s), maxText)] }

type encoder []byte

func (e *encoder) number(n uint32) { *e = binary.AppendUvarint(*e, uint64(n)) }

func (e *encoder) text(s string) {
	e.number(uint32(len(s)))
	*e = append(*e, s...)
}

// hours writes rising numbers by their distances.
func (e *encoder) hours(list []uint32) {
	e.number(uint32(len(list)))
	at := uint32(0)
	for _, hour := range list {
		e.number(hour - at)
		at = hour
	}
}

// Decode restores a history; nothing is an empty one. The error is ErrDamaged.
func Decode(data []byte) (*History, error) {
	h := &History{kinds: map[string]*Kind{}}
	if len(data) == 0 {
		return h, nil
	}
	if len(data) > maxEncoded || len(data) < len(form) || string(data[:len(form)]) != form {
		return nil, fmt.Errorf("%w: it has another form", ErrDamaged)
	}
	d := decoder{data: data[len(form):]}
	h.begun = d.number()
	h.alive = d.hours(d.count(len(data)))
	sources := make([]string, d.count(len(data)))
	for i := range sources {
		sources[i] = d.text()
	}
	for range d.count(maxKinds) {
		k := d.kind(sources)
		if k == nil {
			break
		}
		if h.kinds[k.ID] != nil {
			d.bad = true
		}
		h.kinds[k.ID] = k
	}
	if d.bad || len(d.data) > 0 {
		return nil, fmt.Errorf("%w, %d bytes before its end", ErrDamaged, len(d.data))
	}
	return h, nil
}

// decoder reads what encoder wrote; once bad it gives zeros.
type decoder struct {
	data []byte
	bad  bool
}

func (d *decoder) number() uint32 {
	n, size := binary.Uvarint(d.data)
	if d.bad || size <= 0 || n >= 1<<32 {
		d.bad = true
		return 0
	}
	d.data = d.data[size:]
	return uint32(n)
}

// count reads a number of things, each of which has a byte at least.
func (d *decoder) count(most int) int {
	n := int(d.number())
	if n > min(most, len(d.data)) {
		d.bad = true
		return 0
	}
	return n
}

func (d *decoder) text() string {
	n := d.count(maxText)
	if d.bad {
		return ""
	}
	s := string(d.data[:n])
	d.data = d.data[n:]
	return s
}

// hours reads rising numbers.
func (d *decoder) hours(n int) []uint32 {
	out := make([]uint32, n)
	at := uint32(0)
	for i := range out {
		at = d.later(at, i == 0)
		out[i] = at
	}
	return out
}

// later reads the number behind at.
func (d *decoder) later(at uint32, first bool) uint32 {
	step := d.number()
	if step == 0 && !first || at+step < at {
		d.bad = true
	}
	return at + step
}

// kind reads a kind; nil where there is none.
func (d *decoder) kind(sources []string) *Kind {
	k := &Kind{ID: d.text(), Label: d.text()}
	source := int(d.number())
	k.first, k.last = d.number(), d.number()
	n := d.count(len(d.data) / 2)
	if d.bad || source >= len(sources) || n > window+1 {
		d.bad = true
		return nil
	}
	k.Source = sources[source]
	k.cells = make([]cell, n)
	at := uint32(0)
	for i := range k.cells {
		at = d.later(at, i == 0)
		k.cells[i] = cell{at, d.number()}
	}
	if d.bad || n > 0 && (k.cells[n-1].hour > k.last || k.cells[0].hour+window < k.last) {
		d.bad = true
		return nil
	}
	return k
}
