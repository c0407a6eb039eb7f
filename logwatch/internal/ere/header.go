package ere

import "slices"

// maxHeaders bounds the kinds of headers that are told apart.
const maxHeaders = 8

// header is the beginning that most rules have:
//
//	^(A{3} B{11}|C{32}) D+
//
// with sets of bytes and a blank at its end, or only with the first way. No set but
// B has a blank, so that there is one way to match it.
type header struct{ month, rest, iso, host bits }

// headerOf takes a header from the front of an expression.
func headerOf(n *node) (h header, behind []*node, ok bool) {
	items := n.items()
	if len(items) < 5 || items[0].kind != edge || items[0].n != atBegin {
		return h, nil, false
	}
	items = items[1:]
	switch g := items[0]; {
	case g.kind == grp && g.subs[0].kind == alt && len(g.subs[0].subs) == 2:
		ways := g.subs[0].subs
		ok, items = h.bsd(ways[0].items()) && times(ways[1], 32, &h.iso), items[1:]
	case len(items) > 3:
		ok, items = h.bsd(items[:3]), items[3:]
	}
	if !ok || len(items) < 3 || !isByte(items[0], ' ') || !isByte(items[2], ' ') {
		return h, nil, false
	}
	host := items[1]
	if host.kind != rep || host.min != 1 || host.max != -1 || host.subs[0].kind != one {
		return h, nil, false
	}
	h.host = host.subs[0].set
	return h, items[3:], !h.month.has(' ') && !h.iso.has(' ') && !h.host.has(' ')
}

// bsd takes the first way.
func (h *header) bsd(items []*node) bool {
	return len(items) == 3 && times(items[0], 3, &h.month) && isByte(items[1], ' ') && times(items[2], 11, &h.rest)
}

func isByte(n *node, c byte) bool {
	b, ok := n.set.only()
	return n.kind == one && ok && b == c
}

func times(n *node, many int, set *bits) bool {
	if n.kind != rep || n.min != many || n.max != many || n.subs[0].kind != one {
		return false
	}
	*set = n.subs[0].set
	return true
}

// headers are all the kinds of headers of a set. For each byte and part of a
// header a bit says of which kinds it may be part, so that one look at a line
// tries them all.
type headers struct {
	kinds                  []header
	month, rest, iso, host [256]uint8
}

// number gives the number of a kind, new or known; false where there is no room.
func (h *headers) number(kind header) (int, bool) {
	if at := slices.Index(h.kinds, kind); at >= 0 {
		return at, true
	}
	if len(h.kinds) == maxHeaders {
		return 0, false
	}
	bit := uint8(1) << len(h.kinds)
	h.kinds = append(h.kinds, kind)
	for c := range 256 {
		for _, part := range []struct {
			of   *[256]uint8
			bits *bits
		}{{&h.month, &kind.month}, {&h.rest, &kind.rest}, {&h.iso, &kind.iso}, {&h.host, &kind.host}} {
			if part.bits.has(byte(c)) {
				part.of[c] |= bit
			}
		}
	}
	return len(h.kinds) - 1, true
}

// match gives the kinds of headers that stand at the front of a line, and the
// length, which is one for all: no part but rest has a blank.
func (h *headers) match(line []byte) (mask uint8, end int) {
	at := 0
	switch {
	case len(line) > 16 && line[3] == ' ' && line[15] == ' ':
		mask = h.month[line[0]] & h.month[line[1]] & h.month[line[2]]
		for _, c := range line[4:15] {
			mask &= h.rest[c]
		}
		at = 16
	case len(line) > 33 && line[32] == ' ':
		mask, at = 255, 33
		for _, c := range line[:32] {
			mask &= h.iso[c]
		}
	}
	from := at
	for mask != 0 && at < len(line) && line[at] != ' ' {
		mask &= h.host[line[at]]
		at++
	}
	if at == from || at == len(line) {
		return 0, 0
	}
	return mask, at + 1
}

// maxTokens bounds the programs that one rule is filed under.
const maxTokens = 64

// isTokenEnd ends the name of a program.
func isTokenEnd(c byte) bool { return c == '[' || c == ':' || c == ' ' || c == '(' }

// tokenOf gives the name of a program at the front of what follows a header.
func tokenOf(b []byte) []byte {
	for i, c := range b {
		if isTokenEnd(c) {
			return b[:i]
		}
	}
	return b
}

// tokens gives the programs that a line must be of to match; false where that
// cannot be said in a few names.
func tokens(items []*node) ([]string, bool) {
	open, done := []string{""}, []string(nil)
	for _, n := range items {
		var ok bool
		if open, done, ok = extend(open, done, n); !ok {
			return nil, false
		}
		if len(open) == 0 {
			return done, true
		}
	}
	return nil, false
}

// extend appends a node to each open name; those that end are done.
func extend(open, done []string, n *node) (o, d []string, ok bool) {
	if len(open)+len(done) > maxTokens {
		return nil, nil, false
	}
	switch n.kind {
	case one:
		return extendByte(open, done, &n.set)
	case grp:
		return extend(open, done, n.subs[0])
	case cat:
		o, d, ok = open, done, true
		for _, s := range n.subs {
			if o, d, ok = extend(o, d, s); !ok || len(o) == 0 {
				break
			}
		}
		return o, d, ok
	case alt:
		d = done
		for _, s := range n.subs {
			var more []string
			if more, d, ok = extend(open, d, s); !ok {
				return nil, nil, false
			}
			o = append(o, more...)
		}
		return o, d, true
	case rep:
		if n.min == 0 && n.max == 1 {
			o, d, ok = extend(open, done, n.subs[0])
			return append(append([]string(nil), open...), o...), d, ok
		}
	}
	return nil, nil, false
}

func extendByte(open, done []string, set *bits) (o, d []string, ok bool) {
	d = done
	if c, single := set.only(); single && !isTokenEnd(c) {
		for _, name := range open {
			o = append(o, name+string([]byte{c}))
		}
		return o, d, true
	}
	for c := range 256 {
		if !set.has(byte(c)) {
			continue
		}
		if len(o)+len(d) > maxTokens {
			return nil, nil, false
		}
		for _, name := range open {
			if isTokenEnd(byte(c)) {
				d = append(d, name)
			} else {
				o = append(o, name+string([]byte{byte(c)}))
			}
		}
	}
	return o, d, true
}
