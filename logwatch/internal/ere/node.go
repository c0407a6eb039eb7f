package ere

import mathbits "math/bits"

// kind tells the nodes of a tree apart.
type kind uint8

const (
	empty kind = iota
	one        // one byte of a set
	cat
	alt
	rep
	grp
	back // a reference to a group
	edge // matches between two bytes
)

// The edges.
const (
	atBegin = iota + 1
	atEnd
	atWord      // \b
	notAtWord   // \B
	atWordBegin // \<
	atWordEnd   // \>
)

// bits is a set of bytes.
type bits [4]uint64

func (b *bits) add(c byte)      { b[c>>6] |= 1 << (c & 63) }
func (b *bits) has(c byte) bool { return b[c>>6]&(1<<(c&63)) != 0 }

func (b *bits) join(o bits) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (b bits) not() bits {
	for i := range b {
		b[i] = ^b[i]
	}
	return b
}

// only gives the byte of a set that has just one.
func (b *bits) only() (c byte, ok bool) {
	n := 0
	for i, word := range b {
		if word != 0 {
			c = byte(i*64 + mathbits.TrailingZeros64(word))
			n += mathbits.OnesCount64(word)
		}
	}
	return c, n == 1
}

// node is one part of an expression.
type node struct {
	kind     kind
	set      bits
	subs     []*node
	min, max int // of a repetition; max -1: no bound
	n        int // number of a group or a reference; an edge
}

// cost is how many instructions the node takes at most.
func (n *node) cost() int {
	sum := 1
	for _, s := range n.subs {
		sum += s.cost()
	}
	if n.kind == rep {
		sum = sum*max(n.min, n.max, 1) + max(n.max-n.min, 0)
	}
	return min(sum, 1<<40)
}

// hasBack reports whether there is a reference in it.
func (n *node) hasBack() bool {
	if n.kind == back {
		return true
	}
	for _, s := range n.subs {
		if s.hasBack() {
			return true
		}
	}
	return false
}

// reversed is the node for lines that are read backwards.
func (n *node) reversed() *node {
	r := *n
	r.subs = make([]*node, len(n.subs))
	for i, s := range n.subs {
		at := i
		if n.kind == cat {
			at = len(n.subs) - 1 - i
		}
		r.subs[at] = s.reversed()
	}
	if n.kind == edge {
		swap := map[int]int{atBegin: atEnd, atEnd: atBegin, atWordBegin: atWordEnd, atWordEnd: atWordBegin}
		if to := swap[n.n]; to != 0 {
			r.n = to
		}
	}
	return &r
}

// widened replaces references by copies of their groups: it matches all that
// the node does, and more.
func (n *node) widened(groups map[int]*node) *node {
	if n.kind == back {
		return groups[n.n]
	}
	r := *n
	r.subs = make([]*node, len(n.subs))
	for i, s := range n.subs {
		r.subs[i] = s.widened(groups)
	}
	if n.kind == grp {
		groups[n.n] = &r
	}
	return &r
}

// items gives the parts of a sequence.
func (n *node) items() []*node {
	if n.kind == cat {
		return n.subs
	}
	return []*node{n}
}

func sequence(items []*node) *node {
	switch len(items) {
	case 0:
		return &node{kind: empty}
	case 1:
		return items[0]
	}
	return &node{kind: cat, subs: items}
}
