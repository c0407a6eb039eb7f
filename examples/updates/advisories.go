package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory/survey"
)

// feeds are a folder of feeds of advisories on this machine, as the flags have it.
type feeds struct {
	dir, keep string
	keyrings  []string
}

func (f *feeds) flags(fs *flag.FlagSet) {
	fs.StringVar(&f.dir, "advisories", "", "`folder` of feeds of advisories, as they were fetched, for security")
	fs.StringVar(&f.keep, "keep", "", "security: `folder` into which the feeds are copied, so that the answer can be had again")
	fs.Func("keyring", "security: `file` of keys by one of which each feed, or the folder's SHA256SUMS, has to be signed; may be given again", func(name string) error {
		f.keyrings = append(f.keyrings, name)
		return nil
	})
}

func (f *feeds) folder(now func() time.Time) (advisory.Folder, error) {
	dir, err := filepath.Abs(f.dir)
	folder := advisory.Folder{FS: os.DirFS(dir), Now: now}
	if len(f.keyrings) > 0 {
		folder.Keys = &advisory.Keys{Host: host.Local(), Dir: dir, Keyrings: f.keyrings, Required: true}
	}
	return folder, err
}

// advisories lists what the feeds in a folder say: a line for each package and
// advisory. What was read is listed beside what could not be.
func advisories(ctx context.Context, c cli.Call, h host.Host, list []pkgupdate.Manager, installed []pkgupdate.Answer[[]pkgupdate.Package], from *feeds) (int, error) {
	folder, err := from.folder(h.Time)
	if err != nil {
		return cli.Failed, err
	}
	var errs []error
	status := 0
	for i, m := range list {
		s, err := survey.System(ctx, h, m.Info(), installed[i].Value)
		r, feedErr := folder.Read(ctx, s)
		errs = append(errs, err, feedErr)
		for _, f := range r.Feeds {
			errs = append(errs, sayFeed(c, f))
			if f.State == pkgupdate.Unknown {
				errs = append(errs, fmt.Errorf("feed %s: %w", f.ID, f.Err))
			}
		}
		if from.keep != "" {
			_, err := folder.Keep(ctx, r.Feeds, from.keep)
			errs = append(errs, err)
		}
		n, err := sayMatches(c, m.Info().ID, r.Matches)
		status, errs = max(status, n), append(errs, err)
	}
	return status, errors.Join(errs...)
}

// sayFeed says which file was read, so that the answer can be had again: to programs
// only.
func sayFeed(c cli.Call, f advisory.Feed) error {
	if !c.JSON {
		return nil
	}
	return c.Say(map[string]any{
		"feed": f.ID, "form": f.Form, "sha256": f.SHA256, "size": f.Size, "records": f.Records, "date": f.Date, "fetched": f.Fetched,
		"signature": f.Signature, "signatures": f.Signatures, "applies": f.Applies, "state": f.State.String(),
	})
}

// A hole is a match, for programs.
type hole struct {
	Advisory string   `json:"advisory"`
	CVEs     []string `json:"cves"`
	Feed     string   `json:"feed"`
	Fix      string   `json:"fix"`
	Manager  string   `json:"manager"`
	Name     string   `json:"name"`
	Severity string   `json:"severity"`
	State    string   `json:"state"`
	Version  string   `json:"version"`
}

// sayMatches lists the matches, and gives the status that they are worth.
func sayMatches(c cli.Call, manager string, list []advisory.Match) (int, error) {
	status := 0
	var errs []error
	for _, m := range list {
		worth := 1
		if m.HasFix {
			worth = 2
		}
		if m.State == advisory.Unknown {
			worth = 0
			errs = append(errs, m.Reason)
		}
		status = max(status, worth)
		object := hole{
			Manager: manager, Name: m.Pkg.Name, Version: m.Pkg.Version.String(), State: m.State.String(), Fix: m.Fix.String(),
			Advisory: m.ID, CVEs: m.CVEs, Severity: m.Severity, Feed: m.Feed,
		}
		if err := c.Say(object, m.Pkg.Label(), m.Pkg.Version.String(), m.Fix.String(), m.State.String(), strings.Join(m.IDs(), " ")); err != nil {
			return cli.Failed, err
		}
	}
	if len(errs) > 1 {
		errs = []error{fmt.Errorf("whether %d advisories apply is not known, the first of them: %w", len(errs), errs[0])}
	}
	return status, errors.Join(errs...)
}
