package pkgupdatetest

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// A Manager is a fake whose fields are its answers. An Answer that nobody set
// is Unknown. It is also a pkgupdate.Auditor and Historian.
type Manager struct {
	ID       string // "" is "fake"
	Absent   bool
	Packages pkgupdate.Answer[[]pkgupdate.Package]
	Upgrades pkgupdate.Answer[[]pkgupdate.Upgrade]
	Faults   pkgupdate.Answer[[]pkgupdate.Fault]
	Events   []pkgupdate.Event
}

// Info returns made-up commands and the scheme of Debian.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{ID: cmp.Or(m.ID, "fake"), Scheme: version.Deb, Commands: pkgupdate.Commands{
		Refresh: "fake refresh", Upgrade: "fake upgrade", UpgradeAll: "fake upgrade-all",
		UpgradeSome: "fake upgrade", Unhold: "fake unhold", Repair: "fake repair",
	}}
}

// Present reports whether m is not Absent.
func (m *Manager) Present(ctx context.Context) (bool, error) { return !m.Absent, ctx.Err() }

// Installed returns m.Packages.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	return answer(ctx, m.Packages)
}

// Pending returns m.Upgrades.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Upgrade] {
	return answer(ctx, m.Upgrades)
}

// Audit returns m.Faults.
func (m *Manager) Audit(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Fault] {
	return answer(ctx, m.Faults)
}

// History returns those of m.Events that are not before since.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Event, error) {
	var out []pkgupdate.Event
	for _, e := range m.Events {
		if !e.At.Before(since) {
			out = append(out, e)
		}
	}
	return out, ctx.Err()
}

func answer[T any](ctx context.Context, a pkgupdate.Answer[T]) pkgupdate.Answer[T] {
	if ctx.Err() != nil {
		return pkgupdate.Unproven(a.Value, ctx.Err())
	}
	if a.State == pkgupdate.Unknown && a.Reason == nil {
		return pkgupdate.Unproven(a.Value, errors.New("the test did not say"))
	}
	return a
}

// Deb makes an installed package of Debian's scheme for amd64. It panics when
// ver is no version.
func Deb(name, ver string) pkgupdate.Package {
	v, err := version.Parse(version.Deb, ver)
	if err != nil {
		panic(err)
	}
	return pkgupdate.Package{Name: name, Arch: "amd64", Version: v}
}

// Upgrade makes a pending upgrade of p. It panics when to is no version.
func Upgrade(p pkgupdate.Package, to string, class pkgupdate.Class) pkgupdate.Upgrade {
	return pkgupdate.Upgrade{Pkg: p, From: p.Version, To: Deb(p.Name, to).Version, Class: class}
}
