package updates

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/report"
)

const (
	name = "pkgupdate.updates"

	ruleSecurity    = name + ".security-pending"
	ruleHeld        = name + ".security-held"
	ruleOrdinary    = name + ".stable-pending"
	ruleBroken      = name + ".package-broken"
	ruleInterrupted = name + ".manager-interrupted"
	ruleUnmet       = name + ".dependencies-unmet"
	ruleSource      = name + ".source-unusable"
	ruleVulnerable  = name + ".vulnerable"
	ruleIdle        = name + ".fix-not-in-effect"
	ruleUnfixed     = name + ".without-fix"
	ruleWorkAround  = name + ".worked-around"
	ruleLocal       = name + ".fixed-locally"
	ruleLapsed      = name + ".record-lapsed"
	ruleOrphans     = name + ".orphans"
	ruleStrange     = name + ".package-unoffered"
	ruleStrays      = name + ".development"
	ruleInstalled   = name + ".package-installed"
	ruleRemoved     = name + ".package-removed"
	ruleUpgraded    = name + ".package-upgraded"
	ruleDowngraded  = name + ".package-downgraded"
	ruleTransaction = name + ".transaction"
	ruleMany        = name + ".packages-changed"
)

// Rules lists what Check reports.
func (s Software) Rules() []report.Rule {
	return slices.Concat(conditionRules(), advisoryRules(), recordRules(), eventRules())
}

func conditionRules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleSecurity, report.Warning, "A security update is pending").Text(
			"The fix is published, and so is what it fixes: the hole is open to whoever reads the advisory. When its day ends before the next look, this is critical.",
			"Install the update within one day and restart the services that use it, or put a work-around on record."),
		report.Condition.Rule(ruleHeld, report.Warning, "A security update is on hold").Text(
			"Somebody forbade changes of this package, so no upgrade installs the fix. When its day ends before the next look, this is critical.",
			"Find out why it is held; release it, or put a work-around on record."),
		report.Condition.Rule(ruleOrdinary, report.Notice, "Stable updates are pending").Text(
			"Corrections of faults that are not known to touch security. When one was on offer for longer than the week in which the latest stable versions are installed, this is a warning.",
			"Install them in the weekly maintenance."),
		report.Condition.Rule(ruleBroken, report.Warning, "A package is not properly installed").Text(
			"Its files may be of two versions or its service not set up, and the manager may refuse all further updates.",
			"Let the package manager finish its work."),
		report.Condition.Rule(ruleInterrupted, report.Warning, "The package manager was interrupted").Text(
			"Until it is repaired no update is installed, security fixes included.",
			"Let the package manager finish its work."),
		report.Condition.Rule(ruleUnmet, report.Warning, "Installed packages lack what they depend on").Text(
			"The package manager refuses all updates until this is mended, security fixes included.",
			"Let the package manager repair the dependencies."),
		report.Condition.Rule(ruleSource, report.Warning, "A package source is out of date, missing, or does not verify").Text(
			"What it has to offer is not known: a fix may be there, and nobody sees it. An index that does not verify may have been tampered with.",
			"Fetch the index and read what the package manager says. Remove a source that is gone."),
	)
}

func advisoryRules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleVulnerable, report.Warning, "A package has a hole whose fix is not on offer here").Text(
			"The maker has published the fix, and no configured source has it: the index is old, the source is missing, or the fix is for paying customers.",
			"Refresh the index; configure the source with the fixes, or put a work-around on record."),
		report.Condition.Rule(ruleIdle, report.Warning, "A fix is installed and not in effect").Text(
			"The fix is on the disk, and what runs is still the old code.",
			"Restart what runs it; of a kernel, reboot."),
		report.Condition.Rule(ruleOrphans, report.Notice, "Installed packages are offered by no source").Text(
			"No configured source has them in this version or a newer one, so no fix will come: what was removed from the release, came from a source that is gone, or was installed by hand.",
			"Remove what is not needed; for the rest, find a source that supports it, or watch its maker."),
		report.Condition.Rule(ruleStrays, report.Notice, "Packages or sources of a branch in development are on a system that is a release").Text(
			"What comes from testing, unstable or a snapshot gets no security support for this release, changes without notice, and may draw more in with it.",
			"Replace the packages by those of the release or its backports, and remove the source."),
		report.Condition.Rule(ruleUnfixed, report.Info, "Holes are known for which there is no fix").Text(
			"They are public, and whoever attacks knows them too. Most are minor or need what is not in use here.",
			"Read the list; where one matters, switch off what it needs and put that on record."),
	)
}

func recordRules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleWorkAround, report.Notice, "A security update is pending, and a work-around is on record").Text(
			"The hole is closed by other means, as its check has just proved; when the record ends, the clock of the promise is at work again.",
			"Install the update before the record ends."),
		report.Condition.Rule(ruleLocal, report.Notice, "A package has the fix by a build of one's own").Text(
			"The installed version is not the maker's. An update would replace it, and what else was changed in it.",
			"Take the maker's version when it has all that the own build has."),
		report.Condition.Rule(ruleLapsed, report.Warning, "A record about updates has ended or does not hold").Text(
			"What was decided counts no more: a work-around whose check fails leaves the hole open.",
			"Install the fix, or decide anew and put that on record."),
	)
}

func eventRules() []report.Rule {
	const explain = "Whoever changes installed software changes what runs here: each change has a person or a schedule behind it."
	const remedy = "Sign it off when you know who did it and why."
	return report.Since("0.1.0",
		report.Event.Rule(ruleTransaction, report.Info, "Software was changed by the package manager").Text(explain, remedy),
		report.Event.Rule(ruleInstalled, report.Notice, "A package was installed").Text(explain, remedy),
		report.Event.Rule(ruleRemoved, report.Notice, "A package was removed").Text(explain, remedy),
		report.Event.Rule(ruleStrange, report.Warning, "A package that no source offers was installed").Text(
			"Its files and scripts came with the rights of root, and no source that is configured has it in this version or a newer one: whoever made it answers for it alone.",
			"Find out who installed it, and from where. Remove it if nobody knows it, and look at what it brought."),
		report.Event.Rule(ruleUpgraded, report.Info, "A package was upgraded").Text(explain, remedy),
		report.Event.Rule(ruleDowngraded, report.Warning, "A package was downgraded").Text(explain, remedy),
		report.Event.Rule(ruleMany, report.Info, "Many packages changed").Text(explain, remedy),
	)
}
