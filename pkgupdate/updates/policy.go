package updates

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Policy is what was promised, and what people put on record about single
// packages. Its zero value promises a security fix within one day, and other updates
// within a week.
type Policy struct {
	Within  time.Duration // from when a fix is on offer here until it is installed; zero is 24 hours
	Stable  time.Duration // the same of other updates; zero is a week, and a day for the work
	Records []Record
}

func (p Policy) within() time.Duration { return cmp.Or(p.Within, 24*time.Hour) }

func (p Policy) stable() time.Duration { return cmp.Or(p.Stable, 8*24*time.Hour) }

// Kind says what a Record is. The zero value is invalid.
type Kind string

// The kinds of records.
const (
	HoldRecord   Kind = "hold"          // why a person forbade changes of the package
	WorkAround   Kind = "work-around"   // the hole is closed by other means; Check proves it
	FixedLocally Kind = "fixed-locally" // a version that was built here has the fix
)

// A Record is what a person decided about the fixes of a package. One that has
// ended, or whose proof fails, counts as none, and is a finding.
type Record struct {
	Kind    Kind
	Package string    // a pattern, as in path.Match, of names of packages or of their source
	Reason  string    // what was done, and why; required
	By      string    // who decided it; required
	Until   time.Time // when it ends; required
	Check   []string  // of a work-around: a program and its arguments that change nothing; status 0 proves that it holds, 1 that it does not
	Version string    // of FixedLocally: a pattern of the installed versions that have the fix
}

// Validate reports what a record lacks.
func (r Record) Validate() error {
	_, pattern := path.Match(r.Package, "")
	_, versions := path.Match(r.Version, "")
	switch {
	case r.Kind != HoldRecord && r.Kind != WorkAround && r.Kind != FixedLocally:
		return fmt.Errorf("record of %.80q has the unknown kind %.40q", r.Package, r.Kind)
	case r.Package == "" || r.Reason == "" || r.By == "" || r.Until.IsZero():
		return fmt.Errorf("record %s of %.80q: package, reason, by and until are required", r.Kind, r.Package)
	case pattern != nil || versions != nil:
		return fmt.Errorf("record %s of %.80q: %w", r.Kind, r.Package, path.ErrBadPattern)
	case r.Kind == WorkAround && (len(r.Check) == 0 || r.Check[0] == ""):
		return fmt.Errorf("record %s of %.80q: it has no check that proves it", r.Kind, r.Package)
	case r.Kind == FixedLocally && r.Version == "":
		return fmt.Errorf("record %s of %.80q: it does not say which versions have the fix", r.Kind, r.Package)
	}
	return nil
}

// standing is what a record is worth today.
type standing struct {
	Record
	holds bool
	err   error // why nobody knows
}

const recordScope = "records"

// records looks at every record: whether it is valid and lasts, and whether what
// it rests on still holds.
func (s Software) records(ctx context.Context, rec *report.Recorder) []standing {
	var list []standing
	for _, r := range s.Policy.Records {
		st := standing{Record: r, err: r.Validate()}
		switch {
		case st.err != nil:
		case rec.Now().After(r.Until):
			rec.Finding(lapsed(r, "ended on "+prose.Time(r.Until, nil), report.Warning))
		case r.Kind == WorkAround:
			if st.holds, st.err = s.proof(ctx, r); !st.holds && st.err == nil {
				rec.Finding(lapsed(r, "does not hold any more: "+prose.Quote(r.Check...)+" says so", report.Critical))
			}
		default:
			st.holds = true
		}
		if st.err != nil {
			rec.Problem(st.err, recordScope)
		}
		list = append(list, st)
	}
	if len(list) > 0 {
		rec.Covered(recordScope)
	}
	return list
}

// proof runs the check of a work-around. Only the statuses 0 and 1 are answers.
func (s Software) proof(ctx context.Context, r Record) (bool, error) {
	if s.Host.Exec == nil {
		return false, errors.New("the check of a work-around wants a host")
	}
	out, err := s.Host.Run(ctx, host.Command{Args: r.Check})
	switch {
	case err != nil:
		return false, fmt.Errorf("whether the work-around for %s holds is not known: %w", r.Package, err)
	case out.Signal == "" && out.Exit == 0:
		return true, nil
	case out.Signal == "" && out.Exit == 1:
		return false, nil
	}
	return false, fmt.Errorf("whether the work-around for %s holds is not known: %w", r.Package, out.Err())
}

func lapsed(r Record, how string, severity report.Severity) report.Finding {
	return report.Finding{
		Rule: ruleLapsed, Subject: report.System.Of("records"), Scope: recordScope, Severity: severity,
		Identity: []report.Attr{report.Field.Of(string(r.Kind)), report.Key("x-record").Of(r.Package)},
		Title:    fmt.Sprintf("The record %q of %s %s", r.Kind, r.Package, how),
		Detail:   fmt.Sprintf("It says: %s (%s).", prose.Clip(r.Reason, 300), prose.Clip(r.By, 60)),
		Fix:      "Install the fix, or decide anew and put that on record",
	}
}

// record gives the record of a kind that covers all items, and whether there is
// one. One that does not hold is none.
func (c *managerCheck) record(kind Kind, source string, list []item) (standing, bool) {
	i := slices.IndexFunc(c.records, func(s standing) bool {
		return s.Kind == kind && s.holds && !slices.ContainsFunc(list, func(it item) bool { return !s.covers(source, it) })
	})
	if i < 0 {
		return standing{}, false
	}
	return c.records[i], true
}

// fixedLocally gives the labels of what the usual upgrade would replace although a record
// says that it has its fix by a build of one's own.
func (c *managerCheck) fixedLocally(list []item) []string {
	var local []item
	for _, it := range list {
		_, source, _ := strings.Cut(it.source, ":")
		if _, ok := c.record(FixedLocally, source, []item{it}); ok && it.Blocked == "" {
			local = append(local, it)
		}
	}
	return labels(local)
}

func (s standing) covers(source string, it item) bool {
	bySource, _ := path.Match(s.Package, source)
	byName, _ := path.Match(s.Package, it.label)
	if s.Kind != FixedLocally {
		return bySource || byName
	}
	fixed, _ := path.Match(s.Version, it.from)
	return (bySource || byName) && fixed
}

// decided turns the finding about a pending fix into that about what was decided,
// where a record covers it. The clock of the promise does not run meanwhile.
func (c *managerCheck) decided(f report.Finding, g group, list []item) report.Finding {
	_, source, _ := strings.Cut(g.source, ":")
	if r, ok := c.record(WorkAround, source, list); ok {
		f.Rule, f.Severity = ruleWorkAround, report.Notice
		f.Title = fmt.Sprintf("Security update of %s is pending; until %s there is a work-around", sourceText(g.source, labels(list)), prose.Time(r.Until, nil))
		f.Detail = fmt.Sprintf("%s (%s). Its check held just now: %s. %s", prose.Clip(r.Reason, 300), prose.Clip(r.By, 60), prose.Quote(r.Check...), f.Detail)
		return f
	}
	if r, ok := c.record(FixedLocally, source, list); ok {
		f.Rule, f.Severity, f.Remedy = ruleLocal, report.Notice, nil
		f.Title = fmt.Sprintf("%s %s has the fix by a build of your own; the update to %s would replace it", sourceText(g.source, labels(list)), list[0].from, cmp.Or(list[0].to, "another version"))
		f.Detail = fmt.Sprintf("%s (%s), until %s. %s", prose.Clip(r.Reason, 300), prose.Clip(r.By, 60), prose.Time(r.Until, nil), f.Detail)
		f.Fix = "Compare the two by hand, and take the maker's version when it has all that yours has"
		return f
	}
	if g.held {
		if r, ok := c.record(HoldRecord, source, list); ok {
			f.Detail += fmt.Sprintf(" It is held by %s until %s: %s.", prose.Clip(r.By, 60), prose.Time(r.Until, nil), prose.Clip(r.Reason, 300))
		} else {
			f.Detail += " Nobody put on record why it is held."
		}
	}
	return f
}
