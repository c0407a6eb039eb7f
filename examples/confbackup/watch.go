package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup/foreign"
	"github.com/pugetsoundtech/upkeep/backup/s3store"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/stores"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// watch looks once at backups that other programs make. It remembers nothing:
// the agent does, and so sees more.
func (j *job) watch(ctx context.Context, c cli.Call) (int, error) {
	t, err := cli.Open(ctx, j.target)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	check := foreign.Backups{Host: t.Host, Find: len(c.Args) == 0}
	for _, arg := range c.Args {
		p, err := j.place(arg)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", arg, err)
		}
		check.Places = append(check.Places, p)
	}
	res, err := suite.Collect(ctx, check)
	if err != nil {
		return 0, err
	}
	for _, m := range res.Metrics {
		if m.Name == "backup_foreign_bytes" {
			if err := c.Say(map[string]any{"path": m.Attrs[0].Value, "bytes": m.Value}, "looked at", m.Attrs[0].Value, m.Value.String()+" bytes"); err != nil {
				return 0, err
			}
		}
	}
	status := 0
	for _, f := range res.Findings {
		status = cli.Failed
		if err := c.Say(map[string]any{"rule": f.Rule, "path": f.Subject.Value, "title": f.Title}, f.Title); err != nil {
			return 0, err
		}
	}
	for _, p := range res.Problems {
		status = cli.Failed
		if err := c.Say(map[string]any{"problem": p.Message}, "not known", p.Message); err != nil {
			return 0, err
		}
	}
	if res.Status == report.Skipped {
		return 0, c.Say(map[string]any{"places": 0}, "no backup is in the usual places; name a directory")
	}
	return status, nil
}

// place is a directory, or a prefix in a bucket.
func (j *job) place(arg string) (foreign.Place, error) {
	name, remote := strings.CutPrefix(arg, "s3:")
	if !remote {
		return foreign.Place{Path: arg}, nil
	}
	bucket, prefix, err := stores.Bucket(name, j.access)
	if err != nil {
		return foreign.Place{}, err
	}
	return foreign.Place{Path: "/", In: arg, Files: func() host.FS { return &s3store.Files{Store: bucket, Prefix: prefix} }}, nil
}
