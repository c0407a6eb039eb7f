package ere

import (
	"encoding/binary"
	mathbits "math/bits"
)

// States that every table begins with.
const (
	unknown = iota // not built yet
	dead           // nothing can match any more
	hit            // something matches
	firstState
)

// Bounds of one table. A group that fills its table more than maxFills times
// in a mebibyte of text is simulated for the next.
const (
	maxTable  = 4 << 20  // cells
	maxAll    = 16 << 20 // of all groups of a matcher
	maxStates = 1 << 16  // a cell has two bytes, so that more of them stay in the cache
	maxFills  = 3
	period    = 1 << 20
)

// dfa is the automaton of a group, built as lines need it. It is not safe for
// concurrent use.
type dfa struct {
	step    *stepper
	shift   uint
	trans   []uint16 // by state and class of bytes: the state behind
	sets    [][]int32
	members int // of all sets
	prevs   []before
	index   map[string]uint16
	begin   [256]*beginning // by mask of headers; nil: not known
	bound   int             // cells
	used    *int            // cells of all groups

	fills   int
	text    int // bytes since fills were counted
	slowFor int // bytes that are still simulated
	scratch []int32
	key     []byte
}

// beginning is where lines of one kind of header begin.
type beginning struct {
	set   []int32
	prev  before
	state uint16 // in the present table; unknown: not there
}

func newDFA(p *prog, used *int) *dfa {
	d := &dfa{step: newStepper(p), bound: maxTable, used: used}
	d.shift = uint(mathbits.Len(uint(len(p.reps)))) // one more class: the end of the line
	d.reset()
	return d
}

// reset drops all states.
func (d *dfa) reset() {
	*d.used -= d.size()
	d.trans = make([]uint16, firstState<<d.shift, 16<<d.shift)
	d.sets, d.prevs = make([][]int32, firstState), make([]before, firstState)
	d.index, d.members = map[string]uint16{}, 0
	*d.used += d.size()
	for _, b := range d.begin {
		if b != nil {
			b.state = unknown
		}
	}
}

// size is what the table has of the room of all.
func (d *dfa) size() int { return len(d.trans) + d.members }

// full reports whether there is no room for one more state.
func (d *dfa) full() bool {
	return d.size() >= d.bound || len(d.sets) == maxStates || *d.used >= maxAll && d.size() > maxAll/256
}

// state gives the state of a set, new or known.
func (d *dfa) state(set []int32, prev before) uint16 {
	d.key = append(d.key[:0], byte(prev))
	for _, pc := range set {
		d.key = binary.AppendVarint(d.key, int64(pc))
	}
	if id, known := d.index[string(d.key)]; known {
		return id
	}
	if d.full() {
		d.reset()
		d.fills++
	}
	id := uint16(len(d.sets))
	d.sets, d.prevs = append(d.sets, append([]int32(nil), set...)), append(d.prevs, prev)
	d.trans = append(d.trans, make([]uint16, 1<<d.shift)...)
	d.members += len(set)
	*d.used += 1<<d.shift + len(set)
	d.index[string(d.key)] = id
	return id
}

// build finds what follows a state on a symbol.
func (d *dfa) build(state uint16, symbol int) uint16 {
	d.scratch = d.step.step(d.sets[state], d.prevs[state], symbol, d.scratch)
	next, cell := uint16(dead), uint(state)<<d.shift|d.class(symbol)
	switch {
	case len(d.step.hits) > 0:
		next = hit
	case symbol != lineEnd && len(d.scratch) > 0:
		fills := d.fills
		next = d.state(d.scratch, d.step.p.behind(symbol))
		if d.fills != fills {
			return next // the cell is gone
		}
	}
	d.trans[cell] = next
	return next
}

func (d *dfa) class(symbol int) uint {
	if symbol == lineEnd {
		return uint(len(d.step.p.reps))
	}
	return uint(d.step.p.classOf[symbol])
}

// match reports whether anything matches a line, from the beginning that the
// mask names; begin gives it where it is not known.
func (d *dfa) match(line []byte, mask uint8, begin func() ([]int32, before)) bool {
	b := d.begin[mask]
	if b == nil {
		b = &beginning{}
		b.set, b.prev = begin()
		d.begin[mask] = b
	}
	if len(b.set) == 0 {
		return false
	}
	if d.slow(len(line)) {
		found := false
		d.step.simulate(b.set, b.prev, line, func(int32) bool { found = true; return false })
		return found
	}
	if b.state == unknown {
		b.state = d.state(b.set, b.prev)
	}
	return d.run(b.state, line)
}

func (d *dfa) run(s uint16, line []byte) bool {
	trans, class, shift := d.trans, &d.step.p.classOf, d.shift&15
	for _, c := range line {
		n := trans[uint(s)<<shift|uint(class[c])]
		if n < firstState {
			if n == unknown {
				n = d.build(s, int(c))
				trans = d.trans
			}
			if n < firstState {
				return n == hit
			}
		}
		s = n
	}
	n := trans[uint(s)<<shift|d.class(lineEnd)]
	if n == unknown {
		n = d.build(s, lineEnd)
	}
	return n == hit
}

// slow reports whether the table does not help on this text.
func (d *dfa) slow(n int) bool {
	if d.slowFor > 0 {
		d.slowFor -= n + 1
		return true
	}
	d.text += n + 1
	if d.fills > maxFills {
		d.slowFor, d.fills, d.text = period, 0, 0
		return true
	}
	if d.text > period {
		d.fills, d.text = 0, 0
	}
	return false
}
