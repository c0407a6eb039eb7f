package lifecycle

import (
	"context"
	"errors"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// OS is the checker "pkgupdate.lifecycle": is the release of the operating
// system still supported? The zero Host works: then only the built-in table counts.
type OS struct {
	Host   host.Host
	System System
}

// Name returns "pkgupdate.lifecycle".
func (c OS) Name() string { return name }

const scope = "release"

// Check compares the release with the table at the reporter's time.
func (c OS) Check(ctx context.Context, rec *report.Recorder) error {
	if c.System.ID == "" {
		return errors.New("which system this is, is not known")
	}
	table, err := ForHost(ctx, c.Host, c.System.ID)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		rec.Problem(err, "distro-info")
	}
	s := table.Support(c.System, rec.Now())
	switch s.State {
	case Unknown:
		rec.Problem(errors.New(s.String()), scope)
		return nil
	case Rolling:
		return report.Skip(s.Name() + " has no releases: it is supported as long as it is kept up to date")
	}
	if s.Phase.Until.Known() {
		left := s.Phase.Until.Time.Sub(rec.Now()).Seconds()
		rec.Metric(report.Metric{Name: "release_support_left_seconds", Unit: "seconds", Value: report.Measure(left)})
	}
	if f, ok := s.finding(rec.Now()); ok {
		rec.Finding(f)
	}
	rec.Covered(scope)
	return nil
}
