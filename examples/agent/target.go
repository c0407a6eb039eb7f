package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/capture"
	"github.com/pugetsoundtech/upkeep/backup/confdiff"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
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
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
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

// target is the system that is looked at.
type target struct {
	*cli.Target
	name  string // names its state folder
	facts facts.System
}

func (r *round) openTarget(ctx context.Context) (*target, error) {
	opened, err := cli.Open(ctx, r.settings.Host)
	if err != nil {
		return nil, err
	}
	if r.wrap != nil {
		opened.Host = r.wrap(opened.Host)
	}
	opened.Host = opened.Host.Remembering()
	t := &target{Target: opened, name: opened.Name}
	if err := t.identify(ctx); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// identify finds out what system it is. What cannot be found out is no reason
// to stop: the checks say what they cannot tell.
func (t *target) identify(ctx context.Context) error {
	system, err := facts.Identify(ctx, t.Host)
	if ctx.Err() != nil {
		return errors.New("stopped before anything was looked at; nothing was stored")
	}
	t.facts = system
	if t.name == "" {
		t.name = system.Hostname
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
	if table, err := lifecycle.ForHost(ctx, t.Host, sys.ID); err == nil {
		if s := table.Support(sys, t.Host.Time()); s.State != lifecycle.Unknown {
			labels.System = s.String()
		}
	}
	return labels
}

func (t *target) release() lifecycle.System {
	return lifecycle.System{ID: t.facts.ID, Version: t.facts.Version, Codename: t.facts.Codename, Pretty: t.facts.Pretty}
}

// checks wires the domains together: what one needs of another is passed here.
func (t *target) checks(st *statedir.Dir, set settings) []report.Checker {
	owners := t.owners(set)
	limits := disk.Limits{
		WarnPercent: set.Filesystems.WarnPercent, CriticalPercent: set.Filesystems.CriticalPercent,
		WarnFree: uint64(set.Filesystems.WarnFree), CriticalFree: uint64(set.Filesystems.CriticalFree),
	}
	checks := t.running(resource.Checkers(resource.Options{Host: t.Host, Local: t.Local, Limits: limits, Owners: owners})...)
	kept := set.Backup.repo(st)
	packages := managers.For(t.Host, t.facts.Family, set.Packages.MaxIndexAge)
	if t.Local {
		packages = managers.Remember(packages, st.Path("packages.json"))
	}
	checks = append(checks, intfiles.System{
		Host: t.Host, Dir: st.Path("integrity"), Profile: set.Files.profile(),
		Attestor: owners, OldText: &backup.Shelf{Repo: kept},
		CoveredElsewhere: set.told,
		Signed:           set.Files.signed(), Pace: integrity.Pace{Bytes: int64(set.Files.Pace.Bytes), Files: set.Files.Pace.Files},
	})
	for _, c := range t.inventories(st, set) {
		checks = append(checks, c)
	}
	checks = append(checks, t.running(t.listeners(owners), running.Kernel{Host: t.Host}, running.Replaced{Host: t.Host, Attestor: owners})...)
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
		capture.Configuration{Host: t.Host, Repo: kept, Paths: set.Backup.Paths, States: !t.Image, Texts: textsOf(st), Owners: owners},
		foreign.Backups{Host: t.Host, Places: set.foreignPlaces(), Find: true},
		t.software(set, packages),
		merges.Files{Host: t.Host, Owners: owners},
		lifecycle.OS{Host: t.Host, System: t.release()},
	)
}

func (set settings) foreignPlaces() []foreign.Place {
	out := make([]foreign.Place, len(set.Foreign))
	for i, b := range set.Foreign {
		out[i] = foreign.Place{Path: b.Path, Source: b.Source, Every: b.Every}
	}
	return out
}

// owners is who knows whose a file is: the first package manager of the system that
// does; where none does, dpkg says that it has no database.
func (t *target) owners(set settings) integrity.Attestor {
	for _, m := range managers.For(t.Host, t.facts.Family, set.Packages.MaxIndexAge) {
		if owners, ok := m.(integrity.Attestor); ok {
			return owners
		}
	}
	return &apt.Manager{Host: t.Host}
}

// software holds the feeds of advisories against the packages, where there are any.
func (t *target) software(set settings, list []pkgupdate.Manager) updates.Software {
	s := updates.Software{Managers: list, System: t.facts.Pretty, Host: t.Host, Policy: set.Packages.policy()}
	if set.Packages.Advisories != "" {
		s.Advisories.FS = os.DirFS(set.Packages.Advisories)
	}
	return s
}

// repo is the agent's own store. Without recipients its identity lies beside it, so
// that what changed can be put back: who reads the state directory reads it all.
func (b backups) repo(st *statedir.Dir) backup.Repo {
	keys := agekey.Folder{Dir: st.Path("backup-keys"), Create: true, Readers: b.Recipients, Identity: b.identity}
	return backup.Repo{Store: dirstore.Dir(st.Path("backup")), Keys: keys.Keys(), State: st.Path("backup-state")}
}

// textsOf keeps what configuration held, without its secrets.
func textsOf(st *statedir.Dir) *confdiff.Cache {
	return &confdiff.Cache{Name: st.Path("backup-texts"), Key: st.RedactKey()}
}

// inventories are the lists that are compared with what was accepted.
func (t *target) inventories(st *statedir.Dir, set settings) (out []inventory.Check) {
	questions := []inventory.Question{accounts.Users{Host: t.Host}, startup.Jobs{Host: t.Host}}
	if !t.Image { // what holds now
		questions = append(questions, system.Mounts{Host: t.Host}, system.Sysctl{Host: t.Host}, system.Firewall{Host: t.Host}, listeners.Families{Host: t.Host})
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
func (set settings) told(path string) bool {
	asked := func(name string) bool { return !slices.Contains(set.LeaveOut, name) }
	return accounts.Tells(path) && asked(accounts.Users{}.Name()) || startup.Tells(path) && asked(startup.Jobs{}.Name())
}

// privileged looks where the files do not.
func (t *target) privileged(set settings) privileged.Programs {
	p := set.Files.profile()
	if len(p.Roots) == 0 {
		p = integrity.ProfileDaily()
	}
	told := func(path string) bool {
		return p.Selects(path, false) && !slices.Contains(set.LeaveOut, intfiles.System{}.Name())
	}
	return privileged.Programs{Host: t.Host, CoveredElsewhere: told}
}

// listeners asks the kernel of this machine as well as its /proc.
func (t *target) listeners(owners integrity.Attestor) listeners.Sockets {
	c := listeners.Sockets{Host: t.Host, Attestor: owners}
	if t.Local {
		c.Alive = live.Processes
	}
	return c
}

// profile is the daily one and what the settings add. The zero profile is the
// check's own.
func (f files) profile() integrity.Profile {
	if len(f.Roots)+len(f.Exclude) == 0 {
		return integrity.Profile{}
	}
	p := integrity.ProfileDaily()
	p.Roots = append(slices.Clone(p.Roots), f.Roots...)
	p.Exclude = append(slices.Clone(p.Exclude), f.Exclude...)
	return p
}

// signed asks whether a baseline is signed by those who may; nil where nobody has to.
func (f files) signed() func(*integrity.Baseline) error {
	if f.Signers == "" {
		return nil
	}
	return signature.By(f.Signers)
}

// running wraps checks that ask a running system: an image has no load, no
// listeners and no counters, so there the question does not exist.
func (t *target) running(checks ...report.Checker) []report.Checker {
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

// choose leaves out the checks that the settings name.
func (set settings) choose(all []report.Checker) ([]report.Checker, error) {
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
func logsOf(h host.Host, set logs) report.Checker {
	check := logwatch.System{Host: h, Extra: set.Extra, Openers: unpack.Openers()}
	if set.Rules != "" {
		return check.With(os.DirFS(set.Rules))
	}
	return check
}
