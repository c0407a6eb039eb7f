package logstream

import (
	"errors"
	"fmt"
)

// An Account says what became of what was read. Every line stands in exactly
// one of the counts, and every byte in one generation:
//
//	Lines = Delivered + Malformed + Old + Marks + Orphans
//	Lines, Bytes = the sums over Generations
type Account struct {
	Bytes     uint64 // read
	Lines     uint64
	Delivered uint64 // as records
	Malformed uint64 // nothing but blanks or NULs
	Old       uint64 // from before Log.Since
	Marks     uint64 // "-- MARK --"
	Orphans   uint64 // repeat lines whose line is not known
	Oversized uint64 // of those delivered: cut at Log.MaxLine
	// Skipped bytes were left out by a first reading, which takes the end of a
	// long log; Cut bytes are the piece of a line with which it began, and
	// what stands behind the front of a line that is too long. NULs is
	// how many NUL bytes stood where lines should begin.
	Skipped, Cut, NULs uint64
	Generations        []Generation // that were read, oldest first
}

// A Generation is what was read of one file.
type Generation struct {
	Path         string
	Bytes, Lines uint64
}

// ErrAccounting says that lines read and lines accounted for differ: a fault of
// this package or its caller, which is told and never hidden.
var ErrAccounting = errors.New("lines read and lines accounted for differ")

// Balance checks the identity; its error is ErrAccounting.
func (a *Account) Balance() error {
	sum := a.Delivered + a.Malformed + a.Old + a.Marks + a.Orphans
	var lines, bytes uint64
	for _, g := range a.Generations {
		lines, bytes = lines+g.Lines, bytes+g.Bytes
	}
	if sum != a.Lines || lines != a.Lines || bytes != a.Bytes {
		return fmt.Errorf("%w: %d read, %d accounted for, %d in the generations (%d and %d bytes)", ErrAccounting, a.Lines, sum, lines, a.Bytes, bytes)
	}
	return nil
}

// read counts a batch of one generation.
func (a *Account) read(path string, bytes int64, lines int) {
	if bytes == 0 && lines == 0 {
		return
	}
	a.Bytes += uint64(bytes)
	a.Lines += uint64(lines)
	for i := range a.Generations {
		if g := &a.Generations[i]; g.Path == path {
			g.Bytes, g.Lines = g.Bytes+uint64(bytes), g.Lines+uint64(lines)
			return
		}
	}
	a.Generations = append(a.Generations, Generation{Path: path, Bytes: uint64(bytes), Lines: uint64(lines)})
}
