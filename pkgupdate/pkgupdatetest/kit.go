package pkgupdatetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// TestManager checks a Manager that is present on its host against the numbered
// sentences of pkgupdate.Manager. It reads only. All violations are joined.
func TestManager(ctx context.Context, m pkgupdate.Manager) error {
	var k kit
	info := m.Info()
	k.check(info.ID != "" && info.Type != "" && info.Scheme != version.NoScheme, "Info has no ID, no Type or no Scheme")
	k.check(reflect.DeepEqual(info, m.Info()), "Info differs between two calls")
	installed := m.Installed(ctx)
	k.add("Installed", installed.Validate())
	k.check(!errors.Is(installed.Reason, pkgupdate.ErrAbsent), "Installed: %v", installed.Reason)
	k.packages(info, installed.Value)
	pending := m.Pending(ctx)
	k.add("Pending", pending.Validate())
	k.upgrades(info, pending.Value.Upgrades, installed.Value)
	k.patches(info, pending.Value.Patches)
	k.sources(pending)
	k.ended(ctx, m)
	return errors.Join(k.errs...)
}

// A kit gathers violations.
type kit struct{ errs []error }

func (k *kit) check(ok bool, format string, args ...any) {
	if !ok {
		k.errs = append(k.errs, fmt.Errorf(format, args...))
	}
}

func (k *kit) add(what string, err error) {
	if err != nil {
		k.errs = append(k.errs, fmt.Errorf("%s: %w", what, err))
	}
}

func (k *kit) packages(info pkgupdate.Info, list []pkgupdate.Package) {
	sorted := append([]pkgupdate.Package(nil), list...)
	pkgupdate.SortPackages(sorted)
	k.check(reflect.DeepEqual(sorted, append([]pkgupdate.Package(nil), list...)), "Installed is not sorted by name and architecture")
	for _, p := range list {
		k.check(p.Name != "" && p.Type == info.Type, "package %q is of type %q instead of %q", p.Name, p.Type, info.Type)
		k.check(p.Version.IsZero() || p.Version.Scheme() == info.Scheme, "package %q %q is not of scheme %s", p.Name, p.Version, info.Scheme)
	}
}

func (k *kit) upgrades(info pkgupdate.Info, list []pkgupdate.Upgrade, installed []pkgupdate.Package) {
	have := map[string][]version.Version{}
	for _, p := range installed {
		have[p.ID()] = append(have[p.ID()], p.Version)
	}
	sorted := append([]pkgupdate.Upgrade(nil), list...)
	pkgupdate.SortUpgrades(sorted)
	k.check(reflect.DeepEqual(sorted, append([]pkgupdate.Upgrade(nil), list...)), "Pending is not sorted by name and architecture")
	for _, u := range list {
		k.check(u.Pkg.Name != "" && u.Pkg.Type == info.Type, "upgrade of %q is of type %q instead of %q", u.Pkg.Name, u.Pkg.Type, info.Type)
		if !u.New {
			k.check(slices.Contains(have[u.Pkg.ID()], u.Pkg.Version), "upgrade of %s: %s is not what is installed", u.Pkg.Name, u.Pkg.Version)
		}
		for _, to := range []version.Version{u.Candidate, u.Fix} {
			k.check(version.Compare(to, u.Pkg.Version) != version.Older, "upgrade of %s: %s to %s goes back", u.Pkg.Name, u.Pkg.Version, to)
		}
	}
}

func (k *kit) patches(info pkgupdate.Info, list []pkgupdate.Patch) {
	for i, p := range list {
		k.check(p.ID != "" && p.Type == info.Type, "patch %q is of type %q instead of %q", p.ID, p.Type, info.Type)
		k.check(p.Remedy != nil, "patch %q does not say how to install it", p.ID)
		k.check(i == 0 || list[i-1].ID < p.ID, "patch %q is not sorted, or stands twice", p.ID)
	}
}

// sources checks that a source that nobody knows never gives a proven answer.
func (k *kit) sources(a pkgupdate.Answer[pkgupdate.Pending]) {
	seen := map[string]bool{}
	for _, s := range a.Value.Sources {
		k.check(s.ID != "" && !seen[s.ID], "source %q has no ID of its own", s.ID)
		seen[s.ID] = true
		k.check((s.State == pkgupdate.Unknown) == (s.Err != nil), "source %s is %s, and its error is %v", s.ID, s.State, s.Err)
		k.check(s.State != pkgupdate.Unknown || a.State == pkgupdate.Unknown, "Pending is %s although source %s is unknown", a.State, s.ID)
	}
	k.check(a.State == pkgupdate.Unknown || len(seen) > 0, "Pending is %s without any source", a.State)
}

// ended checks that an ended context is never an empty answer.
func (k *kit) ended(ctx context.Context, m pkgupdate.Manager) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	k.check(m.Installed(ctx).State == pkgupdate.Unknown, "Installed of an ended context is not Unknown")
	k.check(m.Pending(ctx).State == pkgupdate.Unknown, "Pending of an ended context is not Unknown")
}

// A Fault is a way in which commands go wrong.
type Fault struct {
	Name  string
	Spoil func(out host.Output, err error) (host.Output, error)
}

// Faults lists what happens to commands in the field.
func Faults() []Fault {
	failed := func(exit int, stderr string) func(host.Output, error) (host.Output, error) {
		return func(host.Output, error) (host.Output, error) {
			return host.Output{Exit: exit, Stderr: []byte(stderr)}, nil
		}
	}
	return []Fault{
		{"silent success", failed(0, "")},
		{"silent failure", failed(1, "")},
		{"lock held", failed(100, "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (apt-get)\n")},
		{"disk full", failed(100, "E: Write error - write (28: No space left on device)\n")},
		{"killed", func(host.Output, error) (host.Output, error) {
			return host.Output{Exit: -1, Signal: "killed"}, nil
		}},
		{"cut in the middle", func(out host.Output, err error) (host.Output, error) {
			out.Stdout = out.Stdout[:len(out.Stdout)/2]
			return out, err
		}},
		{"truncated", func(out host.Output, err error) (host.Output, error) {
			out.Truncated = true
			return out, err
		}},
		{"noise", func(out host.Output, err error) (host.Output, error) {
			out.Stdout = bytes.Repeat([]byte("\x1b[31m\xff\x00"), 1000)
			return out, err
		}},
		{"connection lost", func(host.Output, error) (host.Output, error) {
			return host.Output{}, errors.New("connection lost")
		}},
	}
}

// Faulty is a Runner whose commands go wrong.
type Faulty struct {
	Runner host.Runner
	Fault  Fault
}

// Run runs c and spoils what it gave.
func (f Faulty) Run(ctx context.Context, c host.Command) (host.Output, error) {
	out, err := f.Runner.Run(ctx, c)
	return f.Fault.Spoil(out, err)
}

// TestFaults checks that a manager, made anew for a host with each of Faults,
// never says that nothing is pending, nor that it knows all that is.
func TestFaults(ctx context.Context, h host.Host, make func(host.Host) pkgupdate.Manager) error {
	var k kit
	for _, f := range Faults() {
		spoilt := h
		spoilt.Exec = Faulty{h.Exec, f}
		a := make(spoilt).Pending(ctx)
		k.check(a.State == pkgupdate.Unknown, "%s: Pending is %s by %q", f.Name, a.State, a.Evidence)
		k.add(f.Name, a.Validate())
	}
	return errors.Join(k.errs...)
}
