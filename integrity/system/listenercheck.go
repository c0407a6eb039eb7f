package system

import (
	"context"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// Listeners compares the listening sockets with those that were accepted: at
// the first run, which takes them as they are, it finds nothing. It keeps the
// accepted ones of each network under the network's name ("tcp", "udp"), and
// those of the last run ("tcp-last", "udp-last"). Its scopes are listeners/tcp
// and listeners/udp.
type Listeners struct {
	Host host.Host
}

// Name returns "integrity.listeners".
func (Listeners) Name() string { return "integrity.listeners" }

// Rules returns the catalogue.
func (Listeners) Rules() []report.Rule {
	return []report.Rule{{
		ID: "system.listener-new", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A program listens that did not before",
		Explain: "What listens can be talked to: a forgotten service is a way in, and a hidden one is a sign of an intruder.",
		Remedy:  "Find out who started the program and why; stop it, or accept it.",
	}, {
		ID: "system.listener-gone", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program no longer listens",
		Explain: "A service that was there is not reachable any more.",
		Remedy:  "Start the service again, or accept that it is gone.",
	}, {
		ID: "system.listener-program", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "Another program listens in the place of the accepted one",
		Explain: "Whoever takes the place of a service gets what is meant for it, passwords too.",
		Remedy:  "Find out who started the program and why; stop it, or accept it.",
	}}
}

// Check looks at both networks.
func (c Listeners) Check(ctx context.Context, rec *report.Recorder) error {
	first, last, err := sysview.Ephemeral(ctx, c.Host)
	if err != nil {
		return err
	}
	for _, table := range ReadListeners(ctx, c.Host) {
		if err := compare(rec, table, Ports{first, last}); err != nil {
			rec.Problem(err, "listeners/"+table.Network)
		}
	}
	return nil
}

func compare(rec *report.Recorder, table Table, chosen Ports) error {
	if table.Err != nil {
		return table.Err
	}
	accepted, last, err := remembered(rec, table)
	if err != nil {
		return err
	}
	rec.Covered("listeners/" + table.Network)
	rec.Metric(report.Metric{Name: "listeners_" + table.Network, Value: report.Count(uint64(len(table.Listeners)))})
	for _, change := range CompareListeners(accepted, Settled(table.Listeners, last, chosen), chosen) {
		rec.Finding(change.finding())
	}
	return nil
}

// remembered gives the accepted listeners and those of the last run, which are
// those of this run when there was none before, and keeps them for the next.
func remembered(rec *report.Recorder, table Table) (accepted, last []Listener, err error) {
	now, err := encode(table.Listeners)
	if err != nil {
		return nil, nil, err
	}
	first := rec.Kept(table.Network) == nil
	if first {
		rec.Keep(table.Network, now)
		rec.Keep(table.Network+"-last", now)
		return table.Listeners, table.Listeners, nil
	}
	if accepted, err = decode(rec.Kept(table.Network)); err != nil {
		return nil, nil, err
	}
	if data := rec.Kept(table.Network + "-last"); data != nil {
		if last, err = decode(data); err != nil {
			return nil, nil, err
		}
	}
	rec.Keep(table.Network+"-last", now)
	return accepted, last, nil
}

func (c ListenerChange) finding() report.Finding {
	switch {
	case c.Was == nil:
		return newFinding(*c.Now)
	case c.Now == nil:
		return goneFinding(*c.Was)
	}
	f := newFinding(*c.Now)
	f.Rule = "system.listener-program"
	f.Title = fmt.Sprintf("%s now listens on %s, where %s did", c.Now.Program, place(*c.Now), c.Was.Program)
	f.Evidence = append(f.Evidence,
		report.Attr{Key: report.Was, Value: "program=" + c.Was.Program},
		report.Attr{Key: report.Now, Value: "program=" + c.Now.Program})
	return f
}

func newFinding(l Listener) report.Finding {
	f := report.Finding{
		Rule: "system.listener-new", Subject: report.ListenerOf(l.Network, l.Addr), Scope: "listeners/" + l.Network,
		Title:  fmt.Sprintf("%s listens on %s and did not before", programOf(l), place(l)),
		Detail: reach(l) + about(l),
		Fix: fmt.Sprintf("Find out who started it and why: lsof -nP -i %s:%d as root; then stop the program and disable its service, or accept it.",
			l.Network, l.Addr.Port()),
		Evidence: evidenceOf(l),
	}
	if !l.Reachable() {
		f.Severity = report.Notice
	}
	return f
}

func goneFinding(l Listener) report.Finding {
	return report.Finding{
		Rule: "system.listener-gone", Subject: report.ListenerOf(l.Network, l.Addr), Scope: "listeners/" + l.Network,
		Title:    fmt.Sprintf("Nothing listens on %s any more, where %s did", place(l), programOf(l)),
		Detail:   "It was there when the listeners of this system were accepted.",
		Fix:      "If the service is still wanted, start it again and read its log for the reason; else accept that it is gone.",
		Evidence: evidenceOf(l),
	}
}

func evidenceOf(l Listener) []report.Attr {
	var attrs []report.Attr
	if l.Program != "" {
		attrs = append(attrs, report.Attr{Key: report.Process, Value: l.Program})
	}
	if a := (report.Attr{Key: report.Path, Value: l.Exe}); a.Validate() == nil {
		attrs = append(attrs, a)
	}
	if a := (report.Attr{Key: report.User, Value: l.User}); a.Validate() == nil {
		attrs = append(attrs, a)
	}
	return attrs
}

func programOf(l Listener) string {
	if l.Program == "" {
		return "A program"
	}
	return l.Program
}

// place says where, as people write it: "tcp port 25 of 192.0.2.1".
func place(l Listener) string {
	port := fmt.Sprintf("%s port %d", l.Network, l.Addr.Port())
	switch addr := l.Addr.Addr(); {
	case addr.IsUnspecified() && addr.Is4():
		return port + " of all IPv4 addresses"
	case addr.IsUnspecified():
		return port + " of all addresses"
	default:
		return port + " of " + addr.String()
	}
}

func reach(l Listener) string {
	if l.Reachable() {
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
		text += ", started " + l.Start.UTC().Format(time.DateTime) + " UTC"
	}
	text += "."
	if l.Deleted {
		text += " Its program file was removed or replaced since it started."
	}
	return text
}
