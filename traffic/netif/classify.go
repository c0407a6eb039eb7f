package netif

import (
	"math/bits"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// Class says what a pair of readings of one counter means. The zero value is
// unknown: there is no pair, or the system did not tell the counter.
type Class uint8

// The classes.
const (
	Unknown     Class = iota
	Base              // the first reading: nothing to compare with
	Normal            // the counter went on
	Reset             // it restarted from zero
	Wrap              // it passed 2³²
	Reboot            // the system booted in between
	NewInstance       // another interface has the name
	Implausible       // more than the interface can carry
	Ambiguous         // restarted or passed 2³²: nobody can tell
	Zero              // a zero that the next reading has to confirm
	Glitch            // the zero before was a misreading
)

var classNames = [...]string{
	"unknown", "base", "normal", "reset", "wrap", "reboot", "new instance", "implausible", "ambiguous", "zero", "glitch",
}

// String gives a word for people.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// A Delta is what went through in one direction between two readings.
type Delta struct {
	Class Class
	Bytes uint64
	Max   uint64 // of Ambiguous: it may have been as many; else equal to Bytes
}

const wrap32 = 1 << 32

// A Pair is two readings of one counter on the same boot and interface.
type Pair struct {
	Before, After report.Number
	Width         int           // bits: 32, 64; zero: not known
	Speed         uint64        // bits per second; zero: not known
	Over          time.Duration // between the readings; zero: not known
	ZeroBefore    bool          // a zero was read in between, and not believed
}

// Classify says what a pair means.
func Classify(p Pair) Delta {
	before, ok := p.Before.Uint()
	after, ok2 := p.After.Uint()
	switch {
	case !ok || !ok2:
		return Delta{}
	case after >= before:
		return p.forward(after - before)
	case after == 0 && !p.ZeroBefore:
		return Delta{Class: Zero}
	}
	return p.backward(before, after)
}

func (p Pair) forward(bytes uint64) Delta {
	class := Normal
	switch {
	case !p.carries(bytes):
		class = Implausible
	case p.ZeroBefore:
		class = Glitch
	}
	return exactly(class, bytes)
}

func (p Pair) backward(before, after uint64) Delta {
	if p.Width == 64 || before >= wrap32 || p.ZeroBefore {
		return exactly(Reset, after)
	}
	wrapped := wrap32 - before + after
	switch reset, wrap := p.carries(after), p.carries(wrapped); {
	case reset && wrap:
		return Delta{Ambiguous, after, wrapped}
	case wrap && p.Width == 32:
		return exactly(Wrap, wrapped)
	case reset:
		return exactly(Reset, after)
	}
	return exactly(Implausible, after)
}

func exactly(c Class, bytes uint64) Delta { return Delta{c, bytes, bytes} }

// carries reports whether the interface can have carried so many bytes, with a
// twentieth to spare; also when that is not known.
func (p Pair) carries(bytes uint64) bool {
	if p.Speed == 0 || p.Over <= 0 {
		return true
	}
	seconds := uint64(p.Over/time.Second) + 1
	hi, limit := bits.Mul64(p.Speed/8+p.Speed/160, seconds)
	return hi > 0 || bytes <= limit
}
