package ere

// op is what an instruction does.
type op uint8

const (
	opByte  op = iota // goes on at out behind a byte of set
	opSplit           // goes on at out and at out2
	opEdge            // goes on at out where the edge is
	opMatch           // expression n matches
)

type inst struct {
	op        op
	set       int32 // index into prog.sets
	n         int32 // edge, or number of the expression
	out, out2 int32
}

// prog is the automaton of several expressions.
type prog struct {
	insts  []inst
	sets   []bits
	starts []int32 // of each expression
	words  bool    // it has edges of words

	classOf [256]uint8
	reps    []byte // a byte of each class
	setIDs  map[bits]int32
}

// compile adds the expressions with their numbers.
func compile(nodes []*node, numbers []int) *prog {
	room := len(nodes)
	for _, n := range nodes {
		room += n.cost()
	}
	p := &prog{setIDs: map[bits]int32{}, insts: make([]inst, 0, min(room, maxCost))}
	for i, n := range nodes {
		end := p.add(inst{op: opMatch, n: int32(numbers[i])})
		p.starts = append(p.starts, p.node(n, end))
	}
	p.classify()
	return p
}

func (p *prog) add(i inst) int32 {
	p.insts = append(p.insts, i)
	return int32(len(p.insts) - 1)
}

// node adds a node that goes on at next, and gives its beginning.
func (p *prog) node(n *node, next int32) int32 {
	switch n.kind {
	case one:
		id, known := p.setIDs[n.set]
		if !known {
			id = int32(len(p.sets))
			p.sets, p.setIDs[n.set] = append(p.sets, n.set), id
		}
		return p.add(inst{op: opByte, set: id, out: next})
	case edge:
		p.words = p.words || n.n > atEnd
		return p.add(inst{op: opEdge, n: int32(n.n), out: next})
	case cat:
		for i := len(n.subs) - 1; i >= 0; i-- {
			next = p.node(n.subs[i], next)
		}
	case alt:
		from := p.node(n.subs[len(n.subs)-1], next)
		for i := len(n.subs) - 2; i >= 0; i-- {
			from = p.add(inst{op: opSplit, out: p.node(n.subs[i], next), out2: from})
		}
		return from
	case grp:
		return p.node(n.subs[0], next)
	case rep:
		return p.repeat(n, next)
	}
	return next
}

// repeat adds a repetition: its copies one behind the other.
func (p *prog) repeat(n *node, next int32) int32 {
	sub := n.subs[0]
	if n.max < 0 {
		loop := p.add(inst{op: opSplit, out2: next})
		p.insts[loop].out = p.node(sub, loop)
		next = loop
	}
	end := next
	for range n.max - n.min {
		next = p.add(inst{op: opSplit, out: p.node(sub, next), out2: end})
	}
	for range n.min {
		next = p.node(sub, next)
	}
	return next
}

// classify makes classes of the bytes that no set tells apart.
func (p *prog) classify() {
	sets := p.sets
	if p.words {
		sets = append(sets[:len(sets):len(sets)], wordBytes)
	}
	var class [256]int
	n := 1
	for i := range sets {
		split := map[int]int{} // class to the one of its bytes in the set
		size := [257]int{}
		in := [257]int{}
		for c := range 256 {
			size[class[c]]++
			if sets[i].has(byte(c)) {
				in[class[c]]++
			}
		}
		for c := range 256 {
			old := class[c]
			if !sets[i].has(byte(c)) || in[old] == size[old] {
				continue
			}
			if _, known := split[old]; !known {
				split[old] = n
				n++
			}
			class[c] = split[old]
		}
	}
	p.reps = make([]byte, n)
	for c := range 256 {
		p.classOf[c] = uint8(class[c])
		p.reps[class[c]] = byte(c)
	}
}
