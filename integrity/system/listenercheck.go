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
// those of the last run with the starts of their processes ("tcp-last",
// "udp-last"). Its scopes are listeners/tcp
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
	}, {
		ID: ruleRestarted, Kind: report.Event, Severity: report.Info, Since: since,
		Title:   "A program that listens was restarted",
		Explain: "Updates and people restart services, and so does a supervisor after a crash. The program now runs with the files that were there at its start.",
		Remedy:  "If neither an update nor a person did it, read the program's log of that time.",
	}}
}

// Check looks at both networks.
func (c Listeners) Check(ctx context.Context, rec *report.Recorder) error {
	first, last, err := sysview.Ephemeral(ctx, c.Host)
	if err != nil {
		return err
	}
	r := listenerRun{rec: rec, chosen: Ports{first, last}, boot: sysview.BootID(ctx, c.Host)}
	for _, table := range ReadListeners(ctx, c.Host) {
		if err := r.compare(table); err != nil {
			rec.Problem(err, "listeners/"+table.Network)
		}
	}
	for _, program := range byProcess(r.restarted) {
		rec.Finding(restartFinding(program))
	}
	return nil
}

type listenerRun struct {
	rec       *report.Recorder
	chosen    Ports
	boot      string // "" when not known
	restarted []Listener
}

func (r *listenerRun) compare(table Table) error {
	if table.Err != nil {
		return table.Err
	}
	accepted, last, err := r.remembered(table)
	if err != nil {
		return err
	}
	r.rec.Covered("listeners/" + table.Network)
	r.rec.Metric(report.Metric{Name: "listeners_" + table.Network, Value: report.Count(uint64(len(table.Listeners)))})
	for _, change := range CompareListeners(accepted.Listeners, Settled(table.Listeners, last.Listeners, r.chosen), r.chosen) {
		r.rec.Finding(change.finding())
	}
	// After a start of the whole system each listener would be one.
	if last.Boot == r.boot && r.boot != "" {
		r.restarted = append(r.restarted, Restarted(last.Listeners, table.Listeners, r.chosen)...)
	}
	return nil
}

// remembered gives the accepted listeners and those of the last run, which are
// those of this run when there was none before, and keeps them for the next.
func (r *listenerRun) remembered(table Table) (accepted, last memory, err error) {
	this := memory{Boot: r.boot, Listeners: table.Listeners}
	now, err := this.encode()
	if err != nil {
		return memory{}, memory{}, err
	}
	first := r.rec.Kept(table.Network) == nil
	if first {
		r.rec.Keep(table.Network, now)
		r.rec.Keep(table.Network+"-last", now)
		return this, this, nil
	}
	if accepted, err = decode(r.rec.Kept(table.Network)); err != nil {
		return memory{}, memory{}, err
	}
	if data := r.rec.Kept(table.Network + "-last"); data != nil {
		if last, err = decode(data); err != nil {
			return memory{}, memory{}, err
		}
	}
	r.rec.Keep(table.Network+"-last", now)
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
	if a := (report.Attr{Key: report.Service, Value: l.Unit}); a.Validate() == nil {
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
