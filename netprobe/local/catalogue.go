package local

import (
	"github.com/pugetsoundtech/upkeep/report"
)

// The rules under which Services reports.
const (
	ruleGone        = "netprobe.local.gone"
	ruleUnreachable = "netprobe.local.unreachable"
	ruleProtocol    = "netprobe.local.protocol"
	ruleDeferred    = "netprobe.local.deferred"
	ruleTLS         = "netprobe.local.tls"
	ruleValidity    = "netprobe.local.certificate-validity"
	ruleName        = "netprobe.local.certificate-name"
	ruleChain       = "netprobe.local.certificate-chain"
	ruleOddity      = "netprobe.local.oddity"
)

// Rules returns the catalogue.
func (s Services) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Event.Rule(ruleGone, report.Critical, "A service that answered no longer listens").
			Text("A service that ends without being told to leaves its users without it, and nobody may have noticed.",
				"Read the end of its log for why it ended, and start it. If it was taken out of use, sign this off."),
		report.Condition.Rule(ruleUnreachable, report.Critical, "A service does not answer").
			Text("No connection came about, or it broke before the service said anything.",
				"See whether the program runs and listens, read the end of its log, and restart it."),
		report.Condition.Rule(ruleProtocol, report.Critical, "A service answers wrongly").
			Text("The connection stands, and what comes is a refusal, silence, or not the protocol.",
				"Read the service's log at the time of this report; restart the service if it hangs."),
		report.Condition.Rule(ruleDeferred, report.Warning, "A service turns clients away for now").
			Text("Clients are told to come back later: the service is too busy, lacks something that it needs, or is shutting down.",
				"Read the service's log at this time. Look at the load, at the connection limits of the service and who uses them up, and at what stands behind it."),
		report.Condition.Rule(ruleTLS, report.Critical, "A service cannot be reached with TLS").
			Text("Clients that insist on TLS cannot use the service.",
				"Check certificate and key files and the TLS section of the service's configuration, then reload it."),
		report.Condition.Rule(ruleValidity, report.Critical, "A certificate is not valid now or expires soon").
			Text("Clients refuse a service whose certificate is out of its time.",
				"Renew the certificate with the program or the authority that issued it, and reload the service."),
		report.Condition.Rule(ruleName, report.Critical, "A certificate is for another name").
			Text("Clients that use this name refuse the service.",
				"Issue a certificate with this name among its alternative names, and reload the service."),
		report.Condition.Rule(ruleChain, report.Critical, "No known authority stands behind a certificate").
			Text("Clients refuse a certificate whose issuer they do not know; often an intermediate certificate is missing.",
				"Serve the full chain (fullchain.pem), or install the authority where the clients are."),
		report.Condition.Rule(ruleOddity, report.Warning, "A service does not keep to its protocol").
			Text("Strict clients may refuse to talk to it.",
				"Update the service, or correct what generates the answer."),
	)
}
