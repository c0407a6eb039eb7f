package logs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/sources"
	"github.com/pugetsoundtech/upkeep/report"
)

const (
	// maxOfProgram is how many kinds of unexplained lines of one program are
	// shown in full: a program that quotes what it was asked has thousands.
	maxOfProgram = 10
	// maxList is how many bytes of a list of other kinds are attached.
	maxList = 200 << 10
	// maxTold is how many findings of rules are told one by one: with all else,
	// fewer than a report takes of one check.
	maxTold = 3_000
)

// tell records the tallies: what rules know always, what nothing explains up to
// the limits, and the rest as one finding with a list.
func (r *run) tell(ctx context.Context) {
	limit := r.limit()
	var rest []*tally
	shown := map[string]int{}
	for _, ta := range r.told() {
		if ta.rule == nil {
			if limit == 0 || shown[ta.program()] == maxOfProgram {
				rest = append(rest, ta)
				continue
			}
			limit--
			shown[ta.program()]++
		}
		f := ta.finding()
		f.Remedy = r.remedy(ctx, ta)
		f.Detail += r.trends.before(ta.trend, r.now)
		r.rec.Finding(f)
	}
	r.tellTrends()
	if len(rest) > 0 {
		r.more(rest)
	}
	if r.dedupe.full {
		r.rec.Problem(fmt.Errorf("more than %s: those that stand in two sources may be told twice", prose.Count(maxSeen, "event")), "summary")
	}
	if n := r.watch.Lost(); n > 0 {
		r.rec.Problem(fmt.Errorf("more keys than are remembered: %s of rules that count lines were forgotten", prose.Count(n, "key")), "summary")
	}
	if r.tallies.over > 0 {
		r.rec.Problem(fmt.Errorf("more kinds of lines than are told apart: %s in counts only", prose.Count(r.tallies.over, "line")), "summary")
	}
}

func (r *run) limit() int {
	switch {
	case r.Unexplained > 0:
		return r.Unexplained
	case r.first:
		return 20
	}
	return 100
}

// told gives the tallies in the order of a report. Where rules have more of
// them than a report takes, the rarest of the mildest are folded into one of
// their rule.
func (r *run) told() []*tally {
	all := r.tallies.sorted()
	folds := map[*logwatch.Rule]*tally{}
	n := 0
	out := all[:0]
	for _, ta := range all {
		if ta.rule == nil {
			out = append(out, ta)
			continue
		}
		if n++; n <= maxTold {
			out = append(out, ta)
			continue
		}
		r.tallies.over += ta.count
		if folds[ta.rule] == nil {
			folds[ta.rule] = &tally{rule: ta.rule, tag: ta.tag, source: ta.source}
		}
		folds[ta.rule].merge(ta)
	}
	for _, ta := range folds {
		out = append(out, ta)
	}
	slices.SortStableFunc(out, worstFirst)
	return out
}

// worstFirst is the order of a report. Of one severity, what a rule knows comes
// first, and then the lines of programs that a rule names: anybody can write
// under any other name.
func worstFirst(a, b *tally) int {
	return cmp.Or(cmp.Compare(b.severity(), a.severity()), cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.old(), b.old()),
		cmp.Compare(b.count, a.count), cmp.Compare(a.key(), b.key()))
}

func (ta *tally) rank() int {
	switch {
	case ta.rule != nil:
		return 0
	case ta.named:
		return 1
	}
	return 2
}

// old is 0 for a kind of unexplained lines that was never seen before.
func (ta *tally) old() int {
	if ta.trend != nil && !ta.trend.New() {
		return 1
	}
	return 0
}

// more tells of the kinds of lines beyond the limit.
func (r *run) more(rest []*tally) {
	lines := 0
	var list strings.Builder
	for _, ta := range rest {
		lines += ta.count
		if list.Len() < maxList {
			fmt.Fprintf(&list, "%8d  %s\n", ta.count, ta.samples[0])
		}
	}
	ref := r.rec.Artifact("unexplained.txt", "text/plain", strings.NewReader(list.String()))
	r.finding(ruleMore, report.Attr{Key: report.System, Value: "logs"}, "summary", func(f *report.Finding) {
		f.Title = fmt.Sprintf("%s of log lines that no rule explains (%s) are only listed", prose.Count(len(rest), "more kind"), prose.Count(lines, "line"))
		f.Detail = fmt.Sprintf("At most %d kinds of one program are shown in full. ", maxOfProgram) + writers(rest)
		f.Count = lines
		if ref != "" {
			f.Artifacts = []string{ref}
		}
		if slices.ContainsFunc(rest, func(ta *tally) bool { return ta.severe }) {
			f.Severity = report.Warning
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
	most(&b, "Programs", counts, false)
	return strings.TrimSpace(b.String())
}

// none tells that there is nothing to read.
func (r *run) none() {
	r.finding(ruleNone, report.Attr{Key: report.System, Value: "logs"}, "sources", func(f *report.Finding) {
		f.Title = "This system keeps no logs: no syslog file in " + sources.Dir + " and no journal"
		f.Last = time.Time{} // it has no moment
	})
}

// absent tells of rules whose lines did not come. That is only known where
// every source was read.
func (r *run) absent(ctx context.Context, err error) {
	const scope = "absence"
	if ctx.Err() != nil || err != nil {
		return
	}
	for rule, last := range r.watch.Absent(r.now) {
		r.rec.Finding(report.Finding{
			Rule: prefix + rule.Name, Subject: report.Attr{Key: report.System, Value: "logs"}, Scope: scope, Severity: severityOf(rule.Level),
			Title: rule.Say, Fix: rule.Fix, Last: last,
		})
	}
	for _, w := range r.watch.Unmet(r.now) {
		r.unmet(ctx, w, scope)
	}
	r.rec.Covered(scope)
}

// unmet tells of a line that no other followed in time.
func (r *run) unmet(ctx context.Context, w logwatch.Wait, scope string) {
	for _, rule := range r.rules.Rules() {
		if rule.Name != w.Rule {
			continue
		}
		ta := tally{rule: &rule, tag: w.Program, holes: w.Key, count: 1}
		r.rec.Finding(report.Finding{
			Rule: prefix + rule.Name, Subject: ta.subject(), Scope: scope, Severity: severityOf(rule.Level), Count: 1, First: w.At, Last: w.At,
			Title: prose.Clip(ta.fill(rule.Say), 300), Fix: ta.advise(remedyOf(rule)), Remedy: r.remedy(ctx, &ta), Identity: ta.identityAttrs(ta.subject()),
			Evidence: []report.Attr{report.AtTime(w.At), {Key: report.Sample, Value: printable([]byte(w.Message))}},
		})
	}
}

// notRead names the logs that nobody reads.
func (r *run) notRead(ctx context.Context) {
	const scope = "unread"
	if ctx.Err() != nil || !r.listed {
		return
	}
	if n := len(r.unread); n > 0 {
		r.rec.Finding(report.Finding{
			Rule: ruleNotRead, Subject: report.Attr{Key: report.System, Value: "logs"}, Scope: scope,
			Title:  fmt.Sprintf("No check reads %s in %s", prose.Count(n, "log"), sources.Dir),
			Detail: prose.ListOf(r.unread[:min(n, maxNamed)], n) + ".",
		})
	}
	r.rec.Covered(scope)
}

// maxNamed is how many logs a sentence names.
const maxNamed = 20
