package system

import (
	"context"

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
		Remedy:  "Find out who started the program and why; stop it. If it belongs here, nothing more is needed.",
	}, {
		ID: "system.listener-gone", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program no longer listens",
		Explain: "A service that was there is not reachable any more.",
		Remedy:  "Start the service again. If it was stopped for good, nothing more is needed.",
	}, {
		ID: "system.listener-program", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "Another program listens in the place of the accepted one",
		Explain: "Whoever takes the place of a service gets what is meant for it, passwords too.",
		Remedy:  "Find out who started the program and why; stop it. If it belongs here, nothing more is needed.",
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
	r := listenerRun{rec: rec, chosen: Ports{first, last}, boot: sysview.BootID(ctx, c.Host), net: networkOf(ctx, c.Host)}
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

// networkOf names the network namespace that is seen; "" when not known.
func networkOf(ctx context.Context, h host.Host) string {
	st, err := h.Lstat(ctx, "/proc/self/ns/net")
	if err != nil || len(st.Link) > 64 {
		return ""
	}
	return st.Link
}

type listenerRun struct {
	rec       *report.Recorder
	chosen    Ports
	boot, net string // "" when not known
	restarted []Listener
}

func (r *listenerRun) compare(table Table) error {
	if table.Err != nil {
		return table.Err
	}
	table.Listeners = withoutConversations(table.Listeners, r.chosen)
	accepted, last, err := r.remembered(table)
	if err != nil {
		return err
	}
	r.rec.Covered("listeners/" + table.Network)
	r.rec.Metric(report.Metric{Name: "listeners_" + table.Network, Value: report.Count(uint64(len(table.Listeners)))})
	for _, service := range byService(CompareListeners(accepted.Listeners, Settled(table.Listeners, last.Listeners, r.chosen), r.chosen)) {
		r.rec.Finding(changeFinding(service))
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
	this := memory{Boot: r.boot, Net: r.net, Listeners: table.Listeners}
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
	if err := this.sameSide(last); err != nil {
		return memory{}, memory{}, err
	}
	r.rec.Keep(table.Network+"-last", now)
	return accepted, last, nil
}
