package capture

import "github.com/pugetsoundtech/upkeep/report"

const (
	name = "backup.config"

	ruleFailed     = name + ".failed"
	ruleIncomplete = name + ".incomplete"
	ruleTorn       = name + ".torn"
	ruleSilent     = name + ".silent-change"
	ruleDamaged    = name + ".store-damaged"
	ruleOdd        = name + ".odd"
	ruleRestore    = name + ".restore"
	ruleVolatile   = name + ".store-not-durable"
)

// Rules is the catalogue.
func (c Configuration) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Event.Rule(ruleOdd, report.Warning, "A backup is unlike the one before").Text(
			"Most files changed at once, the size jumped, or the clock stepped: an encrypted or emptied system looks like this in its backup, and so does a large update.",
			"Look at what changed. If it is as it should be, accept it here, and where old snapshots are retired say so by confbackup retain -well with its number."),
		report.Condition.Rule(ruleFailed, report.Critical, "The configuration was not backed up").Text(
			"What was changed since the last backup, and what changes from now on, cannot be restored.",
			"Remove the cause that is named here: often the disk of the store is full (df -h). The next run makes up for it."),
		report.Condition.Rule(ruleIncomplete, report.Warning, "The backup lacks a file").Text(
			"This file cannot be restored in its present state.",
			"Remove the cause that is named here. What is no configuration, such as a large file of data, belongs elsewhere."),
		report.Condition.Rule(ruleTorn, report.Notice, "A file changed each time it was read").Text(
			"What is stored of it may be half of one state and half of another, and of no use.",
			"A program that writes all the time, such as a database, has an own way to be backed up: make it write a dump into a backed-up folder, and leave this file out."),
		report.Event.Rule(ruleSilent, report.Critical, "A content changed behind unchanged times").Text(
			"A dying disk gives other bytes than were written; an intruder who writes to the disk itself leaves no times either.",
			"Look for errors of the disk (dmesg, smartctl -a). Compare the file with the one in the backup, and put that back if it is the right one."),
		report.Condition.Rule(ruleRestore, report.Critical, "A restore gives back something else").Text(
			"The newest snapshot was restored into an empty folder and compared, with itself and with the system. What is named here would not come back as it was.",
			"Restore one of the named paths by hand (confbackup restore -to DIR latest PATH, or agent restore PATH) and compare it. Where the system has another content, look for errors of the disk (dmesg, smartctl -a)."),
		report.Condition.Rule(ruleVolatile, report.Notice, "The backup store does not promise to survive a loss of power").Text(
			"What was stored last may be cut or gone when the machine of the store loses its power, although it was reported as stored.",
			"Use a server that can sync files and folders (OpenSSH's sftp-server from 6.5 on), or another kind of store. The next run after a loss stores again what is missing; if that is enough, acknowledge this."),
		report.Condition.Rule(ruleDamaged, report.Critical, "The backup store is damaged").Text(
			"The snapshots that are named here cannot be restored whole. A disk that damages one file may damage others.",
			"Check the disk (smartctl -a, dmesg). Copy the named file back from another copy of the store. Without one, move it away: the next run stores again what still exists, and the snapshots that are named stay incomplete; acknowledge this then."),
	)
}
