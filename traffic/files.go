package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
)

// Files are log files that a person names. Host is required.
type Files struct {
	Host  host.Host
	Zone  *time.Location // of times that name none; nil is UTC
	Stdin io.Reader      // the file "-"
}

// ErrForeign says that no line of a file was understood.
var ErrForeign = errors.New("no line is of a log that is known")

// Read gives an Analyzer all lines of the files, one after another. The error
// joins those of all files: one of which nothing is understood is ErrForeign,
// and no empty log.
func (f Files) Read(ctx context.Context, a Analyzer, paths ...string) (all Reading, errs error) {
	for _, path := range paths {
		reading, err := f.one(ctx, a, path)
		all.Lines, all.Unknown = all.Lines+reading.Lines, all.Unknown+reading.Unknown
		all.Samples = append(all.Samples, reading.Samples[:min(len(reading.Samples), maxSamples-len(all.Samples))]...)
		if err == nil && reading.Lines > 0 && reading.Unknown == reading.Lines {
			err = fmt.Errorf("%s: %w: %q", path, ErrForeign, reading.Samples[0])
		}
		errs = errors.Join(errs, err)
	}
	return all, errs
}

func (f Files) one(ctx context.Context, a Analyzer, path string) (Reading, error) {
	if path == "-" {
		return ReadFrom(ctx, f.Stdin, syslog.Parser{Location: f.Zone, Reference: f.Host.Time()}, a)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return Reading{}, err
	}
	return ReadFile(ctx, logstream.Log{Host: f.Host, Path: abs, Location: f.Zone}, a)
}
