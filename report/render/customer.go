package render

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/report"
)

// forCustomer says on the page what is not on it.
const forCustomer = "This is the customer's copy: details, lines of logs and files, and remarks among those who look after the system are not in it."

// ForCustomer gives the report that a customer is sent: what was found, of what and
// how grave, what was looked at, and who reviewed it. Whatever is not named here
// stays behind: evidence with its lines of logs, diffs of files, remedies, comments
// and tickets of reviewers, what an error said, and numbers of single people. It
// shares with rep what it does not change.
func ForCustomer(rep *report.Report) *report.Report {
	out := &report.Report{
		Schema: rep.Schema, ID: rep.ID, Labels: report.Labels{Tenant: rep.Labels.Tenant, Host: rep.Labels.Host, System: rep.Labels.System},
		Seq: rep.Seq, Started: rep.Started, Finished: rep.Finished, LeftOut: rep.LeftOut, Notices: []string{forCustomer},
	}
	for _, res := range rep.Results {
		out.Results = append(out.Results, resultForCustomer(res))
	}
	for _, c := range rep.Changes {
		out.Changes = append(out.Changes, changeForCustomer(c))
	}
	lines := linesOf(rep)
	for _, e := range rep.Explanations {
		kept := report.Explanation{Finding: e.Finding, By: e.By, Text: e.Text, Confidence: e.Confidence, Full: e.Full}
		if slices.ContainsFunc(e.By, func(cause string) bool { return lines[cause] }) {
			kept.Text = "what a log tells"
		}
		out.Explanations = append(out.Explanations, kept)
	}
	if r := rep.Review; r != nil {
		out.Review = &report.Review{Since: r.Since, Signed: signatureForCustomer(r.Signed)}
		if r.Unknown != "" {
			out.Review.Unknown = "it could not be read"
		}
		for _, h := range r.Handled {
			out.Review.Handled = append(out.Review.Handled, report.Handled{Change: changeForCustomer(h.Change), State: h.State, By: h.By, At: h.At, Until: h.Until, New: h.New})
		}
	}
	return out
}

func signatureForCustomer(s *report.Signature) *report.Signature {
	if s == nil {
		return nil
	}
	return &report.Signature{By: s.By, At: s.At, Report: s.Report, Seq: s.Seq}
}

// resultForCustomer keeps that a question was not answered, of which part, and
// whether for want of rights; not what a tool said about it.
func resultForCustomer(res report.Result) report.Result {
	out := report.Result{Check: res.Check, Status: res.Status, Covered: res.Covered, Rules: res.Rules, Dropped: res.Dropped, Started: res.Started, Took: res.Took}
	for _, f := range res.Findings {
		out.Findings = append(out.Findings, FindingForCustomer(f))
	}
	for _, p := range res.Problems {
		out.Problems = append(out.Problems, report.Problem{Scope: p.Scope, Code: p.Code, Message: "it could not be looked at"})
	}
	for _, m := range res.Metrics {
		if !ofPeople(m.Attrs) {
			out.Metrics = append(out.Metrics, m)
		}
	}
	for _, s := range res.Series {
		if !ofPeople(s.Attrs) {
			out.Series = append(out.Series, s)
		}
	}
	return out
}

// ofPeople reports whether a number is about who wrote, came or was written to.
func ofPeople(attrs []report.Attr) bool {
	return slices.ContainsFunc(attrs, func(a report.Attr) bool {
		return slices.Contains([]report.Key{report.User, report.Account, report.Addr}, a.Key)
	})
}

func changeForCustomer(c report.Change) report.Change {
	return report.Change{Kind: c.Kind, Check: c.Check, Finding: FindingForCustomer(c.Finding), Since: c.Since, From: c.From, NewCheck: c.NewCheck}
}

// FindingForCustomer gives a finding as ForCustomer tells it.
func FindingForCustomer(f report.Finding) report.Finding {
	out := report.Finding{
		Rule: f.Rule, Subject: f.Subject, Identity: f.Identity, Scope: f.Scope, Severity: f.Severity, Title: f.Title, Count: f.Count, First: f.First, Last: f.Last,
		Kind: f.Kind, Explain: f.Explain, Fingerprint: f.Fingerprint, State: f.State, Former: f.Former,
	}
	if isLine(f) {
		out.Title = "A line of a log of " + f.Subject.Value
	}
	return out
}

// isLine reports whether a finding's title is a line of a log, and not words of ours.
func isLine(f report.Finding) bool {
	return slices.ContainsFunc(f.Identity, func(a report.Attr) bool { return a.Key == report.Template })
}

func linesOf(rep *report.Report) map[string]bool {
	lines := map[string]bool{}
	for _, c := range rep.Changes {
		if isLine(c.Finding) {
			lines[c.Finding.Fingerprint] = true
		}
	}
	return lines
}
