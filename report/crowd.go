package report

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	fewFindings = 16 // of one rule and severity, which give way last
	maxLost     = 64 // scopes of folded findings that are named one by one
)

// A crowd knows which findings give way to others.
type crowd struct {
	seen   map[string]int // fingerprint: index of the finding
	groups map[group]*members
	free   []int             // indices that findings have left
	folded map[string]*tally // by rule
	lost   map[string]bool   // scopes of what was folded
}

// A group is what findings have one cause by.
type group struct {
	severity Severity
	rule     string
}

// members are a group's findings in turns: the first of each cause, the second of
// each, and so on. The latest of the last turn gives way: the cause that has the most.
type members struct {
	turns [][]int // indices in order of arrival
	of    map[string]int
	n     int
}

// causeOf is what brings many findings: whose they are, and of root's the folder.
func causeOf(f Finding) string {
	if owner := f.Owner(); owner != Root || f.Subject.Key != Path {
		return owner
	}
	return path.Dir(f.Subject.Value)
}

func (m *members) enter(i int, f Finding) {
	cause := causeOf(f)
	turn := min(m.of[cause], len(m.turns))
	if turn == len(m.turns) {
		m.turns = append(m.turns, nil)
	}
	m.turns[turn] = append(m.turns[turn], i)
	m.of[cause]++
	m.n++
}

// remove takes out finding i, which is f.
func (m *members) remove(i int, f Finding) {
	for t := len(m.turns) - 1; t >= 0; t-- {
		at := slices.Index(m.turns[t], i)
		if at < 0 {
			continue
		}
		m.turns[t] = slices.Delete(m.turns[t], at, at+1)
		break
	}
	for len(m.turns) > 0 && len(m.turns[len(m.turns)-1]) == 0 {
		m.turns = m.turns[:len(m.turns)-1]
	}
	m.n--
	cause := causeOf(f)
	if m.of[cause]--; m.of[cause] == 0 {
		delete(m.of, cause)
	}
}

// last is the finding that gives way.
func (m *members) last() int {
	turn := m.turns[len(m.turns)-1]
	return turn[len(turn)-1]
}

// A tally stands for findings that are only counted.
type tally struct {
	all Finding
	by  [Critical + 1]uint64
}

func newCrowd() crowd {
	return crowd{map[string]int{}, map[group]*members{}, nil, map[string]*tally{}, map[string]bool{}}
}

// take records f, or folds it or milder ones; the caller holds the lock.
func (r *Recorder) take(f Finding) {
	c := &r.crowd
	if i, double := c.seen[f.Fingerprint]; double {
		r.again(i, f)
		return
	}
	size := findingBytes(f)
	for len(r.res.Findings)-len(c.free) >= r.limits.Findings || r.bytes+size > r.limits.TotalBytes {
		g := c.giving(group{f.Severity, f.Rule})
		if m := c.groups[g]; g == (group{f.Severity, f.Rule}) && (m == nil || m.of[causeOf(f)] >= len(m.turns)-1) {
			r.fold(f)
			return
		}
		r.fold(r.leave(g))
	}
	r.bytes += size
	i := len(r.res.Findings)
	if n := len(c.free); n > 0 {
		i, c.free = c.free[n-1], c.free[:n-1]
		r.res.Findings[i] = f
	} else {
		r.res.Findings = append(r.res.Findings, f)
	}
	c.enter(i, f)
}

func (c *crowd) enter(i int, f Finding) {
	g := group{f.Severity, f.Rule}
	c.seen[f.Fingerprint] = i
	if c.groups[g] == nil {
		c.groups[g] = &members{of: map[string]int{}}
	}
	c.groups[g].enter(i, f)
}

// again counts f as one more of finding i.
func (r *Recorder) again(i int, f Finding) {
	c, into := &r.crowd, &r.res.Findings[i]
	old := group{into.Severity, into.Rule}
	merge(into, f)
	if into.Severity != old.severity {
		c.groups[old].remove(i, *into)
		c.enter(i, *into)
	}
}

// giving is the group that gives way when one more of next comes: the mildest
// of those with many findings, and of these the largest.
func (c *crowd) giving(next group) group {
	out, most := next, 1
	if m := c.groups[next]; m != nil {
		most += m.n
	}
	for g, m := range c.groups {
		n := m.n
		if g == next || n == 0 {
			continue
		}
		if cmp.Or(compareBool(most > fewFindings, n > fewFindings), int(out.severity)-int(g.severity), n-most, strings.Compare(out.rule, g.rule)) > 0 {
			out, most = g, n
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

// leave removes the finding of g that gives way.
func (r *Recorder) leave(g group) Finding {
	c := &r.crowd
	i := c.groups[g].last()
	f := r.res.Findings[i]
	c.groups[g].remove(i, f)
	r.res.Findings[i] = Finding{}
	c.free = append(c.free, i)
	delete(c.seen, f.Fingerprint)
	r.bytes -= findingBytes(f)
	return f
}

// fold counts f in the one finding of its rule that stands for many.
func (r *Recorder) fold(f Finding) {
	r.count("finding")
	c := &r.crowd
	into := c.folded[f.Rule]
	if into == nil {
		into = &tally{all: Finding{Rule: f.Rule, Scope: f.Scope, Severity: f.Severity, First: f.First, Last: f.Last}}
		c.folded[f.Rule] = into
	}
	merge(&into.all, f)
	into.by[f.Severity]++
	c.lose(f.Scope)
}

// lose notes that a finding of scope is not named. Of many scopes those above
// them are noted.
func (c *crowd) lose(scope string) {
	c.lost[scope] = true
	for len(c.lost) > maxLost && !c.lost[""] {
		above := map[string]bool{}
		for s := range c.lost {
			above[s[:max(strings.LastIndexByte(s, '/'), 0)]] = true
		}
		c.lost = above
	}
}

// settle writes down what was folded, and that its scopes are not covered, once
// all is recorded.
func (r *Recorder) settle() {
	c := &r.crowd
	r.res.Findings = slices.DeleteFunc(r.res.Findings, func(f Finding) bool { return f.Rule == "" })
	for _, rule := range slices.Sorted(maps.Keys(c.folded)) {
		r.res.Findings = append(r.res.Findings, r.folded(c.folded[rule]))
	}
	for _, scope := range slices.Sorted(maps.Keys(c.lost)) {
		r.problem(scope, CodeDropped, "more was found here than the recorder takes: the mildest is only counted", "")
		r.res.Covered = slices.DeleteFunc(r.res.Covered, func(s string) bool { return within(s, scope) })
	}
	r.crowd = newCrowd()
}

// folded is the finding that stands for those that are only counted.
func (r *Recorder) folded(of *tally) Finding {
	f, rule := of.all, r.rules[of.all.Rule]
	f.Kind, f.Explain, f.Fix = rule.Kind, r.text(rule.Explain), r.text(rule.Remedy)
	f.Subject = System.Of("further-findings")
	if f.Scope = cmp.Or(f.Scope, scopeCovered); f.Kind == Condition {
		f.Scope = r.coveredAbove(f.Scope)
	}
	var by []string
	var all uint64
	for severity := Critical; severity >= Info; severity-- {
		if n := of.by[severity]; n > 0 {
			all += n
			by = append(by, fmt.Sprintf("%d %s", n, severity))
		}
	}
	f.Title = clip(r.text(rule.Title), maxText-100) + fmt.Sprintf(": %d more, only counted", all)
	f.Detail = "More was found than one report takes. These are the mildest of the most frequent, the most of whoever has the most, or could not be recorded as they were: " + strings.Join(by, ", ") + "."
	r.identify(&f, rule)
	return f
}

// coveredAbove is the covered scope that covers s; s itself without one.
func (r *Recorder) coveredAbove(s string) string {
	for at := s; ; {
		if slices.Contains(r.res.Covered, at) {
			return at
		}
		slash := strings.LastIndexByte(at, '/')
		if slash < 0 {
			return s
		}
		at = at[:slash]
	}
}

func merge(into *Finding, f Finding) {
	into.Count += f.Count
	if f.Severity > into.Severity {
		into.Severity = f.Severity
	}
	if into.First.IsZero() || !f.First.IsZero() && f.First.Before(into.First) {
		into.First = f.First
	}
	if f.Last.After(into.Last) {
		into.Last = f.Last
	}
}

func findingBytes(f Finding) int64 {
	n := len(f.Title) + len(f.Detail) + len(f.Fix) + len(f.Explain) + len(f.Scope) + 200
	n += attrBytes(f.Identity) + attrBytes(f.Evidence) + attrBytes([]Attr{f.Subject}) + f.Remedy.bytes()
	for _, s := range slices.Concat(f.Links, f.Artifacts, f.Former) {
		n += len(s)
	}
	return int64(n)
}

func attrBytes(attrs []Attr) int {
	n := 0
	for _, a := range attrs {
		n += len(a.Key) + len(a.Value)
	}
	return n
}
