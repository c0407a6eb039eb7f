package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/schedule"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// keep is -schedule: it looks in each rhythm until it is told to stop. Each look
// is a process of its own, so that nothing of one outlives it.
func (r *round) keep(ctx context.Context, c cli.Call) (int, error) {
	t, err := daily.Open(ctx, r.settings.Host, r.wrap)
	if err != nil {
		return 0, err
	}
	name, machine := t.Name, t.Machine(ctx)
	checks, err := names(t, r.settings)
	t.Close()
	if err != nil {
		return 0, err
	}
	jobs, err := r.jobs(name, checks)
	if err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	var one sync.Mutex // looks at a time: they share the state
	for i := range jobs {
		asked := jobs[i].asked
		jobs[i].Last = r.last(ctx, name, machine, asked)
		if i > 0 && jobs[0].Name == "daily" && jobs[0].Last.IsZero() {
			jobs[i].Last = time.Now() // the first look of all is the whole one
		}
		jobs[i].Failed = func(job string, err error) { fmt.Fprintf(c.Stderr, "agent: %s: %s\n", job, cli.Line(err)) }
		jobs[i].Run = func(ctx context.Context, _ time.Time) error {
			one.Lock()
			defer one.Unlock()
			return look(ctx, self, append(childArgs(os.Args[1:]), jobs[i].args()...), c)
		}
		fmt.Fprintf(c.Stderr, "agent: %s: %d checks, next at %s\n", jobs[i].Name, len(asked), jobs[i].next().Format(time.DateTime))
	}
	plain := make([]schedule.Job, len(jobs))
	for i, j := range jobs {
		plain[i] = j.Job
	}
	schedule.Keep(ctx, plain)
	return 0, nil
}

// A job is a rhythm with the checks that it asks.
type job struct {
	schedule.Job
	asked []string
}

// args say what is asked. Only the quick look writes no page without news.
func (j job) args() []string {
	args := []string{"-only", strings.Join(j.asked, ",")}
	if j.Name != "quick" {
		args = append(args, "-page")
	}
	return args
}

func (j job) next() time.Time {
	if j.Last.IsZero() {
		return time.Now()
	}
	return j.Rhythm.Next(j.Last.Local())
}

// names gives the checks that suit a target.
func names(t *daily.Target, set daily.Settings) ([]string, error) {
	checks, err := t.Checks(new(statedir.Dir), set)
	var out []string
	for _, c := range checks {
		if !slices.Contains(set.LeaveOut, c.Name()) {
			out = append(out, c.Name())
		}
	}
	return out, err
}

// jobs are the rhythms of the settings.
func (r *round) jobs(host string, checks []string) ([]job, error) {
	set := r.settings.Schedule
	at, err := time.Parse("15:04", set.Daily)
	if err != nil {
		return nil, fmt.Errorf("schedule: daily: %q is no time such as 06:30", set.Daily)
	}
	day := slices.IndexFunc(weekdays, func(d time.Weekday) bool { return strings.EqualFold(d.String(), set.Day) })
	if day < 0 {
		return nil, fmt.Errorf("schedule: day: %q is no day of the week", set.Day)
	}
	for _, name := range slices.Concat(set.Quick, set.Weekly) {
		if !slices.Contains(checks, name) && !slices.Contains(r.settings.LeaveOut, name) {
			return nil, cli.Unknown("check", name, checks)
		}
	}
	// Who is left out is asked in no rhythm.
	asked := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return !slices.Contains(checks, name) })
	}
	quick, weekly := asked(set.Quick), asked(set.Weekly)
	daily := slices.DeleteFunc(slices.Clone(checks), func(name string) bool { return slices.Contains(weekly, name) })
	var jobs []job
	add := func(name string, rhythm schedule.Rhythm, checks []string) {
		if len(checks) > 0 {
			jobs = append(jobs, job{schedule.Job{Name: name, Rhythm: rhythm}, checks})
		}
	}
	add("daily", schedule.Daily(at.Hour(), at.Minute()).On(host, set.Spread), daily)
	if set.Every > 0 {
		add("quick", schedule.Every(set.Every).On(host, set.Every), quick)
	}
	add("weekly", schedule.Weekly(weekdays[day], at.Hour(), at.Minute()).On(host, set.Spread), weekly)
	if len(jobs) == 0 {
		return nil, errors.New("schedule: every check is left out")
	}
	return jobs, nil
}

var weekdays = []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}

// last is when all of these checks were last asked, as the stored reports say;
// zero where one of them never was.
func (r *round) last(ctx context.Context, name, machine string, checks []string) time.Time {
	st, err := cli.ReadState(r.settings.State, name, machine)
	if err != nil {
		return time.Time{}
	}
	saved, err := st.Store().Load(ctx)
	if err != nil || saved.Report == nil {
		return time.Time{}
	}
	var first time.Time
	for _, check := range checks {
		at, ok := saved.Answered[check]
		if res := saved.Report.Result(check); !ok && res != nil {
			at = res.Started // it did not answer, and was asked
		}
		if at.IsZero() {
			return time.Time{}
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// childArgs are the arguments of one look.
func childArgs(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.TrimLeft(a, "-") == "schedule" })
}

// look looks once. What it found is no failure of the schedule.
func look(ctx context.Context, self string, args []string, c cli.Call) error {
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Minute
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		return nil
	}
	return err
}

// tellsNothing reports whether a run of some checks has nothing to tell: then
// there is no page for it.
func tellsNothing(rep *report.Report) bool {
	return len(rep.Notices) == 0 && !slices.ContainsFunc(rep.Changes, func(c report.Change) bool { return c.Kind != report.Still })
}

// quiet reports whether a line is enough, and no page is written.
func (r *round) quiet(rep *report.Report) bool { return r.only != "" && !r.page && tellsNothing(rep) }

// onlyNews is a reporter that is told only what has news.
type onlyNews struct{ report.Reporter }

// Report passes a report with news on.
func (o onlyNews) Report(ctx context.Context, rep *report.Report) error {
	if tellsNothing(rep) {
		return nil
	}
	return o.Reporter.Report(ctx, rep)
}

// short prints one line where there is nothing to tell.
func short(w io.Writer, verdict string) error {
	_, err := fmt.Fprintln(w, verdict)
	return err
}
