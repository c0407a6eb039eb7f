package logs

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/report"
)

// Journal names the systemd journal among System.Sources, and Input what
// System.Input gives.
const (
	Journal = "journal"
	Input   = "/dev/stdin"
)

// name is the name of the check.
const name = "logwatch.logs"

// firstTail bounds a first reading of one file, in bytes.
const firstTail = 64 << 20

// System is the check that reads what is new in the logs of a system since its
// last stored run, or of the last day when it runs first.
type System struct {
	Host host.Host
	// Sources are absolute paths of log files, Journal and Input; nil is what Discover
	// finds and the journal, where there is one.
	Sources []string
	// Input is read once, whole, where Sources name it.
	Input io.Reader
	// Extra are read besides Sources; a pattern as of path.Match, such as
	// /srv/*/log/*.log, stands for the logs that it matches.
	Extra []string
	// Openers unpack rotated logs, as those of follow.File do.
	Openers map[string]func(io.Reader) (io.Reader, error)
	// Set is the rules; nil is logwatch.Builtin.
	Set *logwatch.RuleSet
	// Faults says what is wrong with rules that Set should have: it is told.
	Faults error
	// JournalDirectory holds the journal files; empty is the system's own journal.
	JournalDirectory string
	// Lookback is how far back a first reading goes; zero means 24 hours. Lines that
	// have no time, and none before them, are as old as the last change of their file.
	Lookback time.Duration
	// Whole makes a first reading one of all that there is, with the rotated copies.
	Whole bool
	// Unexplained is how many kinds of unexplained lines are shown in full; zero
	// means 20 on a first reading and 100 later. One finding lists the others.
	Unexplained int

	tail int64 // bytes of one file that a first reading takes; zero: firstTail
}

// With adds the *.rules files of a directory to the rules of the catalogue.
// What is wrong with them is told by the check, which goes on without those.
func (s System) With(dir fs.FS) System {
	s.Set, s.Faults = logwatch.Load(dir)
	return s
}

// Name is "logwatch.logs".
func (s System) Name() string { return name }

// Rules lists the findings that the check can report.
func (s System) Rules() []report.Rule { return catalogueOf(s.set()) }

func (s System) set() *logwatch.RuleSet {
	if s.Set != nil {
		return s.Set
	}
	return logwatch.Builtin()
}

func (s System) back() time.Duration { return cmp.Or(max(s.Lookback, 0), 24*time.Hour) }

// Check reads all sources. What could not be read is a problem of its scope;
// what was read is told, and counts as read once the report is stored.
func (s System) Check(ctx context.Context, rec *report.Recorder) error {
	zone, err := facts.Zone(ctx, s.Host)
	if err != nil {
		rec.Problem(err, "zone")
		zone = time.UTC
	}
	r := newRun(s, rec, zone)
	r.restore()
	r.dedupe = newDeduper(r.old.Recent)
	r.watch = logwatch.NewWatch(r.rules, r.old.Watch, r.now)
	names, err := r.names(ctx)
	if err != nil {
		rec.Problem(err, "logs")
		r.next.Blind = true
	}
	left := r.order(names)
	for i, source := range left {
		rec.Progress(int64(i), int64(len(left)), "logs")
		if ctx.Err() != nil {
			r.keepUnread(source)
			continue
		}
		err = errors.Join(err, r.shared(ctx, source, len(left)-i))
	}
	r.tell(ctx)
	r.faults()
	r.absent(ctx, err)
	r.silent(ctx, err)
	r.notRead(ctx)
	r.cover(ctx, err)
	return errors.Join(ctx.Err(), accountingOnly(err), r.summarize(), r.keep(), r.keepHistory())
}

// cover covers what is no single source: whether there are any, the position,
// and the list of what was not shown in full.
func (r *run) cover(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	r.rec.Covered("position")
	if r.tallies.over == 0 && !r.dedupe.full {
		r.rec.Covered("summary")
	}
	if r.sources > 0 || err == nil {
		r.rec.Covered("sources")
	}
	if r.sources == 0 && err == nil {
		r.none()
	}
}

// accountingOnly keeps what is a fault of ours; all other errors stand as
// problems of their scopes.
func accountingOnly(err error) error {
	if errors.Is(err, errAccounting) || errors.Is(err, logstream.ErrAccounting) {
		return err
	}
	return nil
}
