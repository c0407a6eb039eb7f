package listeners

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/report"
)

// Sockets is the inventory "integrity.listeners": the sockets of TCP and UDP on which
// programs listen. It finds what differs from those that were accepted, and on every
// run what is out of the ordinary. It keeps those of the last run with the starts of
// their processes ("tcp-last", "udp-last"), and of which network the accepted ones
// are ("tcp", "udp"). Its scopes are listeners/tcp and listeners/udp.
type Sockets struct {
	Host     host.Host
	Attestor integrity.Attestor // knows the packages of programs; nil: nobody does

	// Alive gives the numbers of the processes that the kernel knows, by another
	// way than the listing of /proc, such as live.Processes; nil: not compared.
	Alive func(ctx context.Context) ([]int, error)

	// Listening gives the sockets of TCP that listen and those of UDP without a peer,
	// by another way than the tables of /proc, such as live.Listening: of each Network
	// and Addr count; nil: not compared.
	Listening func(ctx context.Context) ([]Listener, error)

	// Beneath looks at a process below what was mounted over its folder in /proc, as
	// live.Beneath does; nil: nobody can.
	Beneath func(pid int) (name, exe string, sockets []uint64, err error)
}

// Name returns "integrity.listeners".
func (Sockets) Name() string { return "integrity.listeners" }

// Read reads what listens.
func (c Sockets) Read(ctx context.Context) *inventory.List {
	tables := ReadListeners(ctx, c.Host)
	l := &inventory.List{Beside: tables}
	for _, t := range tables {
		l.Sections = append(l.Sections, t.Network)
		if t.Err != nil {
			l.Fail(t.Network, t.Err)
			continue
		}
		for _, s := range t.Listeners {
			l.Records = append(l.Records, s.record())
		}
		l.Metrics = append(l.Metrics, report.Metric{Name: "listeners_" + t.Network, Value: report.Count(uint64(len(t.Listeners))), Noun: nounOf(t.Network)})
	}
	return l
}

// Inspect looks into other networks.
func (c Sockets) Inspect(ctx context.Context, rec *report.Recorder) error {
	c.otherNetworks(ctx, rec)
	return nil
}

// Compare compares both networks with what was accepted, and tells what is out of the
// ordinary on any run.
func (c Sockets) Compare(ctx context.Context, was map[string][]inventory.Record, now *inventory.List, rec *report.Recorder) ([]inventory.Finding, error) {
	first, last, err := sysview.Ephemeral(ctx, c.Host)
	if err != nil {
		return nil, err
	}
	r := listenerRun{ctx: ctx, check: c, rec: rec, guide: howto.Of(ctx, c.Host), chosen: Ports{first, last}, boot: sysview.BootID(ctx, c.Host), net: networkOf(ctx, c.Host)}
	tables, _ := now.Beside.([]Table)
	for _, t := range tables {
		if t.Err != nil {
			continue
		}
		if err := r.compare(t, was); err != nil {
			now.Fail(t.Network, err)
		}
	}
	if rec != nil {
		r.hidden(tables)
	}
	for _, program := range byProcess(r.restarted) {
		f := restartFinding(program)
		f.Evidence = append(f.Evidence, r.packageOf(program[0])...)
		r.tell(f)
	}
	return r.told, nil
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
	told      []inventory.Finding
	claims    map[string]host.Claim // by the files of programs that listen, or did
	removed   map[string]string     // packages of programs that are of none any more, by their files
}

func nounOf(network string) report.Noun {
	name := strings.ToUpper(network) + " listener"
	return report.Noun{One: name, Many: name + "s"}
}

func (r *listenerRun) compare(table Table, was map[string][]inventory.Record) error {
	last, err := r.last(table)
	if err != nil {
		return err
	}
	accepted, err := listenersOf(was[table.Network])
	if err != nil {
		return err
	}
	if _, known := was[table.Network]; !known {
		accepted, last.Listeners = table.Listeners, nil // nothing to compare with: that is told
	}
	all := CompareListeners(accepted, Settled(table.Listeners, last.Listeners, r.chosen), r.chosen)
	changes, many := folded(all, table.Listeners, r.chosen)
	r.ask(slices.Concat(table.Listeners, gone(changes)))
	if err := r.remember(table, gone(changes)); err != nil {
		return err
	}
	strange := r.strange(table.Listeners)
	for _, service := range byService(changes) {
		if f, now := changeFinding(service), service[0].Now; now == nil || service[0].Was != nil || !strange.takes(*now) {
			if now != nil && strange.takes(*now) {
				f.Severity = report.Critical
			}
			if now != nil && strange.say(ruleUnowned, *now) {
				f.Detail += " No package owns its file."
			}
			if now == nil {
				f = r.gone(f, *service[0].Was)
			}
			r.tell(r.complete(f, now), service...)
		}
	}
	for _, program := range many {
		r.tell(manyFinding(program))
	}
	strange.leaveOut(changes, acceptedByPerson(was[table.Network]))
	for _, f := range strange.findings() {
		r.tell(r.complete(f.Finding, &f.first))
	}
	// After a start of the whole system each listener would be one.
	if last.Boot == r.boot && r.boot != "" {
		r.restarted = append(r.restarted, Restarted(last.Listeners, table.Listeners, r.chosen)...)
	}
	return nil
}

// tell adds a finding, with the changes of records that it tells.
func (r *listenerRun) tell(f report.Finding, changes ...ListenerChange) {
	told := inventory.Finding{Finding: f}
	for _, c := range changes {
		if c.Was != nil {
			told.Changes = append(told.Changes, c.Was.record().Removed())
		}
		if c.Now != nil {
			told.Changes = append(told.Changes, c.Now.record().Added())
		}
	}
	r.told = append(r.told, told)
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
	f.Remedy = &report.Remedy{Look: commands}
	return f
}
