package local

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/report"
)

// ruleOf gives the rule under which a cause is reported.
func ruleOf(c netprobe.Cause) string {
	switch c {
	case netprobe.ProtoDefer:
		return ruleDeferred
	case netprobe.ProtoBareLF, netprobe.TLSWeak, netprobe.TLSStaple:
		return ruleOddity
	case netprobe.TLSExpired, netprobe.TLSExpiring, netprobe.TLSNotYet, netprobe.TLSRevoked:
		return ruleValidity
	case netprobe.TLSHostname:
		return ruleName
	case netprobe.TLSChain:
		return ruleChain
	}
	switch c.Group() {
	case "tls", "starttls":
		return ruleTLS
	case "proto":
		return ruleProtocol
	}
	return ruleUnreachable
}

// recordResults turns results into findings, problems and metrics.
func recordResults(rec *report.Recorder, targets []Target, results []netprobe.Result, guide func() howto.Guide) {
	var all []outage
	for i, t := range targets {
		t = t.spoken(results[i])
		for _, is := range results[i].Issues {
			if is.State == netprobe.Unknown {
				rec.Problem(problemOf(t, is), scopeOf(t.service()))
				continue
			}
			all = addOutage(all, failing{t, results[i], is})
		}
		recordMetrics(rec, t, results[i])
	}
	for _, o := range all {
		f := o.finding(addresses(targets, o[0].service()))
		f.Fix, f.Remedy = o.fix(f.Rule, guide)
		rec.Finding(f)
	}
}

// spoken is t with the protocol that it turned out to speak.
func (t Target) spoken(res netprobe.Result) Target {
	if rest, ok := strings.CutPrefix(t.URL, "http://"); ok && res.TLS != nil {
		t.URL = "https://" + rest
	}
	return t
}

// addresses counts the targets of one service, whichever protocol was guessed.
func addresses(targets []Target, service string) (n int) {
	for _, t := range targets {
		if strings.Replace(t.service(), "http://", "https://", 1) == strings.Replace(service, "http://", "https://", 1) {
			n++
		}
	}
	return n
}

func recordMetrics(rec *report.Recorder, t Target, res netprobe.Result) {
	if res.State == netprobe.Unknown {
		return
	}
	subject := report.Attr{Key: report.Target, Value: t.URL}
	metric := func(name, unit string, v report.Number, more ...report.Attr) {
		rec.Metric(report.Metric{Name: name, Unit: unit, Value: v, Attrs: append([]report.Attr{subject}, more...), Time: res.Start})
	}
	up := uint64(0)
	if res.State != netprobe.Critical {
		up = 1
	}
	metric("probe_up", "", report.Count(up))
	metric("probe_duration_seconds", "seconds", report.Measure(res.Took.Seconds()))
	for _, p := range res.Phases {
		metric("probe_phase_seconds", "seconds", report.Measure(p.Took.Seconds()), report.Attr{Key: report.Field, Value: string(p.Phase)})
	}
	if res.TLS != nil {
		metric("probe_certificate_left_seconds", "seconds", report.Measure(res.TLS.Ends.Sub(res.Start).Seconds()))
	}
}

// failing is one issue of one target.
type failing struct {
	Target
	res netprobe.Result
	is  netprobe.Issue
}

// An outage is what one service does wrong under one rule, on each address on
// which it does so: one fault for a reader.
type outage []failing

func addOutage(all []outage, f failing) []outage {
	for i, o := range all {
		if o[0].service() == f.service() && ruleOf(o[0].is.Cause) == ruleOf(f.is.Cause) {
			all[i] = append(o, f)
			return all
		}
	}
	return append(all, outage{f})
}

// finding tells of the worst issue in its title and of all in its detail.
// targets is the number of addresses that the service has.
func (o outage) finding(targets int) report.Finding {
	worst, first := o[0], o[0].res.Start
	var details, addrs []string
	var evidence []report.Attr
	for _, f := range o {
		if f.is.State == netprobe.Critical && worst.is.State != netprobe.Critical {
			worst = f
		}
		if !slices.Contains(addrs, f.addr()) {
			addrs = append(addrs, f.addr())
		}
		details = append(details, fmt.Sprintf("%s, tried once: %s (cause %s, phase %s).", f.addr(), f.is.Detail, f.is.Cause, f.is.Phase))
		evidence = addAttrs(evidence, f.evidence()...)
	}
	if scheme, _, _ := strings.Cut(worst.URL, "://"); worst.Listener != "" && wrongProtocol(worst.is.Cause) {
		details = append(details, fmt.Sprintf("That it speaks %s is concluded from its port or its program.", scheme))
	}
	what := worst.service() + behind(worst.Process)
	if len(addrs) < targets {
		what += " on " + strings.Join(addrs, " and ")
	}
	return report.Finding{
		Rule: ruleOf(worst.is.Cause), Subject: report.Attr{Key: report.Target, Value: worst.service()}, Scope: scopeOf(worst.service()),
		Severity: severityOf(worst.is.State), Title: titleOf(what, worst.is), Detail: strings.Join(details, " "), Evidence: evidence,
		First: first, Last: o[len(o)-1].res.Start,
	}
}

func (f failing) evidence() []report.Attr {
	reason := strings.TrimSpace(fmt.Sprintf("%s %s", f.is.Cause, code(f.is)))
	attrs := append(where(f.Listener, f.Process), report.Attr{Key: report.Reason, Value: reason})
	if ruleOf(f.is.Cause) == ruleValidity && f.res.TLS != nil {
		attrs = append(attrs, report.AtTime(f.res.TLS.Ends))
	}
	return attrs
}

// wrongProtocol reports whether the service may be one of another protocol.
func wrongProtocol(c netprobe.Cause) bool {
	switch c {
	case netprobe.ProtoSyntax, netprobe.ProtoOversize, netprobe.ProtoTimeout, netprobe.ProtoSlow, netprobe.TLSHandshake, netprobe.TLSTimeout:
		return true
	}
	return false
}

// addAttrs adds those that are not there yet.
func addAttrs(to []report.Attr, attrs ...report.Attr) []report.Attr {
	for _, a := range attrs {
		if !slices.Contains(to, a) {
			to = append(to, a)
		}
	}
	return to
}

// goneFinding tells that a service has lost the listeners of lost. Where it has
// others left it is not out of reach.
func goneFinding(lost, now []Target, sockets []sysview.Socket, at time.Time) report.Finding {
	t := lost[0]
	f := report.Finding{
		Rule: ruleGone, Subject: report.Attr{Key: report.Target, Value: t.service()}, Scope: scopeGone,
		Title:  fmt.Sprintf("%s%s no longer listens", t.service(), behind(t.Process)),
		Detail: "It listened and answered when it was last looked at, and nothing listens there now.",
		First:  at,
	}
	var listeners []string
	for _, l := range lost {
		f.Evidence = addAttrs(f.Evidence, where(l.Listener, l.Process)...)
		listeners = append(listeners, strings.TrimPrefix(l.Listener, "tcp/"))
	}
	if heir := holder(sockets, t.Listener); heir != "" {
		f.Detail = "It listened and answered when it was last looked at; now the program " + heir + " listens there."
	}
	if left := elsewhere(t, now); left != "" {
		f.Severity = report.Warning
		f.Title = fmt.Sprintf("%s%s no longer listens on %s", t.service(), behind(t.Process), strings.Join(listeners, " and "))
		f.Detail = "The same program still listens on " + left + ", so it may be reached under another address only."
	}
	return f
}

// holder names the program that listens now; "": none, or not known.
func holder(sockets []sysview.Socket, listener string) string {
	for _, s := range sockets {
		if "tcp/"+s.Local.String() == listener {
			return s.Process.Name
		}
	}
	return ""
}

// elsewhere gives another listener of the same program, protocol and port.
func elsewhere(t Target, now []Target) string {
	key := func(t Target) string {
		scheme, addr, _ := strings.Cut(t.URL, "://")
		return scheme + addr[strings.LastIndexByte(addr, ':'):]
	}
	for _, o := range now {
		if key(o) == key(t) && o.Process == t.Process {
			return strings.TrimPrefix(o.Listener, "tcp/")
		}
	}
	return ""
}

func severityOf(s netprobe.State) report.Severity {
	if s == netprobe.Critical {
		return report.Critical
	}
	return report.Warning
}

func titleOf(what string, is netprobe.Issue) string {
	switch is.Cause {
	case netprobe.NetRefused:
		return what + " refuses connections"
	case netprobe.NetTimeout, netprobe.ProtoTimeout, netprobe.TLSTimeout, netprobe.ProtoSlow:
		return fmt.Sprintf("%s gives no complete answer in time (phase %s)", what, is.Phase)
	case netprobe.NetEOF, netprobe.NetReset:
		return what + " closes the connection before it has answered"
	case netprobe.ProtoDefer, netprobe.ProtoReject:
		return what + refusal(is)
	}
	return what + ": " + is.Detail
}

// refusal says in which way a service answers that it does not serve.
func refusal(is netprobe.Issue) string {
	switch {
	case is.Phase == netprobe.PhaseRequest:
		return fmt.Sprintf(" answers with the error %d", is.Code)
	case is.Cause == netprobe.ProtoReject && is.Code == 0:
		return " refuses its service"
	case is.Cause == netprobe.ProtoReject:
		return fmt.Sprintf(" refuses its service with %d", is.Code)
	case is.Code != 0:
		return fmt.Sprintf(" turns clients away for now (%d)", is.Code)
	}
	return " turns clients away for now"
}

func code(is netprobe.Issue) string {
	if is.Code == 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", is.Code, is.Enhanced))
}

func behind(process string) string {
	if process == "" {
		return ""
	}
	return " (" + process + ")"
}

func where(listener, process string) []report.Attr {
	var attrs []report.Attr
	if listener != "" {
		attrs = append(attrs, report.Attr{Key: report.Listener, Value: listener})
	}
	if process != "" {
		attrs = append(attrs, report.Attr{Key: report.Process, Value: process})
	}
	return attrs
}

// scopeOf makes a slash path of a URL: smtp://[::1]:25 is services/smtp/[::1]:25.
func scopeOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	return path.Join(scopeRoot, path.Join("/", scheme, rest))
}
