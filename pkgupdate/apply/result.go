package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/job"
)

// A Result is what became of a plan, as the inventory has it afterwards.
type Result struct {
	Job      Job                                   `json:"job"`
	Done     []Step                                `json:"done"`
	Undone   []Undone                              `json:"undone,omitempty"`
	Faults   []string                              `json:"faults,omitempty"`  // what is half done
	Restarts pkgupdate.Answer[[]pkgupdate.Restart] `json:"-"`                 // what still runs old code; Unknown where nobody was asked
	Health   string                                `json:"health,omitempty"`  // why the look afterwards failed
	Undo     [][]string                            `json:"undo,omitempty"`    // commands that take it back, for a person
	Failure  string                                `json:"failure,omitempty"` // what the manager said
}

// An Undone step is not as the plan wants it.
type Undone struct {
	Step Step   `json:"step"`
	Now  string `json:"now"` // the version that is there; "" where none is
}

// Complete reports whether every step is done, and nothing is half done.
func (r Result) Complete() bool {
	return r.Job.State == job.Ended && len(r.Undone) == 0 && len(r.Faults) == 0
}

// Resume waits for a job and says what became of it, also when another process began
// it, or a connection ended meanwhile.
func (a Applier) Resume(ctx context.Context, id string) (Result, error) {
	ctx = host.Afresh(ctx)
	j, err := a.wait(ctx, id)
	if err != nil {
		return Result{Job: j}, err
	}
	r := Result{Job: j}
	t, err := toolFor(ctx, a.Host, a.Manager.Info().ID)
	if err != nil {
		return r, err
	}
	if err := a.reconcile(ctx, &r); err != nil {
		return r, err
	}
	if t.undo != nil && len(r.Done) > 0 {
		r.Undo = t.undo(r.Done)
	}
	said := t.ends[j.Exit]
	if j.State != job.Ended {
		said = nil
	}
	a.restarts(ctx, &r, said)
	if errors.Is(said, ErrScript) {
		r.Faults = append(r.Faults, said.Error())
	}
	if a.Health != nil {
		if err := a.Health(ctx); err != nil {
			r.Health = err.Error()
		}
	}
	err = errors.Join(a.verdict(ctx, &r), a.holdAgain(ctx, t, r.Job.Plan))
	if errors.Is(said, ErrAgain) || errors.Is(said, ErrScript) {
		err = errors.Join(said, err)
	}
	return r, err
}

// restarts asks for what still runs old code. A kernel does until the next boot, and
// no file of a process shows it.
func (a Applier) restarts(ctx context.Context, r *Result, said error) {
	if a.Restarts != nil {
		r.Restarts = a.Restarts.Restarts(ctx)
	}
	reason := ""
	if errors.Is(said, errReboot) {
		reason = said.Error()
	}
	for _, s := range r.Done {
		if s.Action != Remove && s.kernel() {
			reason = s.Name + " is a kernel, which runs after a reboot"
		}
	}
	if reason == "" {
		return
	}
	r.Restarts.Value = append(r.Restarts.Value, pkgupdate.Restart{Reboot: true, Reason: reason})
	if r.Restarts.State == pkgupdate.Empty {
		r.Restarts.State = pkgupdate.Known
	}
}

// holdAgain gives back the holds of a person that the job took.
func (a Applier) holdAgain(ctx context.Context, t tool, p Plan) error {
	var freed []Step
	for _, pkg := range a.Manager.Installed(ctx).Value {
		for _, s := range p.Steps {
			if s.Held && s.of(pkg) && !pkg.Held {
				freed = append(freed, s)
			}
		}
	}
	if len(freed) == 0 || t.hold == nil {
		return nil
	}
	if err := a.change(ctx, host.Command{Args: t.hold(freed)}); err != nil {
		return fmt.Errorf("hold again: %w", err)
	}
	return nil
}

// reconcile compares the inventory with the plan. The exit status is no answer.
func (a Applier) reconcile(ctx context.Context, r *Result) error {
	installed := a.Manager.Installed(ctx)
	if len(installed.Value) == 0 {
		return fmt.Errorf("what became of job %s is not known: %w", r.Job.ID, installed.Reason)
	}
	var open map[string]bool
	for _, s := range r.Job.Plan.Steps {
		now, there := "", false
		for _, p := range installed.Value {
			if !s.of(p) {
				continue
			}
			if v := p.Version.String(); !there || v == s.To { // of kernels there are several
				now, there = v, true
			}
			if p.Fault != "" {
				r.Faults = append(r.Faults, p.Label()+" is "+p.Fault)
			}
		}
		done := there && now == s.To
		switch s.Action {
		case Remove:
			done = !there
		case Patch:
			if open == nil {
				var err error
				if open, err = a.openPatches(ctx); err != nil {
					return fmt.Errorf("what became of job %s is not known: %w", r.Job.ID, err)
				}
			}
			done = !open[s.Name]
		}
		if done {
			r.Done = append(r.Done, s)
		} else {
			r.Undone = append(r.Undone, Undone{s, now})
		}
	}
	return nil
}

// openPatches are those that are still pending.
func (a Applier) openPatches(ctx context.Context) (map[string]bool, error) {
	pending := a.Manager.Pending(ctx)
	open := map[string]bool{}
	for _, p := range pending.Value.Patches {
		open[p.ID] = true
	}
	return open, pending.Reason
}

// verdict is nil when all is done, else why not.
func (a Applier) verdict(ctx context.Context, r *Result) error {
	if r.Complete() {
		return nil
	}
	var errs []error
	if r.Job.State == job.Interrupted {
		errs = append(errs, job.ErrInterrupted)
	}
	transcript, err := a.Transcript(ctx, r.Job.ID)
	errs = append(errs, err, why(transcript))
	r.Failure = string(transcript[max(0, len(transcript)-toldBytes):])
	var names []string
	for _, u := range r.Undone {
		names = append(names, u.Step.Name)
	}
	if len(names) > 0 {
		errs = append(errs, fmt.Errorf("%w: %s (exit status %d)", ErrPartial, prose.List(names, 5), r.Job.Exit))
	}
	if len(r.Faults) > 0 {
		errs = append(errs, fmt.Errorf("%w: %s", pkgupdate.ErrInterrupted, prose.List(r.Faults, 5)))
	}
	return errors.Join(errs...)
}

const toldBytes = 2000 // of the end of what a manager wrote
