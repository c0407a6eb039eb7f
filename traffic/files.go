package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// Files are log files that a person names. Host is required.
type Files struct {
	Host  host.Host
	Zone  *time.Location // of times that name none; nil is UTC
	Stdin io.Reader      // the file "-"
	// Private lets no text of a log into a Position, a Sample or an error: they would
	// have the addresses that Pseudonyms stand for.
	Private bool
	// Openers unpack what is packed otherwise than by gzip and bzip2, by the
	// suffix of a file: see unpack.Openers.
	Openers map[string]func(io.Reader) (io.Reader, error)
}

// ErrForeign says that no line of a file was understood.
var ErrForeign = errors.New("no line is of a log that is known")

// Read gives an Analyzer all lines of the files, one after another. The error
// joins those of all files: one of which nothing is understood is ErrForeign,
// and no empty log.
func (f Files) Read(ctx context.Context, a Analyzer, paths ...string) (all Reading, errs error) {
	for _, path := range paths {
		reading, err := f.one(ctx, a, path)
		if f.Private {
			reading.Hide()
		}
		all.merge(&reading)
		errs = errors.Join(errs, cmp.Or(err, reading.foreign(path)))
	}
	return all, errs
}

// Follow gives an Analyzer what is new in the files since from, through their
// rotation, and returns the positions to keep with what it counted: together
// they count each line once. Files are named as they are in use. The error tells
// of lines that are missing as well.
func (f Files) Follow(ctx context.Context, a Analyzer, from Positions, paths ...string) (next Positions, all Reading, errs error) {
	if next = maps.Clone(from); next == nil {
		next = Positions{}
	}
	for _, path := range paths {
		log := logstream.Log{Host: f.Host, Path: path, Location: f.Zone, Openers: f.Openers}
		reading, err := Read(ctx, log, from[path], a)
		if f.Private {
			reading.Hide()
		}
		all.merge(&reading)
		if reading.Position.Begun() {
			next[path] = reading.Position
		}
		if err != nil {
			err = fmt.Errorf("read %s: %w", path, err)
		}
		errs = errors.Join(errs, err, errors.Join(missing(reading.Notes)...), reading.foreign(path))
	}
	return next, all, errs
}

// foreign is ErrForeign where there are lines, and none was understood.
func (r *Reading) foreign(path string) error {
	if r.Lines == 0 || r.Unknown < r.Lines {
		return nil
	}
	return fmt.Errorf("%s: %w: %q", path, ErrForeign, prose.Clip(r.Samples[0].String(), 200))
}

func (f Files) one(ctx context.Context, a Analyzer, path string) (Reading, error) {
	if path == "-" {
		return readFrom(ctx, f.Stdin, f.Openers, syslog.Parser{Location: f.Zone, Reference: f.Host.Time()}, a)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return Reading{}, err
	}
	return ReadFile(ctx, logstream.Log{Host: f.Host, Path: abs, Location: f.Zone, Openers: f.Openers}, a)
}
