package logwatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/follow"
	"github.com/pugetsoundtech/upkeep/report"
)

// Journal names the systemd journal among Logs.Sources.
const Journal = "journal"

// firstTail bounds a first reading of one file, in bytes.
const firstTail = 64 << 20

// Logs is the check that reads what is new in the logs since its last stored
// run, or of the last day when it runs first.
type Logs struct {
	Host host.Host
	// Sources are absolute paths of log files, and Journal; nil is what Discover
	// finds and the journal, where there is one.
	Sources []string
	// Set is the rules; nil is Builtin.
	Set *RuleSet
	// JournalDirectory holds the journal files; empty is the system's own journal.
	JournalDirectory string
	// Back is how far back a first reading goes; zero means 24 hours. Lines that
	// have no time, and none before them, count as older.
	Back time.Duration
	// Unexplained is how many kinds of unexplained lines are shown in full; zero
	// means 20 on a first reading and 100 later. One finding lists the others.
	Unexplained int

	tail int64 // bytes of one file that a first reading takes; zero: firstTail
}

// Name is "logwatch".
func (l Logs) Name() string { return "logwatch" }

// Rules lists the findings that the check can report.
func (l Logs) Rules() []report.Rule { return l.set().Catalogue() }

func (l Logs) set() *RuleSet {
	if l.Set != nil {
		return l.Set
	}
	return Builtin()
}

// run is one run of the check.
type run struct {
	Logs
	rec     *report.Recorder
	rules   *RuleSet
	zone    *time.Location
	now     time.Time
	first   bool
	fromEnd bool // the kept position was damaged
	old     *state
	next    state
	tallies *tallies
	dedupe  *deduper
	sources int
}

// Check reads all sources. What could not be read is a problem of its scope;
// what was read is told, and counts as read once the report is stored.
func (l Logs) Check(ctx context.Context, rec *report.Recorder) error {
	r := &run{
		Logs: l, rec: rec, rules: l.set(), zone: zoneOf(ctx, l.Host), now: l.Host.Time(),
		tallies: &tallies{byKey: map[string]*tally{}},
		next:    state{Version: stateVersion, Files: map[string]*fileState{}},
	}
	r.restore()
	r.dedupe = newDeduper(r.old.Recent)
	names, err := r.names(ctx)
	if err != nil {
		rec.Problem(err, "logs")
		r.next.Blind = true
	}
	for i, name := range names {
		rec.Progress(int64(i), int64(len(names)), "logs")
		if ctx.Err() != nil {
			r.keepUnread(name)
			continue
		}
		err = errors.Join(err, r.source(ctx, name))
	}
	r.tell()
	r.cover(ctx, err)
	r.next.Recent = r.dedupe.recent(r.now.Add(-overlap))
	kept, encodeErr := r.next.encode()
	if encodeErr == nil {
		rec.Keep(stateName, kept)
	}
	return errors.Join(ctx.Err(), accountingOnly(err), encodeErr)
}

// cover covers what is no single source: whether there are any, the position,
// and the list of what was not shown in full.
func (r *run) cover(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	r.rec.Covered("position")
	r.rec.Covered("summary")
	if r.sources > 0 || err == nil {
		r.rec.Covered("sources")
	}
	if r.sources == 0 && err == nil {
		r.none()
	}
}

// accountingOnly keeps what is a fault of this package; all other errors stand
// as problems of their scopes.
func accountingOnly(err error) error {
	if errors.Is(err, errAccounting) || errors.Is(err, follow.ErrAccounting) {
		return err
	}
	return nil
}

// restore takes up the kept position. A damaged one is told, and reading goes
// on at the end of the logs.
func (r *run) restore() {
	old, err := decode(r.rec.Kept(stateName))
	switch {
	case err != nil:
		r.fromEnd = true
		r.finding(ruleState, report.Attr{Key: report.System, Value: "logs"}, "position", func(f *report.Finding) {
			f.Title = "The position up to which the logs were read is damaged: reading went on at their end"
			f.Detail = "Lines written between the last run and now were not read. " + err.Error() + "."
		})
	case old == nil:
		r.first = true
	}
	if old == nil {
		old = &state{Files: map[string]*fileState{}}
	}
	r.old = old
}

// names lists the sources of this run: given or found, and those read before.
func (r *run) names(ctx context.Context) ([]string, error) {
	if r.Sources != nil {
		return r.Sources, nil
	}
	found, err := Discover(ctx, r.Host)
	for name := range r.old.Files {
		found = append(found, name)
	}
	slices.Sort(found)
	return append(slices.Compact(found), Journal), err
}

// keepUnread carries the position of a source that this run did not get to.
func (r *run) keepUnread(name string) {
	switch st := r.old.Files[name]; {
	case name == Journal:
		r.next.Journal = r.old.Journal
	case st != nil:
		r.next.Files[name] = st
	case r.first || r.fromEnd || r.old.Blind:
		r.next.Files[name] = &fileState{Unread: true}
	}
}

func (r *run) source(ctx context.Context, name string) error {
	if name == Journal {
		return r.journal(ctx)
	}
	return r.file(ctx, name)
}

func (r *run) reader(source string, fresh bool) *reader {
	in := &reader{rules: r.rules, tallies: r.tallies, dedupe: r.dedupe, source: source}
	in.parser.Location, in.parser.Reference = r.zone, r.now
	if fresh {
		in.cutoff = r.now.Add(-r.back())
	}
	return in
}

func (r *run) back() time.Duration {
	if r.Back > 0 {
		return r.Back
	}
	return 24 * time.Hour
}

// file reads one log file. A file that is new since the last run is read from
// its start; one that was there and never could be read, like on a first run.
func (r *run) file(ctx context.Context, name string) error {
	st := &fileState{}
	known := r.old.Files[name]
	if known != nil {
		*st = *known
	}
	fresh := r.first || st.Unread || known == nil && r.old.Blind
	f := follow.File{Host: r.Host, Path: name}
	switch {
	case r.fromEnd:
		f.Tail = -1
	case fresh:
		f.Tail = cmp.Or(r.tail, firstTail)
	}
	in := r.reader(name, fresh)
	notes, err := in.file(ctx, f, st)
	if errors.Is(err, fs.ErrNotExist) && known != nil && (known.Position.Valid || r.Sources == nil) {
		r.vanished(name, known)
		return nil
	}
	st.Unread = !st.Position.Valid
	r.next.Files[name] = st
	r.sources++
	return r.done(in, notes, err)
}

// journal reads the systemd journal. A host without one is no fault, unless the
// journal was asked for.
func (r *run) journal(ctx context.Context) error {
	st := &journalState{}
	if r.old.Journal != nil {
		*st = *r.old.Journal
	}
	j := follow.Journal{Host: r.Host, Directory: r.JournalDirectory, Since: r.now.Add(-r.back())}
	if r.fromEnd {
		j.Since = r.now
	}
	in := r.reader(Journal, false)
	notes, limited, err := in.journal(ctx, j, st, r.zone)
	if errors.Is(err, follow.ErrNoJournal) && r.Sources == nil {
		return nil
	}
	r.sources++
	r.next.Journal = st
	if err == nil && limited != nil {
		r.rec.Problem(limited, Journal)
	}
	return r.done(in, notes, err)
}

// done tells of one source: its notes, its account, and whether it is covered.
func (r *run) done(in *reader, notes []follow.Note, err error) error {
	scope := scopeOf(in.source)
	for _, n := range notes {
		r.note(in.source, n)
	}
	r.odd(in)
	r.skipped(in)
	r.metrics(in)
	err = errors.Join(err, in.counts.balance())
	switch {
	case err != nil:
		r.rec.Problem(err, scope)
	case len(notes) == 0:
		r.rec.Covered(scope)
	}
	return err
}

func (r *run) metrics(in *reader) {
	c := &in.counts
	for _, m := range []struct {
		name, unit string
		value      uint64
	}{
		{"log_lines", "", c.lines},
		{"log_lines_matched", "", c.matched},
		{"log_lines_ignored", "", c.ignored},
		{"log_lines_unexplained", "", c.reported},
		{"log_lines_duplicate", "", c.duplicate},
		{"log_lines_malformed", "", c.malformed},
		{"log_lines_oversized", "", c.oversized},
		{"log_lines_old", "", c.old},
		{"log_bytes", "bytes", c.bytes},
		{"log_bytes_skipped", "bytes", c.skipped},
	} {
		r.rec.Metric(report.Metric{
			Name: m.name, Unit: m.unit, Value: report.Count(m.value),
			Attrs: []report.Attr{sourceAttr(in.source)},
		})
	}
}

// maxOfProgram is how many kinds of unexplained lines of one program are shown
// in full: a program that quotes what it was asked has thousands.
const maxOfProgram = 10

// tell records the tallies: what rules know always, what nothing explains up to
// the limits, and the rest as one finding with a list.
func (r *run) tell() {
	limit := r.Unexplained
	switch {
	case limit == 0 && r.first:
		limit = 20
	case limit == 0:
		limit = 100
	}
	var rest []*tally
	shown := map[string]int{}
	for _, ta := range r.tallies.sorted() {
		if ta.rule == nil {
			if limit == 0 || shown[ta.program()] == maxOfProgram {
				rest = append(rest, ta)
				continue
			}
			limit--
			shown[ta.program()]++
		}
		r.rec.Finding(ta.finding())
	}
	if len(rest) > 0 || r.tallies.over > 0 {
		r.more(rest)
	}
}

// more tells of the kinds of lines beyond the limit.
func (r *run) more(rest []*tally) {
	lines := r.tallies.over
	var list strings.Builder
	for _, ta := range rest {
		lines += ta.count
		fmt.Fprintf(&list, "%8d  %s\n", ta.count, ta.samples[0])
	}
	ref := r.rec.Artifact("unexplained.txt", "text/plain", strings.NewReader(list.String()))
	r.finding(ruleMore, report.Attr{Key: report.System, Value: "logs"}, "summary", func(f *report.Finding) {
		f.Title = fmt.Sprintf("%d more kinds of log lines that no rule explains (%d lines) are only listed", len(rest), lines)
		f.Detail = fmt.Sprintf("At most %d kinds of one program are shown in full. ", maxOfProgram) + writers(rest)
		f.Count = lines
		if ref != "" {
			f.Artifacts = []string{ref}
		}
		if r.first {
			f.Detail += " This was the first reading: all of the last day is new to it. Later runs show only what is new since."
		}
	})
}

// writers says which programs wrote the most of the lines.
func writers(tallies []*tally) string {
	counts := map[string]int{}
	for _, ta := range tallies {
		counts[ta.program()] += ta.count
	}
	var b strings.Builder
	most(&b, "Programs", counts)
	return strings.TrimSpace(b.String())
}

// none tells that there is nothing to read.
func (r *run) none() {
	r.finding(ruleNone, report.Attr{Key: report.System, Value: "logs"}, "sources", func(f *report.Finding) {
		f.Title = "This system keeps no logs: no syslog file in " + logDir + " and no journal"
		f.Last = time.Time{} // it has no moment
	})
}
