// Package fix carries out what a finding says is to be done: it shows the plan,
// acts when it is told to, verifies, and records how to take it back.
//
//	plan, err := fix.Of(finding)
//	fmt.Print(plan)
//	record, err := plan.Apply(ctx, run, time.Now)
//
// It chooses nothing and makes no command of its own: the argument vectors are
// those of the finding's remedy, and no shell sees them.
package fix

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
)

// ErrNoRemedy says that a finding has no commands: what is to be done is done by hand.
var ErrNoRemedy = errors.New("it has no commands, only advice")

// A Plan is what is to be done about one finding.
type Plan struct {
	Finding string        `json:"finding"` // fingerprint
	Title   string        `json:"title"`
	Remedy  report.Remedy `json:"remedy"`
}

// Of gives the plan of a finding. Where it has no commands to act with the error
// is ErrNoRemedy, with the advice.
func Of(f report.Finding) (Plan, error) {
	if f.Remedy == nil || len(f.Remedy.Do) == 0 {
		return Plan{}, fmt.Errorf("%s: %w: %s", f.Title, ErrNoRemedy, f.Fix)
	}
	return Plan{f.Fingerprint, f.Title, *f.Remedy}, nil
}

// String shows the plan as lines that a person may type.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, term.Visible(p.Title))
	for _, part := range []struct {
		label    string
		commands [][]string
	}{{"do", p.Remedy.Do}, {"verify", p.Remedy.Verify}, {"undo", p.Remedy.Undo}} {
		for _, command := range part.commands {
			fmt.Fprintf(&b, "  %-7s %s\n", part.label, prose.Quote(command...))
		}
	}
	return b.String()
}

// A Run runs one command. Its error says that the command did not end with
// success; output is what it wrote. Only those of Do change the system.
type Run func(ctx context.Context, command []string, changes bool) (output []byte, err error)

// A Record says what was done.
type Record struct {
	Plan
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	Steps    []Step    `json:"steps"`
	Done     bool      `json:"done"`     // each command of Do succeeded
	Verified bool      `json:"verified"` // and each of Verify, of which there is one at least
}

// A Step is one command that was run.
type Step struct {
	Command []string `json:"command"`
	Output  string   `json:"output,omitempty"` // its end
	Error   string   `json:"error,omitempty"`
}

const maxOutput = 4 << 10

// Apply runs the commands, each after the one before succeeded, then those that
// verify. The record says how far it came; the error, what failed.
func (p Plan) Apply(ctx context.Context, run Run, now func() time.Time) (Record, error) {
	r := Record{Plan: p, Began: now().UTC()}
	err := r.all(ctx, run, p.Remedy.Do, true)
	if r.Done = err == nil; r.Done {
		if err = r.all(ctx, run, p.Remedy.Verify, false); err != nil {
			err = fmt.Errorf("done, but it did not help: %w", err)
		}
		r.Verified = err == nil && len(p.Remedy.Verify) > 0
	}
	r.Ended = now().UTC()
	return r, err
}

func (r *Record) all(ctx context.Context, run Run, commands [][]string, changes bool) error {
	for _, command := range commands {
		if err := ctx.Err(); err != nil {
			return err
		}
		output, err := run(ctx, command, changes)
		step := Step{Command: command, Output: string(output[max(len(output)-maxOutput, 0):])}
		if err != nil {
			step.Error = err.Error()
		}
		r.Steps = append(r.Steps, step)
		if err != nil {
			return fmt.Errorf("%s: %w", prose.Quote(command...), err)
		}
	}
	return nil
}
