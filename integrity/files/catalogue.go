package files

import (
	"github.com/pugetsoundtech/upkeep/integrity/continuity"
	"github.com/pugetsoundtech/upkeep/report"
)

const (
	ruleAdded    = "integrity.files.added"
	ruleRemoved  = "integrity.files.removed"
	ruleMoved    = "integrity.files.moved"
	ruleChanged  = "integrity.files.changed"
	ruleUnstable = "integrity.files.unstable"
	ruleCut      = "integrity.files.log-cut"
	ruleRules    = "integrity.files.rules"
	ruleGap      = "integrity.files.baseline-gap"
	ruleDatabase = "integrity.files.package-database"
)

// Rules lists the rules of the check.
func (System) Rules() []report.Rule {
	rule := func(id string, s report.Severity, title, explain, fix string) report.Rule {
		return report.Rule{ID: id, Kind: report.Condition, Severity: s, Title: title, Explain: explain, Remedy: fix}
	}
	return append(continuity.Rules(System{}.Name()), report.Since("0.1.0",
		rule(ruleAdded, report.Notice, "A file is new",
			"It is not in the baseline. New files in system folders come with packages and by hand, and an intruder's tools do as well.", remedy),
		rule(ruleRemoved, report.Notice, "A file was removed",
			"It is in the baseline, and is known not to be there any more.", remedy),
		rule(ruleMoved, report.Notice, "A file was moved",
			"It is gone from where the baseline has it, and the same content is new elsewhere.", remedy),
		rule(ruleChanged, report.Notice, "A file changed",
			"It differs from the baseline in content, rights or type.", remedy),
		rule(ruleDatabase, report.Warning, "The package database was edited",
			"It has other digests than before, of a package whose version is the same. No update does that: somebody made the database agree with files of his own, or built the package anew under the same version.",
			"Unless you know of such a package, take its files for an intruder's: find out who was on the system, and install the package again from its source."),
		rule(ruleUnstable, report.Notice, "A file changes all the time",
			"It changed each of the three times that it was read, so its content cannot be compared.",
			"See which program writes it. If it is a log or a cache, leave it out of the profile."),
		rule(System{}.Name()+".rotated", report.Info, "Logs were rotated since the baseline",
			"A log that is shorter than in the baseline was rotated as often as its copies are kept, or is in a copy that cannot be read here.",
			"Nothing is needed. Accepting the logs compares with what they are now."),
		report.Rule{
			ID: ruleCut, Kind: report.Event, Severity: report.Warning, Title: "A log lost what it held at the last run",
			Explain: "Logs only grow, and rotation keeps what they held. Who takes lines out of one removes traces.",
			Remedy:  "If you emptied it, accept it. Otherwise find out who was on the system, and compare with the copy of a central log.",
		},
		rule(ruleRules, report.Notice, "The baseline was taken with other rules",
			"What the rules look at decides what can be found. What only the new rules look at has nothing to be compared with.",
			"If you or a new release changed the rules, accept them. Otherwise find out who did."),
	)...)
}
