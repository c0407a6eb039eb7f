package explain

import (
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// node is one finding with what it can be joined by.
type node struct {
	finding *report.Finding
	kind    report.ChangeKind
	since   time.Time // when it was first seen
	attrs   []report.Attr
	times   []time.Time
}

// nodesOf takes what is open, causes of earlier days among it, so that an
// explanation stands as long as what it explains.
func nodesOf(rep *report.Report) []node {
	var nodes []node
	for i := range rep.Changes {
		if ch := &rep.Changes[i]; ch.Kind != report.Fixed && ch.Kind != report.Retired {
			nodes = append(nodes, nodeOf(ch))
		}
	}
	return nodes
}

func nodeOf(ch *report.Change) node {
	f := &ch.Finding
	n := node{finding: f, kind: ch.Kind, since: ch.Since}
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
	slices.SortFunc(n.times, time.Time.Compare)
	return n
}

// joins reports whether findings are joined by equal attributes under a key.
func joins(k report.Key) bool {
	switch k {
	case report.Package, report.Transaction, report.Service, report.Unit, report.Process, report.Program, report.Listener, report.Path:
		return true
	}
	return false
}

// program makes one attribute of a unit, a process and a log tag of one name,
// so that sshd.service, sshd[812] and sshd are the same; a program's file is one
// by its path.
func program(a report.Attr) report.Attr {
	switch a.Key {
	case report.Program:
		return report.Path.Of(a.Value)
	case report.Service, report.Unit, report.Process:
		name, _, _ := strings.Cut(a.Value, "[")
		return report.Attr{Key: report.Service, Value: strings.TrimSuffix(name, ".service")}
	}
	return a
}

// has reports whether a finding names something under a key.
func (n node) has(keys ...report.Key) bool {
	for _, attrs := range [][]report.Attr{{n.finding.Subject}, n.finding.Identity, n.finding.Evidence} {
		if slices.ContainsFunc(attrs, func(a report.Attr) bool { return slices.Contains(keys, a.Key) }) {
			return true
		}
	}
	return false
}

// isAct reports whether a finding is about a package, or an act on packages or logs.
func (n node) isAct() bool {
	return n.finding.Subject.Key == report.Package || n.finding.Subject.Key == report.Transaction ||
		slices.ContainsFunc(n.finding.Identity, func(a report.Attr) bool { return a.Key == report.Transaction })
}

// ofPerson reports whether a finding tells what somebody did or said, which no
// change of software causes: a login, a command, an odd line of a log.
func (n node) ofPerson() bool {
	return n.has(report.Session, report.Template, report.Sample, report.Advisory) || n.finding.Subject.Key == report.User
}

// within reports whether one of n's times is in a span.
func (n node) within(from, to time.Time) bool {
	return slices.ContainsFunc(n.times, func(t time.Time) bool { return !t.Before(from) && !t.After(to) })
}
