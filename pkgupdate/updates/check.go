package updates

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/report"
)

// Software is the checker "pkgupdate.updates": pending updates and security
// fixes, broken packages, and what was installed, removed or upgraded since
// the last run. Of the Managers those answer whose database is on the host.
// Where there is none, the check says that it cannot tell.
type Software struct {
	Managers []pkgupdate.Manager
	System   string // the host's system in words, such as "OpenBSD 7.8", for messages

	// Every is how often the check runs; zero is a day. A fix whose day ends before
	// the next run is as urgent as one that is late.
	Every time.Duration

	// Advisories is a folder of feeds as they were fetched, which advisory reads;
	// without FS none is asked. It wants Host, the system that Managers are of.
	Advisories advisory.Folder
	Host       host.Host

	// KeepFeeds is a folder of this machine into which the feeds are copied as they were
	// read, so that the answer can be had again; "": they are not.
	KeepFeeds string

	// Policy is what was promised, and what people put on record.
	Policy Policy

	// MaxEvents bounds the changes that are reported one by one; the others
	// are one finding together. Zero is 200.
	MaxEvents int
}

const defaultEvents = 200

// Name returns "pkgupdate.updates".
func (s Software) Name() string { return name }

// Check asks the managers. Scopes are ID/pending/security, ID/pending/stable,
// ID/sources, ID/dependencies, ID/broken, ID/orphans, ID/development, ID/advisories,
// ID/ledger and ID/changes, where ID is the manager's; and records, of the policy.
func (s Software) Check(ctx context.Context, rec *report.Recorder) error {
	asked := 0
	standing := s.records(ctx, rec)
	for _, m := range s.Managers {
		if s.ask(ctx, rec, m, standing) {
			asked++
		}
	}
	if asked == 0 && ctx.Err() == nil {
		rec.Problem(s.noAdapter(), "packages")
	}
	return ctx.Err()
}

// noAdapter says that the database of no known manager is there.
func (s Software) noAdapter() error {
	ids := make([]string, len(s.Managers))
	for i, m := range s.Managers {
		ids[i] = m.Info().ID
	}
	return unsupported(fmt.Sprintf("no package manager with an adapter was found on %s (there is one yet for: %s): installed software and pending updates are not known",
		cmp.Or(s.System, "this system"), cmp.Or(strings.Join(ids, ", "), "nothing")))
}

// unsupported is errors.ErrUnsupported in words of its own.
type unsupported string

func (e unsupported) Error() string        { return string(e) }
func (e unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

// ask reports about one manager; false says that it is not on this system.
func (s Software) ask(ctx context.Context, rec *report.Recorder, m pkgupdate.Manager, standing []standing) bool {
	c := &managerCheck{
		rec: rec, manager: m, info: m.Info(), maxEvents: cmp.Or(s.MaxEvents, defaultEvents), every: cmp.Or(s.Every, 24*time.Hour),
		feeds: s.Advisories, keep: s.KeepFeeds, host: s.Host, policy: s.Policy, records: standing, idleTold: map[string]bool{}, came: map[string]bool{},
	}
	rec.Progress(0, 3, "steps")
	installed := m.Installed(ctx)
	if errors.Is(installed.Reason, pkgupdate.ErrAbsent) {
		return false
	}
	c.changes(ctx, installed)
	rec.Progress(1, 3, "steps")
	c.faults(ctx)
	rec.Progress(2, 3, "steps")
	c.pending(ctx, installed.Value)
	rec.Progress(3, 3, "steps")
	return true
}

// A managerCheck reports about one manager.
type managerCheck struct {
	rec       *report.Recorder
	manager   pkgupdate.Manager
	info      pkgupdate.Info
	maxEvents int
	every     time.Duration
	feeds     advisory.Folder
	keep      string // folder for them
	host      host.Host
	policy    Policy
	records   []standing
	acts      []act               // that the manager's log has since the last run
	old       map[string][]string // by package, and by source of a kernel: the files whose old code still runs
	came      map[string]bool     // packages that were not installed in this version in the last run
	local     []string            // labels of what the usual upgrade would replace, and has a fix of a build of one's own
	idleTold  map[string]bool     // sources of which a finding says that the fix is not in effect
}

// scope gives the scope of a part of the manager's questions.
func (c *managerCheck) scope(part string) string { return c.info.ID + "/" + part }

// problems records each error that errors.Join put together in err.
func (c *managerCheck) problems(err error, scope string) {
	for _, e := range pkgupdate.Parts(err) {
		c.rec.Problem(e, scope)
	}
}

// attrs tell the metrics of one manager from those of another.
func (c *managerCheck) attrs() []report.Attr {
	return []report.Attr{{Key: report.System, Value: c.info.ID}}
}

func (c *managerCheck) count(name string, n int) {
	c.rec.Metric(report.Metric{Name: name, Value: report.Count(uint64(n)), Attrs: c.attrs()})
}

// faults reports packages and databases that an interrupted run left half done.
func (c *managerCheck) faults(ctx context.Context) {
	auditor, ok := c.manager.(pkgupdate.Auditor)
	if !ok {
		return
	}
	a := auditor.Audit(ctx)
	for _, f := range a.Value {
		c.rec.Finding(c.fault(f))
	}
	if a.State == pkgupdate.Unknown {
		c.problems(a.Reason, c.scope("broken"))
		return
	}
	c.rec.Covered(c.scope("broken"))
}
