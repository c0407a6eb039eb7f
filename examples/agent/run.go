package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/deliver"
	"github.com/pugetsoundtech/upkeep/report/explain"
	"github.com/pugetsoundtech/upkeep/report/render/html"
	"github.com/pugetsoundtech/upkeep/report/render/jsonl"
	"github.com/pugetsoundtech/upkeep/report/render/text"
)

const version = "0.1.0"

// Exit codes, worst meaning first: 4, 2, 3, 1, 0.
const (
	exitQuiet    = 0 // nothing new
	exitLook     = 1 // something to look at
	exitCritical = 2 // something critical is open
	exitUnknown  = 3 // could not look at everything, or did not run at all
	exitUnstored = 4 // the report could not be stored or delivered
)

const usage = `Usage: agent [flags]

Looks at this machine once, compares with the runs before, and shows what is new.
The first run takes the baseline. As a normal user it sees less, and says what.
It changes nothing outside its state directory.

Examples:
  agent                           the daily round of this machine
  agent -json                     the same, as JSON on standard output
  agent -host root:/              the files of a mounted system; no command is run
  agent -state ./upkeep-state     keep the state somewhere else

Exit status: 0 nothing new, 1 something to look at, 2 something critical is open,
3 could not look at everything, 4 the report could not be stored.
(With "go run" every status but 0 is shown as 1; build the program to see it.)

Flags:
`

type options struct {
	json   bool
	strict bool
	state  string
	target string
}

func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("agent", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // a mistake is one line, which run writes
	flags.BoolVar(&o.json, "json", false, "write the report as JSON to standard output")
	flags.BoolVar(&o.strict, "strict", false, "exit 3 also for what is not seen only for want of root's rights")
	flags.StringVar(&o.state, "state", "", "`directory` of all state (default: /var/lib/upkeep for root, else upkeep in the XDG state directory)")
	flags.StringVar(&o.target, "host", "local", "the `system` to look at: local, root:/mnt/image, ssh://user@name, replay:machine.txtar")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w; see agent -h", err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see agent -h", flags.Arg(0))
	}
	return o, nil
}

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitQuiet
	}
	if err == nil {
		var code int
		if code, err = o.run(ctx, stdout, stderr); err == nil {
			return code
		}
	}
	fmt.Fprintln(stderr, "agent:", err)
	return exitUnknown
}

// run opens what the flags name and looks once. An error means that there is
// no report.
func (o options) run(ctx context.Context, stdout, stderr io.Writer) (int, error) {
	target, err := openTarget(ctx, o.target)
	if err != nil {
		return 0, err
	}
	defer target.close()
	st, err := openState(o.state, target.name)
	if err != nil {
		return 0, err
	}
	defer st.close()

	bar := newProgress(stderr, o.json || dumb(os.Getenv))
	told := context.AfterFunc(ctx, func() {
		bar.note("agent: stopping; what was found so far is stored and shown. Once more, and it stops at once.")
	})
	rep, err := look(ctx, target, st, bar)
	told()
	bar.end()
	if rep == nil {
		return 0, err
	}
	if printErr := o.print(stdout, rep); printErr != nil {
		err = errors.Join(err, fmt.Errorf("%w; it is kept in %s, if that was possible", printErr, st.path("reports")))
	}
	if err != nil {
		fmt.Fprintln(stderr, "agent:", strings.ReplaceAll(err.Error(), "\n", "; "))
		return exitUnstored, nil
	}
	if !o.json {
		o.closing(stdout, rep, folder(st))
	}
	return exitCode(rep, o.strict), nil
}

// look runs the checks that suit the target once, and keeps the report.
func look(ctx context.Context, t *target, st *state, bar *progress) (*report.Report, error) {
	suite := &report.Suite{
		Checks: t.checks(st), Store: st.store, Explain: explain.Joins, Reporter: folder(st),
		Labels: t.labels(ctx), RedactKey: st.redactKey, Progress: bar.show, Timeout: timeout,
	}
	bar.begin(len(suite.Checks))
	return suite.Run(ctx)
}

// folder keeps the reports of each day.
func folder(st *state) deliver.Folder {
	return deliver.Folder{Dir: st.path("reports"), Formats: formats(), Keep: keepReports}
}

const keepReports = 400

func formats() []deliver.Format {
	return []deliver.Format{
		{Ext: "html", Write: func(w io.Writer, rep *report.Report) error {
			return html.Write(w, rep, html.Options{Zone: time.Local, Version: version})
		}},
		{Ext: "json", Write: func(w io.Writer, rep *report.Report) error {
			return jsonl.Write(w, rep, jsonl.Options{Whole: true})
		}},
		{Ext: "txt", Write: func(w io.Writer, rep *report.Report) error {
			return text.Write(w, rep, text.Options{Zone: time.Local})
		}},
	}
}

func (o options) print(stdout io.Writer, rep *report.Report) error {
	if o.json {
		return jsonl.Write(stdout, rep, jsonl.Options{Whole: true})
	}
	return text.Write(stdout, rep, terminal(stdout, os.Getenv))
}

// timeout bounds each check: a daily run ends before anybody waits for it.
func timeout(string) time.Duration { return 5 * time.Minute }

// closing says where everything is and what comes next.
func (o options) closing(w io.Writer, rep *report.Report, folder deliver.Folder) {
	fmt.Fprintf(w, "\nReport:  %s (also .json and .txt)\n", folder.Name(rep, "html"))
	again := "agent"
	if o.target != "local" {
		again += " -host " + o.target
	}
	if o.state != "" {
		again += " -state " + o.state
	}
	if rep.Seq == 1 {
		fmt.Fprintf(w, "Next:    run  %s  again tomorrow, for example from cron; it will say what is new since now.\n", again)
	}
}
