package explain

import (
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// editing is how long after its command an editor likely still writes its file. A
// session may stay open for days, and its first command explains none of them.
const editing = time.Hour

// sessions explains files by who was logged in when they changed.
func (w *walker) sessions() {
	for i, n := range w.nodes {
		if w.done[i] || n.finding.Subject.Key != report.Path || n.has(report.Package) || len(n.times) == 0 {
			continue
		}
		var typed, worded, open []int
		for j, m := range w.nodes {
			if m.finding.Kind != report.Event || !m.has(report.Session) || len(m.times) == 0 {
				continue
			}
			visits := m.visits()
			switch {
			case slices.ContainsFunc(m.worksOn(n.finding.Subject), func(at time.Time) bool { return visits.holdWork(at, n, visit.soonEnd) }):
				typed = append(typed, j)
			case slices.ContainsFunc(m.worksOn(n.finding.Subject), func(at time.Time) bool { return visits.holdWork(at, n, visit.end) }):
				worded = append(worded, j)
			case slices.ContainsFunc(m.samples(), func(command string) bool { return names(command, n.finding.Subject) }) && visits.mayHold(n):
				worded = append(worded, j)
			case visits.hold(n):
				open = append(open, j)
			}
		}
		switch {
		case len(typed) > 0:
			w.edited(i, typed, likely)
		case len(worded) > 0:
			w.edited(i, worded, possible)
		case len(open) > 0:
			w.explain(i, open, w.titles(open), possible, false, report.AtTime(n.times[0]))
		}
	}
}

// visit is one session. Its end is zero where it is open, or not known.
type visit struct{ from, to time.Time }

type visits []visit

// visits gives the sessions that a finding tells of: behind each session's id stand
// its begin and, where that is known, its end. A finding whose subject is a session
// has its moments in any order.
func (n node) visits() (out visits) {
	if n.finding.Subject.Key == report.Session {
		return visits{{n.times[0], n.times[len(n.times)-1]}}
	}
	inSession := false
	for _, a := range n.finding.Evidence {
		switch at := moment(a); {
		case a.Key == report.Session:
			out, inSession = append(out, visit{}), true
		case a.Key == report.Sample: // from here on it tells of a command
			inSession = false
		case !inSession || at.IsZero():
		case out[len(out)-1].from.IsZero():
			out[len(out)-1].from = at
		case out[len(out)-1].to.IsZero():
			out[len(out)-1].to = at
		}
	}
	return slices.DeleteFunc(out, func(v visit) bool { return v.from.IsZero() })
}

// moment gives the time of an At attribute, and the zero time for any other.
func moment(a report.Attr) time.Time {
	if a.Key != report.At {
		return time.Time{}
	}
	t, _ := time.Parse(time.RFC3339Nano, a.Value) //nolint:errcheck // the zero time is "not known"
	return t
}

// worksOn gives when commands of the sessions named a file. A command begins with its
// text; behind that stand its moment and its files.
func (n node) worksOn(file report.Attr) (out []time.Time) {
	if n.finding.Subject.Key == report.Session && slices.Contains(n.finding.Evidence, file) {
		return n.times[:1]
	}
	var began time.Time
	inCommand := false
	for _, a := range n.finding.Evidence {
		switch at := moment(a); {
		case a.Key == report.Session, a.Key == report.Sample:
			began, inCommand = time.Time{}, a.Key == report.Sample
		case inCommand && began.IsZero() && !at.IsZero():
			began = at
		case a == file && !began.IsZero():
			out = append(out, began)
		}
	}
	return out
}

// holdWork reports whether a file changed after a command of a session on it, and
// before an end. Of a file's time some checks know the second alone.
func (v visits) holdWork(at time.Time, file node, end func(visit, time.Time) time.Time) bool {
	return slices.ContainsFunc(v, func(one visit) bool {
		return !at.Before(one.from) && (one.to.IsZero() || !at.After(one.to)) && file.within(at.Truncate(time.Second), end(one, at))
	})
}

// soonEnd is until when work that began at a time likely lasts.
func (v visit) soonEnd(at time.Time) time.Time {
	if soon := at.Add(editing); v.to.IsZero() || soon.Before(v.to) {
		return soon
	}
	return v.to
}

// end is when a session ended, or until when work that began at a time may last.
func (v visit) end(at time.Time) time.Time {
	if v.to.IsZero() {
		return v.soonEnd(at)
	}
	return v.to
}

// mayHold reports whether a file changed in one of the sessions, or soon after the
// begin of one whose end nobody knows.
func (v visits) mayHold(file node) bool {
	return slices.ContainsFunc(v, func(one visit) bool { return file.within(one.from, one.end(one.from)) })
}

// hold reports whether a file changed in a session whose begin and end are known.
func (v visits) hold(file node) bool {
	return slices.ContainsFunc(v, func(one visit) bool { return file.within(one.from, one.to) })
}

// names reports whether a word of a command is a file.
func names(command string, file report.Attr) bool {
	return slices.Contains(strings.Fields(command), file.Value)
}

func (n node) samples() (out []string) {
	for _, a := range n.finding.Evidence {
		if a.Key == report.Sample {
			out = append(out, a.Value)
		}
	}
	return out
}

// edited makes one act of a file and the sessions whose commands name it. Where
// that is sure and nothing else of it is news, the sessions explain it all; else the
// file is what is told, and what else tells of the act stands below it.
func (w *walker) edited(file int, sessions []int, sure string) {
	f, arrivals := w.nodes[file].finding, w.arrivals(sessions)
	alone := sure == likely && f.Severity <= report.Notice && len(arrivals) == 0
	w.explain(file, sessions, w.titles(sessions), sure, alone, f.Subject)
	by, text := sessions, w.titles(sessions)
	if !alone {
		by, text = []int{file}, f.Title
	}
	for _, i := range append(w.elevations(f.Subject, sessions), arrivals...) {
		w.explain(i, by, text, likely, alone, f.Subject)
	}
}

// arrivals finds what tells of the same sessions that is news by itself, such as
// that their address is new.
func (w *walker) arrivals(sessions []int) (out []int) {
	for i, n := range w.nodes {
		if w.done[i] || slices.Contains(sessions, i) || n.finding.Kind != report.Event || n.finding.Severity < report.Notice {
			continue
		}
		if slices.ContainsFunc(sessions, func(j int) bool { return n.sameSession(w.nodes[j]) }) {
			out = append(out, i)
		}
	}
	return out
}

// sameSession reports whether two findings are about a session of one person.
func (n node) sameSession(m node) bool {
	return n.finding.Subject == m.finding.Subject && slices.ContainsFunc(n.finding.Evidence, func(a report.Attr) bool {
		return a.Key == report.Session && slices.Contains(m.finding.Evidence, a)
	})
}

// elevations finds the line about commands with another's rights where each of the
// commands, none left out, names a file that the sessions of that user explain: it
// is of the same act. Any other command is told by itself.
func (w *walker) elevations(file report.Attr, sessions []int) (out []int) {
	for i, n := range w.nodes {
		lines := n.samples()
		if w.done[i] || !isElevation(n) || len(lines) == 0 || n.finding.Count > len(lines) {
			continue
		}
		mine := func(j int) bool { return slices.Contains(n.finding.Identity, w.nodes[j].finding.Subject) }
		other := func(line string) bool { return !names(line, file) }
		if slices.ContainsFunc(sessions, mine) && !slices.ContainsFunc(lines, other) {
			out = append(out, i)
		}
	}
	return out
}

// isElevation reports whether n is a line of a log about what was run with the
// rights of another.
func isElevation(n node) bool {
	s := n.finding.Subject
	return n.finding.Kind == report.Event && s.Key == report.Service && (s.Value == "sudo" || s.Value == "doas") && !n.has(report.Session)
}
