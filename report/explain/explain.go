// Package explain says why findings are there, from what is open in one report
// alone: what shares a typed attribute with an act, at about the same time, is
// explained by it.
//
//	set := &suite.Suite{Checks: checks, Explain: explain.Joins}
//
// An explanation never hides a finding and never closes one. What it cannot
// join it leaves unexplained; it guesses nothing from texts.
//
// # Design
//
// The cause is the act, never the first of its parts: all packages of one
// transaction, or, where the package manager names none, of one run of it. Its
// direct effects name one of its packages, or are files that a closed list says
// its scripts write. What is joined to an effect by a service, a program or a
// listener may be one too, and is called possible. So is a restart soon after,
// since updates restart what uses them.
//
// A file that was changed while somebody was logged in is possibly that
// person's work, and likely so where the session's own record names the file as a
// typed path. Where only a word of a command that it ran is the file's name, that
// is possible. The line about such a command in a log is of the same act, where it
// tells of no other.
// One trouble that two checks see is told once: a unit's failure and the log
// line about it, a listener and its probe, an account and the files that hold
// it. A file system that is full is possibly so by the log that grows on it. What is worse than a notice is never called fully explained; a page puts it
// below its cause only where that is as bad and stands there in full.
//
// No time alone joins a file, and an unknown time is near to nothing: a thing
// without one, such as a file that is gone, is joined directly, and only to
// what was first seen in the same report. A login, a command by sudo, a line
// that no rule explains, and a fix that is missing are effects of nothing. A wrong
// reason is worse than none. So are what is said of packages alone, such as that no
// source offers them; and a rotation has no effects but on the logs that it names.
//
// # What each join wants
//
// Key names stand for attributes of package report, in a finding's subject,
// identity or evidence.
//
//	file ← software      act: an Event of subject Package or Transaction, with At.
//	                     File: Package (likely) or Transaction (proven), with At.
//	file ← rotation      act: an Event of identity Transaction, with At and a Path for
//	                     each log and copy. File: subject Path, with At (likely).
//	service down ← it    service: subject Service or Unit, worse than a notice, with the At
//	                     of its failure and the Package that owns its program or a
//	                     library of it; or its Program, or a Path for each library,
//	                     where a finding about that file names the Package (possible).
//	file ← person        sessions: an Event of subject User, whose evidence has, in this
//	                     order, for each session its Session, At of its begin, and At of
//	                     its end where that is known; behind that, for each command, its
//	                     text as a Sample, its At, and a Path for each file (likely within
//	                     an hour). Later, or where only a word of the text is the file's
//	                     name: possible.
//	                     File: subject Path, with At, and no Package.
//	sudo line ← that     line: an Event of subject Service sudo or doas, the User in its
//	                     identity, and a Sample for each command, none left out.
//	account ← traces     account: subject User or Group, with Path of the file that holds
//	                     it. Trace: subject Path of such a file, or Service of a tool.
//	full disk ← log      disk: subject Mount. Log: subject Path, a warning at least, with
//	                     that Mount (possible).
//	fix ← old code       fix: subject Package, with Path of the library. Programs: Unit or
//	                     Process, with that Path.
//	probe ← listener     probe: subject Target, with Listener and Reason. Listener: subject.
package explain

import (
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

const (
	before = 2 * time.Minute  // an effect may be dated before its cause's log line
	after  = 10 * time.Minute // and be written some time after the last one
	soon   = 15 * time.Minute // within which a service that is restarted follows the update
	depth  = 3                // joins from an act to its furthest effect
)

// Words for how sure an explanation is.
const (
	proven   = "proven" // a transaction of the package manager names both
	likely   = "likely"
	possible = "possible"
)

// Joins explains the findings of a report.
func Joins(rep *report.Report) []report.Explanation {
	w := walker{nodes: nodesOf(rep), index: map[report.Attr][]int{}, done: map[int]bool{}}
	for i, n := range w.nodes {
		for _, a := range n.attrs {
			w.index[a] = append(w.index[a], i)
		}
	}
	acts := w.software()
	for _, a := range acts {
		w.effects(a)
	}
	w.twice()
	for _, a := range acts {
		w.soonAfter(a)
	}
	w.sessions()
	slices.SortFunc(w.out, func(a, b report.Explanation) int { return strings.Compare(a.Finding, b.Finding) })
	return w.out
}

type walker struct {
	nodes []node
	index map[report.Attr][]int
	done  map[int]bool // explained, or a cause
	out   []report.Explanation
}

// explain records why a finding is there. It is fully explained where the
// relation is direct and the finding mild.
func (w *walker) explain(effect int, by []int, text, confidence string, direct bool, joined ...report.Attr) {
	w.done[effect] = true
	f := w.nodes[effect].finding
	e := report.Explanation{Finding: f.Fingerprint, Joined: joined, Text: text, Confidence: confidence}
	for _, i := range by {
		e.By = append(e.By, w.nodes[i].finding.Fingerprint)
	}
	e.Full = direct && f.Severity > report.RuleSeverity && f.Severity <= report.Notice
	w.out = append(w.out, e)
}
