package rotation

import "github.com/pugetsoundtech/upkeep/report"

// Rules of the check.
const (
	ruleNotRotated = name + ".not-rotated"
	ruleReadable   = name + ".readable"
	ruleHeld       = name + ".held"
	ruleTurned     = name + ".turned"
	ruleBad        = name + ".bad-configuration"
)

// Rules lists what the check can report.
func (Rotation) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleNotRotated, report.Notice, "A log grows and nobody rotates it").Text(
			"It grows until the disk is full.", "Write the stanza that the finding shows."),
		report.Condition.Rule(ruleReadable, report.Warning, "A log that names who logs in may be read by everybody").Text(
			"Failed logins have passwords that were typed in place of names.", "chmod o-r, and the same mode in the configuration of the rotation."),
		report.Condition.Rule(ruleBad, report.Notice, "The configuration of log rotation has lines that are not understood").Text(
			"What rotates the logs may leave out those that the lines, or the rest of their file, are about.", "Mend the lines; logrotate -d /etc/logrotate.conf says what logrotate makes of them."),
		report.Condition.Rule(ruleHeld, report.Warning, "A program writes to a log that was rotated away").Text(
			"Its lines go where nobody looks, and are gone with the copy; a deleted file takes its space until the program ends.",
			"Have the program open its log anew, and give the stanza of its log a postrotate script that does so, or copytruncate."),
		report.Event.Rule(ruleTurned, report.Info, "Logs were rotated").Text(
			"The logs and their copies changed by it, and by nobody else.", "Nothing."),
	)
}
