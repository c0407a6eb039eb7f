// Package explain says why findings are there, from what is open in one report
// alone: what shares a typed attribute with a cause, at about the same time, is
// explained by it.
//
//	suite := &report.Suite{Checks: checks, Explain: explain.Joins}
//
// An explanation never hides a finding and never closes one. What it cannot
// join it leaves unexplained; it guesses nothing from texts.
//
// # Design
//
// A cause is an event whose subject is a package: software was installed,
// upgraded or removed. A finding that names the same package is its direct
// effect. One that shares a service or a listener with an effect may be one,
// too, and is called possible. So is an event of a service or a listener soon
// after the cause, since updates restart what uses them. A changed file is
// never joined by time alone: no update writes what its package does not own.
package explain

import (
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

const (
	before = 10 * time.Minute // an effect may be dated before its cause's log line
	after  = time.Hour        // and services are restarted some time later
	soon   = 15 * time.Minute // within which a service that is restarted follows the update
	depth  = 3                // joins from a cause to its furthest effect
)

// joins reports whether findings are joined by equal attributes under a key.
func joins(k report.Key) bool {
	switch k {
	case report.Package, report.Service, report.Process, report.Listener, report.Path:
		return true
	}
	return false
}

// program makes one attribute of a unit, a process and a log tag of one name,
// so that sshd.service, sshd[812] and sshd are the same.
func program(a report.Attr) report.Attr {
	switch a.Key {
	case report.Service, report.Process:
		name, _, _ := strings.Cut(a.Value, "[")
		return report.Attr{Key: report.Service, Value: strings.TrimSuffix(name, ".service")}
	}
	return a
}

// node is one finding with what it can be joined by.
type node struct {
	finding *report.Finding
	attrs   []report.Attr
	times   []time.Time
}

// Joins explains the findings of a report that a software change caused.
func Joins(rep *report.Report) []report.Explanation {
	nodes := nodesOf(rep)
	index := map[report.Attr][]int{}
	for i, n := range nodes {
		for _, a := range n.attrs {
			index[a] = append(index[a], i)
		}
	}
	w := walker{nodes: nodes, index: index, done: make([]bool, len(nodes))}
	for i, n := range nodes {
		if isCause(n) {
			w.done[i] = true
		}
	}
	for i, n := range nodes {
		if isCause(n) {
			w.from(i)
		}
	}
	for i, n := range nodes {
		if isCause(n) {
			w.soonAfter(i)
		}
	}
	slices.SortFunc(w.out, func(a, b report.Explanation) int { return strings.Compare(a.Finding, b.Finding) })
	return w.out
}

func isCause(n node) bool {
	return n.finding.Kind == report.Event && n.finding.Subject.Key == report.Package
}

// nodesOf takes what is open, causes of earlier days among it, so that an
// explanation stands as long as what it explains.
func nodesOf(rep *report.Report) []node {
	var nodes []node
	for i := range rep.Changes {
		if ch := &rep.Changes[i]; ch.Kind != report.Fixed && ch.Kind != report.Retired {
			nodes = append(nodes, nodeOf(&ch.Finding))
		}
	}
	return nodes
}

func nodeOf(f *report.Finding) node {
	n := node{finding: f}
	for _, attrs := range [][]report.Attr{{f.Subject}, f.Identity, f.Evidence} {
		for _, a := range attrs {
			if joins(a.Key) {
				n.attrs = append(n.attrs, program(a))
			}
			if a.Key == report.At {
				if t, err := time.Parse(time.RFC3339Nano, a.Value); err == nil {
					n.times = append(n.times, t)
				}
			}
		}
	}
	return n
}

type walker struct {
	nodes []node
	index map[report.Attr][]int
	done  []bool // explained, or a cause
	out   []report.Explanation
}

type step struct {
	node   int
	joined []report.Attr // from the cause to this node
}

// from explains, nearest first, what hangs on one cause.
func (w *walker) from(cause int) {
	queue := []step{{node: cause}}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if len(at.joined) == depth {
			continue
		}
		for _, a := range w.nodes[at.node].attrs {
			for _, next := range w.index[a] {
				if w.done[next] || !near(w.nodes[cause], w.nodes[next]) {
					continue
				}
				w.done[next] = true
				joined := append(slices.Clone(at.joined), a)
				w.explain(cause, next, joined)
				queue = append(queue, step{next, joined})
			}
		}
	}
}

// soonAfter explains the events of services that followed one cause.
func (w *walker) soonAfter(cause int) {
	for i, n := range w.nodes {
		if w.done[i] || !runs(n.finding) {
			continue
		}
		for _, c := range w.nodes[cause].times {
			at := slices.IndexFunc(n.times, func(t time.Time) bool { return !t.Before(c) && t.Before(c.Add(soon)) })
			if at >= 0 {
				w.done[i] = true
				w.explain(cause, i, []report.Attr{report.AtTime(n.times[at])})
				break
			}
		}
	}
}

// runs reports whether f is an event of something that an update restarts.
func runs(f *report.Finding) bool {
	return f.Kind == report.Event && f.Severity <= report.Notice &&
		(f.Subject.Key == report.Service || f.Subject.Key == report.Listener)
}

func (w *walker) explain(cause, effect int, joined []report.Attr) {
	because := w.nodes[cause].finding
	e := report.Explanation{
		Finding: w.nodes[effect].finding.Fingerprint, By: []string{because.Fingerprint}, Joined: joined,
		Sure: "possible", Text: because.Title + gap(w.nodes[cause].times, w.nodes[effect].times),
	}
	direct := len(joined) == 1 && joined[0].Key == report.Package
	if direct && len(w.nodes[effect].times) > 0 && len(w.nodes[cause].times) > 0 {
		// The same words for all effects of a cause, so that they can be listed together.
		e.Sure, e.Quiet, e.Text = "likely", true, because.Title
	}
	w.out = append(w.out, e)
}

// gap says how long the cause was before the effect; "" where that is not known.
func gap(cause, effect []time.Time) string {
	if len(cause) == 0 || len(effect) == 0 {
		return ""
	}
	d := slices.MinFunc(effect, time.Time.Compare).Sub(slices.MinFunc(cause, time.Time.Compare)).Round(time.Second)
	if d < 0 {
		return ", " + (-d).String() + " after"
	}
	return ", " + d.String() + " before"
}

// near reports whether an effect's times, as far as they are known, fit the cause's.
func near(cause, effect node) bool {
	if len(cause.times) == 0 || len(effect.times) == 0 {
		return true
	}
	for _, c := range cause.times {
		for _, e := range effect.times {
			if e.After(c.Add(-before)) && e.Before(c.Add(after)) {
				return true
			}
		}
	}
	return false
}
