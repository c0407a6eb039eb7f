package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// ForHost returns the built-in table, with the releases of the system id
// replaced by those of the host's distro-info file where that is newer. The
// error says that a file is there but cannot be used; the table works all the same.
func ForHost(ctx context.Context, h host.Host, id string) (Table, error) {
	t := Builtin()
	if id != "debian" && id != "ubuntu" {
		return t, nil
	}
	name := "/usr/share/distro-info/" + id + ".csv"
	text, err := h.ReadFile(ctx, name, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("release dates: %w", err)
	}
	st, err := h.Lstat(ctx, name)
	if err != nil {
		return t, fmt.Errorf("release dates: %w", err)
	}
	if !st.ModTime().After(t.Dated) || st.ModTime().After(h.Time()) {
		return t, nil
	}
	list, err := ParseDistroInfo(id, text)
	if err != nil {
		return t, err
	}
	return Table{Dated: st.ModTime(), Releases: list}, nil
}

// Checker is the checker "pkgupdate.release": is the release of the operating
// system still supported? The zero Host works: then only the built-in table counts.
type Checker struct {
	Host   host.Host
	System System
}

// Name returns "pkgupdate.release".
func (c *Checker) Name() string { return "pkgupdate.release" }

const (
	scope        = "release"
	ruleEnded    = "release-ended"
	ruleExtended = "release-extended"
	ruleEarly    = "release-not-released"
)

// Rules lists what Check reports.
func (c *Checker) Rules() []report.Rule {
	const since = "0.1.0"
	return []report.Rule{
		{
			ID: ruleEnded, Kind: report.Condition, Severity: report.Critical, Since: since,
			Title:   "The release of the operating system is not supported any more",
			Explain: "No security fix is published for it: every hole that is found from now on stays open.",
			Remedy:  "Plan the upgrade to a supported release now.",
		},
		{
			ID: ruleExtended, Kind: report.Condition, Severity: report.Notice, Since: since,
			Title:   "The release of the operating system has longer support only",
			Explain: "The project's own support ended; the longer one covers fewer packages or needs a contract.",
			Remedy:  "Plan the upgrade to the next release, and see that the longer support covers what runs here.",
		},
		{
			ID: ruleEarly, Kind: report.Condition, Severity: report.Notice, Since: since,
			Title:   "The release of the operating system is not released yet",
			Explain: "Security fixes may come late before a release is stable.",
			Remedy:  "Use a stable release for production.",
		},
	}
}

// Check compares the release with the table at the reporter's time.
func (c *Checker) Check(ctx context.Context, rec *report.Recorder) error {
	if c.System.ID == "" {
		return errors.New("which system this is, is not known")
	}
	if c.System.Rolling() {
		return report.Skip(c.System.String() + " has no releases: it is supported as long as it is kept up to date")
	}
	table, err := ForHost(ctx, c.Host, c.System.ID)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		rec.Problem(err, "distro-info")
	}
	s := table.Support(c.System, rec.Now())
	if !s.Until.IsZero() && s.State != Unknown {
		days := s.Until.Sub(rec.Now()).Hours() / 24
		rec.Metric(report.Metric{Name: "release_support_left_days", Unit: "days", Value: report.Measure(days)})
	}
	switch s.State {
	case Unknown:
		rec.Problem(errors.New(s.String()), scope)
		return nil
	case Ended:
		rec.Finding(finding(ruleEnded, s, s.Name()+" has had no security support since "+s.Until.Format(longDay)))
	case Extended:
		rec.Finding(extended(s))
	case NotReleased:
		rec.Finding(finding(ruleEarly, s, s.Name()+" is not released yet"))
	}
	rec.Covered(scope)
	return nil
}

const longDay = "2 January 2006"

func extended(s Support) report.Finding {
	f := finding(ruleExtended, s, fmt.Sprintf("%s has only %s support, until %s", s.Name(), s.Release.By, s.Until.Format(longDay)))
	f.Detail = "The project's own support ended on " + s.Release.Ended.Format(longDay) + "."
	if s.Release.By != "LTS" {
		f.Severity = report.Warning // it needs a contract, which we cannot see
		f.Detail += " This longer support needs a contract; whether there is one is not known here."
	}
	return f
}

func finding(rule string, s Support, title string) report.Finding {
	return report.Finding{Rule: rule, Scope: scope, Title: title, Subject: releaseAttr(s)}
}

// releaseAttr is the release as ID-VERSION, or ID alone.
func releaseAttr(s Support) report.Attr {
	value := strings.TrimSuffix(s.System.ID+"-"+s.Release.Version, "-")
	return report.Attr{Key: report.Release, Value: value}
}
