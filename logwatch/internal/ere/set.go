package ere

import (
	"slices"
	"sync"
)

// A Set is many expressions. It is safe for concurrent use; a Matcher of it is not.
type Set struct {
	exprs   []*Expr
	headers headers
	groups  map[string]*plan // behind a header, by program
	other   plan             // behind a header, of any other program
	line    plan             // begin with the line, without a known header
	back    plan             // end with the line, read backwards
	free    plan             // may stand anywhere
}

// plan is branches that are matched together, those with references apart.
type plan struct{ plain, refs half }

// half is branches with their program, which all matchers share.
type half struct {
	branches []branch
	doubtful bool // a match is to be verified: they have references
	once     sync.Once
	program  *prog
}

// branch is one alternative of an expression.
type branch struct {
	node   *node
	number int
	header int
}

// NewSet makes a set. The number of an expression is its index.
func NewSet(exprs []*Expr) *Set {
	s := &Set{exprs: exprs, groups: map[string]*plan{}}
	for i, e := range exprs {
		n := e.node
		if e.back {
			n = n.widened(map[int]*node{})
		}
		branches := []*node{n}
		if n.kind == alt {
			branches = n.subs
		}
		for _, b := range branches {
			s.file(b, i)
		}
	}
	for _, p := range s.groups { // a line of a named program may match these too
		p.plain.branches = append(p.plain.branches, s.other.plain.branches...)
		p.refs.branches = append(p.refs.branches, s.other.refs.branches...)
		p.refs.doubtful = true
	}
	return s
}

// file puts one alternative where it is looked for.
func (s *Set) file(n *node, number int) {
	items := n.items()
	last := items[len(items)-1]
	h, behind, ok := headerOf(n)
	at := 0
	if ok {
		at, ok = s.headers.number(h)
	}
	switch {
	case ok:
		b := branch{sequence(behind), number, at}
		names, few := tokens(behind)
		if !few {
			s.add(&s.other, b)
			return
		}
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			if s.groups[name] == nil {
				s.groups[name] = &plan{}
			}
			s.add(s.groups[name], b)
		}
	case items[0].kind == edge && items[0].n == atBegin:
		s.add(&s.line, branch{node: n, number: number})
	case last.kind == edge && last.n == atEnd:
		s.add(&s.back, branch{node: n.reversed(), number: number})
	default: // anything may stand before it
		var none bits
		before := &node{kind: rep, max: -1, subs: []*node{{kind: one, set: none.not()}}}
		s.add(&s.free, branch{node: &node{kind: cat, subs: []*node{before, n}}, number: number})
	}
}

func (s *Set) add(to *plan, b branch) {
	if s.exprs[b.number].back {
		to.refs.branches, to.refs.doubtful = append(to.refs.branches, b), true
	} else {
		to.plain.branches = append(to.plain.branches, b)
	}
}

// compiled is the program, made at its first use.
func (h *half) compiled() *prog {
	h.once.Do(func() {
		nodes, numbers := make([]*node, len(h.branches)), make([]int, len(h.branches))
		for i, b := range h.branches {
			nodes[i], numbers[i] = b.node, b.number
		}
		h.program = compile(nodes, numbers)
	})
	return h.program
}

// Len is the number of expressions.
func (s *Set) Len() int { return len(s.exprs) }

// Expr gives the expression of a number.
func (s *Set) Expr(number int) *Expr { return s.exprs[number] }

// A Matcher matches lines against a set. It is not safe for concurrent use.
type Matcher struct {
	set              *Set
	groups           map[string]*group
	other            *group
	line, back, free *group
	reverse          []byte
	used             int // cells of all tables
}

// group is the branches of a half of a plan with their automaton.
type group struct {
	*half
	refs *group // those that have references; nil: none
	dfa  *dfa   // nil: not made yet
	used *int
}

// Matcher makes a matcher, whose automata are built as lines need them.
func (s *Set) Matcher() *Matcher {
	m := &Matcher{set: s, groups: make(map[string]*group, len(s.groups))}
	m.other, m.line, m.back, m.free = m.group(&s.other), m.group(&s.line), m.group(&s.back), m.group(&s.free)
	for name, p := range s.groups {
		m.groups[name] = m.group(p)
	}
	return m
}

func (m *Matcher) group(p *plan) *group {
	g := &group{half: &p.plain, used: &m.used}
	if len(p.refs.branches) > 0 {
		g.refs = &group{half: &p.refs, used: &m.used}
	}
	return g
}

// Match reports whether an expression matches the line, which has no newline.
func (m *Matcher) Match(line []byte) bool {
	found := false
	m.look(line, func(g *group, text []byte, mask uint8, prev before) bool {
		found = g.match(text, mask, prev) && (!g.doubtful || m.certain(g, line, text, mask))
		return !found
	})
	return found
}

// certain verifies what matches of expressions with references.
func (m *Matcher) certain(g *group, line, text []byte, mask uint8) bool {
	found := false
	prev := lineBegin
	if len(text) < len(line) {
		prev = otherByte
	}
	g.all(text, mask, prev, func(n int32) bool {
		found = verify(m.set.exprs[n].node, line)
		return !found
	})
	return found
}

// All gives the number of each expression that matches, once and in order.
func (m *Matcher) All(line []byte) []int {
	var out []int
	m.look(line, func(g *group, text []byte, mask uint8, prev before) bool {
		g.all(text, mask, prev, func(n int32) bool {
			if !slices.Contains(out, int(n)) {
				out = append(out, int(n))
			}
			return true
		})
		return true
	})
	out = slices.DeleteFunc(out, func(n int) bool { return m.set.exprs[n].back && !verify(m.set.exprs[n].node, line) })
	slices.Sort(out)
	return out
}

// look gives each group that a line can match in, with its part of the line,
// to try, until that is false.
func (m *Matcher) look(line []byte, try func(g *group, text []byte, mask uint8, prev before) bool) {
	if mask, end := m.set.headers.match(line); mask != 0 {
		text := line[end:]
		g := m.groups[string(tokenOf(text))]
		if g == nil {
			g = m.other
		}
		if !g.offer(text, mask, otherByte, try) {
			return
		}
	}
	if !m.line.offer(line, 1, lineBegin, try) || !m.free.offer(line, 1, lineBegin, try) {
		return
	}
	if len(m.back.branches) > 0 || m.back.refs != nil {
		m.reverse = append(m.reverse[:0], line...)
		slices.Reverse(m.reverse)
		m.back.offer(m.reverse, 1, lineBegin, try)
	}
}

// offer gives a group, and the one of its references, to try.
func (g *group) offer(text []byte, mask uint8, prev before, try func(*group, []byte, uint8, before) bool) bool {
	if len(g.branches) > 0 && !try(g, text, mask, prev) {
		return false
	}
	return g.refs == nil || try(g.refs, text, mask, prev)
}

// automaton is that of the group, made at its first use.
func (g *group) automaton() *dfa {
	if g.dfa == nil {
		g.dfa = newDFA(g.compiled(), g.used)
	}
	return g.dfa
}

// begin gives the closed set of the branches whose header the line has.
func (g *group) begin(mask uint8) []int32 {
	d := g.automaton()
	d.step.next()
	var set []int32
	for i, b := range g.branches {
		if mask&(1<<b.header) != 0 {
			set = d.step.close(set, d.step.p.starts[i])
		}
	}
	slices.Sort(set)
	return set
}

func (g *group) match(text []byte, mask uint8, prev before) bool {
	return g.automaton().match(text, mask, func() ([]int32, before) { return g.begin(mask), prev })
}

func (g *group) all(text []byte, mask uint8, prev before, yield func(int32) bool) {
	g.automaton().step.simulate(g.begin(mask), prev, text, yield)
}
