package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

const jsonType = "application/json"

// JSON is the whole report in its own form.
func JSON(rep *report.Report) ([]byte, string, error) {
	body, err := report.Encode(rep)
	return body, jsonType, err
}

// A Summary is what a template is given: texts are of one line, and safe in a
// terminal, but in no other grammar; the template quotes them, by json.
type Summary struct {
	Host, Tenant, Verdict, ID string
	Seq                       uint64
	Level                     string // the worst that is open: critical … info; "" for nothing
	Lines                     []Line // the news, worst first; at most 10
	More                      int    // news beyond these
}

// A Line is one finding.
type Line struct{ Severity, Title, Do string }

// Text is the verdict and the lines, each on one of its own.
func (s Summary) Text() string {
	lines := []string{s.Verdict}
	for _, l := range s.Lines {
		lines = append(lines, strings.ToUpper(l.Severity)+": "+l.Title)
	}
	if s.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", s.More))
	}
	return strings.Join(lines, "\n")
}

// Chat is Text for a chat: what is of the report stands as code, in which a chat
// finds no link, no mention of a person or of everybody, and no format. The first
// three characters are what Slack's own marks are made of.
func (s Summary) Chat() string {
	lines := []string{code(s.Verdict)}
	for _, l := range s.Lines {
		lines = append(lines, strings.ToUpper(l.Severity)+": "+code(l.Title))
	}
	if s.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", s.More))
	}
	return strings.Join(lines, "\n")
}

var inCode = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'")

func code(s string) string { return "`" + inCode.Replace(s) + "`" }

const maxLines = 10

// Summarize makes the summary of a report.
func Summarize(rep *report.Report) Summary {
	d := render.NewDigest(rep)
	s := Summary{Host: term.Visible(rep.Labels.Host), Tenant: term.Visible(rep.Labels.Tenant), Verdict: d.Verdict, ID: rep.ID, Seq: rep.Seq}
	if d.Level > report.RuleSeverity {
		s.Level = d.Level.String()
	}
	for _, section := range d.Sections {
		if !section.News() {
			continue
		}
		for _, e := range section.Entries {
			if len(s.Lines) == maxLines {
				s.More++
				continue
			}
			s.Lines = append(s.Lines, Line{render.Word(e.Finding.Severity), term.Visible(e.Finding.Title), term.Visible(e.Finding.Fix)})
		}
	}
	return s
}

// Template makes a Body of a template of package text/template, which is given
// a Summary and the function json, which quotes:
//
//	{"text": {{json .Text}}, "channel": "#ops"}
func Template(text, mediaType string) (Body, error) {
	t, err := template.New("body").Option("missingkey=error").Funcs(template.FuncMap{"json": quote}).Parse(text)
	if err != nil {
		return nil, err
	}
	return func(rep *report.Report) ([]byte, string, error) {
		var buf bytes.Buffer
		if err := t.Execute(&buf, Summarize(rep)); err != nil {
			return nil, "", err
		}
		return buf.Bytes(), mediaType, nil
	}, nil
}

func quote(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// ChatText is the template of Chat: for Slack, Mattermost, Rocket.Chat and Teams.
const ChatText = `{"text": {{json .Chat}}}`

// NtfyText is a template for ntfy's own JSON; fill in the topic.
const NtfyText = `{"topic": "upkeep", "title": {{json .Host}}, "message": {{json .Text}}, "priority": {{if eq .Level "critical"}}5{{else}}3{{end}}}`

// Chat is a message for the usual chats.
func Chat(rep *report.Report) ([]byte, string, error) {
	body, err := Template(ChatText, jsonType)
	if err != nil {
		return nil, "", err
	}
	return body(rep)
}

// stands is how long an alert of a daily report stands: until the next, and an
// hour more. Without an end Alertmanager takes it for resolved after minutes.
const stands = 25 * time.Hour

type alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

// Alerts is the list that Alertmanager takes at /api/v2/alerts: one for each
// finding that is open and more than information. What is fixed has ended. Labels
// are what tells one from another, and nothing else.
func Alerts(rep *report.Report) ([]byte, string, error) {
	alerts := []alert{}
	for _, c := range rep.Changes {
		f := c.Finding
		if f.Severity == report.Info || c.Kind == report.Retired {
			continue
		}
		a := alert{
			Labels: map[string]string{
				"alertname": f.Rule, "host": rep.Labels.Host, "tenant": rep.Labels.Tenant, "check": c.Check,
				"subject": term.Visible(f.Subject.Value), "finding": render.ShortID(f.Fingerprint),
			},
			Annotations: map[string]string{"summary": term.Visible(f.Title), "description": term.Visible(f.Detail), "severity": render.Word(f.Severity)},
			StartsAt:    c.Since, EndsAt: rep.Finished.Add(stands),
		}
		if c.Kind == report.Fixed {
			a.EndsAt = rep.Finished
		}
		if a.StartsAt.After(a.EndsAt) { // by a clock that was ahead; Alertmanager takes no such alert
			a.StartsAt = a.EndsAt
		}
		for key, value := range a.Labels {
			if value == "" {
				delete(a.Labels, key)
			}
		}
		alerts = append(alerts, a)
	}
	body, err := json.Marshal(alerts)
	return body, jsonType, err
}
