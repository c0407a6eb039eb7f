package ere

// maxSteps bounds the search for a match with references in one line.
const maxSteps = 1_000_000

// verifier looks for a match by going back.
type verifier struct {
	line   []byte
	groups map[int][2]int
	steps  int
}

// verify reports whether an expression with references matches a line. Where
// that takes too long it does not.
func verify(n *node, line []byte) bool {
	v := &verifier{line: line, groups: map[int][2]int{}}
	for at := 0; at <= len(line) && v.steps < maxSteps; at++ {
		if v.match(n, at, func(int) bool { return true }) {
			return true
		}
	}
	return false
}

// match tries a node at a place, and then what follows.
func (v *verifier) match(n *node, at int, follow func(int) bool) bool {
	if v.steps++; v.steps > maxSteps {
		return false
	}
	switch n.kind {
	case one:
		return at < len(v.line) && n.set.has(v.line[at]) && follow(at+1)
	case cat:
		return v.sequence(n.subs, at, follow)
	case alt:
		for _, s := range n.subs {
			if v.match(s, at, follow) {
				return true
			}
		}
		return false
	case rep:
		return v.repeat(n, 0, at, follow)
	case grp:
		old, had := v.groups[n.n]
		if v.match(n.subs[0], at, func(end int) bool { v.groups[n.n] = [2]int{at, end}; return follow(end) }) {
			return true
		}
		if had {
			v.groups[n.n] = old
		} else {
			delete(v.groups, n.n)
		}
		return false
	case back:
		g, set := v.groups[n.n]
		text := v.line[g[0]:g[1]]
		return set && at+len(text) <= len(v.line) && string(v.line[at:at+len(text)]) == string(text) && follow(at+len(text))
	case edge:
		return v.edge(n, at) && follow(at)
	}
	return follow(at)
}

func (v *verifier) sequence(subs []*node, at int, follow func(int) bool) bool {
	if len(subs) == 0 {
		return follow(at)
	}
	return v.match(subs[0], at, func(next int) bool { return v.sequence(subs[1:], next, follow) })
}

func (v *verifier) repeat(n *node, done, at int, follow func(int) bool) bool {
	if n.max < 0 || done < n.max {
		more := func(next int) bool {
			return (next > at || done < n.min) && v.repeat(n, done+1, next, follow)
		}
		if v.match(n.subs[0], at, more) {
			return true
		}
	}
	return done >= n.min && follow(at)
}

func (v *verifier) edge(n *node, at int) bool {
	prev, symbol := lineBegin, lineEnd
	if at > 0 {
		prev = otherByte
		if wordBytes.has(v.line[at-1]) {
			prev = wordByte
		}
	}
	if at < len(v.line) {
		symbol = int(v.line[at])
	}
	return isEdge(int32(n.n), prev, symbol)
}
