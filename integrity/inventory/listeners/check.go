package listeners

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Sockets is the check "integrity.listeners". It compares the listening sockets with those that were accepted: at
// the first run, which takes them as they are, it finds nothing. It keeps the
// accepted ones of each network under the network's name ("tcp", "udp"), and
// those of the last run with the starts of their processes ("tcp-last",
// "udp-last"). Its scopes are listeners/tcp
// and listeners/udp.
type Sockets struct {
	Host     host.Host
	Attestor integrity.Attestor // knows the packages of programs; nil: nobody does

	// Alive gives the numbers of the processes that the kernel knows, by another
	// way than the listing of /proc, such as live.Processes; nil: not compared.
	Alive func(ctx context.Context) ([]int, error)
}

// Name returns "integrity.listeners".
func (Sockets) Name() string { return "integrity.listeners" }

// Rules returns the catalogue.
func (Sockets) Rules() []report.Rule {
	return []report.Rule{{
		ID: "integrity.listeners.new", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A program listens that did not before",
		Explain: "What listens can be talked to: a forgotten service is a way in, and a hidden one is a sign of an intruder.",
		Remedy:  "Find out who started the program and why; stop it. If it belongs here, nothing more is needed.",
	}, {
		ID: "integrity.listeners.gone", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program no longer listens",
		Explain: "A service that was there is not reachable any more.",
		Remedy:  "Start the service again. If it was stopped for good, nothing more is needed.",
	}, {
		ID: "integrity.listeners.program", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "Another program listens in the place of the accepted one",
		Explain: "Whoever takes the place of a service gets what is meant for it, passwords too.",
		Remedy:  "Find out who started the program and why; stop it. If it belongs here, nothing more is needed.",
	}, {
		ID: "integrity.listeners.no-file", Kind: report.Condition, Severity: report.Critical, Since: since,
		Title:   "A program listens whose file is gone",
		Explain: "A program that runs from memory or from a file that was removed cannot be looked at. Intruders hide their servers so.",
		Remedy:  remedyStrange,
	}, {
		ID: "integrity.listeners.unowned", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program listens that no package owns",
		Explain: "Nobody brings updates for it, and nothing says what it should be.",
		Remedy:  "If it was installed by hand, accept it. Otherwise find out who started it.",
	}, {
		ID: "integrity.listeners.many", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program holds very many UDP sockets that are new",
		Explain: "Resolvers ask from many ports. A server among such sockets cannot be told from them.",
		Remedy:  "If it is a resolver or the like, accept it. Otherwise find out what it does.",
	}, {
		ID: "integrity.listeners.other-network", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "A program listens in another network of this machine",
		Explain: "Containers have networks of their own, and what listens there is not among the sockets of the machine. Intruders hide servers so.",
		Remedy:  "If it is a container's, accept it. Otherwise find out who started it.",
	}, {
		ID: "integrity.listeners.hidden", Kind: report.Condition, Severity: report.Critical, Since: since,
		Title:   "A process is hidden",
		Explain: "The kernel knows it, and the listing of processes does not show it, or something was mounted over it. Programs that are meant to be seen are not hidden.",
		Remedy:  remedyStrange,
	}, {
		ID: ruleRestarted, Kind: report.Event, Severity: report.Info, Since: since,
		Title:   "A program that listens was restarted",
		Explain: "Updates and people restart services, and so does a supervisor after a crash. The program now runs with the files that were there at its start.",
		Remedy:  "If neither an update nor a person did it, read the program's log of that time.",
	}}
}

const remedyStrange = "Take it for an intruder's until you know better: note what it is connected to, keep a copy of its memory and of /proc/PID/exe, and only then end it."

// Check looks at both networks, and at what is out of the ordinary on any run.
func (c Sockets) Check(ctx context.Context, rec *report.Recorder) error {
	first, last, err := sysview.Ephemeral(ctx, c.Host)
	if err != nil {
		return err
	}
	r := listenerRun{ctx: ctx, check: c, rec: rec, guide: howto.Of(ctx, c.Host), chosen: Ports{first, last}, boot: sysview.BootID(ctx, c.Host), net: networkOf(ctx, c.Host)}
	for _, table := range ReadListeners(ctx, c.Host) {
		if err := r.compare(table); err != nil {
			rec.Problem(err, "listeners/"+table.Network)
		}
	}
	c.otherNetworks(ctx, rec)
	c.hidden(ctx, rec)
	for _, program := range byProcess(r.restarted) {
		f := restartFinding(program)
		f.Evidence = append(f.Evidence, r.packageOf(program[0])...)
		rec.Finding(f)
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
	ctx       context.Context
	check     Sockets
	guide     howto.Guide
	rec       *report.Recorder
	chosen    Ports
	boot, net string // "" when not known
	restarted []Listener
	claims    map[string]host.Claim // by the files of programs that listen, or did
}

func nounOf(network string) report.Noun {
	name := strings.ToUpper(network) + " listener"
	return report.Noun{One: name, Many: name + "s"}
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
	r.rec.Metric(report.Metric{Name: "listeners_" + table.Network, Value: report.Count(uint64(len(table.Listeners))), Noun: nounOf(table.Network)})
	all := CompareListeners(accepted.Listeners, Settled(table.Listeners, last.Listeners, r.chosen), r.chosen)
	changes, many := folded(all, table.Listeners, r.chosen)
	r.ask(slices.Concat(table.Listeners, gone(changes)))
	strange := r.strange(table.Listeners)
	for _, service := range byService(changes) {
		if f, now := changeFinding(service), service[0].Now; now == nil || service[0].Was != nil || !strange.takes(*now) {
			if now != nil && strange.takes(*now) {
				f.Severity = report.Critical
			}
			if now == nil {
				f = r.gone(f, *service[0].Was)
			}
			r.rec.Finding(r.complete(f, now))
		}
	}
	for _, program := range many {
		r.rec.Finding(manyFinding(program))
	}
	strange.leaveOut(changes)
	for _, f := range strange.findings() {
		r.rec.Finding(r.complete(f.Finding, &f.first))
	}
	// After a start of the whole system each listener would be one.
	if last.Boot == r.boot && r.boot != "" {
		r.restarted = append(r.restarted, Restarted(last.Listeners, table.Listeners, r.chosen)...)
	}
	return nil
}

// complete adds what a person types to see more.
func (r *listenerRun) complete(f report.Finding, l *Listener) report.Finding {
	commands := howto.Commands(r.guide.Command(howto.Listeners))
	if l != nil && l.PID > 0 {
		commands = append(commands, howto.Commands(r.guide.Command(howto.Process, strconv.Itoa(l.PID)))...)
	}
	if len(commands) == 0 {
		return f
	}
	f.Remedy = &report.Remedy{Verify: commands}
	var typed []string
	for _, c := range commands {
		typed = append(typed, prose.Quote(c...))
	}
	f.Fix = strings.TrimSpace(f.Fix + " To see more: " + strings.Join(typed, "; "))
	return f
}

// remembered gives the accepted listeners and those of the last run, which are
// those of this run when there was none before, and keeps them for the next.
func (r *listenerRun) remembered(table Table) (accepted, last memory, err error) {
	this := memory{Boot: r.boot, Net: r.net, Listeners: table.Listeners}
	now, err := this.encode()
	if err != nil {
		return memory{}, memory{}, err
	}
	before, err := r.kept(table.Network)
	if err != nil {
		return memory{}, memory{}, err
	}
	if before == nil {
		return this, this, errors.Join(r.keep(table.Network, now), r.keep(table.Network+"-last", now))
	}
	if accepted, err = decode(before); err != nil {
		return memory{}, memory{}, err
	}
	data, err := r.kept(table.Network + "-last")
	if err == nil && data != nil {
		last, err = decode(data)
	}
	if err != nil {
		return memory{}, memory{}, err
	}
	// The new side is what the next run is compared with, so that one change of
	// the network blinds one run only.
	if err := r.keep(table.Network+"-last", now); err != nil {
		return memory{}, memory{}, err
	}
	err = this.sameSide(last)
	if err == nil || accepted.Boot != this.Boot || accepted.Net != this.Net {
		return accepted, last, err
	}
	return accepted, memory{}, nil // back on the side of the accepted ones
}

// smallMemory is kept with the report itself; what is larger has a file of its own.
const smallMemory = 128 << 10

func (r *listenerRun) keep(name string, data []byte) error {
	if len(data) > smallMemory {
		return errors.Join(r.rec.Keep(name, nil), r.rec.KeepLarge(name, data))
	}
	if large, err := r.rec.KeptLarge(name); err == nil && large != nil {
		return errors.Join(r.rec.Keep(name, data), r.rec.KeepLarge(name, nil))
	}
	return r.rec.Keep(name, data)
}

func (r *listenerRun) kept(name string) ([]byte, error) {
	if data := r.rec.Kept(name); data != nil {
		return data, nil
	}
	return r.rec.KeptLarge(name)
}
