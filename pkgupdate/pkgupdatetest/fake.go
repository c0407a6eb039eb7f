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
	ID           string // "" is "fake"
	Packages     pkgupdate.Answer[[]pkgupdate.Package]
	Changes      pkgupdate.Answer[pkgupdate.Pending]
	Faults       pkgupdate.Answer[[]pkgupdate.Fault]
	Transactions []pkgupdate.Transaction
}

// Info returns made-up commands, and type and scheme of Debian.
func (m *Manager) Info() pkgupdate.Info {
	fake := func(args ...string) [][]string { return [][]string{append([]string{"fake"}, args...)} }
	return pkgupdate.Info{ID: cmp.Or(m.ID, "fake"), Type: "deb", Scheme: version.Deb, Commands: pkgupdate.Commands{
		Refresh: fake("refresh"), Upgrade: fake("upgrade"), UpgradeAll: fake("upgrade-all"), Repair: fake("repair"),
		UpgradeSome: []string{"fake", "upgrade"}, Unhold: []string{"fake", "unhold"},
	}}
}

// Installed returns m.Packages.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	return answer(ctx, m.Packages)
}

// Pending returns m.Changes.
func (m *Manager) Pending(ctx context.Context) pkgupdate.Answer[pkgupdate.Pending] {
	return answer(ctx, m.Changes)
}

// Audit returns m.Faults.
func (m *Manager) Audit(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Fault] {
	return answer(ctx, m.Faults)
}

// History returns those of m.Transactions that did not begin before since.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Transaction, error) {
	var out []pkgupdate.Transaction
	for _, t := range m.Transactions {
		if !t.Begin.Before(since) {
			out = append(out, t)
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
	return pkgupdate.Package{Type: "deb", Name: name, Arch: "amd64", Version: v}
}

// Upgrade makes a pending upgrade of p, with the fix where it is a security
// one. It panics when to is no version.
func Upgrade(p pkgupdate.Package, to string, class pkgupdate.Class) pkgupdate.Upgrade {
	u := pkgupdate.Upgrade{Pkg: p, Candidate: Deb(p.Name, to).Version, Offer: pkgupdate.Offer{Class: class}}
	if class == pkgupdate.Security {
		u.Fix = u.Candidate
	}
	return u
}

// Sources are a repository of the system and one with its security fixes, both
// known.
func Sources() []pkgupdate.Source {
	return []pkgupdate.Source{
		{ID: "main", Kind: pkgupdate.OfSystem, State: pkgupdate.Known, Signature: pkgupdate.Signed},
		{ID: "security", Kind: pkgupdate.OfSecurity, State: pkgupdate.Known, Signature: pkgupdate.Signed},
	}
}

// Proven is the proven answer that just these upgrades are pending, as of at.
func Proven(at time.Time, upgrades ...pkgupdate.Upgrade) pkgupdate.Answer[pkgupdate.Pending] {
	return pkgupdate.Pending{Upgrades: upgrades, Sources: Sources()}.Proven("a test", at)
}
