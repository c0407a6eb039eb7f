package updates

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory/survey"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

// holes is what the feeds of advisories say, by source package.
type holes map[string][]advisory.Match

// advisories holds the folder of feeds against what is installed, and reports what
// the package manager does not: holes whose fix no source offers, fixes that are not
// in effect, and holes without a fix. The fixes that are pending get their names.
func (c *managerCheck) advisories(ctx context.Context, installed []pkgupdate.Package, pending []item) holes {
	if c.feeds.FS == nil {
		return nil
	}
	system, err := survey.System(ctx, c.host, c.info, installed)
	if err != nil {
		c.problems(err, c.scope("advisories/system"))
	}
	feeds := c.feeds
	if feeds.Now == nil {
		feeds.Now = c.rec.Now
	}
	result, err := feeds.Read(ctx, system)
	c.judge(result, err)
	if c.keep != "" {
		if _, err := feeds.Keep(ctx, result.Feeds, c.keep); err != nil {
			c.rec.Problem(fmt.Errorf("the feeds of advisories are not kept: %w", err), c.scope("advisories/kept"))
		}
	}
	by := holes{}
	for _, m := range result.Matches {
		by[m.Pkg.SourceID()] = append(by[m.Pkg.SourceID()], m)
	}
	c.unoffered(by, pending)
	c.unfixed(result)
	return by
}

// judge says what is wrong with the feeds. Only where one that is whole speaks of
// this system is silence an answer.
func (c *managerCheck) judge(r advisory.Result, err error) {
	whole := false
	var bad []pkgupdate.Source
	for _, f := range r.Feeds {
		whole = whole || f.Applies && f.State == pkgupdate.Known
		if f.State != pkgupdate.Unknown {
			continue
		}
		if established(f.Err) {
			bad = append(bad, f.Source)
		}
		c.rec.Problem(fmt.Errorf("feed of advisories %s: %w", f.ID, f.Err), c.scope("advisories/feeds"))
	}
	if len(bad) > 0 {
		f := c.sourceFault(sourceFault{id: "feeds", title: "Feeds of advisories are out of date: ", fix: "Fetch them anew into the folder of feeds"}, bad)
		f.Scope = c.scope("advisories/feeds")
		c.rec.Finding(f)
	}
	if err != nil {
		c.rec.Problem(err, c.scope("advisories"))
	}
	if n, first := unknown(r.Matches); n > 0 {
		c.rec.Problem(fmt.Errorf("whether %s apply is not known, the first of them: %w", prose.Count(n, "advisory"), first), c.scope("advisories/records"))
	}
	if err == nil && whole {
		c.rec.Covered(c.scope("advisories"))
	}
}

// unknown counts the matches that nobody knows of.
func unknown(list []advisory.Match) (n int, first error) {
	for _, m := range list {
		if m.State == advisory.Unknown {
			if n++; first == nil {
				first = m.Reason
			}
		}
	}
	return n, first
}

// unoffered reports the holes whose fix is published and not pending here, and the
// fixes that are installed and not in effect.
func (c *managerCheck) unoffered(by holes, pending []item) {
	offered := map[string]bool{}
	for _, it := range pending {
		offered[it.source] = offered[it.source] || it.Class == pkgupdate.Security || len(by.fixes(it)) > 0
	}
	for _, source := range slices.Sorted(maps.Keys(by)) {
		open := by.of(source, func(m advisory.Match) bool { return m.State == advisory.Vulnerable && m.HasFix })
		if len(open) > 0 && !offered[source] {
			c.rec.Finding(c.vulnerable(source, open))
		}
		idle := by.of(source, func(m advisory.Match) bool {
			return m.State == advisory.PendingReboot || m.State == advisory.PendingRestart
		})
		if len(idle) > 0 {
			c.idleTold[source] = true
			c.rec.Finding(c.notInEffect(source, idle))
		}
	}
}

func (h holes) of(source string, want func(advisory.Match) bool) []advisory.Match {
	return slices.DeleteFunc(slices.Clone(h[source]), func(m advisory.Match) bool { return !want(m) })
}

// fixes gives the advisories that an update of the source to a version is for.
func (h holes) fixes(it item) []string {
	var ids []string
	for _, m := range h.of(it.source, func(m advisory.Match) bool { return m.State == advisory.Vulnerable && m.HasFix }) {
		to, err := version.Parse(m.Pkg.Version.Scheme(), it.to)
		if err == nil && !m.Fix.IsZero() && version.Compare(to, m.Fix) == version.Older {
			continue
		}
		ids = append(ids, m.IDs()...)
	}
	return sorted(ids)
}

// published is when the first advisory about what the item is of was made; zero: not
// known.
func (h holes) published(it item) time.Time {
	var first time.Time
	for _, m := range h.of(it.source, func(m advisory.Match) bool { return m.State == advisory.Vulnerable && m.HasFix }) {
		if first.IsZero() || !m.Published.IsZero() && m.Published.Before(first) {
			first = m.Published
		}
	}
	return first
}

func (c *managerCheck) vulnerable(source string, list []advisory.Match) report.Finding {
	m := list[0]
	return report.Finding{
		Rule: ruleVulnerable, Subject: report.Package.Of(source), Scope: c.scope("advisories"),
		Title: fmt.Sprintf("%s %s has %s whose fix is not on offer here",
			sourceText(source, packagesOf(list)), m.Pkg.Version, prose.Count(len(distinct(list)), "known hole")),
		Detail:   c.told(list) + " No configured source offers a version with the fix, or the index is older than the advisory.",
		Evidence: holeEvidence(list), Remedy: remedy(c.info.Commands.Refresh),
	}
}

func (c *managerCheck) notInEffect(source string, list []advisory.Match) report.Finding {
	m := list[0]
	title, fix := "a restart of what runs it", "Restart the programs that still run the old code: pkgupdate.restarts names them"
	if m.State == advisory.PendingReboot {
		title, fix = "a reboot", "Reboot; until then the old kernel runs"
	}
	return report.Finding{
		Rule: ruleIdle, Subject: report.Package.Of(source), Scope: c.scope("advisories"),
		Title:  fmt.Sprintf("The fix of %s is installed and waits for %s: %s runs", sourceText(source, packagesOf(list)), title, m.Pkg.Version),
		Detail: c.told(list), Fix: fix, Evidence: holeEvidence(list),
	}
}

// told names the advisories, and since when the first is public.
func (c *managerCheck) told(list []advisory.Match) string {
	detail := "It is " + prose.List(ids(list), maxNames) + "."
	oldest := list[0]
	for _, m := range list {
		if !m.Published.IsZero() && (oldest.Published.IsZero() || m.Published.Before(oldest.Published)) {
			oldest = m
		}
	}
	if !oldest.Published.IsZero() {
		detail += fmt.Sprintf(" %s is public since %s.", oldest.ID, prose.Time(oldest.Published, nil))
	}
	return detail
}

func ids(list []advisory.Match) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.IDs()...)
	}
	return sorted(out)
}

// distinct gives the holes of the list: its CVEs, and advisories that name none.
func distinct(list []advisory.Match) []string {
	var out []string
	for _, m := range list {
		if len(m.CVEs) == 0 {
			out = append(out, m.ID)
		}
		out = append(out, m.CVEs...)
	}
	return sorted(out)
}

// packagesOf gives the labels of the packages, each once.
func packagesOf(list []advisory.Match) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.Pkg.Label())
	}
	return sorted(out)
}

// holeEvidence names packages and advisories; what a feed calls an advisory may be no
// word.
func holeEvidence(list []advisory.Match) []report.Attr {
	var attrs []report.Attr
	for _, m := range list[:min(len(list), maxNames)] {
		attrs = append(attrs, packageAttr(m.Pkg))
		if !m.Fix.IsZero() {
			attrs = append(attrs, report.Now.Of("version="+m.Fix.String()))
		}
	}
	attrs = append(attrs, advisoryAttrs(ids(list))...)
	slices.SortFunc(attrs, func(a, b report.Attr) int { return strings.Compare(string(a.Key)+a.Value, string(b.Key)+b.Value) })
	return slices.Compact(attrs)
}

const maxAdvisories = 20 // named as evidence of one finding

func advisoryAttrs(ids []string) []report.Attr {
	var attrs []report.Attr
	for _, id := range ids {
		if a := report.Advisory.Of(id); a.Validate() == nil && len(attrs) < maxAdvisories {
			attrs = append(attrs, a)
		}
	}
	return attrs
}

// unfixed reports all holes without a fix as one finding, and which feeds said what:
// with their digests the answer can be had again.
func (c *managerCheck) unfixed(r advisory.Result) {
	var text strings.Builder
	for _, f := range r.Feeds {
		fmt.Fprintf(&text, "feed %s: %s, sha256 %s, %d records, of %s, fetched %s, %s\n",
			f.ID, f.Form, f.SHA256, f.Records, f.Date.UTC().Format(time.DateOnly), prose.Time(f.Fetched, nil), signed(f))
	}
	var open []advisory.Match
	packages := map[string]bool{}
	for _, m := range r.Matches {
		fmt.Fprintf(&text, "%s %s: %s: %s (%s)\n", m.Pkg.Label(), m.Pkg.Version, m.State, strings.Join(m.IDs(), " "), m.Feed)
		if m.State == advisory.Vulnerable && !m.HasFix {
			packages[m.Pkg.SourceName()] = true
			open = append(open, m)
		}
	}
	ref := c.rec.Artifact("advisories-"+c.info.ID+".txt", "text/plain", strings.NewReader(text.String()))
	c.count("packages_without_fix", len(packages))
	n := len(distinct(open))
	if n == 0 {
		return
	}
	f := report.Finding{
		Rule: ruleUnfixed, Subject: report.System.Of(c.info.ID), Scope: c.scope("advisories"),
		Title:  prose.Count(n, "known hole") + " of " + prose.Count(len(packages), "package") + have(n) + "no fix yet",
		Detail: "The packages are " + prose.List(slices.Sorted(maps.Keys(packages)), maxNames) + ".",
	}
	if ref != "" {
		f.Artifacts = []string{ref}
	}
	c.rec.Finding(f)
}

// signed says what is known of who made a feed.
func signed(f advisory.Feed) string {
	switch {
	case f.Signature == pkgupdate.Refused:
		return "its checksum is another"
	case len(f.Signatures) > 0:
		return "its signature was not verified: " + strings.Join(f.Signatures, ", ")
	}
	return "without a signature"
}

func have(n int) string {
	if n == 1 {
		return " has "
	}
	return " have "
}
