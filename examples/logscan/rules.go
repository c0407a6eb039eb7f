package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/logcheck"
	"github.com/pugetsoundtech/upkeep/logwatch/logs"
)

// summarize prints what the logs have, service by service.
func summarize(ctx context.Context, c cli.Call, set settings) (int, error) {
	t, err := set.open(ctx, c.Args)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	rep, err := t.check(ctx, set)
	if err != nil {
		return 0, err
	}
	for _, a := range rep.Results[0].Artifacts {
		if a.Name == logs.Summary {
			_, err = c.Stdout.Write(a.Data)
		}
	}
	if status := statusOf(rep); status == cli.Failed {
		_, shown := show(cli.Call{Stdout: c.Stderr}, set, rep)
		return status, errors.Join(err, shown)
	}
	return exitNothing, err
}

// odd is one line of explain and of lint.
type odd struct {
	Rule  string `json:"rule"`
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"`
	Level string `json:"level,omitempty"`
	Text  string `json:"text"`
}

func (o odd) say(c cli.Call) error {
	at := o.Rule
	if o.File != "" {
		at = fmt.Sprintf("%s:%d", o.File, o.Line)
		if o.Level != "" {
			at += " " + o.Rule
		}
	}
	return c.Say(o, strings.TrimSpace(at+" "+o.Level)+": "+o.Text)
}

// explain tells which rules match a line, in the order of decision.
func explain(ctx context.Context, c cli.Call, set settings) (int, error) {
	var list []odd
	text := strings.Join(c.Args, " ")
	if own, err := set.own(); err != nil || set.rules != "" && !own {
		level, levelErr := logcheck.ParseLevel(set.level)
		rules, _, readErr := logcheckRules(ctx, set.rules, level)
		if err = errors.Join(err, levelErr, readErr); err != nil {
			return 0, err
		}
		for _, r := range rules.Explain([]byte(text)) {
			list = append(list, odd{Rule: r.Name, File: r.File, Line: r.Line, Text: r.Text})
		}
	} else {
		rules, err := set.catalogue()
		if err != nil {
			return 0, err
		}
		for i, r := range rules.Explain(lineOf(text)) {
			what := "matches as well"
			if i == 0 {
				what = "decides"
			}
			list = append(list, odd{r.Name, r.File, r.Line, r.Level.String(), what})
		}
	}
	var errs []error
	for _, o := range list {
		errs = append(errs, o.say(c))
	}
	if len(list) == 0 {
		errs = append(errs, c.Say(odd{Text: "no rule matches"}, "no rule matches the line: it would be shown"))
	}
	return exitNothing, errors.Join(errs...)
}

// lineOf reads a line as it stands in a log, or its program and message.
func lineOf(text string) logwatch.Line {
	var p syslog.Parser
	if h := p.Parse([]byte(text)); h.Format != syslog.Plain {
		return logwatch.Line{Tag: h.Tag, Message: h.Message}
	}
	program, message, _ := strings.Cut(text, ": ")
	return logwatch.Line{Tag: []byte(program), Message: []byte(message)}
}

// lint tells of rules that do nothing.
func lint(ctx context.Context, c cli.Call, set settings) (int, error) {
	t, err := set.open(ctx, c.Args)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	s := &scan{target: t.Target, names: t.names, kept: &positions{at: map[string]logstream.Position{}}, in: os.Stdin, out: c.Stdout, err: c.Stderr}
	own, err := set.own()
	if err != nil {
		return 0, err
	}
	var list []odd
	if set.rules == "" || own {
		list, err = s.lintOwn(ctx, set)
	} else {
		list, err = s.lintLogcheck(ctx, set)
	}
	for _, o := range list {
		s.status = exitLook
		err = errors.Join(err, o.say(c))
	}
	return s.status, err
}

func (s *scan) lintOwn(ctx context.Context, set settings) ([]odd, error) {
	rules, bad := set.catalogue()
	list := rules.Lint()
	var errs []error
	if len(s.names) > 0 {
		uses := rules.Uses()
		for _, name := range s.names {
			errs = append(errs, s.records(ctx, name, func(r *logstream.Record) { uses.Add(logwatch.Line{Tag: r.Tag, Message: r.Message}) }))
		}
		list = append(list, uses.Unused()...)
	}
	var out []odd
	if bad != nil {
		for text := range strings.SplitSeq(bad.Error(), "\n") {
			out = append(out, odd{Rule: "wrong", Text: text})
		}
	}
	for _, l := range list {
		out = append(out, odd{l.Rule.Name, l.Rule.File, l.Rule.Line, l.Rule.Level.String(), l.Text})
	}
	return out, errors.Join(errs...)
}

func (s *scan) lintLogcheck(ctx context.Context, set settings) ([]odd, error) {
	level, err := logcheck.ParseLevel(set.level)
	if err != nil {
		return nil, err
	}
	rules, err := s.rules(ctx, set.rules, level)
	if err != nil {
		return nil, err
	}
	list := rules.Lint()
	if len(s.names) > 0 {
		uses := rules.Uses()
		err = s.lines(ctx, func(lines []follow.Line) {
			for i := range lines {
				uses.Add(appendLine(nil, &lines[i]))
			}
		})
		list = append(list, uses.Unused()...)
	}
	var out []odd
	for _, l := range list {
		out = append(out, odd{Rule: l.Name, File: l.File, Line: l.Line, Text: l.Text})
	}
	return out, err
}
