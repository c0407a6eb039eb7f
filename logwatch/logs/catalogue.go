package logs

import (
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/report"
)

// since is the version that brought the rules of this package.
const since = "0.1.0"

// Rules about the logs themselves.
const (
	ruleUnexplained = prefix + "unexplained"
	ruleMore        = prefix + "more-unexplained"
	ruleGap         = prefix + "gap"
	ruleAmbiguous   = prefix + "copied"
	ruleShrunk      = prefix + "shrunk"
	ruleRewritten   = prefix + "rewritten"
	ruleVanished    = prefix + "vanished"
	ruleDamaged     = prefix + "damaged-archive"
	ruleExcessive   = prefix + "archive-limit"
	ruleOversized   = prefix + "oversized"
	ruleNULs        = prefix + "nul-run"
	ruleState       = prefix + "position-damaged"
	ruleSkipped     = prefix + "first-part"
	ruleNone        = prefix + "no-source"
	ruleBare        = prefix + "no-header"
	ruleForged      = prefix + "forged"
	ruleNotRead     = prefix + "not-read"
	ruleBadRule     = prefix + "bad-rule"
	ruleSurge       = prefix + "surge"
	ruleBurst       = prefix + "burst"
	ruleSilent      = prefix + "gone-silent"
	ruleSilentLog   = prefix + "silent-log"
)

// prefix stands before the name of a rule of a line.
const prefix = name + "."

// catalogueOf lists the rules under which a check with this set reports: those
// of the set that raise, and those about the logs themselves.
func catalogueOf(s *logwatch.RuleSet) []report.Rule {
	out := aboutLogs()
	for _, r := range s.Rules() {
		switch {
		case r.Level.Raises() && r.Absent > 0:
			out = append(out, report.Condition.Rule(prefix+r.Name, severityOf(r.Level), r.Title).Text(r.Why, remedyOf(r)))
		case r.Level.Raises():
			out = append(out, report.Event.Rule(prefix+r.Name, severityOf(r.Level), r.Title).Text(r.Why, remedyOf(r)))
		}
	}
	return report.Since(since, out...)
}

// remedyOf is what a rule advises whatever its fields hold.
func remedyOf(r logwatch.Rule) string {
	if r.Fix == "" {
		return "Read the lines."
	}
	return r.Fix
}

func severityOf(l logwatch.Level) report.Severity {
	switch l {
	case logwatch.Warning:
		return report.Warning
	case logwatch.Critical:
		return report.Critical
	}
	return report.Notice
}

func aboutLogs() []report.Rule {
	const lookAtRotation = "See /etc/logrotate.conf and /etc/logrotate.d (newsyslog.conf on BSD): keep more generations than days between two runs."
	const lookForTampering = "Find out who can write there and who was logged in: ls -l, last, lsattr. Compare with a copy on another machine."
	event := func(id string, sev report.Severity, title, explain, remedy string) report.Rule {
		return report.Event.Rule(id, sev, title).Text(explain, remedy)
	}
	none := event(ruleNone, report.Notice, "This system keeps no logs", "What happens on it cannot be read later.",
		"Install a syslog daemon (rsyslog), or start systemd-journald.")
	none.Kind = report.Condition
	notRead := event(ruleNotRead, report.Notice, "Logs that nobody reads", "What stands in them is seen by no check.",
		"Name them to the check (Extra; logs: extra in the agent's settings), or read them by hand.")
	notRead.Kind = report.Condition
	silent := event(ruleSilent, report.Notice, "A program stopped writing what it always wrote", "A job that does not run any more writes no error.",
		"See whether it still does its work.")
	silent.Kind = report.Condition
	silentLog := event(ruleSilentLog, report.Warning, "Nothing is written to a log any more", "The syslog daemon may be stopped, or writes elsewhere: what happens now is in no log.",
		"See whether the syslog daemon, or the program whose log it is, runs, and where it writes.")
	silentLog.Kind = report.Condition
	badRule := event(ruleBadRule, report.Warning, "A rule for logs is wrong", "What it would have raised is not told, and what it would have ignored is.",
		"Mend the line that is named; logscan lint -rules DIRECTORY shows all.")
	badRule.Kind = report.Condition
	return []report.Rule{
		none, notRead, badRule, silent, silentLog,
		event(ruleSurge, report.Warning, "What is taken for routine came many times as often as ever", "What nobody is told of is where trouble or an attack goes unseen.",
			"Read the lines."),
		event(ruleBurst, report.Notice, "What is taken for routine came far more often than ever at that hour", "Something was different on that day.",
			"Read the lines."),
		event(ruleBare, report.Notice, "A log whose lines have no known header", "When and by whom they were written is not known; one that says it is an error counts as one.",
			"Read the lines. Let the program write to syslog or the journal, if it can."),
		event(ruleForged, report.Warning, "Somebody wrote to the log in the name of another program", "The journal knows that the line did not come from the kernel, or not from that program: somebody wants it to be believed. What it says is not told.",
			"Find out who ran that process, and why."),
		event(ruleUnexplained, report.Notice, "Log lines that no rule explains", "Everything that is not known as routine is shown once, by its pattern.",
			"Read the lines. Harmless ones need nothing done, and are told again only when more of them are written."),
		event(ruleMore, report.Notice, "More log lines that no rule explains", "So many kinds at once are usual on a first reading or after new software.",
			"The attached list has them with counts and one sample each."),
		event(ruleGap, report.Warning, "Part of a log was gone before it was read", "What stood there is not known.", lookAtRotation),
		event(ruleAmbiguous, report.Notice, "A log was emptied about when it was read", "Lines that were written between copying and emptying are in no file: this is how copytruncate works.",
			"Rotate by renaming instead (create in logrotate.conf), where the program can reopen its log."),
		event(ruleShrunk, report.Critical, "A log became shorter and no rotated copy holds what is missing", "An intruder who removes traces does this; so does a person who empties a file.", lookForTampering),
		event(ruleRewritten, report.Critical, "A log was changed after it had been read", "Log files only grow; an editor or an intruder changed this one.", lookForTampering),
		event(ruleVanished, report.Warning, "A log file was deleted", "Nothing is written there any more, and no rotated copy holds what was read last.", lookForTampering),
		event(ruleDamaged, report.Warning, "A rotated log is damaged", "What stood in the unreadable part is not known.", "Check the disk; see gzip -t FILE."),
		event(ruleExcessive, report.Warning, "A rotated log unpacks to more than is sensible", "Reading was stopped at the limit.", "Look at the file with care: zcat FILE | head -c 1000"),
		event(ruleOversized, report.Notice, "A log has lines that are far too long", "The front of such a line was read, the rest was skipped.", "See which program writes them."),
		event(ruleNULs, report.Notice, "A log holds runs of NUL bytes", "Usually from a crash, or from a program that does not append.", "If the system did not crash, see how the log is rotated (copytruncate needs programs that append)."),
		event(ruleSkipped, report.Notice, "The front of a long log was not read", "A first reading takes only the end of a log; later ones read all that is new.", "Read the front of the log by hand: less FILE"),
		event(ruleState, report.Warning, "The position up to which the logs were read is damaged", "Reading went on from the end of the logs: lines since the last run were not read.",
			"Read the logs since the last report by hand, and check the disk of the state directory."),
	}
}
