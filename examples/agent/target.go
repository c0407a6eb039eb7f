package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/resource"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/system"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
	"github.com/pugetsoundtech/upkeep/pkgupdate/lifecycle"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

// target is the system that is looked at.
type target struct {
	host  host.Host
	name  string // names its state folder
	local bool
	facts host.Facts
	close func()
}

// openTarget understands the -host flag.
func openTarget(ctx context.Context, spec string) (*target, error) {
	t := &target{close: func() {}}
	kind, arg, _ := strings.Cut(spec, ":")
	switch {
	case spec == "local":
		t.host, t.local = host.Local(), true
	case kind == "root" && filepath.IsAbs(arg):
		if _, err := os.Stat(arg); err != nil {
			return nil, err
		}
		t.host, t.name = host.Root(arg), "root:"+filepath.Clean(arg)
	case kind == "replay":
		text, err := os.ReadFile(arg)
		if err != nil {
			return nil, err
		}
		m, err := hosttest.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arg, err)
		}
		t.host, t.name = m.Host(), spec
	case kind == "ssh":
		client, err := dialSSH(ctx, arg)
		if err != nil {
			return nil, fmt.Errorf("-host %s: %w", spec, err)
		}
		t.host, t.close = client.Host(), func() { client.Close() } //nolint:errcheck // the work is done
	default:
		return nil, fmt.Errorf("-host %s: give local, root:/absolute/path, ssh://user@name or replay:FILE", spec)
	}
	return t, t.identify(ctx)
}

// identify finds out what system it is. What cannot be found out is no reason
// to stop: the checks say what they cannot tell.
func (t *target) identify(ctx context.Context) error {
	facts, err := host.Identify(ctx, t.host)
	if ctx.Err() != nil {
		return errors.New("stopped before anything was looked at; nothing was stored")
	}
	t.facts = facts
	if t.name == "" {
		t.name = facts.Hostname
	}
	if t.name == "" {
		return fmt.Errorf("the system does not tell its name: %w", err)
	}
	return nil
}

func (t *target) labels(ctx context.Context) report.Labels {
	labels := report.Labels{Host: t.facts.Hostname, System: t.facts.Pretty, Boot: t.facts.BootID}
	if labels.Host == "" {
		labels.Host = t.name
	}
	sys := t.release()
	if table, err := lifecycle.ForHost(ctx, t.host, sys.ID); err == nil {
		if s := table.Support(sys, t.host.Time()); s.State != lifecycle.Unknown {
			labels.System = s.String()
		}
	}
	return labels
}

func (t *target) release() lifecycle.System {
	return lifecycle.System{ID: t.facts.ID, Version: t.facts.Version, Codename: t.facts.Codename}
}

// checks wires the domains together: what one needs of another is passed here.
func (t *target) checks(st *state) []report.Checker {
	dpkg := &apt.Manager{Host: t.host}
	checks := resource.Checkers(resource.Options{Host: t.host, Local: t.local})
	return append(checks,
		integrity.Files{Host: t.host, Dir: st.path("integrity"), Attestor: dpkg},
		system.Listeners{Host: t.host},
		system.Accounts{Host: t.host},
		logwatch.Logs{Host: t.host},
		netprobe.Services{Host: t.host},
		netif.Interfaces{Host: t.host},
		backup.Config{Host: t.host, Store: dirstore.Dir(st.path("backup"))},
		&pkgupdate.Updates{Managers: []pkgupdate.Manager{dpkg}, System: t.facts.Pretty},
		&lifecycle.Checker{Host: t.host, System: t.release()},
	)
}
