package logwatch

import "github.com/pugetsoundtech/upkeep/report"

// since is the version that brought the rules of this package.
const since = "0.1.0"

// Rules about the logs themselves.
const (
	ruleUnexplained = "log.unexplained"
	ruleMore        = "log.more-unexplained"
	ruleGap         = "log.gap"
	ruleShrunk      = "log.shrunk"
	ruleRewritten   = "log.rewritten"
	ruleVanished    = "log.vanished"
	ruleDamaged     = "log.damaged-archive"
	ruleExcessive   = "log.archive-limit"
	ruleOversized   = "log.oversized"
	ruleNULs        = "log.nul-run"
	ruleState       = "log.position-damaged"
	ruleSkipped     = "log.first-part"
	ruleNone        = "log.no-source"
)

// Catalogue lists the rules under which a checker with this set reports: those
// of the set that do not ignore, and those about the logs themselves.
func (s *RuleSet) Catalogue() []report.Rule {
	out := aboutLogs()
	for _, r := range s.rules {
		if r.Level > Ignore {
			out = append(out, report.Rule{
				ID: r.ID, Kind: report.Event, Severity: r.Level.severity(),
				Title: r.Title, Explain: r.Explain, Remedy: r.Remedy, Since: since,
			})
		}
	}
	return out
}

func aboutLogs() []report.Rule {
	const lookAtRotation = "See /etc/logrotate.conf and /etc/logrotate.d (newsyslog.conf on BSD): keep more generations than days between two runs."
	const lookForTampering = "Find out who can write there and who was logged in: ls -l, last, lsattr. Compare with a copy on another machine."
	event := func(id string, sev report.Severity, title, explain, remedy string) report.Rule {
		return report.Rule{ID: id, Kind: report.Event, Severity: sev, Title: title, Explain: explain, Remedy: remedy, Since: since}
	}
	none := event(ruleNone, report.Notice, "This system keeps no logs", "What happens on it cannot be read later.",
		"Install a syslog daemon (rsyslog), or start systemd-journald.")
	none.Kind = report.Condition
	return []report.Rule{
		none,
		event(ruleUnexplained, report.Notice, "Log lines that no rule explains", "Everything that is not known as routine is shown once, by its pattern.",
			"Read the lines. Harmless ones need nothing done, and are told again only when more of them are written."),
		event(ruleMore, report.Notice, "More log lines that no rule explains", "So many kinds at once are usual on a first reading or after new software.",
			"The attached list has them with counts and one sample each."),
		event(ruleGap, report.Warning, "Part of a log was gone before it was read", "What stood there is not known.", lookAtRotation),
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
