package ere

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// Bounds of one expression.
const (
	maxText   = 64 << 10
	maxCost   = 200_000 // instructions
	maxRepeat = 32_767
	maxDepth  = 200
)

// An Expr is one expression.
type Expr struct {
	node *node
	back bool // it has references
}

// Parse reads an expression. It refuses what GNU grep refuses, and what would
// take too much room.
func Parse(text []byte) (*Expr, error) { return new(Parser).Parse(text) }

// A Parser reads many expressions: the header that they begin with is read once.
// The zero Parser is ready; it is not safe for concurrent use.
type Parser struct {
	heads map[string]parser
	stack []*node
}

// maxHeads bounds the beginnings that a Parser remembers.
const maxHeads = 64

// Parse reads an expression as the function of that name does.
func (ps *Parser) Parse(text []byte) (*Expr, error) {
	if len(text) > maxText {
		return nil, errors.New("the expression is too long")
	}
	p := ps.head(text)
	p.text, p.stack = text, ps.stack[:0]
	n, err := p.alternatives(0)
	ps.stack = p.stack
	if err != nil {
		return nil, err
	}
	if n.cost() > maxCost {
		return nil, errors.New("the expression is too big")
	}
	return &Expr{node: n, back: n.hasBack()}, nil
}

// head gives a parser that is behind the first repetition that a blank follows,
// with what stands before, where that is a sequence of its own; else one that
// is at the beginning.
func (ps *Parser) head(text []byte) parser {
	end := bytes.Index(text, []byte("+ ")) + 2
	if end < 2 || end == len(text) || bytes.IndexByte([]byte("*+?{"), text[end]) >= 0 {
		return parser{}
	}
	p, known := ps.heads[string(text[:end])]
	if known || len(ps.heads) == maxHeads {
		return p
	}
	p.text = text[:end]
	if n, err := p.alternatives(0); err == nil && n.kind == cat && p.at == end {
		p.before = n.subs[:len(n.subs):len(n.subs)]
		p.stack = nil
	} else {
		p = parser{}
	}
	if ps.heads == nil {
		ps.heads = map[string]parser{}
	}
	ps.heads[string(text[:end])] = p
	return p
}

type parser struct {
	text   []byte
	at     int
	groups int
	closed [10]bool // of the groups that can be referred to
	before []*node  // of the first sequence, already read
	stack  []*node  // of all sequences that are open
}

func (p *parser) alternatives(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errors.New("the expression is nested too deep")
	}
	var branches []*node
	for {
		n, err := p.sequence(depth)
		if err != nil {
			return nil, err
		}
		branches = append(branches, n)
		if p.at == len(p.text) || p.text[p.at] != '|' {
			break
		}
		p.at++
	}
	if len(branches) == 1 {
		return branches[0], nil
	}
	return &node{kind: alt, subs: branches}, nil
}

func (p *parser) sequence(depth int) (*node, error) {
	bottom := len(p.stack)
	p.stack, p.before = append(p.stack, p.before...), nil
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c == '|' || c == ')' && depth > 0 {
			break
		}
		n := nothing // what an operator at the beginning repeats
		if _, _, _, ok, err := p.interval(); err != nil {
			return nil, err
		} else if c != '*' && c != '+' && c != '?' && !ok {
			if n, err = p.atom(depth); err != nil {
				return nil, err
			}
		}
		n, err := p.repeated(n)
		if err != nil {
			return nil, err
		}
		p.stack = append(p.stack, n)
	}
	items := slices.Clone(p.stack[bottom:])
	p.stack = p.stack[:bottom]
	return sequence(items), nil
}

// repeated takes the operators behind an atom.
func (p *parser) repeated(n *node) (*node, error) {
	for p.at < len(p.text) {
		least, most, next := 0, -1, p.at+1
		switch p.text[p.at] {
		case '*':
		case '+':
			least = 1
		case '?':
			most = 1
		default:
			a, b, end, ok, err := p.interval()
			if err != nil || !ok {
				return n, err
			}
			least, most, next = a, b, end
		}
		p.at = next
		n = &node{kind: rep, min: least, max: most, subs: []*node{n}}
		if n.cost() > maxCost {
			return nil, errors.New("the expression is too big")
		}
	}
	return n, nil
}

// interval reads {n}, {n,}, {,m} or {n,m} at the present place; ok is false
// where there is none, and the brace is a literal.
func (p *parser) interval() (least, most, end int, ok bool, err error) {
	if p.at == len(p.text) || p.text[p.at] != '{' {
		return 0, 0, 0, false, nil
	}
	i := p.at + 1
	least, i = number(p.text, i)
	most = least
	if i < len(p.text) && p.text[i] == ',' {
		most, i = number(p.text, i+1)
		if least < 0 {
			least = 0
		}
		if p.text[i-1] == ',' {
			most = -1
		}
	}
	if least < 0 || i >= len(p.text) || p.text[i] != '}' {
		return 0, 0, 0, false, nil
	}
	switch {
	case least > maxRepeat || most > maxRepeat:
		return 0, 0, 0, false, errors.New("a repetition is too big")
	case most >= 0 && most < least:
		return 0, 0, 0, false, errors.New("a repetition ends before it begins")
	}
	return least, most, i + 1, true, nil
}

// number reads digits; -1 where there are none.
func number(b []byte, i int) (int, int) {
	n, from := 0, i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		n = min(n*10+int(b[i]-'0'), maxRepeat+1)
		i++
	}
	if i == from {
		return -1, i
	}
	return n, i
}

func (p *parser) atom(depth int) (*node, error) {
	c := p.text[p.at]
	p.at++
	switch c {
	case '(':
		return p.group(depth)
	case '[':
		return p.bracket()
	case '\\':
		return p.escape()
	case '.':
		var s bits
		s.add('\n')
		return &node{kind: one, set: s.not()}, nil
	case '^':
		return &node{kind: edge, n: atBegin}, nil
	case '$':
		return &node{kind: edge, n: atEnd}, nil
	}
	return literal(c), nil
}

// Most of an expression is literal bytes. No node is changed once it is made,
// and so all expressions share these.
var (
	literals = literalNodes()
	nothing  = &node{kind: empty}
)

func literalNodes() *[256]node {
	var all [256]node
	for c := range all {
		all[c].kind = one
		all[c].set.add(byte(c))
	}
	return &all
}

func literal(c byte) *node { return &literals[c] }

func (p *parser) group(depth int) (*node, error) {
	p.groups++
	n := p.groups
	inner, err := p.alternatives(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.at == len(p.text) {
		return nil, errors.New("a ( is not closed")
	}
	p.at++
	if n < len(p.closed) {
		p.closed[n] = true
	}
	return &node{kind: grp, n: n, subs: []*node{inner}}, nil
}

// edges are what a backslash before a byte asks for.
var edges = [256]int{'`': atBegin, '\'': atEnd, 'b': atWord, 'B': notAtWord, '<': atWordBegin, '>': atWordEnd}

// escape reads what stands behind a backslash.
func (p *parser) escape() (*node, error) {
	if p.at == len(p.text) {
		return nil, errors.New("a backslash stands at the end")
	}
	c := p.text[p.at]
	p.at++
	switch {
	case edges[c] != 0:
		return &node{kind: edge, n: edges[c]}, nil
	case c == 'w':
		return &node{kind: one, set: wordBytes}, nil
	case c == 'W':
		return &node{kind: one, set: noNewline(wordBytes.not())}, nil
	case c == 's':
		return &node{kind: one, set: noNewline(classes["space"])}, nil
	case c == 'S':
		return &node{kind: one, set: noNewline(classes["space"].not())}, nil
	case c >= '1' && c <= '9':
		n := int(c - '0')
		if !p.closed[n] {
			return nil, fmt.Errorf("\\%d refers to no group", n)
		}
		return &node{kind: back, n: n}, nil
	}
	return literal(c), nil
}

// noNewline leaves out the byte that no line has.
func noNewline(s bits) bits {
	s[0] &^= 1 << '\n'
	return s
}
