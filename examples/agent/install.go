package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/managers"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/restarts"
	"github.com/pugetsoundtech/upkeep/report"
)

// installable are the rules whose findings are mended by installing exactly what they
// name. What their remedies have for a person to type chooses versions by itself.
var installable = [2]string{"pkgupdate.updates.security-pending", "pkgupdate.updates.security-held"}

// errApart says that fixes cannot be installed by one plan.
var errApart = errors.New("not by one plan")

// installAll installs security fixes by one plan of exact versions, as each plan takes
// seconds to make; where one of them is in the way of the others, each by its own.
func (r *round) installAll(ctx context.Context, d *desk, list []report.Finding, c cli.Call) (done int, refused []error) {
	if len(list) > 1 {
		switch err := r.install(ctx, d, list, c); {
		case err == nil:
			return len(list), nil
		case !errors.Is(err, errApart):
			return 0, []error{err}
		}
	}
	for _, f := range list {
		if err := r.install(ctx, d, []report.Finding{f}, c); err != nil {
			refused = append(refused, err)
			continue
		}
		done++
	}
	return done, refused
}

// install shows the plan for the fix of findings of one rule, or carries it out and keeps
// a record. Of several it is errApart, before anything is done, where they are not to be
// fixed by one plan.
func (r *round) install(ctx context.Context, d *desk, list []report.Finding, c cli.Call) error {
	h := d.target.Host
	h.Memo = nil // what is installed changes meanwhile
	for _, m := range managers.For(h, d.target.Facts, r.settings.Packages.MaxIndexAge) {
		labels, apart := daily.Together(list, m.Info())
		if len(labels) == 0 {
			continue
		}
		if apart && len(list) > 1 {
			return errApart
		}
		doer := apply.Applier{Host: h, Manager: m, Dir: managers.Jobs, Zone: time.Local, Restarts: restarts.Programs{Host: h}}
		set := r.settings.Packages
		plan, err := doer.Plan(ctx, apply.Options{
			Security: true, Only: labels, Held: list[0].Rule == installable[1], Windows: set.SecurityWindows, Holds: set.Holds(), Conffiles: set.Conffiles,
		})
		if len(list) > 1 && (err != nil || !daily.FixesAll(plan, list, m.Info())) && ctx.Err() == nil {
			return errApart
		}
		if err != nil {
			return err
		}
		if !r.apply {
			return showPlan(c, plan)
		}
		fmt.Fprint(c.Stderr, lines(plan.String()))
		result, err := doer.Apply(ctx, plan)
		return errors.Join(err, d.keepInstalled(ctx, list, result), sayInstalled(c, result))
	}
	return fmt.Errorf("%s: its packages are of no package manager that is here", list[0].Title)
}

func showPlan(c cli.Call, plan apply.Plan) error {
	if c.JSON {
		return json.NewEncoder(c.Stdout).Encode(plan)
	}
	if _, err := fmt.Fprint(c.Stdout, lines(plan.String())); err != nil {
		return err
	}
	if len(plan.Problems) > 0 || len(plan.Steps) == 0 {
		return errors.New("the fix cannot be installed now")
	}
	_, err := fmt.Fprintln(c.Stdout, "Add -apply to do it.")
	return err
}

// keepInstalled records what became of a plan that was begun.
func (d *desk) keepInstalled(ctx context.Context, list []report.Finding, r apply.Result) error {
	if r.Job.ID == "" {
		return nil
	}
	var of []string
	for _, f := range list {
		of = append(of, f.Fingerprint)
	}
	data, err := json.Marshal(struct {
		Findings []string `json:"findings"`
		apply.Result
	}{of, r})
	return errors.Join(err, d.Append(context.WithoutCancel(ctx), fixedKind, data))
}

func sayInstalled(c cli.Call, r apply.Result) error {
	var err error
	for _, s := range r.Done {
		err = errors.Join(err, c.Say(s, "done", s.String()))
	}
	for _, again := range r.Restarts.Value {
		what := again.Service
		if what == "" {
			what = fmt.Sprintf("process %d", again.PID)
		}
		if again.Reboot {
			what = "the system"
		}
		err = errors.Join(err, c.Say(again, "to be started again: "+what, again.Reason))
	}
	err = errors.Join(err, sayUndo(c, r.Undo))
	if r.Restarts.State == pkgupdate.Unknown && r.Restarts.Reason != nil {
		err = errors.Join(err, fmt.Errorf("whether all of it is in effect is not known: %w", r.Restarts.Reason))
	}
	return err
}
