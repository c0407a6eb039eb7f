// Package crowd says which of many things gives way where there is room for some:
// the mildest of the most frequent kind, and of these one of whoever has the most.
package crowd

import (
	"cmp"
	"slices"
	"strings"
)

// few of one kind give way last.
const few = 16

// A Kind is what things have in common.
type Kind struct {
	Rank int // the mildest is the least
	Name string
}

// A Crowd knows things by their numbers. The zero value is empty.
type Crowd struct{ kinds map[Kind]*members }

// members are the things of a kind in turns: the first of each cause, the second of
// each, and so on.
type members struct {
	turns [][]int // in order of arrival
	of    map[string]int
	n     int
}

// Enter adds thing i, which cause brought.
func (c *Crowd) Enter(k Kind, cause string, i int) {
	if c.kinds == nil {
		c.kinds = map[Kind]*members{}
	}
	m := c.kinds[k]
	if m == nil {
		m = &members{of: map[string]int{}}
		c.kinds[k] = m
	}
	turn := min(m.of[cause], len(m.turns))
	if turn == len(m.turns) {
		m.turns = append(m.turns, nil)
	}
	m.turns[turn] = append(m.turns[turn], i)
	m.of[cause]++
	m.n++
}

// Leave takes out thing i, which cause brought.
func (c *Crowd) Leave(k Kind, cause string, i int) {
	m := c.kinds[k]
	for t, turn := range slices.Backward(m.turns) {
		if at := slices.Index(turn, i); at >= 0 {
			m.turns[t] = slices.Delete(turn, at, at+1)
			break
		}
	}
	for len(m.turns) > 0 && len(m.turns[len(m.turns)-1]) == 0 {
		m.turns = m.turns[:len(m.turns)-1]
	}
	if m.of[cause]--; m.of[cause] == 0 {
		delete(m.of, cause)
	}
	if m.n--; m.n == 0 {
		delete(c.kinds, k)
	}
}

// Gives says which thing gives way when cause brings one more of kind k; false: that
// one does.
func (c *Crowd) Gives(k Kind, cause string) (i int, is bool) {
	out := c.giving(k)
	m := c.kinds[out]
	if out == k && (m == nil || m.of[cause] >= len(m.turns)-1) {
		return 0, false
	}
	last := m.turns[len(m.turns)-1]
	return last[len(last)-1], true
}

// giving is the kind that gives way when one more of next comes.
func (c *Crowd) giving(next Kind) Kind {
	out, most := next, 1
	if m := c.kinds[next]; m != nil {
		most += m.n
	}
	for k, m := range c.kinds {
		if k != next && cmp.Or(compareBool(most > few, m.n > few), out.Rank-k.Rank, m.n-most, strings.Compare(out.Name, k.Name)) > 0 {
			out, most = k, m.n
		}
	}
	return out
}

// compareBool is positive when only b holds.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return 1
	}
	return -1
}
