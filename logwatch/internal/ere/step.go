package ere

import "slices"

// before says what stands before a place.
type before uint8

const (
	lineBegin before = iota
	otherByte
	wordByte
)

// lineEnd is the symbol behind the last byte.
const lineEnd = 256

// stepper moves sets of instructions over symbols.
type stepper struct {
	p     *prog
	mark  []uint32 // by instruction: the round in which it was seen
	round uint32
	stack []int32
	edges []int32
	hits  []int32 // numbers of the expressions that match, of the last step
}

func newStepper(p *prog) *stepper { return &stepper{p: p, mark: make([]uint32, len(p.insts))} }

// next begins a set.
func (s *stepper) next() {
	s.round++
	if s.round == 0 {
		clear(s.mark)
		s.round = 1
	}
}

// close adds pc, and all that follows it without a byte or an edge, to set.
func (s *stepper) close(set []int32, pc int32) []int32 {
	s.stack = append(s.stack[:0], pc)
	for len(s.stack) > 0 {
		pc := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if s.mark[pc] == s.round {
			continue
		}
		s.mark[pc] = s.round
		if in := &s.p.insts[pc]; in.op == opSplit {
			s.stack = append(s.stack, in.out2, in.out)
		} else {
			set = append(set, pc)
		}
	}
	return set
}

// step moves a closed set over a symbol: hits are the expressions that match
// before it, and the set is the one behind it, closed and sorted.
func (s *stepper) step(set []int32, prev before, symbol int, to []int32) []int32 {
	set = s.cross(set, prev, symbol)
	s.hits = s.hits[:0]
	s.next()
	to = to[:0]
	for _, pc := range set {
		switch in := &s.p.insts[pc]; in.op {
		case opMatch:
			s.hits = append(s.hits, in.n)
		case opByte:
			if symbol != lineEnd && s.p.sets[in.set].has(byte(symbol)) {
				to = s.close(to, in.out)
			}
		}
	}
	slices.Sort(to)
	return to
}

// cross goes over the edges that are here.
func (s *stepper) cross(set []int32, prev before, symbol int) []int32 {
	if !slices.ContainsFunc(set, func(pc int32) bool { return s.p.insts[pc].op == opEdge }) {
		return set
	}
	s.next()
	s.edges = s.edges[:0]
	for _, pc := range set {
		s.edges = s.close(s.edges, pc)
	}
	for i := 0; i < len(s.edges); i++ {
		if in := &s.p.insts[s.edges[i]]; in.op == opEdge && isEdge(in.n, prev, symbol) {
			s.edges = s.close(s.edges, in.out)
		}
	}
	return s.edges
}

func isEdge(n int32, prev before, symbol int) bool {
	word := symbol != lineEnd && wordBytes.has(byte(symbol))
	switch n {
	case atBegin:
		return prev == lineBegin
	case atEnd:
		return symbol == lineEnd
	case atWord:
		return (prev == wordByte) != word
	case notAtWord:
		return (prev == wordByte) == word
	case atWordBegin:
		return prev != wordByte && word
	}
	return prev == wordByte && !word
}

// behind says what stands before the place behind a symbol.
func (p *prog) behind(symbol int) before {
	if p.words && symbol != lineEnd && wordBytes.has(byte(symbol)) {
		return wordByte
	}
	return otherByte
}

// simulate reads a whole line from a closed set, and gives the number of each
// expression that matches to yield, until that is false.
func (s *stepper) simulate(set []int32, prev before, line []byte, yield func(int32) bool) {
	var a, b []int32
	for i := 0; ; i++ {
		symbol := lineEnd
		if i < len(line) {
			symbol = int(line[i])
		}
		a = s.step(set, prev, symbol, a)
		for _, n := range s.hits {
			if !yield(n) {
				return
			}
		}
		if symbol == lineEnd || len(a) == 0 {
			return
		}
		set, prev = a, s.p.behind(symbol)
		a, b = b, a
	}
}
