package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate/job"
)

// A Job is a run of a manager that this package started.
type Job struct {
	ID    string
	Plan  Plan
	State job.State
	Exit  int // exit status, once State is job.Ended
}

func (a Applier) folder() job.Folder { return job.Folder{Host: a.Host, Dir: a.Dir, Poll: a.Poll} }

// jobOf reads the plan of a job.
func jobOf(j job.Job) (Job, error) {
	mine := Job{ID: j.ID, State: j.State, Exit: j.Exit}
	if err := json.Unmarshal(j.Plan, &mine.Plan); err != nil {
		return mine, fmt.Errorf("job %s: %w", j.ID, err)
	}
	return mine, nil
}

// start begins to carry out a plan.
func (a Applier) start(ctx context.Context, p Plan, c host.Command) (string, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	return a.folder().Start(ctx, data, c)
}

// change runs a command that changes something, to its end.
func (a Applier) change(ctx context.Context, c host.Command) error {
	c.Mutates = true
	out, err := a.Host.Run(ctx, c)
	if err != nil {
		return err
	}
	return out.Err()
}

// Jobs lists the jobs of this manager that are kept, oldest first. One that cannot be
// read is in the error beside the others.
func (a Applier) Jobs(ctx context.Context) ([]Job, error) {
	t, err := toolFor(ctx, a.Host, a.Manager.Info().ID)
	if err != nil {
		return nil, err
	}
	all, err := a.folder().Jobs(ctx)
	errs := []error{err}
	var list []Job
	for _, one := range all {
		j, err := jobOf(one)
		errs = append(errs, err)
		if err == nil && j.Plan.Manager == t.name {
			list = append(list, j)
		}
	}
	return list, errors.Join(errs...)
}

// Transcript is what the manager wrote so far; of a long one its end, with
// host.ErrTruncated.
func (a Applier) Transcript(ctx context.Context, id string) ([]byte, error) {
	return a.folder().Transcript(ctx, id)
}

// wait looks at a job until it is no longer running, or ctx ends: then the job goes
// on, and the error is a *RunningError.
func (a Applier) wait(ctx context.Context, id string) (Job, error) {
	one, err := a.folder().Wait(ctx, id)
	if err != nil && !errors.Is(err, job.ErrRunning) {
		return Job{ID: id}, err
	}
	if len(one.Plan) == 0 { // the end of ctx came before the first look
		return Job{ID: id}, &RunningError{Job: id}
	}
	j, badPlan := jobOf(one)
	if err == nil {
		return j, badPlan
	}
	return j, &RunningError{Job: id, Since: j.Plan.Made}
}
