package explain

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// act is what was done to software at once.
type act struct {
	causes      []int
	transaction report.Attr // zero: the package manager named none
	first, last time.Time   // zero: not known
	since       time.Time
	text        string
	turned      bool // of logs: it touches what it names, and nothing else hangs on that
}

// apart is how far the parts of one run of a package manager lie apart.
const apart = 2 * time.Minute

// software finds the acts: events of one transaction, or of times close together.
func (w *walker) software() []act {
	var acts []act
	for i, n := range w.nodes {
		if n.finding.Kind != report.Event || !n.isAct() {
			continue
		}
		w.done[i] = true
		part := act{causes: []int{i}, since: n.since, turned: n.finding.Subject.Key == report.System}
		if at := slices.IndexFunc(n.attrs, func(a report.Attr) bool { return a.Key == report.Transaction }); at >= 0 {
			part.transaction = n.attrs[at]
		}
		if len(n.times) > 0 {
			part.first, part.last = n.times[0], n.times[len(n.times)-1]
		}
		acts = append(acts, part)
	}
	slices.SortStableFunc(acts, func(a, b act) int { return a.first.Compare(b.first) })
	var out []act
	for _, a := range acts {
		at := slices.IndexFunc(out, func(old act) bool { return old.same(a) })
		if at < 0 {
			out = append(out, a)
			continue
		}
		out[at].causes = append(out[at].causes, a.causes...)
		if a.last.After(out[at].last) {
			out[at].last = a.last
		}
	}
	for i := range out {
		out[i].text = w.textOf(out[i].causes)
	}
	return out
}

// same reports whether b, which is not earlier, is a part of the act a.
func (a act) same(b act) bool {
	if a.transaction.Key != "" || b.transaction.Key != "" {
		return a.transaction == b.transaction
	}
	return !a.first.IsZero() && !b.first.IsZero() && b.first.Sub(a.last) <= apart
}

// textOf says what was done: the same words for all effects of an act.
func (w *walker) textOf(causes []int) string {
	if len(causes) == 1 {
		return w.nodes[causes[0]].finding.Title
	}
	var names []string
	for _, i := range causes {
		subject := w.nodes[i].finding.Subject
		name := subject.Value
		if _, rest, ok := strings.Cut(name, ":"); ok && subject.Key == report.Package {
			name = rest
		}
		names = append(names, name)
	}
	return prose.Count(len(causes), "change") + " of software in one run: " + prose.List(names, 4)
}

type step struct {
	node   int
	joined []report.Attr // from the act to this node
}

// effects explains, nearest first, what hangs on an act.
func (w *walker) effects(a act) {
	var queue []step
	for _, cause := range a.causes {
		queue = append(queue, step{node: cause})
	}
	w.byproducts(a)
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if len(at.joined) == depth {
			continue
		}
		for _, attr := range w.nodes[at.node].attrs {
			for _, next := range w.index[attr] {
				n := w.nodes[next]
				direct := len(at.joined) == 0
				if w.done[next] || n.isAct() || n.ofPerson() || n.isStatement() || !a.near(n, direct) || a.isLaterThan(n) || a.turned && !n.isFile(attr) {
					continue
				}
				joined := append(slices.Clone(at.joined), attr)
				w.hang(a, next, joined)
				if !a.turned {
					queue = append(queue, step{next, joined})
				}
			}
		}
	}
}

func (w *walker) hang(a act, effect int, joined []report.Attr) {
	sure, direct := possible, false
	if len(joined) == 1 && !w.nodes[effect].isDown() {
		switch joined[0].Key {
		case report.Transaction:
			sure, direct = proven, true
		case report.Package:
			sure, direct = likely, true
		case report.Path: // the act's own record names it
			sure, direct = likely, a.transaction.Key != ""
		}
	}
	w.explain(effect, a.causes, a.text, sure, direct, joined...)
}

// isDown reports whether n tells that a service failed: of that, what was changed
// before is never more than a possible reason.
func (n node) isDown() bool {
	key := n.finding.Subject.Key
	return (key == report.Service || key == report.Unit) && n.finding.Severity > report.Notice
}

// isFile reports whether n is about the file that a rotation names, or about one that
// names the rotation.
func (n node) isFile(joined report.Attr) bool {
	return n.finding.Subject.Key == report.Path && (n.finding.Subject == joined || joined.Key == report.Transaction)
}

// isStatement reports whether n says something of packages, such as that no source
// offers them, and of nothing that a package owns or runs.
func (n node) isStatement() bool {
	return n.finding.Subject.Key != report.Path && n.has(report.Package) &&
		!n.has(report.Service, report.Unit, report.Process, report.Program, report.Listener)
}

// near reports whether an effect's times fit the act's. What has no time is near
// only as a direct effect that was first seen together with it.
func (a act) near(n node, direct bool) bool {
	if len(n.times) == 0 || a.first.IsZero() {
		return direct && !a.since.IsZero() && a.since.Equal(n.since)
	}
	return n.within(a.first.Add(-before), a.last.Add(after))
}

// isLaterThan reports whether something had failed when the act began: it is no effect
// of that, though a change in the midst of it may be dated before its line in a log.
func (a act) isLaterThan(n node) bool {
	return n.finding.Severity > report.Notice && len(n.times) > 0 && n.times[len(n.times)-1].Before(a.first)
}

// written lists files that no package owns and that scripts of packages write;
// the package is "" where those of any do. Who finds them looks at what they hold:
// what leads to a thing of no package is worse than a notice, and no byproduct.
var written = []struct{ pkg, pattern string }{
	{"", "/etc/ld.so.cache"},
	{"", "/etc/mailcap"},
	{"", "/etc/shells"},
	{"ca-certificates", "/etc/ca-certificates.conf"},
	{"ca-certificates", "/etc/ca-certificates.conf.dpkg-old"},
	{"ca-certificates", "/etc/pki/ca-trust/extracted/*/*"},
	{"locales", "/etc/locale.gen"},
	{"python3-minimal", "/etc/python3"},
	{"readline-common", "/etc/inputrc"},
	{"tzdata", "/etc/localtime"},
	{"tzdata", "/etc/timezone"},
}

// isAlternative reports whether n is about a link that chooses among programs of
// the system, and leads to one of a package.
func (n node) isAlternative() bool {
	return path.Dir(n.finding.Subject.Value) == "/etc/alternatives" && n.has(report.Package)
}

// isGoneLink reports whether n is about a link that is not there any more.
func (n node) isGoneLink() bool {
	links := func(key report.Key) bool {
		return slices.ContainsFunc(n.finding.Evidence, func(a report.Attr) bool { return a.Key == key && strings.HasPrefix(a.Value, "link=") })
	}
	return links(report.Was) && !n.has(report.Now)
}

// byproducts explains what the scripts of an act's packages write.
func (w *walker) byproducts(a act) {
	for i, n := range w.nodes {
		if w.done[i] || n.finding.Subject.Key != report.Path || n.finding.Severity > report.Notice || !a.near(n, true) {
			continue
		}
		if joined, ok := w.writer(a, n); ok {
			w.explain(i, a.causes, a.text, likely, true, joined)
		}
	}
}

// writer gives the package of an act whose script writes what n is about.
func (w *walker) writer(a act, n node) (report.Attr, bool) {
	name := n.finding.Subject.Value
	switch {
	case n.isAlternative():
		return w.touches(a, "")
	case path.Dir(name) == "/etc/ssl/certs" && n.isGoneLink():
		return w.touches(a, "ca-certificates")
	case n.has(report.Package):
		return report.Attr{}, false
	}
	for _, by := range written {
		if ok, _ := path.Match(by.pattern, name); ok {
			if joined, ok := w.touches(a, by.pkg); ok {
				return joined, true
			}
		}
	}
	return report.Attr{}, false
}

// touches gives the package of an act that has a name; any for "".
func (w *walker) touches(a act, name string) (report.Attr, bool) {
	for _, i := range a.causes {
		for _, attr := range w.nodes[i].attrs {
			if _, is, _ := strings.Cut(attr.Value, ":"); attr.Key == report.Package && (name == "" || is == name) {
				return attr, true
			}
		}
	}
	return report.Attr{}, false
}

// soonAfter explains the restarts of services that followed an act.
func (w *walker) soonAfter(a act) {
	for i, n := range w.nodes {
		if w.done[i] || !restarts(n) || a.turned || a.first.IsZero() || !n.within(a.first, a.last.Add(soon)) {
			continue
		}
		w.explain(i, a.causes, a.text+", before that", possible, false, report.AtTime(n.times[0]))
	}
}

// restarts reports whether n is an event of something that an update restarts.
func restarts(n node) bool {
	return n.finding.Kind == report.Event && n.finding.Severity == report.Info && !n.ofPerson() &&
		(n.finding.Subject.Key == report.Service || n.finding.Subject.Key == report.Unit || n.finding.Subject.Key == report.Listener)
}
