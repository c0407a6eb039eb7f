package report

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/crowd"
	scopes "github.com/pugetsoundtech/upkeep/internal/scope"
)

// A recorded is what a recorder has of findings, and which give way to others.
type recorded struct {
	seen   map[string]int // fingerprint: index of the finding
	crowd  crowd.Crowd
	free   []int             // indices that findings have left
	folded map[string]*tally // by rule
	lost   map[string]bool   // scopes of what was folded
}

func kindOf(f Finding) crowd.Kind { return crowd.Kind{Rank: int(f.Severity), Name: f.Rule} }

// causeOf is what brings many findings: whose they are, and of root's the folder.
func causeOf(f Finding) string {
	if owner := f.Owner(); owner != Root || f.Subject.Key != Path {
		return owner
	}
	return path.Dir(f.Subject.Value)
}

// A tally stands for findings that are only counted.
type tally struct {
	all Finding
	by  [Critical + 1]uint64
}

func newRecorded() recorded {
	return recorded{seen: map[string]int{}, folded: map[string]*tally{}, lost: map[string]bool{}}
}

// take records f, or folds it or milder ones; the caller holds the lock.
func (r *Recorder) take(f Finding) {
	c := &r.found
	if i, double := c.seen[f.Fingerprint]; double {
		r.again(i, f)
		return
	}
	size := findingBytes(f)
	for len(r.res.Findings)-len(c.free) >= r.limits.Findings || r.bytes+size > r.limits.TotalBytes {
		i, gives := c.crowd.Gives(kindOf(f), causeOf(f))
		if !gives {
			r.fold(f)
			return
		}
		r.fold(r.leave(i))
	}
	r.bytes += size
	i := len(r.res.Findings)
	if n := len(c.free); n > 0 {
		i, c.free = c.free[n-1], c.free[:n-1]
		r.res.Findings[i] = f
	} else {
		r.res.Findings = append(r.res.Findings, f)
	}
	c.seen[f.Fingerprint] = i
	c.crowd.Enter(kindOf(f), causeOf(f), i)
}

// again counts f as one more of finding i.
func (r *Recorder) again(i int, f Finding) {
	into, was := &r.res.Findings[i], kindOf(r.res.Findings[i])
	if merge(into, f); kindOf(*into) != was {
		r.found.crowd.Leave(was, causeOf(*into), i)
		r.found.crowd.Enter(kindOf(*into), causeOf(*into), i)
	}
}

// leave removes finding i.
func (r *Recorder) leave(i int) Finding {
	f := r.res.Findings[i]
	r.found.crowd.Leave(kindOf(f), causeOf(f), i)
	r.res.Findings[i] = Finding{}
	r.found.free = append(r.found.free, i)
	delete(r.found.seen, f.Fingerprint)
	r.bytes -= findingBytes(f)
	return f
}

// fold counts f in the one finding of its rule that stands for many.
func (r *Recorder) fold(f Finding) {
	r.count("finding")
	c := &r.found
	into := c.folded[f.Rule]
	if into == nil {
		into = &tally{all: Finding{Rule: f.Rule, Scope: f.Scope, Severity: f.Severity, First: f.First, Last: f.Last}}
		c.folded[f.Rule] = into
	}
	merge(&into.all, f)
	into.by[f.Severity]++
	c.lost[f.Scope] = true
	c.lost = scopes.Fewer(c.lost, 64) // which are named one by one
}

// settle writes down what was folded, and that its scopes are not covered, once
// all is recorded.
func (r *Recorder) settle() {
	c := &r.found
	r.res.Findings = slices.DeleteFunc(r.res.Findings, func(f Finding) bool { return f.Rule == "" })
	for _, rule := range slices.Sorted(maps.Keys(c.folded)) {
		r.res.Findings = append(r.res.Findings, r.folded(c.folded[rule]))
	}
	for _, scope := range slices.Sorted(maps.Keys(c.lost)) {
		r.problem(scope, CodeDropped, "more was found here than the recorder takes: the mildest is only counted", "")
		r.res.Covered = slices.DeleteFunc(r.res.Covered, func(s string) bool { return scopes.Within(s, scope) })
	}
	r.found = newRecorded()
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
	for at := s; at != ""; at = scopes.Above(at) {
		if slices.Contains(r.res.Covered, at) {
			return at
		}
	}
	return s
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
