package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/agent/internal/fleet"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/delivery"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/deliver"
	"github.com/pugetsoundtech/upkeep/report/explain"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/render/html"
	"github.com/pugetsoundtech/upkeep/report/render/jsonl"
	"github.com/pugetsoundtech/upkeep/report/render/text"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/statedir"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// Checks at a time: of this machine so many that what waits for a command or a
// server holds nobody up; of a far one so many that their questions share exchanges.
const (
	nearChecks = 4
	farChecks  = 32
)

// round is one daily round.
type round struct {
	settings daily.Settings
	json     bool
	recordTo string // -record
	apply    bool   // -apply
	identity string // -identity
	schedule bool   // -schedule
	selftest bool   // -selftest
	only     string // -only
	page     bool   // -page
	maxAge   time.Duration
	person   person
	wrap     func(host.Host) host.Host // what stands between the checks and the target; nil: nothing
}

// run opens what the settings name and looks once. An error means that there is
// no report.
func (r *round) run(ctx context.Context, c cli.Call) (int, error) {
	switch {
	case r.schedule:
		return r.keep(ctx, c)
	case r.selftest:
		return r.tryAll(ctx, c)
	}
	target, err := daily.Open(ctx, r.settings.Host, r.wrap)
	if err != nil {
		return 0, err
	}
	defer target.Close()
	if r.recordTo != "" {
		return r.record(ctx, target, c)
	}
	status, err := r.once(ctx, target, c)
	if err != nil && status == 0 && !errors.Is(err, statedir.ErrLocked) { // whose run is under way tells by itself
		err = errors.Join(err, delivery.Fail(context.WithoutCancel(ctx), r.settings.Deliver, err))
	}
	return status, err
}

// once looks once. An error with the status 0 means that there is no report.
func (r *round) once(ctx context.Context, target *daily.Target, c cli.Call) (int, error) {
	st, err := cli.OpenState(r.settings.State, target.Name, target.Machine(ctx))
	if err != nil {
		return 0, err
	}
	defer st.Close() //nolint:errcheck // the lock ends with the process

	bar := cli.NewProgress(c.Stderr, r.json)
	told := context.AfterFunc(ctx, func() {
		bar.Note("agent: stopping; what was found so far is stored and shown. Once more, and it stops at once.")
	})
	seen, rep, err := r.look(ctx, target, st, bar)
	told()
	bar.End()
	if rep == nil {
		return 0, err
	}
	late, lateErr := seen.late()
	printErr := r.print(c.Stdout, rep, late)
	if printErr != nil {
		printErr = fmt.Errorf("%w; it is kept in %s, if that was possible", printErr, st.Path("reports"))
	}
	// Who does not read to the end was told all the same, and who stops the run.
	if err = errors.Join(err, lateErr, printErr, seen.told(context.WithoutCancel(ctx))); err != nil {
		return exitUnstored, err
	}
	if !r.json && !r.quiet(rep) {
		r.closing(c.Stdout, rep, r.folder(st))
	}
	return exitCode(rep, r.settings.Strict, len(late) > 0), nil
}

// look runs the checks that suit the target once, and keeps the report, of which
// the screen is still to be told.
func (r *round) look(ctx context.Context, t *daily.Target, st *statedir.Dir, bar *cli.Progress) (seen *screen, rep *report.Report, err error) {
	labels := r.labels(ctx, t)
	acts := actsOf(r.settings, st, labels)
	t.SignedOff = func(ctx context.Context) (time.Time, error) {
		log, err := acts.Acts(ctx)
		return signedAt(log), err
	}
	all, err := t.Checks(st, r.settings)
	if err != nil {
		return nil, nil, err
	}
	checks, err := r.settings.Choose(all)
	if err != nil {
		return nil, nil, err
	}
	targets, err := delivery.Targets(r.settings.Deliver, st.Path("undelivered"), nil)
	if err != nil {
		return nil, nil, err
	}
	if r.settings.Database != "" {
		targets.List = append(targets.List, deliver.Target{Name: "database", To: fleet.Shared{Address: r.settings.Database, Labels: labels}})
	}
	if r.only != "" && !r.page {
		for i := range targets.List {
			if i >= len(r.settings.Deliver) || r.settings.Deliver[i].Ping == "" {
				targets.List[i].To = onlyNews{targets.List[i].To}
			}
		}
	}
	seen = &screen{dir: st.Path("untold")}
	set := &suite.Suite{
		Checks: checks, Store: seen.over(st.Store()), Explain: explain.Joins, Review: review.Fold(acts), Reporter: deliver.Multi(seen, r.pages(st), targets),
		Labels: labels, LeftOut: r.settings.LeftOut(), RedactKey: st.RedactKey(), Timeout: func(string) time.Duration { return r.settings.Timeout },
		Progress: func(step report.Progress) { bar.Step(describe(step), step.State == "ended") },
	}
	if set.Parallel = nearChecks; t.Far {
		set.Parallel = farChecks
	}
	delivery.Begin(ctx, r.settings.Deliver)
	bar.Begin(len(set.Checks))
	if r.only == "" {
		rep, err = set.Run(ctx)
	} else {
		rep, err = set.RunOnly(ctx, strings.Split(r.only, ",")...)
	}
	return seen, rep, err
}

func describe(step report.Progress) string {
	if step.State == "running" && step.Done > 0 {
		return fmt.Sprintf("%s: %d %s", step.Check, step.Done, step.Unit)
	}
	return step.Check
}

// pages is the folder, unless only news is to be kept.
func (r *round) pages(st *statedir.Dir) report.Reporter {
	if r.only != "" && !r.page {
		return onlyNews{r.folder(st)}
	}
	return r.folder(st)
}

// folder keeps the reports of each day.
func (r *round) folder(st *statedir.Dir) deliver.Folder {
	return deliver.Folder{Dir: st.Path("reports"), Formats: formats(), Keep: r.settings.KeepReports, Zone: time.Local}
}

func formats() []deliver.Format {
	return []deliver.Format{
		{Ext: "html", Write: func(w io.Writer, rep *report.Report) error {
			return html.Write(w, rep, html.Options{Zone: time.Local, Version: cli.Release})
		}},
		{Ext: "json", Write: func(w io.Writer, rep *report.Report) error {
			return jsonl.Write(w, rep, jsonl.Options{Whole: true})
		}},
		{Ext: "txt", Write: func(w io.Writer, rep *report.Report) error {
			return text.Write(w, rep, text.Options{Zone: time.Local})
		}},
	}
}

// print tells of late reports first; as JSON all are one document.
func (r *round) print(stdout io.Writer, rep *report.Report, late []report.Report) error {
	if r.json {
		return jsonl.Write(stdout, rep, jsonl.Options{Whole: true, Late: late})
	}
	t := cli.Look(stdout, os.Getenv)
	opt := text.Options{Zone: time.Local, Width: t.Width, Color: t.Color, ASCII: t.ASCII, MaxItems: 40, MaxLines: 6}
	for i := range late {
		if err := text.Write(stdout, &late[i], opt); err != nil {
			return err
		}
	}
	if r.quiet(rep) {
		return short(stdout, render.Verdict(rep))
	}
	return text.Write(stdout, rep, opt)
}

// closing says where everything is and what comes next.
func (r *round) closing(w io.Writer, rep *report.Report, folder deliver.Folder) {
	fmt.Fprintf(w, "\nReport:  %s (also .json and .txt; the newest is latest.html)\n", folder.Name(rep, "html"))
	if rep.Seq == 1 {
		fmt.Fprintf(w, "Next:    %s review    deal with what stands, and sign\n         %s -schedule  look every day; or run it again from cron\n", r.again(os.Args[0]), r.again(os.Args[0]))
	}
}

// again is the command line that runs the same once more. What "go run" built
// is gone by then.
func (r *round) again(self string) string {
	line := self
	switch {
	case strings.Contains(self, "go-build"):
		line = "go run ./examples/agent"
	case !strings.Contains(self, "/"):
		line = "agent"
	}
	set := r.settings
	if set.Host != "local" {
		line += " -host " + set.Host
	}
	if set.State != "" {
		line += " -state " + set.State
	}
	return line
}
