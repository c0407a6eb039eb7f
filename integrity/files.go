package integrity

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
	"github.com/pugetsoundtech/upkeep/report"
)

// Files is the check "integrity.files": what differs from the baseline. Its
// first run takes the baseline and reports nothing of the files; no later run
// moves it, so that a difference stands until the file is as it was, or a
// person accepts it (see Accept). The metric integrity_baseline_created is 1
// until a report that says so was stored.
//
// Scopes are "files" and the path: files/etc/ssh.
type Files struct {
	Host     host.Host
	Dir      string   // state folder for the baseline; required; made when it is not there
	Profile  Profile  // without roots: ProfileDaily
	Attestor Attestor // knows the packages of changed files, and their digests; nil: nobody does
}

// Name returns "integrity.files".
func (Files) Name() string { return "integrity.files" }

// BaselinePath is where the baseline is kept in a state folder.
func BaselinePath(dir string) string { return filepath.Join(dir, "files.baseline") }

// keptBaseline is the name under which the root of a baseline that was told of
// is kept: from then on its absence is a fault and no first run.
const keptBaseline = "baseline"

// Check compares the files with the baseline, or takes it.
func (f Files) Check(ctx context.Context, rec *report.Recorder) error {
	if f.Dir == "" {
		return errors.New("integrity.files: no state folder was given")
	}
	if len(f.Profile.Roots)+len(f.Profile.Sparse) == 0 {
		f.Profile = ProfileDaily()
	}
	r := run{Files: f, ctx: ctx, rec: rec}
	b, err := r.open()
	if b != nil {
		defer b.Close()
	}
	if err == nil && !r.took {
		err = r.later(b)
	}
	if err != nil {
		return fmt.Errorf("integrity.files: %w%s", err, advice(err))
	}
	r.tell(b)
	return nil
}

// advice says what to do about an error of the baseline.
func advice(err error) string {
	if errors.Is(err, ErrNoBaseline) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrFormat) {
		return "; restore the file from a backup: a new baseline is not taken over a lost one, since it would hide what changed"
	}
	return ""
}

// A run is one run of the check.
type run struct {
	Files
	ctx    context.Context
	rec    *report.Recorder
	counts Counts
	took   bool     // this run took the baseline
	expect int64    // entries, for the progress; zero: not known
	last   string   // path of the last entry
	found  []Change // not reported yet
	hint   string   // how to ask for the owner of a file
	read   int64    // bytes of changed files, to compare them with their packages
}

// together is the number of changes for which an Attestor is asked at once.
const together = 4096

// scan is Scan that tells the progress and remembers how far it came.
func (r *run) scan() Entries {
	return func(yield func(Entry, error) bool) {
		for e, err := range Scan(r.ctx, r.Host.Files, r.Profile, &r.counts) {
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

// open opens the baseline, and takes it first if there was never one.
func (r *run) open() (*Baseline, error) {
	b, err := OpenBaseline(BaselinePath(r.Dir))
	if !errors.Is(err, ErrNoBaseline) || r.rec.Kept(keptBaseline) != nil {
		return b, err
	}
	if err := r.take(); err != nil {
		return nil, err
	}
	r.took = true
	return OpenBaseline(BaselinePath(r.Dir))
}

// errNothing keeps a machine that did not answer from having a baseline.
var errNothing = errors.New("no baseline was taken: nothing of the profile could be read")

// take takes the baseline.
func (r *run) take() error {
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return err
	}
	head := Head{Created: r.Host.Time(), Profile: r.Profile}
	known := false
	err := CreateBaseline(BaselinePath(r.Dir), head, func(yield func(Entry, error) bool) {
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
			yield(Entry{}, errNothing)
		}
	})
	if err != nil {
		return err
	}
	for _, root := range r.Profile.roots() {
		r.rec.Covered(scopeOf(root))
	}
	return nil
}

// later compares with the baseline. What was found and covered before an error stands.
func (r *run) later(b *Baseline) error {
	r.expect = b.Count
	if b.Damaged != nil {
		r.rec.Finding(damagedFinding(b))
	}
	r.rec.Covered(scopeBaseline)
	r.hint = ownerHint(r.ctx, r.Host)
	now, was := r.scan(), b.Entries()
	if !r.Profile.sameChoice(b.Profile) {
		now, was = selected(now, b.Profile), selected(was, r.Profile)
		r.otherChoice(b.Profile)
	}
	err := Compare(was, now, r.Profile.fields(), func(c Change) error {
		r.problem(c, b)
		if c.Kind == Unreadable || c.Kind == Unknown || r.Profile.incidental(c) {
			return nil
		}
		if r.found = append(r.found, c); len(r.found) == together {
			r.flush(b)
		}
		return nil
	})
	r.flush(b)
	for _, root := range r.Profile.roots() {
		if b.Profile.selects(root, true) && (err == nil || r.passed(root)) {
			r.rec.Covered(scopeOf(root))
		}
	}
	return err
}

// passed reports whether a scan that was broken off had left root behind.
func (r *run) passed(root string) bool {
	return tree.Compare(root, r.last) < 0 && !tree.Within(r.last, root)
}

// problem records what could not be looked at, now or for the baseline.
func (r *run) problem(c Change, b *Baseline) {
	switch c.Kind {
	case Unreadable:
		r.rec.Problem(c.Now.Err, scopeOf(c.Path))
	case Unknown:
		r.rec.Problem(fmt.Errorf("%s could not be read for the baseline of %s: nothing to compare with",
			c.Path, dateOf(b.Created)), scopeOf(c.Path))
	}
}

// otherChoice records what the baseline's profile did not look at.
func (r *run) otherChoice(was Profile) {
	var told []string
	for _, root := range slices.Sorted(slices.Values(slices.Concat(r.Profile.Roots, r.Profile.Sparse, was.Sparse))) {
		how := ""
		switch {
		case !r.Profile.selects(root, true) || underAny(root, told):
		case !was.selects(root, true):
			how = "not"
		case r.Profile.looksCloser(root, was):
			how = "only in part"
		}
		if how != "" {
			told = append(told, root)
			r.rec.Problem(fmt.Errorf("%s is %s in the baseline, which was taken with another profile", root, how), scopeOf(root))
		}
	}
	for _, pattern := range was.Exclude {
		literal := pattern
		if meta := strings.IndexAny(pattern, `*?[\`); meta >= 0 {
			literal = path.Dir(pattern[:meta] + "x")
		}
		if r.Profile.selects(literal, true) {
			r.rec.Problem(fmt.Errorf("%s was left out of the baseline", pattern), scopeOf(literal))
		}
	}
}

// selected leaves only the entries that p looks at.
func selected(entries Entries, p Profile) Entries {
	return func(yield func(Entry, error) bool) {
		for e, err := range entries {
			if (err != nil || p.selects(e.Path, e.Stat.IsDir())) && !yield(e, err) {
				return
			}
		}
	}
}

// flush records a finding for each change that was found since the last call.
func (r *run) flush(b *Baseline) {
	claims := r.claims()
	for i, c := range r.found {
		if i%64 == 63 {
			r.rec.Progress(int64(i), int64(len(r.found)), "changed files")
		}
		r.rec.Finding(finding(c, b.Created, r.attested(c, claims), r.hint))
	}
	r.found = r.found[:0]
}

// claims asks once for all paths.
func (r *run) claims() map[string]host.Claim {
	if r.Attestor == nil || len(r.found) == 0 {
		return nil
	}
	paths := make([]string, len(r.found))
	for i, c := range r.found {
		paths[i] = c.Path
	}
	claims, err := r.Attestor.Attest(r.ctx, paths)
	if err != nil {
		r.rec.Problem(fmt.Errorf("ask which packages own changed files: %w", err), "packages")
	}
	return claims
}

// readAgain bounds the bytes that a run reads once more, to compare changed
// files with their packages: over a network they are slow.
const readAgain = 4 << 30

// attested holds a change against what its package claims, within the bound.
func (r *run) attested(c Change, claims map[string]host.Claim) attestation {
	claim, told := claims[c.Path]
	if len(claim.Digest) > 0 && claim.Algorithm != "sha256" {
		r.read += c.Now.Stat.Size
		c.Now.Hashed = c.Now.Hashed && r.read <= readAgain
	}
	return attest(r.ctx, r.Host.Files, c, claim, told)
}

// tell records the numbers of a run that went well.
func (r *run) tell(b *Baseline) {
	created := uint64(0)
	if r.rec.Kept(keptBaseline) == nil {
		created = 1
	}
	r.rec.Keep(keptBaseline, []byte(b.Root.String()))
	for _, m := range []report.Metric{
		{Name: "integrity_files_total", Value: report.Count(uint64(r.counts.Entries))},
		{Name: "integrity_read_bytes", Unit: "bytes", Value: report.Count(uint64(r.counts.Bytes))},
		{Name: "integrity_vanished_total", Value: report.Count(uint64(r.counts.Vanished))},
		{Name: "integrity_baseline_created", Value: report.Count(created)},
		{Name: "integrity_baseline_files_total", Value: report.Count(uint64(b.Count))},
	} {
		r.rec.Metric(m)
	}
}
