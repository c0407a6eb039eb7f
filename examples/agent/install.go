package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/managers"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/restarts"
	"github.com/pugetsoundtech/upkeep/report"
)

// installable are the rules whose findings are mended by installing exactly what they
// name. What their remedies have for a person to type chooses versions by itself.
var installable = []string{"pkgupdate.updates.security-pending", "pkgupdate.updates.security-held"}

// packagesOf gives the labels of a finding's packages of a manager.
func packagesOf(f report.Finding, info pkgupdate.Info) []string {
	var labels []string
	for _, a := range f.Evidence {
		if label, ok := strings.CutPrefix(a.Value, info.Type+":"); ok && a.Key == report.Package && !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	return labels
}

// install shows the plan for the fix of a finding, or carries it out and keeps a record.
func (r *round) install(ctx context.Context, d *desk, f report.Finding, c cli.Call) error {
	h := d.target.Host
	h.Memo = nil // what is installed changes meanwhile
	for _, m := range managers.For(h, d.target.Facts, r.settings.Packages.MaxIndexAge) {
		labels := packagesOf(f, m.Info())
		if len(labels) == 0 {
			continue
		}
		doer := apply.Applier{Host: h, Manager: m, Dir: managers.Jobs, Zone: time.Local, Restarts: restarts.Programs{Host: h}}
		set := r.settings.Packages
		plan, err := doer.Plan(ctx, apply.Options{
			Security: true, Only: labels, Held: f.Rule == installable[1], Windows: set.SecurityWindows, Holds: set.Holds(), Conffiles: set.Conffiles,
		})
		if err != nil {
			return err
		}
		if !r.apply {
			return showPlan(c, plan)
		}
		fmt.Fprint(c.Stderr, lines(plan.String()))
		result, err := doer.Apply(ctx, plan)
		return errors.Join(err, d.keepInstalled(ctx, f, result), sayInstalled(c, result))
	}
	return fmt.Errorf("%s: its packages are of no package manager that is here", f.Title)
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
func (d *desk) keepInstalled(ctx context.Context, f report.Finding, r apply.Result) error {
	if r.Job.ID == "" {
		return nil
	}
	data, err := json.Marshal(struct {
		Finding string `json:"finding"`
		apply.Result
	}{f.Fingerprint, r})
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
