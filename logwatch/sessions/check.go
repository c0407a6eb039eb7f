package sessions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/report"
)

// name is the name of the check.
const name = "logwatch.sessions"

// authLogs are where logins stand, on the systems that have them.
var authLogs = [...]string{"/var/log/auth.log", "/var/log/secure", "/var/log/authlog", "/var/log/messages"}

// loginFiles are where the system itself records logins: the first that is there
// counts, as NetBSD keeps a wtmp of the old form beside wtmpx.
var loginFiles = [...]struct {
	path  string
	parse func([]byte) ([]LoginRecord, error)
}{{"/var/log/utx.log", ParseUtxLog}, {"/var/log/wtmpx", ParseWtmpx}, {"/var/log/wtmp", ParseWtmp}}

const (
	maxWtmp = 64 << 20
	journal = "journal"
)

// Logins is the check that tells of the sessions since its last stored run, or
// of the last day when it runs first.
type Logins struct {
	Host host.Host
}

// Name is "logwatch.sessions".
func (Logins) Name() string { return name }

// run is one run of the check.
type run struct {
	Logins
	rec       *report.Recorder
	old, next state
	first     bool
	now       time.Time
	zone      *time.Location
	collector Collector
	sources   int
}

// Check reads the auth logs, the journal and wtmp.
func (l Logins) Check(ctx context.Context, rec *report.Recorder) error {
	r := &run{Logins: l, rec: rec, now: l.Host.Time(), next: state{Positions: map[string]logstream.Position{}}}
	old, known, err := memory.Load(rec)
	if err != nil {
		rec.Problem(fmt.Errorf("what was remembered is damaged: %w", err), "sessions")
	}
	r.old, r.first = old, !known
	if r.zone, err = facts.Zone(ctx, l.Host); err != nil {
		rec.Problem(err, "zone")
		r.zone = time.UTC
	}
	r.collector.Resume(old.Open)
	for _, source := range append([]string{journal}, authLogs[:]...) { // the journal knows who wrote what
		r.read(ctx, source)
	}
	r.wtmp(ctx)
	if r.sources == 0 && ctx.Err() == nil {
		return report.Skip("no log of logins is kept: no auth log, journal or wtmp")
	}
	r.tell()
	return errors.Join(ctx.Err(), memory.Keep(rec, r.next))
}

// read takes what is new in one log. A log that is not there is none.
func (r *run) read(ctx context.Context, source string) {
	at := r.old.Positions[source]
	err := r.follow(ctx, source, &at)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, follow.ErrNoJournal) || errors.Is(err, host.ErrNotRegular) {
		return
	}
	r.next.Positions[source] = at
	r.sources++
	if err != nil {
		r.rec.Problem(err, scopeOf(source))
		return
	}
	r.rec.Covered(scopeOf(source))
}

func scopeOf(source string) string {
	if strings.HasPrefix(source, "/") {
		return "sessions" + source
	}
	return "sessions/" + source
}

func (r *run) follow(ctx context.Context, source string, at *logstream.Position) error {
	l := logstream.Log{Host: r.Host, Path: source, Location: r.zone, Now: r.now}
	if source == journal {
		l.Path = ""
	}
	if !at.Begun() {
		l.Since, l.Tail = r.now.Add(-24*time.Hour), 64<<20
	}
	in, err := l.Resume(ctx, *at)
	if err != nil {
		return err
	}
	defer in.Close()
	for {
		b, err := in.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range b.Records {
			r.collector.Record(&b.Records[i])
		}
		in.Commit()
		*at = in.Position()
	}
}

// wtmp takes the records since the last run.
func (r *run) wtmp(ctx context.Context) {
	for _, f := range loginFiles {
		data, err := r.Host.ReadFile(ctx, f.path, maxWtmp)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		r.sources++
		if err == nil {
			err = r.logins(f.parse(data))
		}
		if err != nil {
			r.rec.Problem(fmt.Errorf("%s: %w", f.path, err), scopeOf(f.path))
		} else {
			r.rec.Covered(scopeOf(f.path))
		}
		return
	}
}

// logins takes the records that could be read, also where others could not.
func (r *run) logins(records []LoginRecord, err error) error {
	since := r.old.Until
	if since.IsZero() {
		since = r.now.Add(-24 * time.Hour)
	}
	r.collector.Wtmp(slices.DeleteFunc(records, func(l LoginRecord) bool { return l.Time.Before(since) }))
	return err
}
