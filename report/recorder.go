package report

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/guard"
	"github.com/pugetsoundtech/upkeep/internal/redact"
	scopes "github.com/pugetsoundtech/upkeep/internal/scope"
)

// A Recorder takes what a check finds. It is safe for concurrent use. What it
// took stays, whatever becomes of the check. It bounds counts and bytes and
// replaces secrets before anything else sees them, but for kept values, which
// it cannot read. Of findings that are too many the mildest give way, of those
// of which there are most: they stand in one counted finding of their rule, and
// the coverage of their scopes is cancelled. Numbers, artifacts and kept values
// that it cannot take are problems of scopes below "recorder", and cancel
// nothing else. Once the check has returned the recorder is sealed: later
// writes are dropped and counted.
type Recorder struct {
	check  string
	rules  map[string]Rule
	limits Limits
	clock  func() time.Time
	redact *redact.Redactor
	kept   map[string][]byte
	tell   func(Progress)
	log    *slog.Logger
	ctx    context.Context // of the children that Go starts

	children sync.WaitGroup

	mu       sync.Mutex
	sealed   bool
	res      Result
	bytes    int64
	values   int
	keep     map[string][]byte
	large    large
	lost     bool // a finding was not recorded
	found    recorded
	childErr []error // of the check and its children
	late     uint64
	panicked bool
}

// Progress tells a person how far a check has come.
type Progress struct {
	Check string
	Done  int64
	Total int64 // zero: not known
	Unit  string
	State string // "started", "running" or "ended"
	End   Status // of the check, when State is "ended"
}

// Finding records an established fact, and reports whether it did. The same
// finding recorded again adds to the count of the first. One that has no room,
// or that is malformed, is recorded by its number: it is folded into one counted
// finding of its rule. A finding that was not recorded, such as one of no rule
// of the catalogue, cancels what the check keeps in this run, so that no
// position passes what nobody was told.
func (r *Recorder) Finding(f Finding) bool {
	rule, known := r.rules[f.Rule]
	var err error
	if known {
		if f, err = r.complete(f, rule); err != nil {
			err = fmt.Errorf("finding of rule %s: %w", f.Rule, err)
		}
	} else {
		err = fmt.Errorf("rule %q is not in the catalogue of %s", clip(f.Rule, 60), r.check)
	}
	var p Problem
	if err != nil {
		p = r.newProblem(f.Scope, CodeContract, err.Error(), "")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("finding") {
		return false
	}
	switch {
	case err == nil:
		r.take(f)
	case known:
		r.addProblem(p)
		r.fold(f)
	default:
		r.addProblem(p)
		r.lost = true
	}
	return known
}

// complete fills in what the rule gives, and makes f the recorder's own:
// bounded, redacted, and sharing no memory with the check. Of a malformed one
// it gives what can be counted.
func (r *Recorder) complete(f Finding, rule Rule) (Finding, error) {
	f.Kind, f.Explain = rule.Kind, r.text(rule.Explain)
	if f.Severity == RuleSeverity {
		f.Severity = rule.Severity
	}
	f.Count = max(f.Count, 1)
	f.First, f.Last = clean(f.First), clean(f.Last)
	more := len(f.Evidence) - maxEvidence
	f.Evidence = f.Evidence[:min(len(f.Evidence), maxEvidence)]
	if err := validFinding(f); err != nil {
		if f.Severity > Critical {
			f.Severity = rule.Severity
		}
		return Finding{Rule: f.Rule, Scope: r.scope(f.Scope), Severity: f.Severity, Count: f.Count, First: f.First, Last: f.Last}, err
	}
	f.Scope = r.scope(f.Scope)
	f.Title, f.Detail, f.Fix = r.text(cmp.Or(f.Title, rule.Title)), r.text(f.Detail), r.text(cmp.Or(f.Fix, rule.Remedy))
	if more > 0 {
		f.Detail = strings.TrimSpace(f.Detail + fmt.Sprintf("\n%d more pieces of evidence are not kept.", more))
	}
	f.Remedy = r.remedy(f.Remedy)
	f.Subject.Value = r.text(f.Subject.Value)
	f.Identity, f.Evidence = sortedAttrs(r.attrs(f.Identity)), r.attrs(f.Evidence)
	f.Links = r.texts(f.Links[:min(len(f.Links), maxLinks)])
	f.Artifacts = r.texts(f.Artifacts[:min(len(f.Artifacts), maxLinks)])
	r.identify(&f, rule)
	return f, nil
}

// identify gives f its fingerprints and its state.
func (r *Recorder) identify(f *Finding, rule Rule) {
	f.Fingerprint = Fingerprint(r.check, f.Rule, f.Subject, f.Identity)
	f.Former = nil
	for _, former := range rule.Former {
		f.Former = append(f.Former, formerFingerprint(r.check, former, *f))
	}
	f.State = stateHash(f.Evidence)
}

// Problem records that a scope was not looked at, and why. The empty scope is
// the whole check.
func (r *Recorder) Problem(err error, scope string) {
	if err == nil {
		return
	}
	p := r.newProblem(scope, codeOf(err), oneLine(err), "")
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.lateWrite("problem") {
		r.addProblem(p)
	}
}

// Covered records that a scope was looked at to its end: all below it is
// covered, but for what a problem or a finding that had no room names.
func (r *Recorder) Covered(scope string) {
	valid := scopes.Valid(scope, maxValue)
	scope = r.scope(scope)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("covered") {
		return
	}
	if !valid {
		r.problem(scopeCovered, CodeContract, fmt.Sprintf("scope %q is not a clean slash path", clip(scope, 80)), "")
		return
	}
	if len(r.res.Covered) >= r.limits.Scopes {
		r.count("covered")
		return
	}
	r.res.Covered = append(r.res.Covered, scope)
}

// Progress tells how much of the work is done; total is zero when not known.
func (r *Recorder) Progress(done, total int64, unit string) {
	r.mu.Lock()
	over := r.sealed
	r.mu.Unlock()
	if !over {
		r.tell(Progress{Check: r.check, Done: done, Total: total, Unit: unit, State: "running"})
	}
}

// ErrLate says that a check wrote to its recorder after its end.
var ErrLate = errors.New("the check has ended")

// Keep stores a small value for the next run; a nil value removes the name. An
// error says that the name keeps the value that it had. It takes effect only if
// this run's report is stored, and if every finding of this run was recorded:
// so keep a position once all before it was recorded.
func (r *Recorder) Keep(name string, value []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("keep") {
		return ErrLate
	}
	if value == nil {
		delete(r.keep, name)
		return nil
	}
	total := len(name) + len(value)
	for n, v := range r.keep {
		if n != name {
			total += len(n) + len(v)
		}
	}
	if total > r.limits.KeptBytes {
		err := fmt.Errorf("kept values exceed %d bytes: larger state belongs into files", r.limits.KeptBytes)
		r.problem(scopeKept, CodeContract, err.Error(), "")
		return err
	}
	r.keep[name] = bytes.Clone(value)
	return nil
}

// Kept returns what the last stored run kept under name; nil when there is
// nothing. Values of this run are not seen.
func (r *Recorder) Kept(name string) []byte { return bytes.Clone(r.kept[name]) }

// Now is the reporter's clock.
func (r *Recorder) Now() time.Time { return r.clock() }

// Go runs fn as a child of the check: the check is not over before fn returns,
// its panic is a problem of the check, and its error becomes the check's.
func (r *Recorder) Go(fn func(ctx context.Context) error) {
	r.mu.Lock()
	late := r.lateWrite("child")
	r.mu.Unlock()
	if late {
		return
	}
	r.children.Go(func() {
		e := guard.Watch(func() error { return fn(r.ctx) })
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.sealed {
			r.late++
			return
		}
		r.ended(e)
	})
}

func (r *Recorder) lateWrite(what string) bool {
	if r.sealed {
		r.late++
		r.log.Warn("write after the check ended", "check", r.check, "what", what)
	}
	return r.sealed
}

func (r *Recorder) lateWrites() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.late
}

func (r *Recorder) drop(what, scope string) {
	r.count(what)
	r.problem(scope, CodeDropped, "more than the recorder takes: a "+what+" was dropped", "")
}

func (r *Recorder) count(what string) {
	if r.res.Dropped == nil {
		r.res.Dropped = map[string]uint64{}
	}
	r.res.Dropped[what]++
}

// problem adds what the recorder itself says; the caller holds the lock.
func (r *Recorder) problem(scope, code, message, stack string) {
	r.addProblem(r.newProblem(scope, code, message, stack))
}

func (r *Recorder) newProblem(scope, code, message, stack string) Problem {
	return Problem{Scope: r.scope(scope), Code: code, Message: r.text(message), Stack: r.text(stack)}
}

// addProblem adds a problem once for each scope, code and message; beyond the
// limit the whole check counts as not covered.
func (r *Recorder) addProblem(p Problem) {
	for _, old := range r.res.Problems {
		if old.Scope == p.Scope && old.Code == p.Code && old.Message == p.Message {
			return
		}
	}
	if len(r.res.Problems) >= r.limits.Problems {
		r.tooMany(p)
		return
	}
	r.res.Problems = append(r.res.Problems, p)
}

// tooMany puts one problem of the whole check in place of the last and of p. A
// user who may read little still lacks nothing but rights.
func (r *Recorder) tooMany(p Problem) {
	r.count("problem")
	last := &r.res.Problems[len(r.res.Problems)-1]
	code := CodeDropped
	if p.Code == CodePermission && last.Code == CodePermission {
		code = CodePermission
	}
	*last = Problem{Code: code, Message: "more problems than the recorder takes"}
}

// spend takes n bytes for what is no finding: that may take half of the total.
func (r *Recorder) spend(n int64) bool {
	if r.bytes+n > r.limits.TotalBytes/2 {
		return false
	}
	r.bytes += n
	return true
}

// clean gives a time in UTC. One that JSON cannot hold is not known: a line of a
// log that claims the year 20000 must not keep a report from being stored.
func clean(t time.Time) time.Time {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// oneLine writes joined errors on one line.
func oneLine(err error) string { return strings.ReplaceAll(ahead(err.Error(), maxText), "\n", "; ") }

func codeOf(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return CodePermission
	case errors.Is(err, errors.ErrUnsupported):
		return CodeUnsupported
	case errors.Is(err, context.DeadlineExceeded):
		return CodeTimeout
	}
	return CodeError
}

// keptAfter gives what is kept for the next run: what was kept before, when a
// finding of this run was not recorded.
func (r *Recorder) keptAfter() map[string][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost {
		return maps.Clone(r.kept)
	}
	return maps.Clone(r.keep)
}
