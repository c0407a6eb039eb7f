package foreign

import "github.com/pugetsoundtech/upkeep/report"

const (
	name = "backup.foreign"

	ruleLate       = name + ".late"
	ruleShrunk     = name + ".shrunk"
	ruleSpoiled    = name + ".spoiled"
	ruleIncomplete = name + ".incomplete"
	ruleLocked     = name + ".locked"
	ruleGone       = name + ".gone"
	ruleSameDisk   = name + ".same-disk"
)

// Rules is the catalogue.
func (Backups) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleLate, report.Warning, "A backup is late").Text(
			"What was changed since the last backup cannot be restored. A job that stopped often says so nowhere.",
			"Look at the job that makes it (crontab, systemctl list-timers) and at its log, and let it run once by hand."),
		report.Condition.Rule(ruleShrunk, report.Warning, "A backup is much smaller than those before it").Text(
			"A dump that broke off, or a folder that was not mounted when it was copied, looks like a backup and is none.",
			"Compare what is in it with an earlier one. If data was removed on purpose, acknowledge this: the next backups are compared with the new size."),
		report.Condition.Rule(ruleSpoiled, report.Critical, "A file of a backup is spoiled").Text(
			"What needs this file cannot be restored from this backup. A disk that damages one file may damage others.",
			"Check the disk (smartctl -a, dmesg), and let the backup's own program look (restic check --read-data, borg check). Make a new backup before the old ones are thinned out."),
		report.Condition.Rule(ruleIncomplete, report.Warning, "A backup is not complete").Text(
			"It was interrupted, or a part of it was lost: what it lacks cannot be restored from it.",
			"Let the job run again, and look why it ended: a full disk and a reboot are the usual reasons."),
		report.Condition.Rule(ruleLocked, report.Warning, "A backup repository is locked by a program that has ended").Text(
			"While the lock is there old backups are not thinned out, and with some programs no new ones are made.",
			"Make sure that no backup is running, then remove the lock by the program's own command: restic unlock, borg break-lock."),
		report.Condition.Rule(ruleGone, report.Critical, "A backup that was there is gone").Text(
			"All that it held is lost, or the disk that it is on is not mounted.",
			"Look whether the disk is mounted (findmnt). Where the backup was given up on purpose, acknowledge this."),
		report.Condition.Rule(ruleSameDisk, report.Notice, "A backup is on the same file system as what it backs up").Text(
			"When that disk dies, both are lost.",
			"Copy it to another machine as well. Where it holds backups of other machines, acknowledge this."),
	)
}
