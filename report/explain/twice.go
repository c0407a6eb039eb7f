package explain

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// together is how far apart the traces of one act on accounts are.
const together = 2 * time.Minute

// accountTools write the files that hold accounts, and say so in the log. Any
// user can write a line under their names: it is a trace of an account that the
// files tell, and never a reason.
var accountTools = []string{
	"useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel", "adduser", "deluser", "addgroup", "delgroup",
	"passwd", "chpasswd", "gpasswd", "chage", "chfn", "chsh", "vipw", "vigr", "newusers", "pw",
}

// isAccountFile takes the files that hold accounts, and their previous copies.
func isAccountFile(name string) bool {
	base := strings.TrimSuffix(strings.TrimPrefix(name, "/etc/"), "-")
	return path.Dir(name) == "/etc" &&
		slices.Contains([]string{"passwd", "group", "shadow", "gshadow", "subuid", "subgid", "master.passwd", "pwd.db", "spwd.db"}, base)
}

// twice explains what is told by another check already.
func (w *walker) twice() {
	w.accounts()
	w.filled()
	for i, n := range w.nodes {
		if w.done[i] {
			continue
		}
		for j, m := range w.nodes {
			if i != j && !w.done[j] && sameTrouble(n, m) {
				w.explain(i, []int{j}, m.finding.Title, likely, false, m.finding.Subject)
				break
			}
		}
	}
}

// filled explains what is wrong with a file system by what grows on it, where that
// is as bad as a warning.
func (w *walker) filled() {
	for i, n := range w.nodes {
		if w.done[i] || n.finding.Subject.Key != report.Mount {
			continue
		}
		var by []int
		for j, m := range w.nodes {
			if m.finding.Subject.Key == report.Path && m.finding.Severity >= report.Warning && slices.Contains(m.finding.Evidence, n.finding.Subject) {
				by = append(by, j)
			}
		}
		if len(by) > 0 {
			w.explain(i, by, w.titles(by), possible, false, n.finding.Subject)
		}
	}
}

// sameTrouble reports whether n tells of what m is: a log line of a unit that
// has failed, or of a person's login from an address; a fix of a package whose old
// files the programs that m names still run; or a probe of a listener that is news.
func sameTrouble(n, m node) bool {
	subject := m.finding.Subject
	switch {
	case m.finding.Severity < report.Notice || !n.seenWith(m):
		return false
	case n.finding.Kind == report.Event && m.finding.Kind == report.Condition:
		return (subject.Key == report.Service || subject.Key == report.Unit) && n.finding.Subject.Value == subject.Value && strings.Contains(subject.Value, ".")
	case n.finding.Kind == report.Event && subject.Key == report.User && m.has(report.Session):
		from := m.addrs()
		return len(from) == 1 && slices.Equal(n.addrs(), from) && n.finding.Subject.Key == report.Service && slices.Contains(n.finding.Identity, subject)
	case n.finding.Subject.Key == report.Package && n.finding.Kind == report.Condition:
		return m.has(report.Unit, report.Process) && n.names(m)
	case n.finding.Subject.Key == report.Target && subject.Key == report.Listener:
		return n.isMute() && slices.Contains(n.finding.Evidence, subject)
	}
	return false
}

// names reports whether two findings have a file in their evidence.
func (n node) names(m node) bool {
	return slices.ContainsFunc(n.finding.Evidence, func(a report.Attr) bool { return a.Key == report.Path && slices.Contains(m.finding.Evidence, a) })
}

// addrs are the addresses that n names, each once.
func (n node) addrs() (out []report.Attr) {
	for _, a := range slices.Concat(n.finding.Identity, n.finding.Evidence) {
		if a.Key == report.Addr && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// isMute reports whether a probe got no word of its protocol: who listens there
// is another than was taken for it. A service that answers badly has a trouble
// of its own.
func (n node) isMute() bool {
	return slices.ContainsFunc(n.finding.Evidence, func(a report.Attr) bool {
		cause, _, _ := strings.Cut(a.Value, " ")
		return a.Key == report.Reason && (strings.HasPrefix(cause, "net.") || cause == "proto.timeout" || cause == "proto.syntax")
	})
}

func (n node) isNews() bool { return n.kind != report.Still && n.kind != report.Stale }

// seenWith reports whether two findings are news of one run, or were first seen in one.
func (n node) seenWith(m node) bool {
	return n.isNews() && m.isNews() || !n.isNews() && !m.isNews() && n.since.Equal(m.since)
}

// accounts makes one thing of an account and its traces: the files that hold it,
// and the lines that the tools wrote at the time.
func (w *walker) accounts() {
	for i, n := range w.nodes {
		if w.done[i] || !w.isAccountTrace(n) {
			continue
		}
		if main := w.mainAccount(i); main >= 0 {
			w.explain(i, []int{main}, w.nodes[main].finding.Title, likely, !isToolLine(n), w.nodes[main].finding.Subject)
		}
	}
}

func (w *walker) isAccountTrace(n node) bool {
	s := n.finding.Subject
	return s.Key == report.Path && isAccountFile(s.Value) || isToolLine(n)
}

// isToolLine reports whether n is what a tool for accounts wrote into a log.
func isToolLine(n node) bool {
	s := n.finding.Subject
	return (s.Key == report.Service || s.Key == report.Process) && n.finding.Kind == report.Event && slices.Contains(accountTools, program(s).Value)
}

// mainAccount gives the account that a trace belongs to, as the files of the
// system tell it: the worst of those that were first seen with it.
func (w *walker) mainAccount(trace int) int {
	best := -1
	for i, n := range w.nodes {
		if i == trace || !isAccount(n) || !n.seenWith(w.nodes[trace]) || !w.atOneTime(w.nodes[trace], n) {
			continue
		}
		if best < 0 || n.finding.Severity > w.nodes[best].finding.Severity {
			best = i
		}
	}
	return best
}

// isAccount reports whether n is about an account or a group itself, by the files.
func isAccount(n node) bool {
	key := n.finding.Subject.Key
	return (key == report.User || key == report.Group) && slices.ContainsFunc(n.finding.Evidence, func(a report.Attr) bool {
		return a.Key == report.Path && isAccountFile(a.Value)
	})
}

// atOneTime reports whether a trace is of the time of an act; the inventory has
// no time, and is of the run that first saw both.
func (w *walker) atOneTime(trace, main node) bool {
	if len(main.times) == 0 {
		return true // both were first seen in one run
	}
	return slices.ContainsFunc(main.times, func(t time.Time) bool { return trace.within(t.Add(-together), t.Add(together)) })
}

// editing is how long after its command an editor may write its file.
const editing = time.Hour

// sessions explains files by who was logged in when they changed.
func (w *walker) sessions() {
	for i, n := range w.nodes {
		if w.done[i] || n.finding.Subject.Key != report.Path || n.has(report.Package) || len(n.times) == 0 {
			continue
		}
		var named, open []int
		for j, m := range w.nodes {
			if m.finding.Kind != report.Event || !m.has(report.Session) {
				continue
			}
			from, to := m.span()
			switch {
			case from.IsZero():
			case m.ran(n.finding.Subject) && n.within(from, to.Add(editing)):
				named = append(named, j)
			case n.within(from, to):
				open = append(open, j)
			}
		}
		switch {
		case len(named) > 0:
			w.edited(i, named)
		case len(open) > 0:
			w.explain(i, open, w.titles(open), possible, false, report.AtTime(n.times[0]))
		}
	}
}

// ran reports whether a session's own record names a file, or a command in it does.
func (n node) ran(file report.Attr) bool {
	return slices.Contains(n.finding.Evidence, file) || slices.ContainsFunc(n.samples(), func(command string) bool { return names(command, file) })
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
// nothing else of it is news, the sessions explain it all; else the file is what is
// told, and what else tells of the act stands below it.
func (w *walker) edited(file int, sessions []int) {
	f, arrivals := w.nodes[file].finding, w.arrivals(sessions)
	alone := f.Severity <= report.Notice && len(arrivals) == 0
	w.explain(file, sessions, w.titles(sessions), likely, alone, f.Subject)
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

// span is when a session was, as far as it is known.
func (n node) span() (from, to time.Time) {
	from, to = n.finding.First, n.finding.Last
	if len(n.times) > 0 && (from.IsZero() || n.times[0].Before(from)) {
		from = n.times[0]
	}
	if len(n.times) > 0 && n.times[len(n.times)-1].After(to) {
		to = n.times[len(n.times)-1]
	}
	return from, to
}

func (w *walker) titles(nodes []int) string {
	var out []string
	for _, i := range nodes {
		out = append(out, w.nodes[i].finding.Title)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "; or ")
}
