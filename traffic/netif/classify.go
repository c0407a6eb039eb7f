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
	Implausible       // more than the interface can carry: in no total
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
	Max   uint64 // of Ambiguous: it may have been as many; of Implausible: what was read; else equal to Bytes
}

// A Sign is what the other counters of an interface say of one that fell.
type Sign uint8

// The signs.
const (
	NoSign Sign = iota // there are no others, or they are not known
	WentOn             // none of the others fell
	Fell               // another fell as well: the interface began anew
)

const wrap32 = 1 << 32

// A Pair is two readings of one counter on the same boot and interface.
type Pair struct {
	Before, After report.Number
	Width         int           // bits: 32, 64; zero: not known
	Speed         uint64        // bits per second; zero: not known
	Over          time.Duration // between the readings; zero: not known
	ZeroBefore    bool          // a zero was read in between, and not believed
	Others        Sign
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
	after, _ := p.After.Uint()
	switch {
	case p.ZeroBefore && p.Others == Fell: // it grew above what it was before the restart
		return p.restarted(after)
	case !p.carries(bytes):
		return quarantined(bytes)
	case p.ZeroBefore:
		return exactly(Glitch, bytes)
	}
	return exactly(Normal, bytes)
}

func (p Pair) backward(before, after uint64) Delta {
	if p.Width == 64 || before >= wrap32 || p.ZeroBefore || p.Others == Fell {
		return p.restarted(after)
	}
	wrapped := wrap32 - before + after
	switch reset, wrap := p.carries(after), p.carries(wrapped); {
	case wrap && (p.Width == 32 || p.Others == WentOn):
		return exactly(Wrap, wrapped)
	case reset && wrap:
		return Delta{Ambiguous, after, wrapped}
	}
	return p.restarted(after)
}

func (p Pair) restarted(after uint64) Delta {
	if !p.carries(after) {
		return quarantined(after)
	}
	return exactly(Reset, after)
}

// quarantined is a difference that nobody believes: it is told, and added to
// nothing.
func quarantined(read uint64) Delta { return Delta{Implausible, 0, read} }

func exactly(c Class, bytes uint64) Delta { return Delta{c, bytes, bytes} }

// fastestCard is faster than any interface of today, in bits per second.
const fastestCard = 400_000_000_000

// carries reports whether the interface can have carried so many bytes, with a
// twentieth to spare. Where its speed is not known it is no faster than any, and
// where the time is not known it was a day.
func (p Pair) carries(bytes uint64) bool {
	speed, over := p.Speed, p.Over
	if speed == 0 {
		speed = fastestCard
	}
	if over <= 0 {
		over = 24 * time.Hour
	}
	hi, limit := bits.Mul64(speed/8+speed/160, uint64(over/time.Second)+1)
	return hi > 0 || bytes <= limit
}
