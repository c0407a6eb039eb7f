package incident

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// Check is the name under which the messages of incidents stand in reports.
const Check = "netprobe.watch"

// The rules of it.
const (
	ruleTarget  = Check + ".target"
	ruleVantage = Check + ".vantage"
	ruleMuted   = Check + ".muted"
)

// scope is that of all findings here.
const scope = "watch"

// Catalogue returns the rules under which messages stand in reports.
func Catalogue() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleTarget, report.Critical, "A service is down").
			Text("Those who look at it from outside agree that nobody can use it.",
				"See whether the machine and its network are there, then whether the program runs; read the end of its log."),
		report.Condition.Rule(ruleVantage, report.Warning, "A monitoring host sees nothing, or is silent").
			Text("Its votes do not count. What it alone watches is not watched.",
				"Look at its network, at its resolver, and whether watch runs there."),
		report.Event.Rule(ruleMuted, report.Warning, "Another monitoring host keeps all quiet about targets").
			Text("Somebody there has said that nothing is to be told of them for a time. Who has stolen its key can say so as well.",
				"Ask who is named. Where nobody there has said so, give that host a new key, and mute nothing by its word."),
	)
}

// changes says what a message means for the finding that it is about.
var changes = map[Kind]report.ChangeKind{
	Problem: report.New, Changed: report.Updated, Repeat: report.Still, Recovery: report.Fixed,
	Flapping: report.Updated, Retired: report.Retired, Suggestion: report.Updated, Muted: report.New,
}

// Report gives the message as a report of one finding, for any report.Reporter. Its
// ID is that of the message, so that what is handed over twice is taken once; seq
// numbers the reports, from 2: the first would be a baseline. Labels say for whom
// and by whom it is; without a host they get that of the subject.
func (e Event) Report(ctx context.Context, labels report.Labels, seq uint64) (*report.Report, error) {
	labels.Host = cmp.Or(labels.Host, hostOf(e.Subject))
	found := report.CheckerFunc{ID: Check, Catalogue: Catalogue(), Func: func(_ context.Context, rec *report.Recorder) error {
		rec.Finding(e.finding())
		rec.Covered(scope)
		return nil
	}}
	rep, err := (&suite.Suite{Checks: []report.Checker{found}, Labels: labels}).Run(ctx)
	if err != nil {
		return nil, err
	}
	res := &rep.Results[0]
	if res.Status != report.OK || len(rep.Changes) != 1 {
		return nil, fmt.Errorf("the message %s makes no report: %s", e.ID, res.Reason)
	}
	rep.ID, rep.Seq, rep.Started, rep.Finished = e.ID, seq, e.At.UTC(), e.At.UTC()
	res.Started, res.Took = e.At.UTC(), 0
	change := &rep.Changes[0]
	change.Kind, change.Since = changes[e.Kind], e.Onset.UTC()
	if e.Kind == Recovery || e.Kind == Retired {
		res.Findings = res.Findings[:0]
	}
	return rep, nil
}

// hostOf is the name of the machine that a subject is about.
func hostOf(subject string) string {
	if name, ok := strings.CutPrefix(subject, vantagePrefix); ok {
		return name
	}
	if words, ok := strings.CutPrefix(subject, mutePrefix); ok {
		name, _, _ := strings.Cut(words, " ")
		return name
	}
	u, err := url.Parse(subject)
	if err != nil {
		return subject
	}
	return cmp.Or(u.Hostname(), subject)
}

// finding gives what the message is about, as bad as people were told it is.
func (e Event) finding() report.Finding {
	f := report.Finding{
		Rule: ruleTarget, Subject: report.Target.Of(e.Subject), Scope: scope, Title: e.Summary, Detail: e.detail(),
		First: e.Onset.UTC(), Last: e.At.UTC(), Evidence: []report.Attr{report.AtTime(e.Onset)},
	}
	if name, ok := strings.CutPrefix(e.Subject, vantagePrefix); ok {
		f.Rule, f.Subject = ruleVantage, report.System.Of(name)
	} else if e.Kind == Muted {
		f.Rule, f.Subject = ruleMuted, report.Key("x-window").Of(e.Subject)
	} else if f.Subject.Validate() != nil {
		f.Subject = report.Key("x-subject").Of(e.Subject)
	}
	if f.Rule == ruleTarget && max(e.Level, e.Worst) == Minor {
		f.Severity = report.Warning
	}
	if e.Kind == Flapping {
		f.Title = e.Subject + " comes and goes; the next message comes when it has settled"
	}
	if len(e.Argv) > 0 {
		f.Remedy = &report.Remedy{Do: [][]string{e.Argv}}
	}
	for line := range strings.Lines(e.Transcript) {
		f.Evidence = append(f.Evidence, report.Sample.Of(strings.TrimRight(line, "\n")))
	}
	return f
}

// detail says the rest in sentences.
func (e Event) detail() string {
	var out []string
	if e.Detail != "" {
		out = append(out, strings.TrimSuffix(e.Detail, ".")+".")
	}
	if e.Code != 0 {
		out = append(out, fmt.Sprintf("The reply code is %d.", e.Code))
	}
	if e.Note != "" {
		out = append(out, strings.ToUpper(e.Note[:1])+strings.TrimSuffix(e.Note[1:], ".")+".")
	}
	return strings.Join(append(out, "Incident "+e.Incident+"."), " ")
}
