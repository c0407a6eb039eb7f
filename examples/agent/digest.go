package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/digest"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/review/pgstore"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// fleet is the newest reports below folders and in databases, with the signatures that
// came after them.
type fleet struct {
	at      map[*report.Report]place
	reports []*report.Report
	open    []*pgstore.DB
	signed  map[digest.Host]report.Signature
	logs    map[*report.Report][]review.Record
	unread  int
}

// A place is where what people did about the host of a report is kept. The zero place is
// that of a copy.
type place struct {
	state string // folder; "": it is in a database
	acts  review.Store
}

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
	all := readFleet(ctx, c, dirs, opt.Tenant)
	defer all.close()
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
func readFleet(ctx context.Context, c cli.Call, from []string, tenant string) fleet {
	all := fleet{at: map[*report.Report]place{}, signed: map[digest.Host]report.Signature{}, logs: map[*report.Report][]review.Record{}}
	dirs := slices.DeleteFunc(slices.Clone(from), isDatabase)
	files, errs := digest.Files(reportFolders(dirs)...)
	for _, f := range files {
		all.reports = append(all.reports, f.Report)
		if dir := filepath.Dir(f.Name); filepath.Base(dir) == "reports" {
			state := filepath.Dir(dir)
			all.at[f.Report] = place{state, review.FileStore{Name: filepath.Join(state, logName)}}
		}
	}
	for _, address := range from {
		if isDatabase(address) {
			errs = append(errs, all.take(ctx, address, tenant))
		}
	}
	for _, rep := range all.reports {
		log, err := all.at[rep].log(ctx, rep)
		errs = append(errs, err)
		all.logs[rep] = log
		if last := review.LastSignature(log); last != nil {
			all.signed[digest.Host{Tenant: rep.Labels.Tenant, Name: rep.Labels.Host}] = *last
		}
	}
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	for _, err := range errs {
		fmt.Fprintln(c.Stderr, "agent: "+cli.Line(err))
	}
	all.unread = len(errs)
	return all
}

// take adds the newest reports of a database, of one customer or of all.
func (all *fleet) take(ctx context.Context, address, tenant string) error {
	db, err := pgstore.Open(ctx, address)
	if err != nil {
		return err
	}
	all.open = append(all.open, db)
	var tenants []string
	if tenant != "" {
		tenants = []string{tenant}
	}
	reports, err := db.Newest(ctx, tenants...)
	for _, rep := range reports {
		all.reports = append(all.reports, rep)
		all.at[rep] = place{acts: db.Acts(rep.Labels.Tenant, rep.Labels.Host)}
	}
	return err
}

func (all *fleet) close() {
	for _, db := range all.open {
		db.Close()
	}
}

// log reads what people did about the host of a report. One that cannot be trusted gives
// none.
func (p place) log(ctx context.Context, rep *report.Report) ([]review.Record, error) {
	if p.acts == nil {
		return nil, nil
	}
	log, err := p.acts.Acts(ctx)
	if err == nil && rep.Review != nil {
		err = review.Reaches(log, rep.Review.Acts, rep.Review.Head)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmp.Or(p.state, rep.Labels.Host), err)
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
			if err := r.signOne(ctx, all.at[h.Report], h.Report); err != nil {
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

func (r *round) signOne(ctx context.Context, at place, rep *report.Report) error {
	if at.acts == nil {
		return errors.New("this is a copy of its report: sign where its agent keeps its state")
	}
	if at.state != "" {
		if err := statedir.Private(at.state); err != nil {
			return err
		}
	}
	desk := review.Desk{Store: at.acts, By: r.person.by, Labels: rep.Labels}
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
