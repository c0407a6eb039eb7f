package weblog

import "github.com/pugetsoundtech/upkeep/report"

const (
	name = "traffic.weblog"

	ruleSilent   = name + ".silent"
	ruleErrors   = name + ".error-surge"
	ruleNotFound = name + ".refused-surge"
	ruleVolume   = name + ".volume-surge"
	rulePeak     = name + ".new-peak"
	ruleAttacks  = name + ".attack-surge"
)

// Rules is the catalogue.
func (c Web) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleSilent, report.Warning, "The web server has gone quiet").Text(
			"A site that nobody asks for where somebody always did is often not reached: by its name, its port, its certificate or its network.",
			"Open the site from outside, and look at the error log."),
		report.Condition.Rule(ruleErrors, report.Warning, "The web server fails unusually often").Text(
			"An answer of 500 and above is a fault of the site: a program that fails, a server behind it that is gone, too much to do.",
			"Look at the error log of the server, and at the programs behind it."),
		report.Condition.Rule(ruleNotFound, report.Notice, "Unusually many requests are refused").Text(
			"Pages that moved without a forwarding, a link somewhere that is wrong, or somebody who looks for holes.",
			"See in the report what was not found."),
		report.Condition.Rule(ruleVolume, report.Notice, "Unusually many requests came").Text(
			"A site that is talked of, a program that reads all of it, or an attempt to overload it.",
			"See in the report who asks."),
		report.Condition.Rule(rulePeak, report.Info, "The web server has its busiest hour").Text(
			"In no hour of the weeks before were so many requests.",
			"Ask whether the machine and the line have room for more, and see in the report who asked for what."),
		report.Condition.Rule(ruleAttacks, report.Notice, "Unusually many requests look like attacks").Text(
			"Somebody tries known holes of known programs. What was answered with 200 is worth a look.",
			"See in the report what was asked for, and whether such a program is here."),
		goneRule,
	)
}
