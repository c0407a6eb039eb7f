package daily

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/capture"
	"github.com/pugetsoundtech/upkeep/backup/confdiff"
	"github.com/pugetsoundtech/upkeep/backup/foreign"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/managers"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/follow/unpack"
	"github.com/pugetsoundtech/upkeep/host/live"
	"github.com/pugetsoundtech/upkeep/integrity"
	intfiles "github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/privileged"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/running"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/startup"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/system"
	"github.com/pugetsoundtech/upkeep/integrity/signature"
	logwatch "github.com/pugetsoundtech/upkeep/logwatch/logs"
	"github.com/pugetsoundtech/upkeep/logwatch/rotation"
	"github.com/pugetsoundtech/upkeep/logwatch/sessions"
	"github.com/pugetsoundtech/upkeep/netprobe/local"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/lifecycle"
	"github.com/pugetsoundtech/upkeep/pkgupdate/merges"
	"github.com/pugetsoundtech/upkeep/pkgupdate/restarts"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/statedir"
	"github.com/pugetsoundtech/upkeep/resource"
	"github.com/pugetsoundtech/upkeep/resource/disk"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
	"github.com/pugetsoundtech/upkeep/traffic/weblog"
)

// Target is the system that is looked at.
type Target struct {
	*cli.Target
	Name  string // of its state folder
	Facts facts.System

	SignedOff func(context.Context) (time.Time, error) // when a person signed a report last; nil: nobody does

	attestor integrity.Attestor // see owners
	ends     []func()           // of stores
}

// Close ends the connections to the stores and to the system.
func (t *Target) Close() {
	for _, end := range t.ends {
		end()
	}
	t.Target.Close()
}

// Open opens the system that an address names (cli.Open); wrap may put something
// between the checks and it.
func Open(ctx context.Context, address string, wrap func(host.Host) host.Host) (*Target, error) {
	opened, err := cli.Open(ctx, address)
	if err != nil {
		return nil, err
	}
	if wrap != nil {
		opened.Host = wrap(opened.Host)
	}
	opened.Host = opened.Host.Remembering()
	t, err := Identify(ctx, opened)
	if err != nil {
		opened.Close()
	}
	return t, err
}

// Identify finds out what system it is. What cannot be found out is no reason
// to stop: the checks say what they cannot tell.
func Identify(ctx context.Context, opened *cli.Target) (*Target, error) {
	system, err := facts.Identify(ctx, opened.Host)
	if ctx.Err() != nil {
		return nil, errors.New("stopped before anything was looked at; nothing was stored")
	}
	for _, name := range []string{opened.Name, system.Hostname} {
		if name != "" {
			return &Target{Target: opened, Name: name, Facts: system}, nil
		}
	}
	return nil, fmt.Errorf("the system does not tell its name: %w", err)
}

// Labels say what system a report is about.
func (t *Target) Labels(ctx context.Context) report.Labels {
	labels := report.Labels{Host: t.Facts.Hostname, System: t.Facts.Pretty, Boot: t.Facts.BootID}
	if labels.Host == "" {
		labels.Host = t.Name
	}
	sys := t.release()
	if table, err := lifecycle.ForHost(ctx, t.Host, sys.ID); err == nil {
		if s := table.Support(sys, t.Host.Time()); s.State != lifecycle.Unknown {
			labels.System = s.String()
		}
	}
	return labels
}

func (t *Target) release() lifecycle.System {
	return lifecycle.System{ID: t.Facts.ID, Version: t.Facts.Version, Codename: t.Facts.Codename, Pretty: t.Facts.Pretty}
}

// Checks wires the domains together: what one needs of another is passed here.
func (t *Target) Checks(st *statedir.Dir, set Settings) ([]report.Checker, error) {
	kept, err := t.Repo(st, set.Backup, "")
	if err != nil {
		return nil, err
	}
	owners := t.owners()
	limits := disk.Limits{
		WarnPercent: set.Filesystems.WarnPercent, CriticalPercent: set.Filesystems.CriticalPercent,
		WarnFree: uint64(set.Filesystems.WarnFree), CriticalFree: uint64(set.Filesystems.CriticalFree),
	}
	checks := t.running(resource.Checkers(resource.Options{Host: t.Host, Local: t.Local, Limits: limits, Owners: owners})...)
	packages := managers.For(t.Host, t.Facts, set.Packages.MaxIndexAge)
	if t.Local {
		packages = managers.Remember(packages, st.Path("packages.json"))
	}
	checks = append(checks, intfiles.System{
		Host: t.Host, Dir: st.Path("integrity"), Profile: set.Files.Profile(),
		Attestor: owners, OldText: &backup.Shelf{Repo: kept},
		CoveredElsewhere: set.told,
		SignedOff:        t.SignedOff,
		Signed:           set.Files.signed(), Pace: integrity.Pace{Bytes: int64(set.Files.Pace.Bytes), Files: set.Files.Pace.Files},
	})
	for _, c := range t.Inventories(st, set) {
		checks = append(checks, c)
	}
	checks = append(checks, t.running(running.Kernel{Host: t.Host}, running.Replaced{Host: t.Host, Attestor: owners})...)
	checks = append(checks,
		logsOf(t.Host, set.Logs),
		sessions.Logins{Host: t.Host},
		rotation.Rotation{Host: t.Host},
		startup.Services{Host: t.Host},
		accounts.Homes{Host: t.Host})
	checks = append(checks, t.running(restarts.Programs{Host: t.Host}, local.Services{Host: t.Host}, netif.Interfaces{Host: t.Host})...)
	names := traffic.Pseudonyms{Secret: set.Traffic.Pseudonyms.Bytes()}
	checks = append(checks, maillog.Mail{Host: t.Host, Pseudonyms: names}, weblog.Web{Host: t.Host, Pseudonyms: names})
	return append(checks,
		capture.Configuration{Host: t.Host, Repo: kept, Paths: set.Backup.Paths, States: !t.Image, Texts: TextsOf(st), Owners: owners, Rehearsals: st.Path("rehearsal")},
		foreign.Backups{Host: t.Host, Places: foreignPlaces(set.Foreign), Find: true},
		t.software(set, packages),
		merges.Files{Host: t.Host, Owners: owners},
		lifecycle.OS{Host: t.Host, System: t.release()},
	), nil
}

// software holds the feeds of advisories against the packages, where there are any.
func (t *Target) software(set Settings, list []pkgupdate.Manager) updates.Software {
	s := updates.Software{Managers: list, System: t.Facts.Pretty, Host: t.Host, Policy: set.Packages.policy()}
	if p := set.Packages; p.Advisories != "" {
		s.Advisories.FS, s.KeepFeeds = os.DirFS(p.Advisories), p.KeepAdvisories
		if len(p.Keyrings) > 0 {
			s.Advisories.Keys = &advisory.Keys{Host: host.Local(), Dir: p.Advisories, Keyrings: p.Keyrings, Required: true}
		}
	}
	return s
}

// TextsOf keeps what configuration held, without its secrets.
func TextsOf(st *statedir.Dir) *confdiff.Cache {
	return &confdiff.Cache{Name: st.Path("backup-texts"), Key: st.RedactKey()}
}

// Inventories are the lists that are compared with what was accepted.
func (t *Target) Inventories(st *statedir.Dir, set Settings) (out []inventory.Check) {
	questions := []inventory.Question{accounts.Users{Host: t.Host}, startup.Jobs{Host: t.Host, Attestor: t.owners()}, system.Hooks{Host: t.Host, Attestor: t.owners()}}
	if !t.Image { // what holds now
		questions = append(questions, system.Mounts{Host: t.Host}, system.Sysctl{Host: t.Host}, system.Firewall{Host: t.Host}, listeners.Families{Host: t.Host, Attestor: t.owners()}, t.listeners(t.owners()))
	}
	if t.Local || t.Image { // elsewhere the whole tree is too much for a line
		questions = append(questions, t.privileged(set))
	}
	for _, q := range questions {
		out = append(out, inventory.Check{Question: q, Dir: st.Path("integrity"), Signed: set.Files.signed()})
	}
	return out
}

// told reports whether another check that is asked tells what changes in a file.
func (set Settings) told(path string) bool {
	asked := func(name string) bool { return !slices.Contains(set.LeaveOut, name) }
	return accounts.Tells(path) && asked(accounts.Users{}.Name()) || startup.Tells(path) && asked(startup.Jobs{}.Name()) || system.Tells(path) && asked(system.Hooks{}.Name())
}

// privileged looks where the files do not.
func (t *Target) privileged(set Settings) privileged.Programs {
	p := set.Files.Profile()
	if len(p.Roots) == 0 {
		p = integrity.ProfileDaily()
	}
	told := func(path string) bool {
		return p.Selects(path, false) && !slices.Contains(set.LeaveOut, intfiles.System{}.Name())
	}
	return privileged.Programs{Host: t.Host, CoveredElsewhere: told}
}

// owners is who knows whose a file is: one for all checks, so that what it read is asked
// for once.
func (t *Target) owners() integrity.Attestor {
	if t.attestor == nil {
		t.attestor = managers.Owners(t.Host, t.Facts.Family)
	}
	return t.attestor
}

// listeners asks the kernel of this machine as well as its /proc.
func (t *Target) listeners(owners integrity.Attestor) listeners.Sockets {
	c := listeners.Sockets{Host: t.Host, Attestor: owners}
	if t.Local {
		c.Alive, c.Listening, c.Beneath = live.Processes, listening, live.Beneath
	}
	return c
}

// listening is what the kernel of this machine tells of its sockets.
func listening(ctx context.Context) (out []listeners.Listener, err error) {
	list, err := live.Listening(ctx)
	for _, s := range list {
		out = append(out, listeners.Listener{Network: s.Network, Addr: s.Local, Inode: s.Inode})
	}
	return out, err
}

// Profile is the daily one and what the settings add. The zero profile is the
// check's own.
func (f Files) Profile() integrity.Profile {
	if len(f.Roots)+len(f.Exclude)+len(f.AllowNew)+len(f.AllowRemoved) == 0 {
		return integrity.Profile{}
	}
	p := integrity.ProfileDaily()
	p.Roots = append(slices.Clone(p.Roots), f.Roots...)
	p.Exclude = append(slices.Clone(p.Exclude), f.Exclude...)
	p.AllowNew, p.AllowRemoved = slices.Concat(p.AllowNew, f.AllowNew), slices.Concat(p.AllowRemoved, f.AllowRemoved)
	return p
}

// signed asks whether a baseline is signed by those who may; nil where nobody has to.
func (f Files) signed() func(*integrity.Baseline) error {
	if f.Signers == "" {
		return nil
	}
	return signature.By(f.Signers)
}

// running wraps checks that ask a running system: an image has no load, no
// listeners and no counters, so there the question does not exist.
func (t *Target) running(checks ...report.Checker) []report.Checker {
	if !t.Image {
		return checks
	}
	out := make([]report.Checker, len(checks))
	for i, c := range checks {
		out[i] = atRest{c}
	}
	return out
}

// atRest is a check that is skipped on a system that does not run.
type atRest struct{ report.Checker }

// Rules keeps the catalogue of the check.
func (c atRest) Rules() []report.Rule {
	if cat, ok := c.Checker.(report.Cataloguer); ok {
		return cat.Rules()
	}
	return nil
}

// Check says that there is nothing to ask.
func (atRest) Check(context.Context, *report.Recorder) error {
	return report.Skip("a mounted system does not run")
}

// Choose leaves out the checks that the settings name.
func (set Settings) Choose(all []report.Checker) ([]report.Checker, error) {
	var names []string
	for _, c := range all {
		names = append(names, c.Name())
	}
	for _, name := range set.LeaveOut {
		if !slices.Contains(names, name) {
			return nil, cli.Unknown("check", name, names)
		}
	}
	out := slices.DeleteFunc(all, func(c report.Checker) bool { return slices.Contains(set.LeaveOut, c.Name()) })
	if len(out) == 0 {
		return nil, errors.New("every check is left out; take some from leave-out")
	}
	return out, nil
}

// logsOf reads the logs by the rules of the catalogue and of the user.
func logsOf(h host.Host, set Logs) report.Checker {
	check := logwatch.System{Host: h, Extra: set.Extra, Openers: unpack.Openers()}
	if set.Rules != "" {
		return check.With(os.DirFS(set.Rules))
	}
	return check
}
