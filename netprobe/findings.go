package netprobe

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// The rules under which Services reports.
const (
	ruleGone        = "netprobe.gone"
	ruleUnreachable = "netprobe.unreachable"
	ruleProtocol    = "netprobe.protocol"
	ruleDeferred    = "netprobe.deferred"
	ruleTLS         = "netprobe.tls"
	ruleValidity    = "netprobe.certificate-validity"
	ruleName        = "netprobe.certificate-name"
	ruleChain       = "netprobe.certificate-chain"
	ruleOddity      = "netprobe.oddity"
)

// Rules is the catalogue.
func (s Services) Rules() []report.Rule {
	rule := func(id string, severity report.Severity, title, explain, remedy string) report.Rule {
		return report.Rule{ID: id, Kind: report.Condition, Severity: severity, Title: title, Explain: explain, Remedy: remedy, Since: "0.1.0"}
	}
	gone := rule(ruleGone, report.Critical, "a service that answered no longer listens",
		"A service that ends without being told to leaves its users without it, and nobody may have noticed.",
		"Look at why it ended (the end of its log; systemctl status, or the service command of this system) and start it. If it was taken out of use, sign this off.")
	gone.Kind = report.Event
	return []report.Rule{
		gone,
		rule(ruleUnreachable, report.Critical, "a service does not answer",
			"No connection came about, or it broke before the service said anything.",
			"See whether the program runs and listens (ss -ltnp; sockstat -l or netstat -an on a BSD), read the end of its log, and restart it."),
		rule(ruleProtocol, report.Critical, "a service answers wrongly",
			"The connection stands, and what comes is a refusal, silence, or not the protocol.",
			"Read the service's log at the time of this report; restart the service if it hangs."),
		rule(ruleDeferred, report.Warning, "a service turns clients away for now",
			"Clients are told to come back later: the service is too busy, lacks something that it needs, or is shutting down.",
			"Read the service's log at this time. Look at the load, at the connection limits of the service and who uses them up, and at what stands behind it."),
		rule(ruleTLS, report.Critical, "a service cannot be reached with TLS",
			"Clients that insist on TLS cannot use the service.",
			"Check certificate and key files and the TLS section of the service's configuration, then reload it."),
		rule(ruleValidity, report.Critical, "a certificate is not valid now or expires soon",
			"Clients refuse a service whose certificate is out of its time.",
			"Renew the certificate (certbot renew, or ask who issued it) and reload the service."),
		rule(ruleName, report.Critical, "a certificate is for another name",
			"Clients that use this name refuse the service.",
			"Issue a certificate with this name among its alternative names, and reload the service."),
		rule(ruleChain, report.Critical, "no known authority stands behind a certificate",
			"Clients refuse a certificate whose issuer they do not know; often an intermediate certificate is missing.",
			"Serve the full chain (fullchain.pem), or install the authority where the clients are."),
		rule(ruleOddity, report.Warning, "a service does not keep to its protocol",
			"Strict clients may refuse to talk to it.",
			"Update the service, or correct what generates the answer."),
	}
}

// ruleOf gives the rule under which a cause is reported.
func ruleOf(c Cause) string {
	switch c {
	case ProtoDefer:
		return ruleDeferred
	case ProtoBareLF:
		return ruleOddity
	case TLSExpired, TLSExpiring, TLSNotYet:
		return ruleValidity
	case TLSHostname:
		return ruleName
	case TLSChain:
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
func recordResults(rec *report.Recorder, targets []Target, results []Result) {
	var all []outage
	for i, t := range targets {
		for _, is := range results[i].Issues {
			if is.State == Unknown {
				rec.Problem(problemOf(t, is), scopeOf(t.service()))
				continue
			}
			all = addOutage(all, failing{t, results[i], is})
		}
		recordMetrics(rec, t, results[i])
	}
	for _, o := range all {
		rec.Finding(o.finding(addresses(targets, o[0].service())))
	}
}

// addresses counts the targets of one service.
func addresses(targets []Target, service string) (n int) {
	for _, t := range targets {
		if t.service() == service {
			n++
		}
	}
	return n
}

func recordMetrics(rec *report.Recorder, t Target, res Result) {
	if res.State == Unknown {
		return
	}
	subject := report.Attr{Key: report.Target, Value: t.URL}
	metric := func(name, unit string, v report.Number, more ...report.Attr) {
		rec.Metric(report.Metric{Name: name, Unit: unit, Value: v, Attrs: append([]report.Attr{subject}, more...), Time: res.Start})
	}
	up := uint64(0)
	if res.State != Critical {
		up = 1
	}
	metric("probe_up", "", report.Count(up))
	metric("probe_duration_seconds", "seconds", report.Measure(res.Took.Seconds()))
	for _, p := range res.Phases {
		metric("probe_phase_seconds", "seconds", report.Measure(p.Took.Seconds()), report.Attr{Key: report.Field, Value: string(p.Phase)})
	}
	if res.TLS != nil {
		metric("probe_certificate_left_seconds", "seconds", report.Measure(res.TLS.Earliest.Sub(res.Start).Seconds()))
	}
}

// failing is one issue of one target.
type failing struct {
	Target
	res Result
	is  Issue
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
		if f.is.State == Critical && worst.is.State != Critical {
			worst = f
		}
		if !slices.Contains(addrs, f.addr()) {
			addrs = append(addrs, f.addr())
		}
		details = append(details, fmt.Sprintf("%s, tried once at %s: %s (cause %s, phase %s).", f.addr(), stamp(f.res.Start), f.is.Detail, f.is.Cause, f.is.Phase))
		evidence = addAttrs(evidence, f.evidence()...)
	}
	if scheme, _, _ := strings.Cut(worst.URL, "://"); worst.Listener != "" && worst.is.Cause.wrongLanguage() {
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
		attrs = append(attrs, report.AtTime(f.res.TLS.Earliest))
	}
	return attrs
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

func severityOf(s State) report.Severity {
	if s == Critical {
		return report.Critical
	}
	return report.Warning
}

func titleOf(what string, is Issue) string {
	switch is.Cause {
	case NetRefused:
		return what + " refuses connections"
	case NetTimeout, ProtoTimeout, TLSTimeout:
		return fmt.Sprintf("%s gives no complete answer in time (phase %s)", what, is.Phase)
	case NetEOF, NetReset:
		return what + " closes the connection before it has answered"
	case ProtoDefer, ProtoReject:
		return what + refusal(is)
	}
	return what + ": " + is.Detail
}

// refusal says in which way a service answers that it does not serve.
func refusal(is Issue) string {
	switch {
	case is.Phase == PhaseRequest:
		return fmt.Sprintf(" answers with the error %d", is.Code)
	case is.Cause == ProtoReject:
		return fmt.Sprintf(" refuses its service with %d", is.Code)
	case is.Code != 0:
		return fmt.Sprintf(" turns clients away for now (%d)", is.Code)
	}
	return " turns clients away for now"
}

func code(is Issue) string {
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
