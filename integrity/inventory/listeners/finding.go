package listeners

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pugetsoundtech/upkeep/report"
)

// byService puts together the changes that are one to a reader: a service on all
// addresses has a socket for IPv4 and one for IPv6, and some have one for each
// address. They stay in their order.
func byService(changes []ListenerChange) [][]ListenerChange {
	var groups [][]ListenerChange
	for _, c := range changes {
		i := slices.IndexFunc(groups, func(g []ListenerChange) bool { return g[0].ofService(c) })
		if i < 0 {
			groups = append(groups, []ListenerChange{c})
			continue
		}
		groups[i] = append(groups[i], c)
	}
	return groups
}

func (c ListenerChange) ofService(o ListenerChange) bool {
	return alike(c.Was, o.Was) && alike(c.Now, o.Now)
}

// alike reports whether both are the same program, as far as is known, on the
// same port.
func alike(a, b *Listener) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Network == b.Network && a.Addr.Port() == b.Addr.Port() && a.Program == b.Program && a.Exe == b.Exe && a.User == b.User
}

// changeFinding is the finding about the changes of one service.
func changeFinding(changes []ListenerChange) report.Finding {
	var was, now []Listener
	for _, c := range changes {
		if c.Was != nil {
			was = append(was, *c.Was)
		}
		if c.Now != nil {
			now = append(now, *c.Now)
		}
	}
	switch {
	case was == nil:
		return newFinding(now)
	case now == nil:
		return goneFinding(was)
	}
	f := newFinding(now)
	f.Rule = "integrity.listeners.program"
	a, b := distinct(was[0], now[0])
	f.Title = fmt.Sprintf("%s now listens on %s, where %s did", b, placeOf(now), a)
	f.Severity = report.Warning
	f.Evidence = append(f.Evidence, report.Was.Of("program="+a), report.Now.Of("program="+b))
	return f
}

// distinct names two programs so that they differ: by their files where their
// names are one, and by their users where the files are, too.
func distinct(was, now Listener) (a, b string) {
	a, b = programOf(was), programOf(now)
	if a != b {
		return a, b
	}
	if was.Exe != now.Exe {
		return a + " (" + was.Exe + ")", b + " (" + now.Exe + ")"
	}
	return a + " of the user " + was.User, b + " of the user " + now.User
}

func newFinding(places []Listener) report.Finding {
	l := places[0]
	f := report.Finding{
		Rule: "integrity.listeners.new", Subject: report.ListenerOf(l.Network, l.Addr), Scope: "listeners/" + l.Network,
		Title:    fmt.Sprintf("%s listens on %s and did not before", programOf(l), placeOf(places)),
		Detail:   reach(places) + about(l),
		Fix:      "Find out who started it and why; then stop the program and disable its service. If it belongs here, accept it.",
		Evidence: append(evidenceOf(l), otherPlaces(places)...),
	}
	if !slices.ContainsFunc(places, Listener.Reachable) {
		f.Severity = report.Notice
	}
	return f
}

func goneFinding(places []Listener) report.Finding {
	l := places[0]
	return report.Finding{
		Rule: "integrity.listeners.gone", Subject: report.ListenerOf(l.Network, l.Addr), Scope: "listeners/" + l.Network,
		Title:    fmt.Sprintf("Nothing listens on %s any more, where %s did", placeOf(places), lower(programOf(l))),
		Detail:   "It was there when the listeners of this system were accepted.",
		Fix:      "If the service is still wanted, start it again and read its log for the reason. If it was stopped for good, nothing more is needed.",
		Evidence: append(evidenceOf(l), otherPlaces(places)...),
	}
}

func evidenceOf(l Listener) []report.Attr {
	var attrs []report.Attr
	if l.Program != "" {
		attrs = append(attrs, report.Attr{Key: report.Process, Value: l.Program})
	}
	if a := report.Path.Of(l.Exe); a.Validate() == nil {
		attrs = append(attrs, a, report.Program.Of(l.Exe))
	}
	if a := (report.Attr{Key: report.User, Value: l.User}); a.Validate() == nil {
		attrs = append(attrs, a)
	}
	if a := report.Service.Of(l.Unit); a.Validate() == nil {
		attrs = append(attrs, a)
	}
	if a := report.Unit.Of(l.Unit); a.Validate() == nil {
		attrs = append(attrs, a)
	}
	return attrs
}

// otherPlaces are the listeners beside the first.
func otherPlaces(places []Listener) []report.Attr {
	var attrs []report.Attr
	for _, l := range places[1:] {
		attrs = append(attrs, report.ListenerOf(l.Network, l.Addr))
	}
	return attrs
}

// anyProgram stands at the beginning of a sentence for one that is not known.
const anyProgram = "A program"

func programOf(l Listener) string {
	if l.Program == "" {
		return anyProgram
	}
	return l.Program
}

// lower is program for the middle of a sentence.
func lower(program string) string {
	if program == anyProgram {
		return "a program"
	}
	return program
}

// placeOf says where, as people write it: "tcp port 25 of 192.0.2.1".
func placeOf(places []Listener) string {
	l := places[0]
	return fmt.Sprintf("%s port %d of %s", l.Network, l.Addr.Port(), addressesOf(places))
}

// addressesOf names the addresses, at most three of them. A socket on [::] takes
// what comes by IPv4 too, but where it was told not to.
func addressesOf(places []Listener) string {
	const most = 3
	var names []string
	for _, l := range places {
		switch addr := l.Addr.Addr(); {
		case addr.IsUnspecified() && addr.Is6():
			return "all addresses"
		case addr.IsUnspecified():
			names = append(names, "all IPv4 addresses")
		default:
			names = append(names, addr.String())
		}
	}
	switch more := len(names) - most; {
	case more == 1:
		names = append(names[:most], "1 more address")
	case more > 1:
		names = append(names[:most], fmt.Sprintf("%d more addresses", more))
	}
	return inWords(names)
}

func reach(places []Listener) string {
	if slices.ContainsFunc(places, Listener.Reachable) {
		return "Other machines can reach it, if no firewall stands between."
	}
	return "Only programs on this machine can reach it."
}

// about says what is known of the program.
func about(l Listener) string {
	if l.Program == "" && l.Exe == "" {
		text := " Which program it is could not be seen: that takes the rights of root, and one in another container is not seen at all."
		if l.User != "" {
			text += " It was opened by the user " + l.User + "."
		}
		return text
	}
	text := " The program is " + l.Program
	if l.Exe != "" {
		text += " (" + l.Exe + ")"
	}
	if l.User != "" {
		text += ", run by the user " + l.User
	}
	if !l.Start.IsZero() {
		text += ", process " + strconv.Itoa(l.PID)
	}
	text += "."
	if l.Deleted {
		text += " Its program file was removed or replaced since it started."
	}
	return text
}
