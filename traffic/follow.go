package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/report"
)

// Journal names the systemd journal among the logs of Logs.
const Journal = "journal"

// Positions are where reading goes on, by log.
type Positions map[string]Position

// forget is how long a log that is gone is asked for.
const forget = 14 * 24 * time.Hour

// Missed adds to the logs that are there those that were read before: that one
// is gone is no silence.
func (p Positions) Missed(paths []string, now time.Time) []string {
	out := slices.Clone(paths)
	for _, path := range slices.Sorted(maps.Keys(p)) {
		if !slices.Contains(out, path) && path != Journal && now.Sub(lastOf(p[path])) < forget {
			out = append(out, path)
		}
	}
	return out
}

// lastOf is when a log was last written, by its lines or, where these have no
// header with a time, by the file.
func lastOf(p Position) time.Time {
	if p.LastTime.IsZero() {
		return time.Unix(0, p.File.Mtime)
	}
	return p.LastTime
}

// Logs are what a check reads from its last stored run on.
type Logs struct {
	Host  host.Host
	Paths []string // absolute, or Journal
	Zone  *time.Location
	// Gone is the rule that tells, once, of a log that was read and is gone with its folder,
	// as after its program was removed. Without it, and where only the log is gone, that
	// is a problem of each run.
	Gone string
	// Private lets no text of a log into a Position. Samples are for the caller to hide.
	Private bool
	// Tail bounds a first reading of a file, in bytes; zero: 64 MiB.
	Tail int64
	// Since bounds a first reading of the journal; zero: a day.
	Since time.Time
}

const firstTail = 64 << 20

// scopeOf is the scope of one log.
func scopeOf(path string) string {
	if path == Journal {
		return "logs/journal"
	}
	return "logs" + path
}

// Follow gives an Analyzer what is new in the logs, and returns the positions to
// keep with what it counted. What could not be read, and lines that are missing,
// are problems of the scope of their log; all else is covered.
func (l Logs) Follow(ctx context.Context, rec *report.Recorder, from Positions, a Analyzer) (Positions, Reading) {
	next, all := maps.Clone(from), Reading{}
	if next == nil {
		next = Positions{}
	}
	for _, path := range l.Paths {
		reading, err := Read(ctx, l.log(path, from[path]), from[path], a)
		if l.Private {
			reading.Position.LastLine = nil
		}
		all.merge(&reading)
		if reading.Lines > 0 && reading.Unknown == reading.Lines {
			all.Foreign = append(all.Foreign, Foreign{path, reading.Samples[0]})
		}
		if reading.Position.Begun() {
			next[path] = reading.Position
		}
		if errors.Is(err, fs.ErrNotExist) && from[path].Begun() && l.gone(ctx, path) {
			l.tellGone(rec, path, from[path])
			delete(next, path)
			continue
		}
		if err != nil {
			rec.Problem(fmt.Errorf("read %s: %w", path, err), scopeOf(path))
			continue
		}
		if noteProblems(rec, path, reading.Notes) == 0 {
			rec.Covered(scopeOf(path))
		}
	}
	return next, all
}

// Gone is the rule of a check for Logs.Gone.
func Gone(check, title string) report.Rule {
	return report.Event.Rule(check+".log-gone", report.Warning, title).Text(
		"Removing a program with its settings takes its logs too, and so does an intruder.",
		"If its program was removed, sign this off. Otherwise look for copies on another machine, and find out who was on the system.")
}

// gone reports whether the folder of a log provably is not there.
func (l Logs) gone(ctx context.Context, name string) bool {
	if l.Gone == "" || name == Journal {
		return false
	}
	_, err := l.Host.Lstat(ctx, path.Dir(name))
	return errors.Is(err, fs.ErrNotExist)
}

func (l Logs) tellGone(rec *report.Recorder, name string, at Position) {
	rec.Finding(report.Finding{
		Rule: l.Gone, Subject: report.Path.Of(name), Scope: scopeOf(name),
		Title:    name + " is gone, with its folder",
		Detail:   "It was read before, and its last line is of " + lastOf(at).In(cmp.Or(l.Zone, time.UTC)).Format("2006-01-02 15:04") + ".",
		Evidence: []report.Attr{report.AtTime(lastOf(at))},
	})
	rec.Covered(scopeOf(name))
}

func (l Logs) log(path string, from Position) logstream.Log {
	log := logstream.Log{Host: l.Host, Path: path, Location: l.Zone, Tail: l.Tail}
	if log.Tail == 0 {
		log.Tail = firstTail
	}
	if path == Journal {
		log.Path = ""
		if log.Since = l.Since; log.Since.IsZero() {
			log.Since = l.Host.Time().Add(-24 * time.Hour)
		}
		if from.Begun() {
			log.Since = time.Time{}
		}
	}
	return log
}

// noteProblems tells of lines that are missing.
func noteProblems(rec *report.Recorder, path string, notes []follow.Note) (n int) {
	missing := missing(notes)
	for _, err := range missing {
		rec.Problem(err, scopeOf(path))
	}
	return len(missing)
}

// missing gives what notes say of lines that are missing. That a first reading
// begins in the middle is no such thing.
func missing(notes []follow.Note) (out []error) {
	words := map[follow.NoteKind]string{
		follow.Gap: "lines are missing: they were removed before they were read", follow.Shrunk: "became shorter, and lines may be missing",
		follow.Rewritten: "was rewritten, and lines may be missing", follow.Damaged: "is damaged: what could be read is counted",
		follow.Excessive: "unpacks to more than is read",
	}
	for _, note := range notes {
		if word := words[note.Kind]; word != "" {
			out = append(out, fmt.Errorf("%s: %s", note.Path, word))
		}
	}
	return out
}

// Present gives the logs that are there; a folder is none. One whose absence is
// not proven is among them: reading it tells why.
func Present(ctx context.Context, h host.Host, paths ...string) []string {
	asks := make([]host.Ask, len(paths))
	for i, path := range paths {
		asks[i] = host.Ask{Op: host.OpLstat, Name: path}
	}
	answers, err := h.BatchAll(ctx, asks)
	if err != nil {
		return paths
	}
	var out []string
	for i, a := range answers {
		if !errors.Is(a.Err, fs.ErrNotExist) && (a.Err != nil || !a.Stat.IsDir()) {
			out = append(out, paths[i])
		}
	}
	return out
}
