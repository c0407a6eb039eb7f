package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/review/tty"
)

// keys goes through what is open, one keystroke an item.
func (r *round) keys(ctx context.Context, d *desk, in *os.File, c cli.Call) (int, error) {
	if err := r.person.name(os.Getenv); err != nil {
		return 0, err
	}
	d.By = r.person.by
	raw, err := cli.Raw(in, c.Stdout)
	if err != nil {
		return 0, err
	}
	defer raw.Restore()
	c.Stdout = raw
	fmt.Fprintln(raw, d.signedText())
	s := tty.Session{
		In: in, Out: raw,
		Show: func(s review.Standing, whole bool) error {
			if whole {
				return d.tell(c, s)
			}
			return d.line(c, s, false)
		},
		Do: func(ctx context.Context, key tty.Key, s review.Standing) (string, error) {
			return r.key(ctx, d, key, s, c)
		},
		Undo: func(ctx context.Context, s review.Standing) (string, error) {
			terms, err := r.person.terms(time.Now())
			if err != nil {
				return "", err
			}
			return "open again: " + s.Finding.Title, d.Reopen(ctx, []memory.Item{s.Item}, terms)
		},
		Sign: func(ctx context.Context) (string, error) {
			err := d.Sign(ctx, d.saved.Report, r.person.comment)
			return "signed by " + d.By, err
		},
	}
	done, err := s.Run(ctx, d.open())
	fmt.Fprintf(raw, "%d dealt with\n", done)
	return 0, err
}

// key does what one key says.
func (r *round) key(ctx context.Context, d *desk, key tty.Key, s review.Standing, c cli.Call) (string, error) {
	terms, err := r.person.terms(time.Now())
	if err != nil {
		return "", err
	}
	switch key {
	case tty.Diff:
		_, err := d.diff(ctx, c, s.Finding.Subject.Value)
		return "", err
	case tty.Acknowledge:
		if terms.Until.IsZero() {
			terms.Until = time.Now().AddDate(0, 0, 7)
		}
		return "acknowledged until " + review.Act{Until: terms.Until}.LastDay(time.Local), d.Acknowledge(ctx, []memory.Item{s.Item}, terms)
	}
	_, refused, err := d.accept(ctx, []memory.Item{s.Item}, terms, false)
	if err = errors.Join(append(refused, err)...); err != nil {
		return "", err
	}
	return "accepted: " + strings.TrimSpace(cli.Visible(s.Finding.Title)), nil
}
