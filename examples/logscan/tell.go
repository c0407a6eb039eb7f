package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/follow/unpack"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/logs"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/jsonl"
	"github.com/pugetsoundtech/upkeep/report/render/text"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// telling is which logs of which system are told of.
type telling struct {
	*cli.Target
	names []string
}

// own reports whether the rules are files of our own form.
func (set settings) own() (bool, error) {
	if set.rules == "" {
		return false, nil
	}
	names, err := filepath.Glob(filepath.Join(set.rules, "*.rules"))
	return len(names) > 0, err
}

// catalogue gives our own rules, with those of a directory above them.
func (set settings) catalogue() (*logwatch.RuleSet, error) {
	if own, err := set.own(); err != nil || !own {
		return logwatch.Builtin(), err
	}
	return logwatch.Load(os.DirFS(set.rules))
}

// patience is how long a log may be read: as long as the person waits who started it, or
// the program that writes it.
func patience(string) time.Duration { return 7 * 24 * time.Hour }

// check runs the daily check of the logs.
func (t telling) check(ctx context.Context, set settings) (*report.Report, error) {
	sources := slices.Clone(t.names)
	for i, name := range sources {
		switch name {
		case journal:
			sources[i] = logs.Journal
		case input:
			sources[i] = logs.Input
		}
	}
	system, err := facts.Identify(ctx, t.Host)
	if ctx.Err() != nil {
		return nil, err
	}
	check := logs.System{Host: t.Host, Sources: sources, Input: os.Stdin, Whole: true, Openers: unpack.Openers()}
	check.Set, check.Faults = set.catalogue()
	once := suite.Suite{
		Labels:  report.Labels{Host: system.Hostname, System: system.Pretty, Boot: system.BootID},
		Checks:  []report.Checker{check},
		Timeout: patience,
	}
	if set.state != "" {
		name := t.Name
		if name == "" {
			name = system.Hostname
		}
		st, err := cli.OpenState(set.state, name, t.Machine(ctx))
		if err != nil {
			return nil, err
		}
		defer st.Close() //nolint:errcheck // the report is stored
		once.Store, once.RedactKey = st.Store(), st.RedactKey()
	}
	return once.Run(ctx)
}

// show prints a report.
func show(c cli.Call, set settings, rep *report.Report) (int, error) {
	var err error
	if set.json {
		err = jsonl.Write(c.Stdout, rep, jsonl.Options{})
	} else {
		err = text.Write(c.Stdout, rep, text.Options{})
	}
	return statusOf(rep), err
}

// statusOf is 3 where something could not be read, and 1 where there is anything
// to look at.
func statusOf(rep *report.Report) int {
	status := exitNothing
	for _, r := range rep.Results {
		if len(r.Findings) > 0 {
			status = exitLook
		}
	}
	for _, r := range rep.Results {
		if r.Status != report.OK {
			status = cli.Failed
		}
	}
	return status
}
