package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
)

// advisories lists what the feeds in a folder say: a line for each package and
// advisory. What was read is listed beside what could not be.
func advisories(ctx context.Context, c cli.Call, h host.Host, folder string) (int, error) {
	list, installed, err := present(ctx, h)
	status, errs := 0, []error{err}
	for i, m := range list {
		s, err := advisory.SystemOf(ctx, h, m.Info(), installed[i].Value)
		r, feedErr := advisory.Folder{FS: os.DirFS(folder), Now: h.Time}.Read(ctx, s)
		errs = append(errs, err, feedErr)
		for _, f := range r.Feeds {
			errs = append(errs, sayFeed(c, f))
			if f.State == pkgupdate.Unknown {
				errs = append(errs, fmt.Errorf("feed %s: %w", f.ID, f.Err))
			}
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
		object := map[string]any{
			"manager": manager, "name": m.Pkg.Name, "version": m.Pkg.Version.String(), "state": m.State.String(), "fix": m.Fix.String(),
			"advisory": m.ID, "cves": m.CVEs, "severity": m.Severity, "feed": m.Feed,
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
