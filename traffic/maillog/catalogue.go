package maillog

import "github.com/pugetsoundtech/upkeep/report"

const (
	name = "traffic.maillog"

	ruleSilent    = name + ".silent"
	ruleDeferrals = name + ".deferral-surge"
	ruleBounces   = name + ".bounce-surge"
	ruleRejects   = name + ".reject-surge"
	ruleVolume    = name + ".volume-surge"
	rulePeak      = name + ".new-peak"
	ruleSender    = name + ".sender-surge"
)

// Rules is the catalogue.
func (c Mail) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleSilent, report.Warning, "The mail server has gone quiet").Text(
			"A server that receives nothing where there always was mail is often not reached: by its name, its port or its network.",
			"Connect to port 25 from outside, and look at the queue (postqueue -p, mailq) and at the log."),
		report.Condition.Rule(ruleDeferrals, report.Warning, "Unusually many deliveries are deferred").Text(
			"Mail waits in the queue. A large receiver may refuse this server, or its own names or network may fail.",
			"Look at the reasons in the log, and at the queue (postqueue -p, mailq)."),
		report.Condition.Rule(ruleBounces, report.Warning, "Unusually many deliveries bounce").Text(
			"Mail to addresses that do not exist comes from a program with an old list, or from an account that somebody else uses to send.",
			"See in the log who sent it, and stop that sender where it is no person's own mail."),
		report.Condition.Rule(ruleRejects, report.Notice, "Unusually much mail is rejected").Text(
			"Somebody tries addresses or relaying, or a rule of this server refuses what it should take.",
			"Look at the reasons in the log."),
		report.Condition.Rule(ruleVolume, report.Notice, "Unusually much mail is sent or received").Text(
			"A mailing, a loop between two servers, or an account that somebody else uses.",
			"See in the log who sent it."),
		report.Condition.Rule(rulePeak, report.Info, "The mail server has its busiest hour").Text(
			"In no hour of the weeks before came so much mail.",
			"Ask whether the machine has room for more, and see in the log what the hour was used for."),
		report.Event.Rule(ruleSender, report.Warning, "One sender sends far more than ever before").Text(
			"An account whose password is known to others, or a form of a web site that anybody can use, sends for them.",
			"Ask the owner, or lock the account and look at the queue; then sign this off."),
		goneRule,
	)
}
