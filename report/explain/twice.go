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

// crontabs are the folders of people's own crontabs, which have their names.
var crontabs = []string{"/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron", "/var/cron/tabs", "/etc/crontabs"}

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
// files the programs that m names still run; a probe of a listener that is news; or a
// line of crontab about a person's own, of which m tells a job.
func sameTrouble(n, m node) bool {
	subject := m.finding.Subject
	switch {
	case m.finding.Severity < report.Notice || !n.seenWith(m):
		return false
	case n.finding.Kind == report.Event && n.finding.Subject == report.Service.Of("crontab") && subject.Key == report.Path:
		return slices.Contains(crontabs, path.Dir(subject.Value)) && slices.Contains(n.finding.Identity, report.User.Of(path.Base(subject.Value)))
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

func (w *walker) titles(nodes []int) string {
	var out []string
	for _, i := range nodes {
		out = append(out, w.nodes[i].finding.Title)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "; or ")
}
