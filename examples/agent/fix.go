package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/fix"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// fixedKind is the kind of a fix's record in the log of what people did.
const fixedKind = "fix.applied"

// fix shows what is to be done about findings, and does it with -apply.
func (r *round) fix(ctx context.Context, c cli.Call) (int, error) {
	d, err := r.openDesk(ctx)
	if err != nil {
		return 0, err
	}
	defer d.target.Close()
	items, refused := selected(d.standings, c.Args)
	if r.apply {
		if err := r.person.name(os.Getenv); err != nil {
			return 0, err
		}
		d.By = r.person.by
	}
	done := 0
	var installs [2][]report.Finding // by the rules that are installable
	for _, it := range items {
		if at := slices.Index(installable[:], it.Finding.Rule); at >= 0 {
			installs[at] = append(installs[at], it.Finding)
			continue
		}
		if err := r.mend(ctx, d, it.Finding, c); err != nil {
			refused = append(refused, err)
			continue
		}
		done++
	}
	for _, list := range installs {
		n, errs := r.installAll(ctx, d, list, c)
		done, refused = done+n, append(refused, errs...)
	}
	for _, err := range refused {
		fmt.Fprintf(c.Stderr, "agent: not done: %s\n", cli.Line(err))
	}
	if done == 0 || len(refused) > 0 {
		return exitRefused, nil
	}
	return 0, nil
}

// mend does about one finding what its remedy says.
func (r *round) mend(ctx context.Context, d *desk, f report.Finding, c cli.Call) error {
	plan, err := fix.Of(f)
	if err != nil {
		return err
	}
	return r.carryOut(ctx, d, plan, c)
}

// carryOut shows one plan, or carries it out and keeps a record.
func (r *round) carryOut(ctx context.Context, d *desk, plan fix.Plan, c cli.Call) error {
	if !r.apply {
		if c.JSON {
			return json.NewEncoder(c.Stdout).Encode(plan)
		}
		_, err := fmt.Fprintf(c.Stdout, "%sAdd -apply to do it.\n", lines(plan.String()))
		return err
	}
	rec, err := plan.Apply(ctx, func(ctx context.Context, command []string, changes bool) ([]byte, error) {
		fmt.Fprintf(c.Stderr, "running %q\n", command)
		out, err := d.target.Host.Run(ctx, host.Command{Args: command, Mutates: changes})
		if err == nil {
			err = out.Err()
		}
		return append(out.Stdout, out.Stderr...), err
	}, time.Now)
	data, jsonErr := json.Marshal(rec)
	err = errors.Join(err, jsonErr)
	if jsonErr == nil {
		err = errors.Join(err, d.Append(ctx, fixedKind, data))
	}
	if err != nil {
		return err
	}
	what := "done"
	if rec.Verified {
		what = "done and verified"
	}
	if err := c.Say(rec, what+": "+plan.Title); err != nil || c.JSON {
		return err
	}
	return sayUndo(c, plan.Remedy.Undo)
}

// sayUndo tells the commands that take back what was done.
func sayUndo(c cli.Call, commands [][]string) (err error) {
	for _, part := range render.Remedy(&report.Remedy{Undo: commands}) {
		for i, line := range part.Lines {
			err = errors.Join(err, c.Say(map[string]any{"undo": commands[i]}, "to undo it: "+line))
		}
	}
	return err
}

// explain says why a finding is there.
func (r *round) explain(ctx context.Context, c cli.Call) (int, error) {
	d, err := r.openDesk(ctx)
	if err != nil {
		return 0, err
	}
	defer d.target.Close()
	found, err := review.Select(d.standings, c.Args[0])
	if err != nil {
		return exitRefused, err
	}
	for _, s := range found {
		why := explanations(d.saved.Report, s.Finding.Fingerprint)
		if len(why) == 0 {
			if err := c.Say(map[string]any{"finding": s.Finding.Fingerprint}, s.Finding.Title, unexplained(s.Check, s.Finding)); err != nil {
				return 0, err
			}
		}
		for _, e := range why {
			if err := c.Say(e, s.Finding.Title, e.Text, e.Confidence); err != nil {
				return 0, err
			}
		}
	}
	return 0, nil
}

// unexplained says what is known of a finding that nothing explains. Only what
// happened, or is not as it was, was done by somebody.
func unexplained(check string, f report.Finding) string {
	if f.Kind == report.Event || strings.HasPrefix(check, "integrity.") || f.Explain == "" {
		return "nothing explains it: no session, package or job is known to have done it"
	}
	return "it is how things are, and nobody's act: " + f.Explain
}

func explanations(rep *report.Report, fingerprint string) []report.Explanation {
	var out []report.Explanation
	for _, e := range rep.Explanations {
		if e.Finding == fingerprint {
			out = append(out, e)
		}
	}
	return out
}

// lines makes each line of a text safe for a terminal.
func lines(text string) string {
	out := ""
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		out += cli.Visible(line) + "\n"
	}
	return out
}
