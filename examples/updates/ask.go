package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/managers"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/lifecycle"
)

// A question is asked of one system; its answer is an exit status.
type question func(ctx context.Context, c cli.Call, h host.Host) (int, error)

func ask(ctx context.Context, c cli.Call, target string, fn question) (int, error) {
	t, err := cli.Open(ctx, target)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	return fn(ctx, c, t.Host)
}

// present gives the managers whose database is on the system, each with what is
// installed. None at all is an error.
func present(ctx context.Context, h host.Host) ([]pkgupdate.Manager, []pkgupdate.Answer[[]pkgupdate.Package], error) {
	system, err := facts.Identify(ctx, h)
	var list []pkgupdate.Manager
	var answers []pkgupdate.Answer[[]pkgupdate.Package]
	for _, m := range managers.For(h, system, 0) {
		a := m.Installed(ctx)
		if !errors.Is(a.Reason, pkgupdate.ErrAbsent) {
			list, answers = append(list, m), append(answers, a)
		}
	}
	if len(list) == 0 {
		return nil, nil, errors.Join(errors.New("no package manager that is known here keeps this system"), err)
	}
	return list, answers, nil
}

func installed(ctx context.Context, c cli.Call, h host.Host) (int, error) {
	list, answers, err := present(ctx, h)
	errs := []error{err}
	for i, m := range list {
		for _, p := range answers[i].Value {
			object := map[string]any{"manager": m.Info().ID, "name": p.Name, "arch": p.Arch, "version": p.Version.String(), "held": p.Held, "fault": p.Fault}
			if err := c.Say(object, p.Name, p.Arch, p.Version.String(), p.Fault); err != nil {
				return 0, err
			}
		}
		errs = append(errs, answers[i].Reason)
	}
	return 0, errors.Join(errs...)
}

// buffered writes what a question lists in few pieces, since a line at a time takes longer
// than all else, and asks the system nothing twice.
func buffered(fn question) question {
	return func(ctx context.Context, c cli.Call, h host.Host) (int, error) {
		out := bufio.NewWriterSize(c.Stdout, 64<<10)
		c.Stdout = out
		status, err := fn(ctx, c, h.Remembering())
		return status, errors.Join(err, out.Flush())
	}
}

func pending(ctx context.Context, c cli.Call, h host.Host, fetch string) (int, error) {
	list, _, err := present(ctx, h)
	status, pendingErr := changes(ctx, c, list, fetch, func(pkgupdate.Class) bool { return true })
	return worst(status, err, pendingErr)
}

// worst is Failed beside any error.
func worst(status int, errs ...error) (int, error) {
	if err := errors.Join(errs...); err != nil {
		return cli.Failed, err
	}
	return status, nil
}

// refreshed is the manager that answers from what it fetches now into a folder of the
// caller's. Beside an error it is the one that answers from what the system has.
func refreshed(ctx context.Context, m pkgupdate.Manager, dir string) (pkgupdate.Manager, error) {
	r, ok := m.(pkgupdate.Refresher)
	switch {
	case dir == "":
		return m, nil
	case !ok:
		return m, fmt.Errorf("%s fetches for the system alone: %w", m.Info().ID, errors.ErrUnsupported)
	}
	fresh, err := r.Refreshed(ctx, dir)
	if err != nil {
		return m, err
	}
	return fresh, nil
}

// security lists the pending fixes, and what the feeds of a folder, if one is given,
// say about what is installed.
func security(ctx context.Context, c cli.Call, h host.Host, fetch string, from *feeds) (int, error) {
	list, installed, err := present(ctx, h)
	status, pendingErr := changes(ctx, c, list, fetch, func(class pkgupdate.Class) bool { return class == pkgupdate.Security })
	if from.dir == "" {
		return worst(status, err, pendingErr)
	}
	holes, feedErr := advisories(ctx, c, h, list, installed, from)
	return worst(max(status, holes), err, pendingErr, feedErr)
}

// changes lists what is pending. What was learned beside an error is listed too.
func changes(ctx context.Context, c cli.Call, list []pkgupdate.Manager, fetch string, want func(pkgupdate.Class) bool) (int, error) {
	var errs []error
	status := 0
	for _, m := range list {
		m, err := refreshed(ctx, m, fetch)
		a := m.Pending(ctx)
		errs = append(errs, err, a.Reason)
		for _, it := range items(a.Value) {
			if !want(it.Class) {
				continue
			}
			status = max(status, map[pkgupdate.Class]int{pkgupdate.Security: 2}[it.Class], 1)
			object := map[string]any{
				"manager": m.Info().ID, "name": it.name, "from": it.from, "to": it.to, "class": it.Class.String(), "blocked": it.Blocked, "advisories": it.Advisories,
			}
			if err := c.Say(object, it.name, it.from, it.to, it.Class.String(), string(it.Blocked)); err != nil {
				return cli.Failed, err
			}
		}
	}
	return status, errors.Join(errs...)
}

// An item is an upgrade or a patch.
type item struct {
	name, from, to string
	pkgupdate.Offer
}

func items(p pkgupdate.Pending) []item {
	var list []item
	for _, u := range p.Upgrades {
		list = append(list, item{u.Pkg.Label(), u.Pkg.Version.String(), u.To().String(), u.Offer})
	}
	for _, patch := range p.Patches {
		list = append(list, item{patch.ID, "", "", patch.Offer})
	}
	return list
}

func eol(ctx context.Context, c cli.Call, h host.Host) (int, error) {
	system, err := facts.Identify(ctx, h)
	if system.ID == "" {
		return 0, fmt.Errorf("which system it is cannot be told: %w", err)
	}
	table, err := lifecycle.ForHost(ctx, h, system.ID)
	if err != nil {
		return 0, err
	}
	s := table.Support(lifecycle.System{ID: system.ID, Version: system.Version, Codename: system.Codename, Pretty: system.Pretty}, h.Time())
	object := map[string]any{"system": s.Name(), "state": s.State.String(), "phase": s.Phase.Name, "until": s.Phase.Until.Text, "newest": s.Newest, "reason": s.Reason}
	maps.DeleteFunc(object, func(_ string, v any) bool { return v == "" })
	status := map[lifecycle.State]int{
		lifecycle.Supported: 0, lifecycle.Rolling: 0, lifecycle.Extended: 1, lifecycle.Paid: 1, lifecycle.Development: 1, lifecycle.Ended: 2,
	}
	if n, known := status[s.State]; known {
		return n, c.Say(object, s.String())
	}
	return cli.Failed, c.Say(object, s.String())
}
