package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/digest"
)

// digest makes one list of the newest reports below folders.
func (r *round) digest(_ context.Context, c cli.Call) (int, error) {
	reports, errs := digest.Read(reportFolders(c.Args)...)
	for _, err := range errs {
		fmt.Fprintln(c.Stderr, "agent: "+cli.Line(err))
	}
	d := digest.New(reports, digest.Options{Now: time.Now()})
	d.Unread = len(errs)
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
