package pkgupdate

import "github.com/pugetsoundtech/upkeep/report"

const (
	ruleSecurity    = "security-pending"
	ruleHeld        = "security-held"
	ruleOrdinary    = "updates-pending"
	ruleBroken      = "package-broken"
	ruleInterrupted = "manager-interrupted"
	ruleUnmet       = "dependencies-unmet"
	ruleInstalled   = "package-installed"
	ruleRemoved     = "package-removed"
	ruleUpgraded    = "package-upgraded"
	ruleDowngraded  = "package-downgraded"
	ruleMany        = "packages-changed"

	since = "0.1.0"
)

// Rules lists what Check reports.
func (u *Updates) Rules() []report.Rule {
	return append(conditionRules(), eventRules()...)
}

func conditionRules() []report.Rule {
	return []report.Rule{
		{
			ID: ruleSecurity, Kind: report.Condition, Severity: report.Warning, Since: since,
			Title:   "A security update is pending",
			Explain: "The fix is published, and so is what it fixes: the hole is open to whoever reads the advisory. After one day this is critical.",
			Remedy:  "Install the update within one day and restart the services that use it, or put a work-around on record.",
		},
		{
			ID: ruleHeld, Kind: report.Condition, Severity: report.Warning, Since: since,
			Title:   "A security update is on hold",
			Explain: "Somebody forbade changes of this package, so no upgrade installs the fix. After one day this is critical.",
			Remedy:  "Find out why it is held; release it, or put a work-around on record.",
		},
		{
			ID: ruleOrdinary, Kind: report.Condition, Severity: report.Notice, Since: since,
			Title:   "Stable updates are pending",
			Explain: "Corrections of faults that are not known to touch security.",
			Remedy:  "Install them in the weekly maintenance.",
		},
		{
			ID: ruleBroken, Kind: report.Condition, Severity: report.Warning, Since: since,
			Title:   "A package is not properly installed",
			Explain: "Its files may be of two versions or its service not set up, and the manager may refuse all further updates.",
			Remedy:  "Let the package manager finish its work.",
		},
		{
			ID: ruleInterrupted, Kind: report.Condition, Severity: report.Warning, Since: since,
			Title:   "The package manager was interrupted",
			Explain: "Until it is repaired no update is installed, security fixes included.",
			Remedy:  "Let the package manager finish its work.",
		},
		{
			ID: ruleUnmet, Kind: report.Condition, Severity: report.Warning, Since: since,
			Title:   "Installed packages lack what they depend on",
			Explain: "The package manager refuses all updates until this is mended, security fixes included.",
			Remedy:  "Let the package manager repair the dependencies.",
		},
	}
}

func eventRules() []report.Rule {
	const explain = "Whoever changes installed software changes what runs here: each change has a person or a schedule behind it."
	const remedy = "Sign it off when you know who did it and why."
	rule := func(id string, severity report.Severity, title string) report.Rule {
		return report.Rule{ID: id, Kind: report.Event, Severity: severity, Title: title, Explain: explain, Remedy: remedy, Since: since}
	}
	return []report.Rule{
		rule(ruleInstalled, report.Notice, "A package was installed"),
		rule(ruleRemoved, report.Notice, "A package was removed"),
		rule(ruleUpgraded, report.Info, "A package was upgraded"),
		rule(ruleDowngraded, report.Warning, "A package was downgraded"),
		rule(ruleMany, report.Info, "Many packages changed"),
	}
}
