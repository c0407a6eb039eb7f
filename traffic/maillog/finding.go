package maillog

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// questions are what is asked of the last day.
var questions = []traffic.Question{
	{Rule: ruleSilent, Want: traffic.Quiet, Least: 20, Pick: column(received), Title: "No mail came in for a day", Thing: "received message", Subject: subject, Scope: scope},
	{Rule: ruleDeferrals, Want: traffic.High, Least: 50, Pick: column(deferrals), Title: "Unusually many deliveries are deferred", Thing: "deferral", Subject: subject, Scope: scope},
	{Rule: ruleBounces, Want: traffic.High, Least: 30, Pick: column(bounced), Title: "Unusually many deliveries bounce", Thing: "bounce", Subject: subject, Scope: scope},
	{Rule: ruleRejects, Want: traffic.High, Least: 500, Pick: column(rejected), Title: "Unusually much mail is rejected", Thing: "rejection", Subject: subject, Scope: scope},
	{Rule: ruleVolume, Want: traffic.High, Least: 500, Pick: column(received), Title: "Unusually much mail is received", Thing: "received message", Subject: subject, Scope: scope},
}

// peak is asked of the hours of the last day.
var peak = traffic.Question{Rule: rulePeak, Least: 100, Pick: column(received), Title: "The mail server has its busiest hour", Thing: "received message", Subject: subject, Scope: scope}

// scope closes what is found, and subject is what it is about.
const scope = "mail"

var subject = report.System.Of("mail")

func received(c *Counts) int64  { return c.Received }
func delivered(c *Counts) int64 { return c.Delivered }
func deferrals(c *Counts) int64 { return c.Deferrals }
func bounced(c *Counts) int64   { return c.Bounced }
func rejected(c *Counts) int64  { return c.Rejected }

// A sender is told of from so many messages a day on, and when it is so many
// times what it sends else.
const (
	manyMessages = 300
	manyTimes    = 10
)

// judgeSenders tells of one sender who sends far more than ever. What nobody
// has sent before is new only where others are known.
func judgeSenders(rec *report.Recorder, known []usualSender, s *Stats, now time.Time) {
	if len(known) == 0 {
		return
	}
	days := elapsed(s)
	first, last := s.Span()
	for _, e := range s.Senders.First(20) {
		usual := 0.0
		if i := slices.IndexFunc(known, func(u usualSender) bool { return string(u.Key) == e.Key }); i >= 0 {
			usual = known[i].PerDay
		}
		sure := float64(e.Count - e.Over)
		if e.Key == "" || sure < manyMessages || sure < manyTimes*usual*max(1, days) {
			continue
		}
		rec.Finding(report.Finding{
			Rule: ruleSender, Subject: report.Account.Of(e.Key), Scope: scope,
			Title: fmt.Sprintf("%s sends far more mail than ever before", e.Key),
			Detail: fmt.Sprintf("%s in %s; usual is about %s a day.", prose.Count(e.Count, "message"),
				prose.Duration(last.Sub(first)), prose.Decimal(math.Round(usual))),
			First: first, Last: last, Evidence: []report.Attr{report.AtTime(now)},
		})
	}
}

// usualSenders moves the means on by what was read.
func usualSenders(old []usualSender, s *Stats, days float64) []usualSender {
	fade := math.Exp2(-days / 7)
	seen := map[string]bool{}
	var out []usualSender
	for _, u := range old {
		seen[string(u.Key)] = true
		perDay := float64(s.Senders.Get(string(u.Key)).Count) / days
		out = append(out, usualSender{u.Key, u.PerDay*fade + perDay*(1-fade)})
	}
	for _, e := range s.Senders.First(keepSenders) {
		if !seen[e.Key] && len(e.Key) <= keepText {
			out = append(out, usualSender{[]byte(e.Key), float64(e.Count) / days * (1 - fade)})
		}
	}
	slices.SortFunc(out, func(a, b usualSender) int {
		return cmp.Or(cmp.Compare(b.PerDay, a.PerDay), cmp.Compare(string(a.Key), string(b.Key)))
	})
	return out[:min(len(out), keepSenders)]
}
