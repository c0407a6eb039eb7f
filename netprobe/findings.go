package netprobe

import (
	"fmt"
	"path"
	"strings"

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
		"Look at why it ended (systemctl status, the end of its log) and start it. If it was taken out of use, sign this off.")
	gone.Kind = report.Event
	return []report.Rule{
		gone,
		rule(ruleUnreachable, report.Critical, "a service does not answer",
			"No connection came about, or it broke before the service said anything.",
			"See whether the program runs and listens (ss -ltnp), restart it, and read the end of its log."),
		rule(ruleProtocol, report.Critical, "a service answers wrongly",
			"The connection stands, and what comes is a refusal, silence, or not the protocol.",
			"Read the service's log at the time of this report; restart the service if it hangs."),
		rule(ruleDeferred, report.Warning, "a service says that it is too busy",
			"Clients are told to come back later.",
			"Look at the load and at the connection limits of the service; if it lasts, raise them or find who uses them up."),
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

// recordResult turns one result into findings, problems and metrics.
func recordResult(rec *report.Recorder, t Target, res Result) {
	for _, is := range res.Issues {
		if is.State == Unknown {
			rec.Problem(problemOf(t, is), scopeOf(t.URL))
			continue
		}
		rec.Finding(findingOf(t, res, is))
	}
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

func findingOf(t Target, res Result, is Issue) report.Finding {
	f := report.Finding{
		Rule: ruleOf(is.Cause), Subject: report.Attr{Key: report.Target, Value: t.URL}, Scope: scopeOf(t.URL),
		Severity: severityOf(is.State), Title: titleOf(t, is),
		Detail:   fmt.Sprintf("Cause %s in phase %q: %s. The connection was tried once at %s.", is.Cause, is.Phase, is.Detail, stamp(res.Start)),
		Evidence: append(where(t.Listener, t.Process), report.Attr{Key: report.Reason, Value: strings.TrimSpace(fmt.Sprintf("%s %s", is.Cause, code(is)))}),
		First:    res.Start, Last: res.Start,
	}
	if f.Rule == ruleValidity && res.TLS != nil {
		f.Evidence = append(f.Evidence, report.AtTime(res.TLS.Earliest))
	}
	return f
}

func severityOf(s State) report.Severity {
	if s == Critical {
		return report.Critical
	}
	return report.Warning
}

func titleOf(t Target, is Issue) string {
	what := t.URL + behind(t.Process)
	switch is.Cause {
	case NetRefused:
		return what + " refuses connections"
	case NetTimeout, ProtoTimeout, TLSTimeout:
		return fmt.Sprintf("%s gives no complete answer in time (phase %s)", what, is.Phase)
	case NetEOF, NetReset:
		return what + " closes the connection before it has answered"
	case ProtoReject:
		return fmt.Sprintf("%s refuses its service with %d", what, is.Code)
	case ProtoDefer:
		return fmt.Sprintf("%s says that it is too busy%s", what, withCode(is))
	}
	return what + ": " + is.Detail
}

func code(is Issue) string {
	if is.Code == 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", is.Code, is.Enhanced))
}

func withCode(is Issue) string {
	if is.Code == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d)", is.Code)
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
