package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/digest"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// fleet is the newest reports below folders, with the signatures that came after them.
type fleet struct {
	folders map[*report.Report]string // of the state that a report is of; "": it is a copy
	reports []*report.Report
	signed  map[digest.Host]report.Signature
	logs    map[*report.Report][]review.Record
	unread  int
}

// digest makes one list of the newest reports below folders: of all customers, of one
// of them, or the copy that one is sent; or signs what stands on the list of one.
func (r *round) digest(ctx context.Context, c cli.Call) (int, error) {
	act, dirs := c.Args[0], c.Args
	opt := digest.Options{Now: time.Now(), Customer: act == "for"}
	switch act {
	case "of", "for", "sign", "ledger":
		if len(dirs) < 3 || dirs[1] == "" {
			return 0, fmt.Errorf("say whose, and where the reports are: digest %s CUSTOMER DIR (for a folder of that name give ./%s)", act, act)
		}
		opt.Tenant, dirs = dirs[1], dirs[2:]
	}
	all := readFleet(ctx, c, dirs)
	opt.Signed = all.signed
	d := digest.New(all.reports, opt)
	d.Unread = all.unread
	switch act {
	case "sign":
		return r.signAll(ctx, c, d, all)
	case "ledger":
		return 0, all.ledger(c, opt.Tenant)
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

// readFleet reads reports, and who signed them since they were made.
func readFleet(ctx context.Context, c cli.Call, dirs []string) fleet {
	files, errs := digest.Files(reportFolders(dirs)...)
	all := fleet{folders: map[*report.Report]string{}, signed: map[digest.Host]report.Signature{}, logs: map[*report.Report][]review.Record{}}
	for _, f := range files {
		all.reports = append(all.reports, f.Report)
		if dir := filepath.Dir(f.Name); filepath.Base(dir) == "reports" {
			all.folders[f.Report] = filepath.Dir(dir)
		}
		log, err := actsBeside(ctx, all.folders[f.Report], f.Report)
		if err != nil {
			errs = append(errs, err)
		}
		all.logs[f.Report] = log
		if last := review.LastSignature(log); last != nil {
			all.signed[digest.Host{Tenant: f.Report.Labels.Tenant, Name: f.Report.Labels.Host}] = *last
		}
	}
	for _, err := range errs {
		fmt.Fprintln(c.Stderr, "agent: "+cli.Line(err))
	}
	all.unread = len(errs)
	return all
}

// actsBeside reads the log of acts beside a report. One that cannot be trusted gives
// none.
func actsBeside(ctx context.Context, state string, rep *report.Report) ([]review.Record, error) {
	if state == "" {
		return nil, nil
	}
	log, err := review.FileStore{Name: filepath.Join(state, logName)}.Acts(ctx)
	if err == nil && rep.Review != nil {
		err = review.Reaches(log, rep.Review.Acts, rep.Review.Head)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", state, err)
	}
	return log, nil
}

// ledger shows which days of the last month were signed for one customer, and for
// which of the hosts not.
func (all fleet) ledger(c cli.Call, tenant string) error {
	logs, now := map[string][]review.Record{}, time.Now()
	first := now
	for _, rep := range all.reports {
		if rep.Labels.Tenant != tenant {
			continue
		}
		logs[rep.Labels.Host] = all.logs[rep]
		began := rep.Started
		if log := all.logs[rep]; len(log) > 0 && log[0].Time.Before(began) {
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
func (r *round) signAll(ctx context.Context, c cli.Call, d digest.Digest, all fleet) (int, error) {
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
			if err := r.signOne(ctx, all.folders[h.Report], h.Report); err != nil {
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

func (r *round) signOne(ctx context.Context, state string, rep *report.Report) error {
	if state == "" {
		return errors.New("this is a copy of its report: sign where its agent keeps its state")
	}
	if err := statedir.Private(state); err != nil {
		return err
	}
	desk := review.Desk{Store: review.FileStore{Name: filepath.Join(state, logName)}, By: r.person.by, Labels: rep.Labels}
	return desk.Sign(ctx, rep, r.person.comment)
}

// labels says whose report it is.
func (r *round) labels(ctx context.Context, t *daily.Target) report.Labels {
	labels := t.Labels(ctx)
	labels.Tenant = r.settings.Customer
	return labels
}

// reportFolders gives the folders of reports in state directories, and other
// folders as they are.
func reportFolders(dirs []string) []string {
	var out []string
	for _, dir := range dirs {
		found := []string{dir}
		for _, below := range []string{"reports", "*/reports"} {
			if in, err := filepath.Glob(filepath.Join(dir, below)); err == nil && len(in) > 0 {
				found = in
			}
		}
		out = append(out, found...)
	}
	return out
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
