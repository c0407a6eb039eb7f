package netif

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/traffic/internal/pack"
)

// An ArchiveFile is an Archive on disk: binary, sealed by a checksum, with the
// copy before it. One process writes it at a time.
type ArchiveFile struct{ Name string }

func (f ArchiveFile) sealed() durable.Sealed {
	return durable.Sealed{File: durable.File{Name: f.Name}, Form: durable.Form{Name: "upkeep-interfaces", Version: 2, Limit: maxArchive}}
}

// Load gives what was saved last; nothing is the empty Archive. Where the file is
// damaged the copy before it serves, and unusable says why.
func (f ArchiveFile) Load() (a *Archive, unusable, err error) {
	a = &Archive{}
	unusable, err = f.sealed().Load(func(body []byte) error {
		got, err := DecodeArchive(body)
		if err != nil {
			return fmt.Errorf("%w: %w", durable.ErrDamaged, err)
		}
		a = got
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return &Archive{}, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return a, unusable, nil
}

// Save replaces what was saved.
func (f ArchiveFile) Save(a *Archive) error {
	body, err := a.Encode()
	if err != nil {
		return err
	}
	return f.sealed().Save(body)
}

// maxArchive bounds an archive, packed or not: it has the buckets of some fifty
// interfaces for a year.
const maxArchive = 256 << 20

// Encode writes an Archive as DecodeArchive reads it, packed: how long steps are kept,
// the History, then each interface with its rings.
func (a *Archive) Encode() ([]byte, error) {
	history, err := a.History.Encode()
	if err != nil {
		return nil, err
	}
	var w pack.Writer
	w.Number(uint64(max(0, a.Fine/time.Second)))
	w.Text(history)
	w.Number(uint64(len(a.Interfaces)))
	for _, name := range a.Names() {
		t := a.Interfaces[name]
		w.Text([]byte(name))
		w.Signed(t.Created.Unix())
		w.Signed(t.Updated.Unix())
		w.Number(t.Received)
		w.Number(t.Sent)
		for i := range t.Rings {
			t.Rings[i].encode(&w)
		}
	}
	return w.Packed()
}

// encode writes a ring by columns: the gaps between starts, both numbers, flags.
func (r *Ring) encode(w *pack.Writer) {
	step, last := int64(r.Step/time.Second), int64(0)
	var columns [4][]uint64
	for i := range columns {
		columns[i] = make([]uint64, len(r.Buckets))
	}
	for i, b := range r.Buckets {
		columns[0][i], columns[1][i], columns[2][i], columns[3][i] = uint64(b.Start/step-last), b.Received, b.Sent, uint64(b.Classes)<<1
		last = b.Start / step
		if b.Spread {
			columns[3][i] |= 1
		}
	}
	w.Number(r.Dropped.Received)
	w.Number(r.Dropped.Sent)
	w.Number(uint64(len(r.Buckets)))
	for _, c := range columns {
		w.Column(c)
	}
}

// DecodeArchive reads what Encode wrote.
func DecodeArchive(data []byte) (*Archive, error) {
	r, err := pack.Unpack(data, maxArchive)
	if err != nil {
		return nil, err
	}
	a := &Archive{Interfaces: map[string]*Traffic{}, Fine: time.Duration(min(r.Number(), uint64(mostFine/time.Second))) * time.Second}
	if a.History, err = Decode(r.Text()); err != nil {
		return nil, err
	}
	ordered := true
	for n := r.Number(); n > 0 && ordered && !r.Bad(); n-- {
		t := NewTraffic(string(r.Text()), time.Time{})
		t.Created, t.Updated = time.Unix(r.Signed(), 0).UTC(), time.Unix(r.Signed(), 0).UTC()
		t.Received, t.Sent = r.Number(), r.Number()
		for i := range t.Rings {
			ordered = ordered && t.Rings[i].decode(r)
		}
		a.Interfaces[t.Name] = t
	}
	if !ordered || !r.Whole() {
		return nil, errors.New("the buckets are cut off or out of order")
	}
	return a, nil
}

// decode reports whether the buckets are in their order.
func (r *Ring) decode(from *pack.Reader) bool {
	step, last := int64(r.Step/time.Second), int64(0)
	r.Dropped = Bucket{Received: from.Number(), Sent: from.Number()}
	n := from.Number()
	gaps, received, sent, flags := from.Column(n), from.Column(n), from.Column(n), from.Column(n)
	if from.Bad() {
		return false
	}
	r.Buckets = make([]Bucket, n)
	for i := range r.Buckets {
		gap := int64(gaps[i])
		last += gap
		if i > 0 && gap <= 0 || last > math.MaxInt64/step || last < math.MinInt64/step {
			return false
		}
		r.Buckets[i] = Bucket{last * step, received[i], sent[i], flags[i]&1 == 1, uint16(flags[i] >> 1)}
	}
	return true
}
