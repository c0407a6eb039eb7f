package report

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/redact"
)

// Limits bound what one check may record. Zero fields take the defaults.
type Limits struct {
	Findings      int   // zero: 10,000
	Metrics       int   // zero: 10,000
	Values        int   // numbers in all series together; zero: 200,000
	Problems      int   // zero: 1,000
	Scopes        int   // zero: 20,000
	Artifacts     int   // zero: 256
	ArtifactBytes int64 // of one artifact; zero: 256 KiB
	TotalBytes    int64 // of all text and artifacts; zero: 32 MiB
	KeptBytes     int   // of all kept values; zero: 1 MiB
}

func (l Limits) withDefaults() Limits {
	set := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	set(&l.Findings, 10_000)
	set(&l.Metrics, 10_000)
	set(&l.Values, 200_000)
	set(&l.Problems, 1_000)
	set(&l.Scopes, 20_000)
	set(&l.Artifacts, 256)
	set(&l.KeptBytes, 1<<20)
	if l.ArtifactBytes == 0 {
		l.ArtifactBytes = 256 << 10
	}
	if l.TotalBytes == 0 {
		l.TotalBytes = 32 << 20
	}
	return l
}

const (
	maxText     = 8 << 10 // bytes of one title, detail, message
	maxEvidence = 64      // attributes of one finding
	maxLinks    = 16      // of one finding, and its artifacts
	maxName     = 200     // bytes of the name and the unit of a number
)

// A Recorder takes what a check finds. It is safe for concurrent use. What it
// took stays, whatever becomes of the check. It bounds counts and bytes and
// replaces secrets before anything else sees them; what it had to drop cancels
// the coverage of the dropped thing's scope. Once the check has returned the
// recorder is sealed: later writes are dropped and counted.
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
	seen     map[string]int // fingerprint: index of the finding
	childErr []error        // of the check and its children
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

// Finding records an established fact. The same finding recorded again adds to
// the count of the first.
func (r *Recorder) Finding(f Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("finding") {
		return
	}
	rule, ok := r.rules[f.Rule]
	if !ok {
		r.problem(f.Scope, CodeContract, fmt.Sprintf("rule %q is not in the catalogue of %s", clip(f.Rule, 60), r.check), "")
		return
	}
	if err := validFinding(f); err != nil {
		r.problem(f.Scope, CodeContract, fmt.Sprintf("finding of rule %s: %v", f.Rule, err), "")
		return
	}
	r.complete(&f, rule)
	if i, double := r.seen[f.Fingerprint]; double {
		merge(&r.res.Findings[i], f)
		return
	}
	if len(r.res.Findings) >= r.limits.Findings || !r.spend(findingBytes(f), 1) {
		r.drop("finding", f.Scope)
		return
	}
	r.seen[f.Fingerprint] = len(r.res.Findings)
	r.res.Findings = append(r.res.Findings, f)
}

// complete fills in what the rule gives, and makes f the recorder's own:
// bounded, redacted, and sharing no memory with the check.
func (r *Recorder) complete(f *Finding, rule Rule) {
	f.Kind, f.Explain = rule.Kind, rule.Explain
	if f.Severity == RuleSeverity {
		f.Severity = rule.Severity
	}
	f.Title, f.Detail, f.Fix = r.text(cmp.Or(f.Title, rule.Title)), r.text(f.Detail), r.text(cmp.Or(f.Fix, rule.Remedy))
	f.Count = max(f.Count, 1)
	f.First, f.Last = clean(f.First), clean(f.Last)
	if more := len(f.Evidence) - maxEvidence; more > 0 {
		f.Detail = strings.TrimSpace(f.Detail + fmt.Sprintf("\n%d more pieces of evidence are not kept.", more))
		f.Evidence = f.Evidence[:maxEvidence]
	}
	f.Subject.Value = r.text(f.Subject.Value)
	f.Identity, f.Evidence = sortedAttrs(r.attrs(f.Identity)), r.attrs(f.Evidence)
	f.Links = r.texts(f.Links[:min(len(f.Links), maxLinks)])
	f.Artifacts = r.texts(f.Artifacts[:min(len(f.Artifacts), maxLinks)])
	f.Fingerprint = Fingerprint(r.check, f.Rule, f.Subject, f.Identity)
	f.Former = nil
	for _, former := range rule.Former {
		f.Former = append(f.Former, formerFingerprint(r.check, former, *f))
	}
	f.State = stateHash(f.Evidence)
}

// Metric records a number. A name that is empty or a value that is not known
// is a problem: a gap belongs into a Series.
func (r *Recorder) Metric(m Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("metric") {
		return
	}
	if m.Name == "" || !m.Value.Known() || math.IsInf(m.Value.Float(), 0) {
		r.problem("", CodeContract, fmt.Sprintf("metric %q has no name or no known value", clip(m.Name, 60)), "")
		return
	}
	m.Name, m.Unit, m.Attrs, m.Time = r.name(m.Name), r.name(m.Unit), r.attrs(m.Attrs), clean(m.Time)
	if len(r.res.Metrics) >= r.limits.Metrics || !r.spend(int64(len(m.Name)+attrBytes(m.Attrs)+50), 1) {
		r.drop("metric", "")
		return
	}
	r.res.Metrics = append(r.res.Metrics, m)
}

// Series records a time line; it keeps the values as they are now.
func (r *Recorder) Series(s Series) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("series") {
		return
	}
	if s.Name == "" || s.Step <= 0 {
		r.problem("", CodeContract, fmt.Sprintf("series %q has no name or no step", clip(s.Name, 60)), "")
		return
	}
	s.Name, s.Unit, s.Attrs, s.Start = r.name(s.Name), r.name(s.Unit), r.attrs(s.Attrs), clean(s.Start)
	values := max(len(s.Values), 1)
	if r.values+values > r.limits.Values || !r.spend(int64(len(s.Name)+attrBytes(s.Attrs)+50), 1) {
		r.drop("series", "")
		return
	}
	r.values += values
	s.Values = append([]Number(nil), s.Values...)
	r.res.Series = append(r.res.Series, s)
}

// Artifact copies material, up to the limit, and returns the reference by
// which findings name it: "" when it could not be taken. Text is redacted.
func (r *Recorder) Artifact(name, mediaType string, from io.Reader) string {
	data, err := io.ReadAll(io.LimitReader(from, r.limits.ArtifactBytes+1))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("artifact") {
		return ""
	}
	if err != nil {
		r.problem("", CodeError, fmt.Sprintf("artifact %s: %v", clip(name, 100), err), "")
	}
	a := Artifact{Name: r.text(name), MediaType: r.name(mediaType)}
	if int64(len(data)) > r.limits.ArtifactBytes {
		data, a.Truncated = data[:r.limits.ArtifactBytes], true
	}
	a.Data = []byte(r.redact.Text(string(data)))
	sum := sha256.Sum256(a.Data)
	a.Ref = "a:" + hex.EncodeToString(sum[:8])
	for _, old := range r.res.Artifacts {
		if old.Ref == a.Ref && bytes.Equal(old.Data, a.Data) {
			return a.Ref
		}
	}
	if len(r.res.Artifacts) >= r.limits.Artifacts || !r.spend(int64(len(a.Data)), 2) {
		r.count("artifact")
		return ""
	}
	r.res.Artifacts = append(r.res.Artifacts, a)
	return a.Ref
}

// Problem records that a scope was not looked at, and why. The empty scope is
// the whole check.
func (r *Recorder) Problem(err error, scope string) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("problem") {
		return
	}
	r.problem(scope, codeOf(err), oneLine(err), "")
}

// Covered records that a scope was looked at to its end: all below it is
// covered, but for what a problem or a dropped finding names.
func (r *Recorder) Covered(scope string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("covered") {
		return
	}
	if !validScope(scope) {
		r.problem("", CodeContract, fmt.Sprintf("scope %q is not a clean slash path", clip(scope, 80)), "")
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

// Keep stores a small value for the next run. It takes effect only if this
// run's report is stored. A nil value removes the name.
func (r *Recorder) Keep(name string, value []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("keep") {
		return
	}
	total := len(name) + len(value)
	for n, v := range r.keep {
		if n != name {
			total += len(n) + len(v)
		}
	}
	if total > r.limits.KeptBytes {
		r.problem("", CodeContract, fmt.Sprintf("kept values exceed %d bytes: larger state belongs into files", r.limits.KeptBytes), "")
		return
	}
	if value == nil {
		delete(r.keep, name)
		return
	}
	r.keep[name] = bytes.Clone(value)
}

// Kept returns what the last stored run kept under name; nil when there is
// nothing. Values of this run are not seen.
func (r *Recorder) Kept(name string) []byte { return bytes.Clone(r.kept[name]) }

// Now is the reporter's clock.
func (r *Recorder) Now() time.Time { return r.clock() }

// Log is for a developer who looks for a fault; it is no part of the report.
func (r *Recorder) Log() *slog.Logger { return r.log }

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
		e := watch(func() error { return fn(r.ctx) })
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

// problem adds a problem once for each scope, code and message; beyond the
// limit the whole check counts as not covered.
func (r *Recorder) problem(scope, code, message, stack string) {
	p := Problem{Scope: cleanScope(scope), Code: code, Message: r.text(message), Stack: r.text(stack)}
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

// spend takes n bytes, if that leaves the total within one of so many parts of
// its limit: artifacts, which may take half, leave room for findings.
func (r *Recorder) spend(n, part int64) bool {
	if r.bytes+n > r.limits.TotalBytes/part {
		return false
	}
	r.bytes += n
	return true
}

func (r *Recorder) text(s string) string { return clip(r.redact.Text(s), maxText) }

func (r *Recorder) name(s string) string { return clip(r.redact.Text(s), maxName) }

func (r *Recorder) texts(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, r.text(s))
	}
	return out
}

// attrs copies attributes without secrets: a target's address has passwords, too.
func (r *Recorder) attrs(list []Attr) []Attr {
	out := slices.Clone(list)
	for i := range out {
		out[i].Value = r.text(out[i].Value)
	}
	return out
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
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

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

func merge(into *Finding, f Finding) {
	into.Count += f.Count
	if f.Severity > into.Severity {
		into.Severity = f.Severity
	}
	if into.First.IsZero() || !f.First.IsZero() && f.First.Before(into.First) {
		into.First = f.First
	}
	if f.Last.After(into.Last) {
		into.Last = f.Last
	}
}

func findingBytes(f Finding) int64 {
	n := len(f.Title) + len(f.Detail) + len(f.Fix) + len(f.Explain) + len(f.Scope) + 200
	n += attrBytes(f.Identity) + attrBytes(f.Evidence) + attrBytes([]Attr{f.Subject})
	for _, s := range slices.Concat(f.Links, f.Artifacts, f.Former) {
		n += len(s)
	}
	return int64(n)
}

func attrBytes(attrs []Attr) int {
	n := 0
	for _, a := range attrs {
		n += len(a.Key) + len(a.Value)
	}
	return n
}

// keptAfter gives what is kept for the next run.
func (r *Recorder) keptAfter() map[string][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.keep)
}
