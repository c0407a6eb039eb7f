package commit

import (
	"encoding/binary"
	"fmt"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

const (
	bitSparse = 1 << iota
	bitPartly
	bitUnstable
)

func (r record) bits() (n uint64) {
	if r.Sparse {
		n |= bitSparse
	}
	if r.Partly {
		n |= bitPartly
	}
	if r.Unstable {
		n |= bitUnstable
	}
	return n
}

// appendRecord writes a record for decodeRecord.
func appendRecord(b []byte, r record) []byte {
	for _, s := range []string{
		r.Path, string(r.Type), r.User, r.Group, r.Link, r.Hard, r.Object, r.List, r.Place, r.Error, string(r.Cause), string(r.parts),
	} {
		b = appendString(b, s)
	}
	for _, n := range []uint64{
		uint64(r.Mode), uint64(r.UID), uint64(r.GID), uint64(r.Size), uint64(r.Mtime), r.Rdev, uint64(r.Flags), r.bits(),
		uint64(r.known), uint64(r.ctime), r.dev, r.ino, uint64(len(r.Attrs)),
	} {
		b = binary.AppendUvarint(b, n)
	}
	for _, a := range r.Attrs {
		b = appendString(appendString(b, a.Name), a.Value)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// fields takes a record apart.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) number() uint64 {
	n, used := binary.Uvarint(f.rest)
	if used <= 0 {
		f.bad, f.rest = true, nil
		return 0
	}
	f.rest = f.rest[used:]
	return n
}

func (f *fields) text() string {
	n := f.number()
	if n > uint64(len(f.rest)) {
		f.bad, f.rest = true, nil
		return ""
	}
	s := string(f.rest[:n])
	f.rest = f.rest[n:]
	return s
}

func decodeRecord(data []byte) (record, error) {
	f := fields{rest: data}
	var r record
	r.Path, r.Type, r.User, r.Group = f.text(), backup.Type(f.text()), f.text(), f.text()
	r.Link, r.Hard, r.Object, r.List = f.text(), f.text(), f.text(), f.text()
	r.Place, r.Error, r.Cause = f.text(), f.text(), backup.Cause(f.text())
	if parts := f.text(); parts != "" {
		r.parts = []byte(parts)
	}
	r.Mode, r.UID, r.GID = uint32(f.number()), uint32(f.number()), uint32(f.number())
	r.Size, r.Mtime, r.Rdev, r.Flags = int64(f.number()), int64(f.number()), f.number(), uint32(f.number())
	bits := f.number()
	r.Sparse, r.Partly, r.Unstable = bits&bitSparse != 0, bits&bitPartly != 0, bits&bitUnstable != 0
	r.known, r.ctime, r.dev, r.ino = host.Known(f.number()), int64(f.number()), f.number(), f.number()
	for range min(f.number(), 100) {
		r.Attrs = append(r.Attrs, host.Attr{Name: f.text(), Value: f.text()})
	}
	if f.bad || len(f.rest) > 0 {
		return record{}, fmt.Errorf("a malformed record: %w", durable.ErrDamaged)
	}
	return r, nil
}
