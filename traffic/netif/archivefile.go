package netif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// An ArchiveFile is an Archive on disk: binary, sealed by a checksum, with the
// copy before it. One process writes it at a time.
type ArchiveFile struct{ Name string }

func (f ArchiveFile) sealed() durable.Sealed {
	return durable.Sealed{File: durable.File{Name: f.Name}, Form: durable.Form{Name: "upkeep-interfaces", Version: 1, Limit: 256 << 20}}
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

// Encode writes an Archive as DecodeArchive reads it: the History, then each
// interface with its rings, numbers as varints and starts as gaps.
func (a *Archive) Encode() ([]byte, error) {
	history, err := a.History.Encode()
	if err != nil {
		return nil, err
	}
	out := appendText(nil, history)
	out = binary.AppendUvarint(out, uint64(len(a.Interfaces)))
	for _, name := range a.Names() {
		t := a.Interfaces[name]
		out = appendText(out, []byte(name))
		out = binary.AppendVarint(binary.AppendVarint(out, t.Created.Unix()), t.Updated.Unix())
		out = binary.AppendUvarint(binary.AppendUvarint(out, t.Received), t.Sent)
		for i := range t.Rings {
			out = t.Rings[i].append(out)
		}
	}
	return out, nil
}

func appendText(out, text []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

func (r *Ring) append(out []byte) []byte {
	step, last := int64(r.Step/time.Second), int64(0)
	out = binary.AppendUvarint(binary.AppendUvarint(out, r.Dropped.Received), r.Dropped.Sent)
	out = binary.AppendUvarint(out, uint64(len(r.Buckets)))
	for _, b := range r.Buckets {
		out = binary.AppendVarint(out, b.Start/step-last)
		last = b.Start / step
		out = binary.AppendUvarint(binary.AppendUvarint(out, b.Received), b.Sent)
		flags := uint64(b.Classes) << 1
		if b.Spread {
			flags |= 1
		}
		out = binary.AppendUvarint(out, flags)
	}
	return out
}

// decoder reads numbers until one is missing.
type decoder struct {
	data []byte
	bad  bool
}

func (d *decoder) number() uint64 {
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		d.bad, d.data = true, nil
		return 0
	}
	d.data = d.data[n:]
	return v
}

func (d *decoder) signed() int64 {
	v, n := binary.Varint(d.data)
	if n <= 0 {
		d.bad, d.data = true, nil
		return 0
	}
	d.data = d.data[n:]
	return v
}

func (d *decoder) text() []byte {
	n := d.number()
	if n > uint64(len(d.data)) {
		d.bad, d.data = true, nil
		return nil
	}
	out := d.data[:n]
	d.data = d.data[n:]
	return out
}

// DecodeArchive reads what Encode wrote.
func DecodeArchive(data []byte) (*Archive, error) {
	d := &decoder{data: data}
	history, err := Decode(d.text())
	if err != nil {
		return nil, err
	}
	a := &Archive{History: history, Interfaces: map[string]*Traffic{}}
	for n := d.number(); n > 0 && !d.bad; n-- {
		t := newTraffic(string(d.text()), time.Time{})
		t.Created, t.Updated = time.Unix(d.signed(), 0).UTC(), time.Unix(d.signed(), 0).UTC()
		t.Received, t.Sent = d.number(), d.number()
		for i := range t.Rings {
			t.Rings[i].decode(d)
		}
		a.Interfaces[t.Name] = t
	}
	if d.bad || len(d.data) > 0 {
		return nil, errors.New("the buckets are cut off or out of order")
	}
	return a, nil
}

func (r *Ring) decode(d *decoder) {
	step, last := int64(r.Step/time.Second), int64(0)
	r.Dropped = Bucket{Received: d.number(), Sent: d.number()}
	n := d.number()
	r.Buckets = make([]Bucket, 0, min(n, uint64(len(d.data)/4))) // each has four numbers
	for i := uint64(0); i < n && !d.bad; i++ {
		gap := d.signed()
		last += gap
		if i > 0 && gap <= 0 || last > math.MaxInt64/step || last < math.MinInt64/step {
			d.bad = true
			return
		}
		b := Bucket{Start: last * step, Received: d.number(), Sent: d.number()}
		flags := d.number()
		b.Spread, b.Classes = flags&1 == 1, uint16(flags>>1)
		r.Buckets = append(r.Buckets, b)
	}
}
