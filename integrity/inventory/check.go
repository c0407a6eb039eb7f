package inventory

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/continuity"
	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Question is one inventory: what it reads of a system. What it says of what
// changed since it was accepted is the matter of a Teller or a Comparer, one of which
// it is as well.
type Question interface {
	// Name is that of the check, such as "integrity.mounts": scopes are the
	// sections of the list, below its last word.
	Name() string
	// Rules are those of its findings, without those about the baseline.
	Rules() []report.Rule
	// Read gives the records as they are now.
	Read(ctx context.Context) *List
}

// A Teller is a Question of which each record that differs is a change.
type Teller interface {
	// Tell makes findings of changed records, which are added, removed or changed.
	// Each change is told by one of them.
	Tell(changes []integrity.Change) []Finding
}

// A Comparer is a Question that compares by itself, as a record that differs need not
// be a change: a program may have been given another port.
type Comparer interface {
	// Compare says what differs between the records of the baseline, by section, and
	// those of now. A section that the baseline does not know is not among the former.
	// What cannot be compared it makes unknown in now (List.Fail). rec keeps what it
	// remembers from run to run; nil where the changes are looked at once more, to be
	// accepted.
	Compare(ctx context.Context, was map[string][]Record, now *List, rec *report.Recorder) ([]Finding, error)
}

// errNoWords says that a question has no way to say what changed.
var errNoWords = errors.New("the question is neither a Teller nor a Comparer")

// An Inspector is a Question that also finds what is wrong on every run, with
// nothing to compare it with. The error is report.Skip where the question does
// not exist on this system.
type Inspector interface {
	Inspect(ctx context.Context, rec *report.Recorder) error
}

// Finding is a finding, and the changes of records that it tells.
type Finding struct {
	report.Finding
	Changes []integrity.Change

	Elsewhere bool // another finding of the check tells it, on every run
}

// A Check asks a question once a run. The first run takes its baseline, and no
// later run moves it.
type Check struct {
	Question
	Dir string // state folder for the baseline; empty: nothing is compared

	// Signed reports by its error why nobody who may has signed the baseline, as
	// signature.By does; nil: nobody has to.
	Signed func(*integrity.Baseline) error
}

// Rules returns the catalogue.
func (c Check) Rules() []report.Rule {
	return append(c.Question.Rules(), continuity.Rules(c.Name())...)
}

func (c Check) domain() string { return domain(c.Name()) }

// domain is what the scopes of a check begin with.
func domain(check string) string { return strings.TrimPrefix(check, "integrity.") }

func (c Check) baseline() string { return filepath.Join(c.Dir, c.domain()+".baseline") }

// profile is in the head of the file: paths of records are no paths of files.
func profile() integrity.Profile {
	return integrity.Profile{Roots: []string{"/"}, Fields: tree.FieldContent | tree.FieldType}
}

// Check inspects, and compares what it reads with the baseline.
func (c Check) Check(ctx context.Context, rec *report.Recorder) error {
	if i, ok := c.Question.(Inspector); ok {
		if err := i.Inspect(ctx, rec); err != nil {
			return err
		}
	}
	if c.Dir == "" {
		return nil
	}
	now := c.Read(ctx)
	for _, e := range now.below {
		if e.Err == nil { // one of Findings tells it
			continue
		}
		rec.Problem(e.Err, c.domain()+"/"+KeyOf(e.Path)[0])
	}
	for _, err := range now.Partly {
		rec.Problem(err, c.domain()+"/"+now.Sections[0])
	}
	for _, m := range now.Metrics {
		rec.Metric(m)
	}
	for _, f := range now.Findings {
		rec.Finding(f)
	}
	err := c.compare(ctx, now, rec)
	for section, err := range now.Unknown {
		rec.Problem(err, c.domain()+"/"+section)
	}
	return err
}

// compare tells what differs from the baseline.
func (c Check) compare(ctx context.Context, now *List, rec *report.Recorder) error {
	w := c.watch()
	w.Rec = rec
	base, err := w.Open(func() error {
		if err := durable.MkdirAll(c.Dir); err != nil {
			return err
		}
		return integrity.CreateBaseline(c.baseline(), integrity.Head{Created: rec.Now(), Profile: profile()}, now.entries())
	})
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name(), err)
	}
	defer base.Close()
	told, err := c.told(ctx, base, now, rec)
	if err != nil {
		return err
	}
	if !w.Replaced {
		rec.Covered(continuity.Scope)
		for _, s := range now.Sections {
			if now.Unknown[s] == nil {
				rec.Covered(c.domain() + "/" + s)
			}
		}
	}
	for _, t := range told {
		if !t.Elsewhere {
			rec.Finding(t.Finding)
		}
	}
	return w.Remember(base)
}

func (c Check) watch() continuity.Watch {
	return continuity.Watch{Check: c.Name(), Baseline: c.baseline(), Signed: c.Signed}
}

// told compares with the baseline and says in words what differs: the changes of
// records, and the places that the baseline does not know.
func (c Check) told(ctx context.Context, base *integrity.Baseline, now *List, rec *report.Recorder) ([]Finding, error) {
	var changes []integrity.Change
	var gaps []Finding
	err := integrity.Compare(base.Entries(), now.entries(), tree.FieldContent, func(ch integrity.Change) error {
		switch n := len(gaps); {
		case n > 0 && tree.Within(ch.Path, gaps[n-1].Changes[0].Path):
			gaps[n-1].Changes = append(gaps[n-1].Changes, ch)
		case ch.Was.Stat.IsDir() && !ch.Was.Complete && ch.Kind != integrity.Unreadable:
			gaps = append(gaps, c.gap(ch))
		case !ch.Now.Stat.IsDir() && !ch.Was.Stat.IsDir() && ch.Kind <= integrity.Changed:
			changes = append(changes, ch)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Where nothing is now, there is nothing to compare.
	gaps = slices.DeleteFunc(gaps, func(t Finding) bool { return len(t.Changes) == 1 && t.Changes[0].Kind == integrity.Removed })
	switch q := c.Question.(type) {
	case Comparer:
		was, err := c.accepted(base, rec)
		if err != nil {
			return nil, err
		}
		told, err := q.Compare(ctx, was, now, rec)
		return append(told, gaps...), err
	case Teller:
		return append(q.Tell(changes), gaps...), nil
	}
	return nil, errNoWords
}

// accepted gives the records of a baseline by section, without the sections that it
// does not know.
func (c Check) accepted(base *integrity.Baseline, rec *report.Recorder) (map[string][]Record, error) {
	acts, err := integrity.Acceptances(c.baseline())
	if err != nil && rec != nil {
		rec.Problem(err, continuity.Scope)
	}
	byPerson := map[string]bool{}
	for _, a := range acts {
		for _, ch := range a.Changes {
			byPerson[string(ch.Path)] = true
		}
	}
	was := map[string][]Record{}
	for e, err := range base.Entries() {
		if err != nil {
			return nil, err
		}
		r := RecordOf(e)
		r.Accepted = byPerson[e.Path]
		if section := r.Key[0]; !e.Stat.IsDir() {
			was[section] = append(was[section], r)
		} else if len(r.Key) == 1 && e.Complete {
			was[section] = []Record{}
		}
	}
	return was, nil
}

// gap begins the finding of a place that could not be read for the baseline.
func (c Check) gap(ch integrity.Change) Finding {
	w, key := c.watch(), KeyOf(ch.Path)
	t := Finding{Finding: w.Gap(strings.Join(key, " "), Word(strings.Join(key, ":"))), Changes: []integrity.Change{ch}}
	t.Scope = c.domain() + "/" + key[0]
	return t
}

// Accept accepts the findings about what changed that selected takes, and gives
// them, with their fingerprints. journal gets the record too, where it is not nil.
func (c Check) Accept(ctx context.Context, selected func(report.Finding) bool, says integrity.Acceptance, journal integrity.Journal) ([]report.Finding, error) {
	base, err := integrity.OpenBaseline(c.baseline())
	if err != nil {
		return nil, err
	}
	told, err := c.told(ctx, base, c.Read(ctx), nil)
	base.Close()
	if err != nil {
		return nil, err
	}
	var done []report.Finding
	var accepted []integrity.Change
	for _, t := range told {
		t.Fingerprint = report.Fingerprint(c.Name(), t.Rule, t.Subject, t.Identity)
		if len(t.Changes) > 0 && selected(t.Finding) {
			done, accepted = append(done, t.Finding), append(accepted, t.Changes...)
		}
	}
	if len(accepted) == 0 {
		return nil, nil
	}
	a := integrity.Acceptor{Baseline: c.baseline(), Says: says, Journal: journal, See: c.see}
	return done, a.Accept(ctx, accepted)
}

// Anew takes a new baseline in the place of a lost or replaced one.
func (c Check) Anew(ctx context.Context, says integrity.Acceptance, journal integrity.Journal) error {
	a := integrity.Acceptor{Baseline: c.baseline(), Says: says, Journal: journal}
	return a.Anew(ctx, integrity.Head{Created: says.Time, Profile: profile()}, c.Read(ctx).entries())
}

// see gives the records as they are now.
func (c Check) see(ctx context.Context, paths []string) (map[string]host.Entry, error) {
	want := map[string]bool{}
	for _, p := range paths {
		want[p] = true
	}
	out := map[string]host.Entry{}
	for e, err := range c.Read(ctx).entries() {
		if err != nil {
			return nil, err
		}
		if want[e.Path] {
			out[e.Path] = e
		}
	}
	return out, nil
}
