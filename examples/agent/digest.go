package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/agent/internal/fleet"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/digest"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// digest makes one list of the newest reports below folders: of all customers, of one
// of them, or the copy that one is sent; or signs what stands on the list of one.
func (r *round) digest(ctx context.Context, c cli.Call) (int, error) {
	act, dirs := c.Args[0], c.Args
	opt := digest.Options{Now: time.Now(), Customer: act == "for"}
	switch act {
	case "of", "for", "sign", "ledger":
		if len(dirs) < 3 || dirs[1] == "" {
			return 0, fmt.Errorf("say whose, and where the reports are: digest %s CUSTOMER DIR or postgres://… (for a folder of that name give ./%s)", act, act)
		}
		opt.Tenant, dirs = dirs[1], dirs[2:]
	}
	all, errs := fleet.Read(ctx, dirs, opt.Tenant)
	defer all.Close()
	for _, err := range errs {
		fmt.Fprintln(c.Stderr, "agent: "+cli.Line(err))
	}
	opt.Signed = all.Signed
	d := digest.New(all.Reports, opt)
	d.Unread = len(errs)
	switch act {
	case "sign":
		return r.signAll(ctx, c, d, all)
	case "ledger":
		return 0, ledgerOf(c, all, opt.Tenant)
	}
	var err error
	if c.JSON {
		err = json.NewEncoder(c.Stdout).Encode(d)
	} else {
		err = digest.WriteText(c.Stdout, d, time.Local)
	}
	if err != nil {
		return 0, err
	}
	return digestCode(d), nil
}

// ledger shows which days of the last month were signed for one customer, and for
// which of the hosts not.
func ledgerOf(c cli.Call, all fleet.Fleet, tenant string) error {
	logs, now := map[string][]review.Record{}, time.Now()
	first := now
	for _, rep := range all.Reports {
		if rep.Labels.Tenant != tenant {
			continue
		}
		logs[rep.Labels.Host] = all.Logs[rep]
		began := rep.Started
		if log := all.Logs[rep]; len(log) > 0 && log[0].Time.Before(began) {
			began = log[0].Time
		}
		if began.Before(first) {
			first = began
		}
	}
	if from := now.AddDate(0, 0, -30); first.Before(from) {
		first = from
	}
	if len(logs) == 0 {
		return fmt.Errorf("no host of %s has reported", tenant)
	}
	for _, day := range review.Together(logs, first.Local(), now) {
		text := "nobody signed"
		if day.Signed > 0 {
			text = fmt.Sprintf("%d of %d signed by %s", day.Signed, len(logs), strings.Join(day.By, ", "))
		}
		if day.Signed > 0 && len(day.Unsigned) > 0 {
			text += "; not " + strings.Join(day.Unsigned, ", ")
		}
		if err := c.Say(day, day.Day, cli.Visible(text)); err != nil {
			return err
		}
	}
	return nil
}

// signAll signs each report on the list of one customer, in the log of its host.
func (r *round) signAll(ctx context.Context, c cli.Call, d digest.Digest, all fleet.Fleet) (int, error) {
	if err := r.person.name(os.Getenv); err != nil {
		return 0, err
	}
	var refused []error
	for _, m := range d.Missing {
		refused = append(refused, fmt.Errorf("%s did not report, so there is nothing to sign", m.Name))
	}
	done := 0
	for _, customer := range d.Customers {
		for _, h := range customer.Hosts {
			if err := r.signOne(ctx, all.At[h.Report], h.Report); err != nil {
				refused = append(refused, fmt.Errorf("%s: %w", h.Name, err))
				continue
			}
			done++
			text := fmt.Sprintf("%s signed report %d of %s, of %s: %s", r.person.by, h.Report.Seq, cli.Visible(h.Name), h.Report.Finished.Local().Format("2006-01-02 15:04"), h.Verdict)
			if err := c.Say(map[string]any{"act": "sign", "host": h.Name, "report": h.Report.ID, "seq": h.Report.Seq, "by": r.person.by}, text); err != nil {
				return 0, err
			}
		}
	}
	return ended(c, "sign", done, refused)
}

func (r *round) signOne(ctx context.Context, at fleet.Place, rep *report.Report) error {
	if at.Acts == nil {
		return errors.New("this is a copy of its report: sign where its agent keeps its state")
	}
	if at.State != "" {
		if err := statedir.Private(at.State); err != nil {
			return err
		}
	}
	desk := review.Desk{Store: at.Acts, By: r.person.by, Labels: rep.Labels}
	return desk.Sign(ctx, rep, r.person.comment)
}

// labels says whose report it is.
func (r *round) labels(ctx context.Context, t *daily.Target) report.Labels {
	labels := t.Labels(ctx)
	labels.Tenant = r.settings.Customer
	if t.Image || strings.HasPrefix(r.settings.Host, "replay:") {
		labels.Place = r.settings.Host // its name is that of a machine that runs, too
	}
	return labels
}

// digestCode is that of the worst report: 2 over 3 over 1.
func digestCode(d digest.Digest) int {
	unseen := d.Unread + len(d.Missing)
	worst := report.RuleSeverity
	for _, customer := range d.Customers {
		worst = max(worst, customer.Worst())
		for _, h := range customer.Hosts {
			unseen += h.Unseen
		}
	}
	switch {
	case worst == report.Critical:
		return exitCritical
	case unseen > 0 || len(d.Customers) == 0:
		return exitUnknown
	case len(d.Findings) > 0:
		return exitLook
	}
	return exitQuiet
}
