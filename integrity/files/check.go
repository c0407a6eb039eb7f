package files

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/continuity"
	"github.com/pugetsoundtech/upkeep/integrity/rotation"
	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/report"
)

// System is the check "integrity.files": what differs from the baseline. Its
// first run takes the baseline and reports nothing of the files; no later run
// moves it, so that a difference stands until the file is as it was, or a
// person accepts it. The metric integrity_baseline_created is 1 until a report
// that says so was stored.
//
// Scopes are "files" and the path: files/etc/ssh.
type System struct {
	Host     host.Host
	Dir      string             // state folder for the baseline; required; made when it is not there
	Profile  integrity.Profile  // without roots: integrity.ProfileDaily
	Attestor integrity.Attestor // knows the packages of changed files, and their digests; nil: nobody does
	OldText  integrity.OldText  // keeps what small files held before; nil: nobody does

	Pace integrity.Pace // of the scan; the zero Pace: as fast as can be

	// CoveredElsewhere says of which files another check tells each change of the content,
	// such as the accounts; nil: of none. Here only their rights count.
	CoveredElsewhere func(path string) bool

	// SignedOff tells when a person signed a report last, zero where nobody has: what
	// changed since then is told as well. Nil: nobody signs.
	SignedOff func(context.Context) (time.Time, error)

	// Signed reports by its error why nobody who may has signed the baseline, as
	// signature.By does; nil: nobody has to.
	Signed func(*integrity.Baseline) error
}

// Name returns "integrity.files".
func (System) Name() string { return "integrity.files" }

// Check compares the files with the baseline, or takes it.
func (s System) Check(ctx context.Context, rec *report.Recorder) error {
	if s.Dir == "" {
		return errors.New("integrity.files: no state folder was given")
	}
	s.Profile = s.profile(ctx)
	r := run{System: s, ctx: ctx, rec: rec, Watch: s.watch(), texts: map[string]string{}, offered: map[string]string{}}
	r.Rec = rec
	var unread error
	if r.were, _, unread = lastTexts.Load(rec); unread != nil {
		rec.Problem(unread, continuity.Scope)
	}
	if r.signed, unread = r.sinceSigned(); unread != nil {
		rec.Problem(unread, continuity.Scope)
	}
	if r.marks, _, unread = lastLogs.Load(rec); unread != nil {
		rec.Problem(unread, continuity.Scope)
	}
	r.logs.Earlier = r.marks
	unkept := r.database()
	b, err := r.Open(r.take)
	if b != nil {
		defer b.Close()
	}
	if err == nil && !r.Took {
		err = r.later(b)
	}
	if err != nil {
		return fmt.Errorf("integrity.files: %w", err)
	}
	r.tell(b)
	if r.marks != nil {
		err = lastLogs.Keep(rec, r.marks)
	}
	return errors.Join(err, unkept, r.Remember(b), lastTexts.Keep(rec, r.texts), signedTexts.Keep(rec, r.signed), lastOffered.Keep(rec, r.offered))
}

// profile is that of the check, with the roots that are links followed.
func (s System) profile(ctx context.Context) integrity.Profile {
	if len(s.Profile.Roots)+len(s.Profile.Sparse) == 0 {
		s.Profile = integrity.ProfileDaily()
	}
	return integrity.FollowRoots(ctx, s.Host.Files, s.Profile)
}

// A run is one run of the check.
type run struct {
	System
	continuity.Watch
	ctx     context.Context
	rec     *report.Recorder
	counts  integrity.Counts
	expect  int64   // entries, for the progress; zero: not known
	last    string  // path of the last entry
	found   []found // not reported yet
	logs    rotation.Logs
	old     integrity.Entries        // with which the beginnings of logs are compared; nil: they are not
	were    map[string]string        // lastTexts of the last stored run
	texts   map[string]string        // and of this one
	signed  signedOff                // what the report told that was signed last
	edited  map[string]string        // packages that the database tells otherwise than before, with their version
	offered map[string]string        // packages that an index offered which is signed, with the version
	marks   map[string]rotation.Mark // lastLogs of the last stored run, then of this one
	guide   howto.Guide
}

// together is the number of changes that are looked at closer at once.
const together = 4096

// scan is integrity.Scan that tells the progress and remembers how far it came.
func (r *run) scan() integrity.Entries {
	return func(yield func(host.Entry, error) bool) {
		s := integrity.Scanner{Files: r.Host.Files, Profile: r.Profile, Pace: r.Pace}
		if r.old != nil {
			s.Old, s.Read = r.old, r.logs.Read()
		}
		for e, err := range s.Entries(r.ctx, &r.counts) {
			if err == nil {
				r.last = e.Path
				if r.counts.Entries%1024 == 0 {
					r.rec.Progress(r.counts.Entries, max(r.expect, r.counts.Entries), "files")
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// take takes the baseline.
func (r *run) take() error {
	if err := durable.MkdirAll(r.Dir); err != nil {
		return err
	}
	head := integrity.HeadOf(r.ctx, r.Host, r.Profile)
	known := false
	err := integrity.CreateBaseline(BaselinePath(r.Dir), head, func(yield func(host.Entry, error) bool) {
		for e, err := range r.scan() {
			if err == nil && e.Err != nil {
				r.rec.Problem(e.Err, scopeOf(e.Path))
			}
			known = known || e.Stat.Known != 0
			if !yield(e, err) {
				return
			}
		}
		if !known {
			yield(host.Entry{}, errNothing)
		}
	})
	if err != nil {
		return err
	}
	for _, root := range r.Profile.Tops() {
		r.rec.Covered(scopeOf(root))
	}
	return nil
}

// later compares with the baseline. What was found and covered before an error stands.
func (r *run) later(b *integrity.Baseline) error {
	r.expect = b.Count
	r.guide = howto.Of(r.ctx, r.Host)
	r.Profile.Digests = b.Profile.Digests // others would compare with nothing
	now, was := r.scan(), b.Entries()
	if !r.Profile.SameRules(b.Profile) {
		now, was = integrity.Selected(now, b.Profile), integrity.Selected(was, r.Profile)
		r.rec.Finding(r.otherRules(b.Profile))
	}
	r.logs.Files, r.logs.Profile = r.Host.Files, r.Profile
	if len(r.Profile.Logs) > 0 && r.Profile.SameRules(b.Profile) {
		r.old = b.Entries()
	}
	err := integrity.Compare(was, r.logs.Seen(now), r.Profile.Compared(), func(c integrity.Change) error {
		if !r.logs.Take(c) {
			r.take1(c)
		}
		return nil
	})
	r.rotated(err)
	r.flush()
	if r.Replaced {
		return err
	}
	r.rec.Covered(continuity.Scope)
	for _, root := range r.Profile.Tops() {
		if b.Profile.Selects(root, true) && r.Profile.SameBelow(root, b.Profile) && (err == nil || r.passed(root)) {
			r.rec.Covered(scopeOf(root))
		}
	}
	return err
}

// passed reports whether a scan that was broken off had left root behind.
func (r *run) passed(root string) bool {
	return tree.Compare(root, r.last) < 0 && !tree.Within(r.last, root)
}

// take1 takes one change of the comparison.
func (r *run) take1(c integrity.Change) {
	if c.Kind == integrity.Unreadable {
		r.rec.Problem(c.Now.Err, scopeOf(c.Path))
		return
	}
	if incidental(r.Profile, c) || r.Profile.Allows(c) && !dangerous(c) || r.toldElsewhere(&c) {
		return
	}
	if n := len(r.found); n > 0 && r.found[n-1].takes(c) {
		return
	}
	if len(r.found) >= together {
		r.flush()
	}
	r.found = append(r.found, found{Change: c})
}

// toldElsewhere leaves out of a change what another check tells, and reports
// whether nothing is left.
func (r *run) toldElsewhere(c *integrity.Change) bool {
	if r.CoveredElsewhere == nil || !r.CoveredElsewhere(c.Path) {
		return false
	}
	switch c.Kind {
	case integrity.Changed:
		c.Fields &^= tree.FieldContent | tree.FieldSize
		return c.Fields == 0
	case integrity.Added:
		return c.Now.Stat.IsRegular() && !dangerous(*c)
	}
	return false
}

// tell records the numbers of a run that went well.
func (r *run) tell(b *integrity.Baseline) {
	created := uint64(0)
	if !r.Known {
		created = 1
	}
	for _, m := range []report.Metric{
		{Name: "integrity_files", Value: report.Count(uint64(r.counts.Entries)), Noun: report.Noun{One: "file", Many: "files"}},
		{Name: "integrity_read_bytes", Unit: "bytes", Value: report.Count(uint64(r.counts.Bytes))},
		{Name: "integrity_vanished_files", Value: report.Count(uint64(r.counts.Vanished))},
		{Name: "integrity_baseline_created", Value: report.Count(created)},
		{Name: "integrity_baseline_files", Value: report.Count(uint64(b.Count))},
	} {
		r.rec.Metric(m)
	}
}
