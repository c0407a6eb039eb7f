package lifecycle

import "github.com/pugetsoundtech/upkeep/report"

const (
	name = "pkgupdate.lifecycle"

	ruleEnded       = name + ".ended"
	ruleExtended    = name + ".extended"
	rulePaid        = name + ".paid"
	ruleSoon        = name + ".ends-soon"
	ruleDevelopment = name + ".development"
)

// Rules lists what Check reports.
func (c OS) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleEnded, report.Critical, "The release of the operating system is not supported any more").Text(
			"No security fix is published for it: every hole that is found from now on stays open.",
			"Plan the upgrade to a supported release now."),
		report.Condition.Rule(rulePaid, report.Warning, "The release of the operating system is supported only by contract").Text(
			"Whoever has no such contract gets no security fixes; whether there is one is not known here.",
			"See that the contract covers this machine, or plan the upgrade to a supported release now."),
		report.Condition.Rule(ruleSoon, report.Warning, "The support of the operating system's release ends soon").Text(
			"An upgrade of the release wants a test and a window; afterwards no security fix is published for this one.",
			"Plan the upgrade to the next release now."),
		report.Condition.Rule(ruleExtended, report.Notice, "The release of the operating system is supported, but old").Text(
			"In a later phase fewer packages are covered, and fewer faults are mended.",
			"Plan the upgrade to the next release, and see that the longer support covers what runs here."),
		report.Condition.Rule(ruleDevelopment, report.Notice, "The operating system is a development branch").Text(
			"Security fixes may come late, or never under this name, before a release is stable.",
			"Use a stable release for production."),
	)
}
