package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/redact"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/history"
	"github.com/pugetsoundtech/upkeep/logwatch/summary"
	"github.com/pugetsoundtech/upkeep/report"
)

// historyName is under what the counts of former days are kept.
const historyName = "history"

// trends is what is known of the days before, and the kinds of lines of this run.
type trends struct {
	*history.History
	known   map[*logwatch.Rule]map[string]*trend // by program
	all     []*trend
	damaged error
}

// trend is one kind of lines, or a whole log, that came in this run.
type trend struct {
	*history.Kind
	rule    *logwatch.Rule // nil: unexplained, or a log
	program string         // empty: a log
}

// newTrends goes on from what was kept.
func newTrends(rec *report.Recorder, now time.Time) *trends {
	t := &trends{known: map[*logwatch.Rule]map[string]*trend{}}
	data, err := rec.KeptLarge(historyName)
	if err == nil {
		t.History, err = history.Decode(data)
	}
	if t.damaged = err; err != nil {
		t.History = &history.History{}
	}
	t.Begin(now)
	return t
}

// add begins a kind; nil where there is no room.
func (t *trends) add(id string, tr trend, source string, at time.Time, n int) *trend {
	if tr.Kind = t.Add(id, at, n); tr.Kind == nil {
		return nil
	}
	tr.Source = source
	t.all = append(t.all, &tr)
	return &tr
}

// ofRule counts lines that a rule decides, whatever it makes of them.
func (t *trends) ofRule(r *logwatch.Rule, line *logwatch.Line, source string, at time.Time, n int) *trend {
	if known := t.known[r][string(line.Tag)]; known != nil {
		t.Count(known.Kind, at, n)
		return known
	}
	program := string(line.Tag)
	tr := t.add("r\x00"+r.Name+"\x00"+program, trend{rule: r, program: program}, source, at, n)
	if tr == nil {
		return nil
	}
	if tr.Label == "" {
		tr.Label = labelOf(logwatch.Template(line.Message))
	}
	if t.known[r] == nil {
		t.known[r] = map[string]*trend{}
	}
	t.known[r][program] = tr
	return tr
}

// ofKind counts lines that no rule explains.
func (t *trends) ofKind(ta *tally, at time.Time, n int) {
	switch {
	case ta.template == beyond, ta.template == beyondSevere:
	case ta.trend != nil:
		t.Count(ta.trend.Kind, at, n)
	default:
		id := "t\x00" + ta.tag + "\x00" + logwatch.TemplateID([]byte(ta.tag), ta.template)
		if ta.trend = t.add(id, trend{program: ta.program()}, ta.source, at, n); ta.trend != nil {
			ta.trend.Label = labelOf(ta.template)
		}
	}
}

// labelOf is by what a person knows a kind of lines. It is kept for weeks, and
// so holds no secret.
func labelOf(template string) string {
	var secrets redact.Redactor
	text := prose.Clip(printable([]byte(template)), 120)
	if secrets.Text(text) != text {
		return "(a line with a secret)"
	}
	return text
}

// routine reports whether nobody would be told of the lines.
func (tr *trend) routine() bool {
	return tr.rule != nil && (tr.rule.Level == logwatch.Ignore || tr.rule.Level == logwatch.Count)
}

// before says how an unexplained line is to be seen beside the days before.
func (t *trends) before(tr *trend, now time.Time) string {
	if tr == nil || t.damaged != nil {
		return ""
	}
	var b strings.Builder
	if days := int(now.Sub(t.Since()) / (24 * time.Hour)); tr.New() && days > 0 {
		fmt.Fprintf(&b, " Never seen before, in %s.", prose.Count(days, "day"))
	}
	if n, known := t.Usual(tr.Kind); known && n > 0 {
		fmt.Fprintf(&b, " Usually %s a day.", prose.Count(n, "line"))
	}
	if burst, found := t.Burst(tr.Kind); found {
		b.WriteString(" " + burstText(burst) + ".")
	}
	return b.String()
}

func burstText(b history.Burst) string {
	return fmt.Sprintf("%s came in one hour, and never more than %d at that hour of that day of the week, in %s", prose.Count(b.Lines, "line"), b.Most, prose.Count(b.Weeks, "week"))
}

// usual is how many lines a rule decides on a usual day.
func (t *trends) usual(program, rule string) (int, bool) {
	for r, programs := range t.known {
		if tr := programs[program]; r.Name == rule && tr != nil {
			return t.Usual(tr.Kind)
		}
	}
	return 0, false
}

// Summary names the artifact that has the lines service by service.
const Summary = "services.txt"

// summarize attaches what came, service by service, and the account of it.
func (r *run) summarize() error {
	var text bytes.Buffer
	if r.ledger.Len() > 0 {
		r.rec.Artifact(Account, "text/plain", &r.ledger)
	}
	if len(r.summary.Services()) == 0 {
		return nil
	}
	err := r.summary.Write(&text, summary.Options{Location: r.zone, Usual: r.trends.usual})
	r.rec.Artifact(Summary, "text/plain", &text)
	return err
}

// tellTrends tells of routine that came far too often.
func (r *run) tellTrends() {
	for _, tr := range r.trends.all {
		if !tr.routine() {
			continue
		}
		if s, found := r.trends.Surge(tr.Kind); found {
			r.trend(ruleSurge, tr, s.Day, s.Lines, fmt.Sprintf("%s of %s in a day, of a kind that is taken for routine; before it were at most %d", prose.Count(s.Lines, "line"), tr.who(), s.Most))
		} else if b, found := r.trends.Burst(tr.Kind); found {
			r.trend(ruleBurst, tr, b.Hour, b.Lines, tr.who()+": "+burstText(b))
		}
	}
}

func (tr *trend) who() string {
	if tr.program == "" {
		return "programs without a name"
	}
	return printable([]byte(tr.program))
}

// trend records one finding about a kind of lines.
func (r *run) trend(rule string, tr *trend, at time.Time, n int, title string) {
	ta := tally{tag: tr.program, source: tr.Source}
	r.rec.Finding(report.Finding{
		Rule: rule, Subject: ta.subject(), Scope: scopeOf(tr.Source), Title: title, Count: n, First: at, Last: at.Add(time.Hour),
		Detail:   "The kind: " + tr.Label + ". Rule " + tr.rule.Name + " knows it.",
		Remedy:   report.Look(ta.reading("")),
		Identity: []report.Attr{{Key: report.Template, Value: logwatch.TemplateID([]byte(tr.program), tr.rule.Name)}},
		Evidence: []report.Attr{{Key: report.Source, Value: tr.Source}, report.AtTime(at)},
	})
}

// silent tells of what always came and has stopped: whole logs, and kinds by
// their program. That is known only where every source was read.
func (r *run) silent(ctx context.Context, err error) {
	if r.trends.damaged != nil {
		r.rec.Problem(r.trends.damaged, historyName)
		return
	}
	if n := r.trends.Lost(); n > 0 {
		r.rec.Problem(fmt.Errorf("more kinds of lines than are remembered: %s forgotten", prose.Count(n, "kind")), historyName)
		return
	}
	if ctx.Err() != nil || err != nil {
		return
	}
	logs, programs := r.stopped()
	for program, kinds := range programs {
		kinds = slices.DeleteFunc(kinds, func(k *history.Kind) bool { return logs[k.Source] != nil })
		if len(kinds) > 0 {
			r.silentProgram(program, kinds)
		}
	}
	for source, k := range logs {
		r.silentLog(source, k)
	}
	r.rec.Covered(historyName)
}

// stopped finds the logs, and the kinds of each program, that are silent.
// Trouble that ceased is none.
func (r *run) stopped() (logs map[string]*history.Kind, programs map[string][]*history.Kind) {
	logs, programs = map[string]*history.Kind{}, map[string][]*history.Kind{}
	trouble := map[string]bool{}
	for _, rule := range r.rules.Rules() {
		trouble[rule.Name] = rule.Level.Raises()
	}
	for _, k := range r.trends.Kinds() {
		what, rest, _ := strings.Cut(k.ID, "\x00")
		first, second, _ := strings.Cut(rest, "\x00")
		if _, silent := r.trends.Silent(k); !silent || r.next.Sources[k.Source] == nil {
			continue
		}
		switch {
		case what == "s":
			logs[rest] = k
		case what == "t":
			programs[first] = append(programs[first], k)
		case !trouble[first]:
			programs[second] = append(programs[second], k)
		}
	}
	return logs, programs
}

func (r *run) silentLog(source string, k *history.Kind) {
	usual, _ := r.trends.Silent(k)
	_, last := k.Span()
	r.rec.Finding(report.Finding{
		Rule: ruleSilentLog, Subject: sourceAttr(source), Scope: historyName, Last: last,
		Title:    source + " always had new lines, and has none any more",
		Detail:   "It was never longer than " + prose.Duration(usual) + " without any.",
		Evidence: []report.Attr{report.AtTime(last)},
	})
}

func (r *run) silentProgram(program string, kinds []*history.Kind) {
	ta := tally{tag: program, source: kinds[0].Source}
	usual, _ := r.trends.Silent(kinds[0])
	_, last := kinds[0].Span()
	var labels []string
	for _, k := range kinds {
		labels = append(labels, k.Label)
	}
	r.rec.Finding(report.Finding{
		Rule: ruleSilent, Subject: ta.subject(), Scope: historyName, Last: last,
		Title:    fmt.Sprintf("%s does not write any more what it always wrote: %s", ta.program(), prose.Clip(labels[0], 140)),
		Detail:   "It was never longer than " + prose.Duration(usual) + " without it." + others(labels[1:]),
		Fix:      "See whether it still does its work.",
		Remedy:   report.Look(ta.reading("")),
		Evidence: []report.Attr{{Key: report.Source, Value: ta.source}, report.AtTime(last)},
	})
}

func others(labels []string) string {
	if len(labels) == 0 {
		return ""
	}
	return " Nor does it write: " + prose.List(labels, 3) + "."
}

// keepHistory hands the counts to the next run, with the position. A store that
// keeps no large values has no history, and says so by what it does not cover.
func (r *run) keepHistory() error {
	err := r.rec.KeepLarge(historyName, r.trends.Encode())
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
