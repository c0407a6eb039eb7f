package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/report"
)

// Services asks whether services answer. Without Targets these are the mail,
// web and ssh services that listen on the observed host, and one that answered
// before and no longer listens is reported as well.
type Services struct {
	Host     host.Host
	Targets  []Target // nil: what is found on the host
	Parallel int      // probes at once; zero: 8
}

// Name returns "netprobe.local".
func (s Services) Name() string { return "netprobe.local" }

// Check probes every target once.
func (s Services) Check(ctx context.Context, rec *report.Recorder) error {
	if s.Targets != nil {
		s.probe(rec, s.Targets, func() howto.Guide { return howto.Of(ctx, s.Host) })
		rec.Covered(scopeRoot)
		return ctx.Err()
	}
	sockets, err := tcpSockets(ctx, s.Host)
	if err != nil {
		return fmt.Errorf("find services: %w", err)
	}
	targets := Discover(s.Host, sockets)
	before, ran, err := keptAnswered.Load(rec)
	if err != nil {
		rec.Problem(fmt.Errorf("which services answered last time is not known: %w", err), scopeGone)
	}
	targets = append(targets, s.hidden(before, targets, sockets)...)
	for i, t := range targets {
		targets[i].Prober = expecting(t.Prober, known(before, t.URL))
	}
	if len(targets) == 0 && !ran && err == nil && allKnown(sockets) {
		// Where there once was a service its end may still wait for a person.
		return report.Skip("no mail, web or ssh service listens here")
	}
	guide := func() howto.Guide { return howto.Of(ctx, s.Host) }
	for _, f := range s.gone(ctx, before, targets, sockets) {
		rec.Finding(f)
	}
	targets, left := fair(targets)
	results := s.probe(rec, targets, guide)
	rec.Metric(report.Metric{Name: "services_probed", Value: report.Count(uint64(len(targets))), Noun: report.Noun{One: "service answered a probe", Many: "services answered a probe"}})
	cover(rec, targets, left)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return keptAnswered.Keep(rec, remember(before, targets, left, results))
}

// tcpSockets gives the listening TCP sockets; half a table is an error.
func tcpSockets(ctx context.Context, h host.Host) ([]sysview.Socket, error) {
	for _, table := range sysview.Sockets(ctx, h) {
		if table.Network == "tcp" {
			return table.Sockets, table.Err
		}
	}
	return nil, fmt.Errorf("list tcp sockets: %w", errors.ErrUnsupported)
}

const (
	scopeRoot = "services"
	scopeGone = "services/gone"
	scopeLeft = "services/left-out"
)

// probe runs every prober, a few at a time, and records what each showed.
func (s Services) probe(rec *report.Recorder, targets []Target, guide func() howto.Guide) []netprobe.Result {
	results := make([]netprobe.Result, len(targets))
	parallel := s.Parallel
	if parallel <= 0 {
		parallel = 8
	}
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Add(1)
		slots <- struct{}{}
		rec.Go(func(ctx context.Context) error {
			defer wg.Done()
			defer func() { <-slots }()
			results[i] = t.Prober.Probe(ctx)
			return nil
		})
	}
	wg.Wait()
	recordResults(rec, targets, results, guide)
	return results
}

// hidden gives the services that are known from before and whose listener is
// there, but whose program this run may not see.
func (s Services) hidden(before []memory, found []Target, sockets []sysview.Socket) []Target {
	var out []Target
	for _, m := range before {
		if slices.ContainsFunc(found, func(t Target) bool { return t.URL == m.URL }) {
			continue
		}
		for _, sock := range sockets {
			if !sock.Process.Known() && "tcp/"+sock.Local.String() == m.Listener {
				scheme, addr, _ := strings.Cut(m.URL, "://")
				out = append(out, Target{URL: m.URL, Prober: proberFor(s.Host, scheme, addr, m.Listener), Listener: m.Listener, Process: m.Process, Unit: m.Unit, owner: ownerOf(sock)})
				break
			}
		}
	}
	return out
}

// gone finds what answered before and does not listen any more; the addresses
// of one service together.
func (s Services) gone(ctx context.Context, before []memory, now []Target, sockets []sysview.Socket) []report.Finding {
	var findings []report.Finding
	var services []string
	lost := map[string][]Target{}
	for _, m := range before {
		if slices.ContainsFunc(now, func(t Target) bool { return t.URL == m.URL }) {
			continue
		}
		t := Target{URL: m.URL, Listener: m.Listener, Process: m.Process, Unit: m.Unit}
		if lost[t.service()] == nil {
			services = append(services, t.service())
		}
		lost[t.service()] = append(lost[t.service()], t)
	}
	for _, service := range services {
		f := goneFinding(lost[service], now, sockets, s.Host.Time())
		if unit := lost[service][0].Unit; s.removed(ctx, unit) {
			f.Severity, f.Detail = report.Warning, f.Detail+" Its unit "+unit+" is not on the system any more."
			f.Fix = "If it was removed on purpose, sign this off. Otherwise find out who removed it."
		} else {
			f.Fix, f.Remedy = startAgain(lost[service][0], howto.Of(ctx, s.Host))
		}
		findings = append(findings, f)
	}
	return findings
}

// allKnown reports whether the program behind every listener is known, so that
// "no such service" is proven.
func allKnown(sockets []sysview.Socket) bool {
	return !slices.ContainsFunc(sockets, func(s sysview.Socket) bool { return !s.Process.Known() })
}

// problemOf gives the error that a Problem carries, with what a caller can test.
func problemOf(t Target, is netprobe.Issue) error {
	err := errors.New(is.Detail)
	switch is.Cause {
	case netprobe.LocalUnsupported:
		err = fmt.Errorf("%s: %w", is.Detail, errors.ErrUnsupported)
	case netprobe.LocalCancelled:
		err = fmt.Errorf("%s: %w", is.Detail, context.DeadlineExceeded)
	}
	return fmt.Errorf("%s could not be probed: %w", t.URL, err)
}
