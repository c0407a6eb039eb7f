package ere

import "math/rand/v2"

// moreOf is how often at most a sample repeats what may be repeated without end.
const moreOf = 3

// Sample makes a line by an expression. Where edges in the middle of it cannot
// be met, the line does not match it.
func (e *Expr) Sample(r *rand.Rand) []byte {
	return sampler{r, map[int][]byte{}}.node(nil, e.node)
}

type sampler struct {
	*rand.Rand
	groups map[int][]byte
}

func (s sampler) node(to []byte, n *node) []byte {
	switch n.kind {
	case one:
		return append(to, s.byteOf(&n.set))
	case cat:
		for _, sub := range n.subs {
			to = s.node(to, sub)
		}
	case alt:
		return s.node(to, n.subs[s.IntN(len(n.subs))])
	case grp:
		from := len(to)
		to = s.node(to, n.subs[0])
		s.groups[n.n] = append([]byte(nil), to[from:]...)
	case back:
		return append(to, s.groups[n.n]...)
	case rep:
		most := n.max
		if most < 0 || most > n.min+moreOf {
			most = n.min + moreOf
		}
		for range n.min + s.IntN(most-n.min+1) {
			to = s.node(to, n.subs[0])
		}
	}
	return to
}

// byteOf gives a byte of a set: a letter or digit where it has any, so that
// lines look like lines.
func (s sampler) byteOf(set *bits) byte {
	var plain, all []byte
	for c := range 256 {
		switch {
		case !set.has(byte(c)) || c == '\n':
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			plain = append(plain, byte(c))
			fallthrough
		default:
			all = append(all, byte(c))
		}
	}
	switch {
	case len(all) == 0:
		return '\n'
	case len(plain) > 0 && s.IntN(4) > 0:
		return plain[s.IntN(len(plain))]
	}
	return all[s.IntN(len(all))]
}
