// Package automaton asks many regular expressions about a text at once.
//
//	set, err := automaton.New([]string{`/etc/.*\.conf$`, `/var`})
//	folder := set.Start().Next("/etc/")
//	folder.Next("a.conf").Matches() // 0
//
// What a byte costs does not depend on how many expressions there are: their
// states are put together, as far as texts reach them, into one machine. A state
// can be kept, and serve for all texts that begin alike, such as the paths in a
// folder. A Set is for one goroutine at a time.
package automaton

import (
	"encoding/binary"
	"fmt"
	"regexp/syntax"
	"slices"
)

// A Set is expressions in Go's syntax, known by their places. They match bytes, and
// from the beginning of a text on.
type Set struct {
	program []inst // of all expressions, one behind the other
	first   []int32
	states  map[string]*State
	size    int      // of the states, in numbers
	seen    []uint32 // by instruction, the last walk that came there
	walks   uint32
}

type inst struct {
	syntax.Inst
	set int32 // the expression's place
}

// maxSize bounds what is remembered, in numbers of four bytes.
const maxSize = 4 << 20

// New puts expressions together.
func New(expressions []string) (*Set, error) {
	s := &Set{}
	for i, text := range expressions {
		parsed, err := syntax.Parse("^(?:"+latin1(text)+")", syntax.Perl)
		if err != nil {
			return nil, err
		}
		p, err := syntax.Compile(parsed.Simplify())
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		base := uint32(len(s.program))
		for _, in := range p.Inst {
			in.Out += base
			if in.Op == syntax.InstAlt || in.Op == syntax.InstAltMatch {
				in.Arg += base
			}
			s.program = append(s.program, inst{in, int32(i)})
		}
		s.first = append(s.first, int32(base)+int32(p.Start))
	}
	s.states, s.seen = map[string]*State{}, make([]uint32, len(s.program))
	return s, nil
}

// latin1 makes each byte one character, so that expressions match bytes.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// A State is what the expressions can still become behind the beginning of a text.
type State struct {
	set     *Set
	threads []int32 // places in the program, before what has no width
	matched []int32 // expressions that matched a shorter beginning
	before  rune    // that of the last byte's kind; -1 at the beginning

	next [256]*State
	ends []int32 // all that match where the text ends here; nil: not known yet
}

// Start is the state before any byte.
func (s *Set) Start() *State { return s.state(slices.Clone(s.first), nil, -1) }

// Next goes on with the bytes of a text.
func (st *State) Next(text string) *State {
	for i := range len(text) {
		c := text[i]
		next := st.next[c]
		if next == nil {
			next = st.step(c)
			st.next[c] = next
		}
		st = next
	}
	return st
}

// Matches gives the places of the expressions that match the whole of the text so
// far, or a beginning of it, in their order.
func (st *State) Matches() []int32 {
	if st.ends == nil {
		w := st.walk(syntax.EmptyOpContext(st.before, -1))
		st.ends = w.matched
		if st.ends == nil {
			st.ends = []int32{}
		}
	}
	return st.ends
}

// step is the state behind one more byte.
func (st *State) step(c byte) *State {
	w := st.walk(syntax.EmptyOpContext(st.before, rune(c)))
	var threads []int32
	for _, at := range w.waiting {
		if in := &st.set.program[at]; takes(&in.Inst, rune(c)) && !has(w.matched, in.set) {
			threads = append(threads, int32(in.Out))
		}
	}
	slices.Sort(threads)
	return st.set.state(slices.Compact(threads), w.matched, kindOf(c))
}

// takes reports whether an instruction takes a byte.
func takes(in *syntax.Inst, c rune) bool {
	switch in.Op {
	case syntax.InstRune1:
		return c == in.Rune[0]
	case syntax.InstRuneAny:
		return true
	case syntax.InstRuneAnyNotNL:
		return c != '\n'
	}
	return in.MatchRune(c)
}

// kindOf is one byte for all that make the same boundaries: of words and of lines.
func kindOf(c byte) rune {
	switch {
	case c == '\n':
		return '\n'
	case syntax.IsWordChar(rune(c)):
		return 'a'
	}
	return ' '
}

func has(list []int32, set int32) bool {
	_, found := slices.BinarySearch(list, set)
	return found
}

// A walk follows what has no width, from the threads of a state.
type walk struct {
	set     *Set
	holds   syntax.EmptyOp // between the bytes before and behind
	waiting []int32        // instructions that take a byte
	matched []int32
}

func (st *State) walk(holds syntax.EmptyOp) *walk {
	if st.set.walks++; st.set.walks == 0 {
		clear(st.set.seen)
		st.set.walks = 1
	}
	w := &walk{set: st.set, holds: holds, matched: slices.Clone(st.matched)}
	for _, at := range st.threads {
		w.follow(at)
	}
	slices.Sort(w.matched)
	w.matched = slices.Compact(w.matched)
	return w
}

func (w *walk) follow(at int32) {
	stack := []int32{at}
	for len(stack) > 0 {
		at, stack = stack[len(stack)-1], stack[:len(stack)-1]
		if w.set.seen[at] == w.set.walks {
			continue
		}
		w.set.seen[at] = w.set.walks
		switch in := &w.set.program[at]; in.Op {
		case syntax.InstMatch:
			w.matched = append(w.matched, in.set)
		case syntax.InstAlt, syntax.InstAltMatch:
			stack = append(stack, int32(in.Out), int32(in.Arg))
		case syntax.InstCapture, syntax.InstNop:
			stack = append(stack, int32(in.Out))
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^w.holds == 0 {
				stack = append(stack, int32(in.Out))
			}
		case syntax.InstFail:
		default:
			w.waiting = append(w.waiting, at)
		}
	}
}

// state gives the one state with these threads. When there are very many, all are
// forgotten, and made again where they are needed.
func (s *Set) state(threads, matched []int32, before rune) *State {
	key := make([]byte, 0, 4*(len(threads)+len(matched)+2))
	for _, n := range [][]int32{{before, int32(len(matched))}, matched, threads} {
		for _, v := range n {
			key = binary.NativeEndian.AppendUint32(key, uint32(v))
		}
	}
	if st := s.states[string(key)]; st != nil {
		return st
	}
	const links = 512 // of a state's table, in numbers of four bytes
	if s.size += len(key)/2 + links; s.size > maxSize {
		clear(s.states)
		s.size = 0
	}
	st := &State{set: s, threads: threads, matched: matched, before: before}
	s.states[string(key)] = st
	return st
}
