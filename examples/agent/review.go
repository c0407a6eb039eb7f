package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// exitRefused is the exit status of a verb that found nothing to act on, or was
// refused a part.
const exitRefused = 1

// acts are the words behind "review".
var acts = []string{"list", "show", "accept", "ack", "reopen", "sign", "ledger", "serve"}

// review lists what is open, and takes down what a person did about it.
func (r *round) review(ctx context.Context, c cli.Call) (int, error) {
	act, args := "", c.Args
	if len(args) > 0 {
		act, args = args[0], args[1:]
	}
	if act != "" && !slices.Contains(acts, act) {
		return 0, cli.Unknown("act", act, acts)
	}
	d, err := r.openDesk(ctx)
	if err != nil {
		return 0, err
	}
	defer d.target.Close()
	switch act {
	case "show":
		return d.show(c, args)
	case "ledger":
		return d.ledger(c)
	case "serve":
		return r.serve(ctx, d, c)
	case "":
		if in := os.Stdin; cli.IsTerminal(in) && !c.JSON {
			return r.keys(ctx, d, in, c)
		}
		return d.list(c)
	case "list":
		return d.list(c)
	}
	if err := r.person.name(os.Getenv); err != nil {
		return 0, err
	}
	d.By = r.person.by
	if act == "sign" {
		return d.sign(ctx, c, r.person.comment)
	}
	return r.deal(ctx, d, act, args, c)
}

// deal acts on what the selectors name; what is refused is named, and the rest done.
func (r *round) deal(ctx context.Context, d *desk, act string, selectors []string, c cli.Call) (int, error) {
	if len(selectors) == 0 {
		return 0, fmt.Errorf("say what to %s: the beginning of an id, a rule, a pattern of paths, package:NAME, ticket:ID, or all", act)
	}
	terms, err := r.person.terms(time.Now())
	if err != nil {
		return 0, err
	}
	if act == "ack" && terms.Until.IsZero() {
		return 0, errors.New("say until when, with -until DAY")
	}
	items, refused := selected(d.reach(act, selectors), selectors)
	done := 0
	switch act {
	case "ack":
		done, err = len(items), d.Acknowledge(ctx, items, terms)
	case "reopen":
		done, err = len(items), d.Reopen(ctx, items, terms)
	case "accept":
		var more []error
		done, more, err = d.accept(ctx, items, terms, slices.Contains(selectors, "all"))
		refused = append(refused, more...)
	}
	if err != nil {
		return exitUnstored, err
	}
	return ended(c, act, done, refused)
}

// reach is what an act can be about: "all" takes what nobody has dealt with.
func (d *desk) reach(act string, selectors []string) []review.Standing {
	if act != "reopen" && slices.Contains(selectors, "all") {
		return d.open()
	}
	return d.standings
}

// selected gives what the selectors name, each once.
func selected(from []review.Standing, selectors []string) (items []memory.Item, refused []error) {
	seen := map[string]bool{}
	for _, selector := range selectors {
		found, err := review.Select(from, selector)
		if err != nil {
			refused = append(refused, err)
		}
		for _, s := range found {
			if key := s.Check + "\x00" + s.Finding.Fingerprint; !seen[key] {
				seen[key] = true
				items = append(items, s.Item)
			}
		}
	}
	return items, refused
}

// ended says what was done and what was not.
func ended(c cli.Call, act string, done int, refused []error) (int, error) {
	for _, err := range refused {
		fmt.Fprintf(c.Stderr, "agent: not done: %s\n", cli.Line(err))
	}
	word := map[string]string{"ack": "acknowledged", "accept": "accepted", "reopen": "reopened", "sign": "signed"}[act]
	if err := c.Say(map[string]any{"act": act, "done": done, "refused": len(refused)}, fmt.Sprintf("%d %s, %d refused", done, word, len(refused))); err != nil {
		return 0, err
	}
	if done == 0 || len(refused) > 0 {
		return exitRefused, nil
	}
	return 0, nil
}

// sign takes down that the last report was looked at.
func (d *desk) sign(ctx context.Context, c cli.Call, comment string) (int, error) {
	rep := d.saved.Report
	if err := d.Sign(ctx, rep, comment); err != nil {
		return exitUnstored, err
	}
	open := len(d.open())
	return 0, c.Say(map[string]any{"act": "sign", "report": rep.ID, "seq": rep.Seq, "by": d.By, "open": open},
		fmt.Sprintf("%s signed report %d of %s; %d open", d.By, rep.Seq, rep.Finished.Local().Format("2006-01-02 15:04"), open))
}

// ledger shows who signed which day, of the last month.
func (d *desk) ledger(c cli.Call) (int, error) {
	now := time.Now()
	from := now.AddDate(0, 0, -30)
	if first := d.firstDay(); first.After(from) {
		from = first.Local()
	}
	for _, day := range review.Ledger(d.log, from, now) {
		words := []string{day.Day, "nobody signed"}
		if day.Signed {
			words = []string{day.Day, fmt.Sprintf("signed by %s at %s, %d open", day.By, day.At.Local().Format("15:04"), day.Open), day.Comment}
		}
		for _, e := range day.Earlier {
			words = append(words, fmt.Sprintf("before that by %s at %s", e.By, e.At.Local().Format("15:04")), e.Comment)
		}
		if err := c.Say(day, words...); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// firstDay is as far back as anything is known.
func (d *desk) firstDay() time.Time {
	first := d.saved.Report.Started
	if known := d.saved.Report.Review; known != nil && !known.Since.IsZero() && known.Since.Before(first) {
		first = known.Since
	}
	if len(d.log) > 0 && d.log[0].Time.Before(first) {
		first = d.log[0].Time
	}
	return first
}

func heading(w io.Writer, text string, n int) {
	if n > 0 {
		fmt.Fprintf(w, "\n%s: %d\n", text, n)
	}
}
