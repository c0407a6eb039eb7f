package logs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/sources"
	"github.com/pugetsoundtech/upkeep/logwatch/summary"
	"github.com/pugetsoundtech/upkeep/report"
)

// run is one run of the check.
type run struct {
	System
	rec     *report.Recorder
	rules   *logwatch.RuleSet
	zone    *time.Location
	now     time.Time
	first   bool
	fromEnd bool // the kept position was damaged
	old     *state
	next    state
	tallies *tallies
	dedupe  *deduper
	watch   *logwatch.Watch
	trends  *trends
	summary summary.Summary
	ledger  bytes.Buffer // what became of the lines of each source
	unread  []string     // logs that are read by nobody
	listed  bool         // which logs there are is known
	sources int
}

func newRun(s System, rec *report.Recorder, zone *time.Location) *run {
	return &run{
		System: s, rec: rec, rules: s.set(), zone: zone, now: s.Host.Time(),
		tallies: newTallies(s.set()), trends: newTrends(rec, s.Host.Time()),
		next: state{Sources: map[string]*sourceState{}},
	}
}

// names lists the sources of this run: given or found, and those read before.
func (r *run) names(ctx context.Context) ([]string, error) {
	extra, left, globErr := sources.Glob(ctx, r.Host, r.Extra, r.wasRead)
	if r.Sources != nil {
		return append(slices.Clone(r.Sources), extra...), globErr
	}
	here, err := sources.Find(ctx, r.Host, r.wasRead)
	r.unread, r.listed = here.Unread, err == nil
	left = append(left, here.Left...)
	r.next.Blind = len(left) > 0 // where one is read later, it is not new
	err = errors.Join(err, globErr)
	found := append(here.Logs, extra...)
	for source, st := range r.old.Sources {
		// what never could be read is no source any more where it is not found again
		if source != Journal && !slices.Contains(left, source) && (err != nil || st.Position.Begun()) {
			found = append(found, source)
		}
	}
	slices.Sort(found)
	return append(slices.Compact(found), Journal), err
}

// wasRead reports whether an earlier run read a log.
func (r *run) wasRead(name string) bool { return r.old.Sources[name] != nil }

// order puts the source first that was read to its end the longest ago, and the journal
// before all: it knows who wrote what the files have as well.
func (r *run) order(names []string) []string {
	done := func(source string) time.Time {
		if source == Journal {
			return time.Time{}.Add(-1)
		}
		if st := r.old.Sources[source]; st != nil {
			return st.Done
		}
		return time.Time{}
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return done(a).Compare(done(b)) })
	return names
}

// keepUnread carries the position of a source that this run did not get to.
func (r *run) keepUnread(source string) {
	switch st := r.old.Sources[source]; {
	case st != nil:
		r.next.Sources[source] = st
	case source != Journal && (r.first || r.fromEnd || r.old.Blind):
		r.next.Sources[source] = &sourceState{Unread: true}
	}
}

// shared reads one source within its share of the time that is left: one part
// of as many as sources wait, and one for what comes after them.
func (r *run) shared(ctx context.Context, source string, waiting int) error {
	end, bounded := ctx.Deadline()
	if !bounded {
		return r.source(ctx, source)
	}
	share, cancel := context.WithTimeout(ctx, time.Until(end)/time.Duration(waiting+1))
	defer cancel()
	return r.source(share, source)
}

// source reads one log. One that is new since the last run is read from its
// start; one that was there and never could be read, like on a first run.
func (r *run) source(ctx context.Context, source string) error {
	st := &sourceState{}
	known := r.old.Sources[source]
	if known != nil {
		*st = *known
	}
	in := &judge{watch: r.watch, rules: r.rules, program: sources.ProgramOf(source), tallies: r.tallies, trends: r.trends, summary: &r.summary, dedupe: r.dedupe, source: source, zone: r.zone}
	notes, err := r.read(ctx, in, r.log(source, known), st)
	switch {
	case source == Journal && errors.Is(err, follow.ErrNoJournal) && r.Sources == nil:
		return nil
	case source != Journal && errors.Is(err, fs.ErrNotExist) && known != nil && (known.Position.Begun() || r.Sources == nil):
		r.vanished(source, known)
		return nil
	case err == nil:
		st.Done = r.now
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("its share of the time is over, and reading goes on there in the next run: %w", err)
	}
	st.Unread = source != Journal && !st.Position.Begun()
	r.next.Sources[source] = st
	r.sources++
	return r.done(in, notes, err)
}

// log says how a source is read.
func (r *run) log(source string, known *sourceState) logstream.Log {
	l := logstream.Log{Host: r.Host, Path: source, Location: r.zone, Now: r.now, Openers: r.Openers}
	fresh := r.first || known != nil && known.Unread || known == nil && r.old.Blind
	switch {
	case source == Input:
		l.Reader = r.Input
		return l
	case source == Journal:
		l.Path, l.Directory, l.Since = "", r.JournalDirectory, r.now.Add(-r.back())
		if fresh && r.Whole {
			l.Since = time.Time{}
			return l
		}
		if r.fromEnd {
			l.Since = r.now
		}
	case r.fromEnd:
		l.Tail = -1
	case fresh && r.Whole:
		l.Archive = true
		return l
	case fresh:
		l.Tail = cmp.Or(r.tail, firstTail)
	}
	if fresh {
		l.Since = r.now.Add(-r.back())
	}
	return l
}

// read judges a source from its position to its end. The position in st moves
// on with each batch, together with what the tallies took of it.
func (r *run) read(ctx context.Context, in *judge, l logstream.Log, st *sourceState) ([]follow.Note, error) {
	reader, err := l.Resume(ctx, st.Position)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var notes []follow.Note
	for {
		b, err := reader.Next(ctx)
		in.account, st.Position = reader.Account(), reader.Position()
		if err == io.EOF {
			if limited := reader.Limited(); limited != nil {
				r.rec.Problem(limited, Journal)
			}
			return notes, nil
		}
		if err != nil {
			return notes, err
		}
		for i := range b.Records {
			in.record(&b.Records[i])
		}
		for _, n := range b.Notes {
			if n.Kind != follow.Skipped {
				notes = append(notes, n)
			}
		}
		reader.Commit()
	}
}

// done tells of one source: its notes, its account, and whether it is covered.
func (r *run) done(in *judge, notes []follow.Note, err error) error {
	scope := scopeOf(in.source)
	for _, n := range notes {
		r.note(in.source, n)
	}
	r.odd(in)
	r.forged(in)
	r.skipped(in)
	r.metrics(in)
	r.enter(in)
	err = errors.Join(err, in.balance())
	switch {
	case err != nil:
		r.rec.Problem(err, scope)
	case len(notes) == 0:
		r.rec.Covered(scope)
	}
	return err
}

// Account names the artifact that has what became of all lines that were read, source
// by source and file by file.
const Account = "account.txt"

// enter writes a source that was read into the account.
func (r *run) enter(in *judge) {
	a, c := &in.account, &in.counts
	if a.Bytes == 0 {
		return
	}
	fmt.Fprintf(&r.ledger, "%s: %d lines, %d bytes = %d matched + %d ignored + %d counted + %d unexplained + %d duplicate + %d oversized + %d malformed + %d old\n",
		printable([]byte(in.source)), a.Lines, a.Bytes, c.matched, c.ignored+a.Marks+a.Orphans, c.counted, c.reported, c.duplicate, c.oversized, a.Malformed, a.Old)
	for _, g := range a.Generations {
		fmt.Fprintf(&r.ledger, "  %s: %d lines, %d bytes\n", printable([]byte(g.Path)), g.Lines, g.Bytes)
	}
}

func (r *run) metrics(in *judge) {
	a, c := &in.account, &in.counts
	for _, m := range []struct {
		name, unit string
		noun       report.Noun // of those that a quiet report names
		value      uint64
	}{
		{"logwatch_lines", "", report.Noun{One: "log line read", Many: "log lines read"}, a.Lines},
		{"logwatch_lines_matched", "", report.Noun{}, c.matched},
		{"logwatch_lines_ignored", "", report.Noun{}, c.ignored + a.Marks + a.Orphans},
		{"logwatch_lines_counted", "", report.Noun{}, c.counted},
		{"logwatch_lines_unexplained", "", report.Noun{One: "of them unexplained", Many: "of them unexplained"}, c.reported},
		{"logwatch_lines_duplicate", "", report.Noun{}, c.duplicate},
		{"logwatch_lines_malformed", "", report.Noun{}, a.Malformed},
		{"logwatch_lines_oversized", "", report.Noun{}, c.oversized},
		{"logwatch_lines_old", "", report.Noun{}, a.Old},
		{"logwatch_read_bytes", "bytes", report.Noun{}, a.Bytes},
		{"logwatch_skipped_bytes", "bytes", report.Noun{}, a.Skipped},
	} {
		r.rec.Metric(report.Metric{
			Name: m.name, Unit: m.unit, Value: report.Count(m.value), Noun: m.noun,
			Attrs: []report.Attr{sourceAttr(in.source)},
		})
	}
}
