package pkgupdate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
)

// Updates is the checker "pkgupdate.updates": pending updates and security
// fixes, broken packages, and what was installed, removed or upgraded since
// the last run. Of the Managers those answer whose database is on the host.
// Where there is none, the check says that it cannot tell.
type Updates struct {
	Managers []Manager
	System   string // the host's system in words, such as "OpenBSD 7.8", for messages

	// MaxEvents bounds the changes that are reported one by one; the others
	// are one finding together. Zero is 200.
	MaxEvents int
}

const defaultEvents = 200

// Name returns "pkgupdate.updates".
func (u *Updates) Name() string { return "pkgupdate.updates" }

// Check asks the managers. Scopes are ID/pending/security, ID/pending/stable,
// ID/dependencies, ID/broken and ID/changes, where ID is the manager's.
func (u *Updates) Check(ctx context.Context, rec *report.Recorder) error {
	asked := 0
	for _, m := range u.Managers {
		present, err := m.Present(ctx)
		if err != nil {
			rec.Problem(fmt.Errorf("package manager %s: %w", m.Info().ID, err), m.Info().ID)
			asked++
		}
		if present {
			asked++
			u.ask(ctx, rec, m)
		}
	}
	if asked == 0 && ctx.Err() == nil {
		rec.Problem(u.noAdapter(), "packages")
	}
	return ctx.Err()
}

// noAdapter says that the database of no known manager is there.
func (u *Updates) noAdapter() error {
	ids := make([]string, len(u.Managers))
	for i, m := range u.Managers {
		ids[i] = m.Info().ID
	}
	return unsupported(fmt.Sprintf("no package manager with an adapter was found on %s (there is one yet for: %s): installed software and pending updates are not known",
		cmp.Or(u.System, "this system"), cmp.Or(strings.Join(ids, ", "), "nothing")))
}

// unsupported is errors.ErrUnsupported in words of its own.
type unsupported string

func (e unsupported) Error() string        { return string(e) }
func (e unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

func (u *Updates) ask(ctx context.Context, rec *report.Recorder, m Manager) {
	c := &managerCheck{rec: rec, manager: m, info: m.Info(), maxEvents: cmp.Or(u.MaxEvents, defaultEvents)}
	rec.Progress(0, 3, "steps")
	c.changes(ctx)
	rec.Progress(1, 3, "steps")
	c.faults(ctx)
	rec.Progress(2, 3, "steps")
	c.pending(ctx)
	rec.Progress(3, 3, "steps")
}

// A managerCheck reports about one manager.
type managerCheck struct {
	rec       *report.Recorder
	manager   Manager
	info      Info
	maxEvents int
}

// scope gives the scope of a part of the manager's questions.
func (c *managerCheck) scope(part string) string { return c.info.ID + "/" + part }

// problems records each error that errors.Join put together in err.
func (c *managerCheck) problems(err error, scope string) {
	for _, e := range parts(err) {
		c.rec.Problem(e, scope)
	}
}

// parts takes apart what errors.Join put together; nil has none.
func parts(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok || !isJoin(err, joined.Unwrap()):
		return []error{err}
	}
	var list []error
	for _, e := range joined.Unwrap() {
		list = append(list, parts(e)...)
	}
	return list
}

// isJoin tells errors.Join from an error with several parts and a text of its own.
func isJoin(err error, parts []error) bool {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.Error()
	}
	return err.Error() == strings.Join(texts, "\n")
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
	auditor, ok := c.manager.(Auditor)
	if !ok {
		return
	}
	a := auditor.Audit(ctx)
	for _, f := range a.Value {
		c.rec.Finding(c.fault(f))
	}
	if a.State == Unknown {
		c.problems(a.Reason, c.scope("broken"))
		return
	}
	c.rec.Covered(c.scope("broken"))
}

func (c *managerCheck) fault(f Fault) report.Finding {
	find := report.Finding{
		Rule: ruleInterrupted, Subject: report.Attr{Key: report.System, Value: c.info.ID}, Scope: c.scope("broken"),
		Title: fmt.Sprintf("An earlier run of %s did not end: %s", c.info.ID, f.What),
		Fix:   "Run: " + c.info.Commands.Repair,
	}
	if f.Pkg.Name != "" {
		find.Rule, find.Subject = ruleBroken, packageAttr(f.Pkg)
		find.Title = fmt.Sprintf("Package %s is not properly installed: %s", f.Pkg.Name, f.What)
	}
	return find
}
