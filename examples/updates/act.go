package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/managers"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/job"
	"github.com/pugetsoundtech/upkeep/pkgupdate/restarts"
)

// acting is what the verbs that plan and install are told.
type acting struct {
	options   apply.Options
	conffiles string
	policy    string // file
	approved  string // beginning of a plan's hash
	jobs      string
	apply     bool
}

func (a *acting) flags(f *flag.FlagSet) {
	f.BoolVar(&a.options.Security, "security", false, "plan, apply: only security fixes, and only as far as they need")
	f.BoolVar(&a.options.Held, "held", false, "plan, apply: held packages too; the hold stays")
	f.BoolVar(&a.options.Remove, "remove", false, "plan, apply: what is in the way may be removed")
	f.StringVar(&a.conffiles, "conffiles", "", "plan, apply: edited configuration files: keep, replace or stop; empty: as the policy says, else keep")
	f.StringVar(&a.policy, "policy", "", "plan, apply: `file` of what people decided: windows, security-windows, holds, conffiles")
	f.StringVar(&a.approved, "plan", "", "apply: only if the plan's hash begins so")
	f.StringVar(&a.jobs, "jobs", managers.Jobs, "apply, verify: folder of the system for plans and transcripts")
	f.BoolVar(&a.apply, "apply", false, "apply: do it; else the plan is shown")
}

func (a *acting) applier(h host.Host, m pkgupdate.Manager) apply.Applier {
	return apply.Applier{Host: h, Manager: m, Dir: a.jobs, Zone: time.Local, Restarts: restarts.Programs{Host: h}}
}

// plan shows what would be done.
func (a *acting) plan(ctx context.Context, c cli.Call, h host.Host) (int, error) {
	return a.each(ctx, c, h, func(_ apply.Applier, p apply.Plan) (int, error) {
		if c.JSON {
			return a.pending(p), json.NewEncoder(c.Stdout).Encode(struct {
				apply.Plan
				Hash string `json:"hash"`
			}{p, p.Hash()})
		}
		if len(p.Steps)+len(p.Left)+len(p.Problems) == 0 {
			return 0, c.Say(nil, "nothing is to be done with "+p.Manager)
		}
		return a.pending(p), say(c, p.String())
	})
}

// say writes a text of several lines, each safe for a terminal.
func say(c cli.Call, text string) error {
	for line := range strings.Lines(text) {
		if err := c.Say(nil, strings.TrimSuffix(line, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// pending is the exit status of a plan. One that cannot be carried out is no answer.
func (a *acting) pending(p apply.Plan) int {
	status := 0
	for _, l := range p.Left {
		status = max(status, 1, map[bool]int{true: 2}[l.Security])
	}
	switch {
	case len(p.Problems) > 0:
		return cli.Failed
	case p.Security():
		return 2
	case len(p.Steps) > 0:
		return max(status, 1)
	}
	return status
}

// each makes the plan of each manager of the system.
func (a *acting) each(ctx context.Context, c cli.Call, h host.Host, fn func(apply.Applier, apply.Plan) (int, error)) (int, error) {
	if err := a.settle(c); err != nil {
		return 0, err
	}
	list, _, err := present(ctx, h)
	status, errs := 0, []error{err}
	for _, m := range list {
		doer := a.applier(h, m)
		p, err := doer.Plan(ctx, a.options)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		n, err := fn(doer, p)
		status = max(status, n)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return max(status, 1), err
	}
	return status, nil
}

// do carries the plan out, if it is told to.
func (a *acting) do(ctx context.Context, c cli.Call, h host.Host) (int, error) {
	if !a.apply {
		status, err := a.plan(ctx, c, h)
		if err == nil && status != 0 && !c.JSON {
			err = c.Say(nil, "Nothing was done. Add -apply to do it.")
		}
		return status, err
	}
	return a.each(ctx, c, h, func(doer apply.Applier, p apply.Plan) (int, error) {
		if a.approved != "" && !strings.HasPrefix(p.Hash(), a.approved) {
			return cli.Failed, fmt.Errorf("the plan is now %.12s and not %s: nothing was done; look at it with updates plan", p.Hash(), a.approved)
		}
		if len(p.Steps) == 0 && len(p.Problems) == 0 {
			return a.pending(p), c.Say(map[string]any{"manager": p.Manager, "done": 0}, "nothing is to be done with "+p.Manager)
		}
		if !c.JSON {
			if err := say(c, p.String()); err != nil {
				return cli.Failed, err
			}
		}
		r, err := doer.Apply(ctx, p)
		return outcome(c, r, err)
	})
}

// outcome says what became of a plan: 0 all of it is done and in effect, 1 something
// is to be done by hand, 2 a security fix is not in, 3 nobody knows.
func outcome(c cli.Call, r apply.Result, err error) (int, error) {
	if errors.Is(err, job.ErrRunning) {
		return cli.Failed, cli.Advise(err, "look again with: updates verify")
	}
	if r.Job.ID == "" {
		return cli.Failed, err
	}
	status := 0
	if err != nil && len(r.Done)+len(r.Undone) == 0 {
		status = cli.Failed // nobody knows
	}
	for _, s := range r.Done {
		if err := c.Say(map[string]any{"job": r.Job.ID, "step": s, "done": true}, "done", s.String()); err != nil {
			return cli.Failed, err
		}
	}
	for _, u := range r.Undone {
		status = max(status, 1, map[bool]int{true: 2}[u.Step.Security])
		if err := c.Say(map[string]any{"job": r.Job.ID, "step": u.Step, "done": false, "now": u.Now}, "not done", u.Step.String(), "now "+u.Now); err != nil {
			return cli.Failed, err
		}
	}
	for _, again := range r.Restarts.Value {
		status = max(status, 1)
		if err := c.Say(map[string]any{"job": r.Job.ID, "restart": again}, "restart", restartName(again), again.Reason); err != nil {
			return cli.Failed, err
		}
	}
	if r.Restarts.State == pkgupdate.Unknown && r.Restarts.Reason != nil {
		status = max(status, 1)
		err = errors.Join(err, fmt.Errorf("whether all of it is in effect is not known: %w", r.Restarts.Reason))
	}
	if r.Health != "" {
		status = max(status, 1)
		err = errors.Join(err, errors.New(r.Health))
	}
	if !c.JSON {
		for _, command := range r.Undo {
			err = errors.Join(err, c.Say(nil, "to take it back: "+strings.Join(command, " ")))
		}
	}
	return max(status, map[bool]int{true: 1}[err != nil]), err
}

func restartName(r pkgupdate.Restart) string {
	switch {
	case r.Reboot:
		return "the system"
	case r.Service != "":
		return r.Service
	}
	return fmt.Sprintf("process %d", r.PID)
}

// verify says of the jobs that are named, or of the last and those that did not end,
// what became of them.
func (a *acting) verify(ctx context.Context, c cli.Call, h host.Host) (int, error) {
	list, _, err := present(ctx, h)
	status, told, errs := 0, 0, []error{err}
	for _, m := range list {
		doer := a.applier(h, m)
		jobs, err := doer.Jobs(ctx)
		errs = append(errs, err)
		for i, j := range jobs {
			if !asked(c.Args, j, i == len(jobs)-1) {
				continue
			}
			told++
			n, err := a.look(ctx, c, doer, j)
			status = max(status, n)
			errs = append(errs, err)
		}
	}
	if told == 0 {
		errs = append(errs, c.Say(map[string]any{"jobs": 0}, "nothing was installed with updates here"))
	}
	if len(c.Args) > told {
		errs = append(errs, fmt.Errorf("a job is missing in %s: %w", a.jobs, os.ErrNotExist))
	}
	return status, errors.Join(errs...)
}

func asked(ids []string, j apply.Job, last bool) bool {
	for _, id := range ids {
		if id == j.ID {
			return true
		}
	}
	return len(ids) == 0 && (last || j.State == job.Running)
}

func (a *acting) look(ctx context.Context, c cli.Call, doer apply.Applier, j apply.Job) (int, error) {
	if err := c.Say(map[string]any{"job": j.ID, "state": j.State}, "job "+j.ID, string(j.State)); err != nil {
		return cli.Failed, err
	}
	if j.State == job.Running {
		return cli.Failed, nil
	}
	r, err := doer.Resume(ctx, j.ID)
	return outcome(c, r, err)
}
