package disk

import (
	"github.com/pugetsoundtech/upkeep/report"
)

// since is the version in which all rules so far came.
const since = "0.1.0"

// The rules of the package.
const (
	ruleSpace       = "resource.filesystems.space"
	ruleInodes      = "resource.filesystems.inodes"
	ruleFilling     = "resource.filesystems.filling"
	ruleReadOnly    = "resource.filesystems.read-only"
	ruleErrors      = "resource.filesystems.errors"
	ruleDead        = "resource.filesystems.no-answer"
	ruleMissing     = "resource.filesystems.not-mounted"
	ruleDegraded    = "resource.raid.degraded"
	ruleArrayErrors = "resource.raid.errors"
)

// Rules returns the catalogue.
func (Filesystems) Rules() []report.Rule {
	return report.Since(since,
		report.Condition.Rule(ruleSpace, report.Warning, "A file system is nearly full").
			Text("Programs that cannot write lose mail, logs and data, and some do not start again.",
				"Find what grew, and remove it or enlarge the file system."),
		report.Condition.Rule(ruleInodes, report.Warning, "A file system has nearly no inodes left").
			Text("Without a free inode no file can be created, although there is space.",
				"Find the folder with very many small files, and remove what is not needed."),
		report.Condition.Rule(ruleReadOnly, report.Critical, "A file system has become read-only").
			Text("The kernel stops writing to a file system when it finds errors on it or on its disk.",
				"Read the kernel's messages, check the disk, and repair the file system before mounting it writable again."),
		report.Condition.Rule(ruleFilling, report.Warning, "A file system will soon be full").
			Text("It grows so fast that it will be full within a week, and then programs lose what they write.",
				"Find what grows, and limit it or enlarge the file system."),
		report.Condition.Rule(ruleErrors, report.Critical, "The kernel has found errors on a file system").
			Text("What is written to it may be lost or refused, although it is mounted writable.",
				"Save what is not in the backup, read the kernel's messages, and repair the file system while it is not mounted."),
		report.Condition.Rule(ruleDead, report.Critical, "A file system does not answer").
			Text("Each program that touches it hangs or fails; so may a check, a backup, or a login.",
				"Read the kernel's messages; check its disk, or its server and the network."),
		report.Condition.Rule(ruleMissing, report.Warning, "A file system of /etc/fstab is not mounted").
			Text("What belongs on it is not there, and what is written to its place fills another file system and is hidden later.",
				"Mount it, or take it out of /etc/fstab."))
}

// Rules returns the catalogue.
func (Raid) Rules() []report.Rule {
	return report.Since(since,
		report.Condition.Rule(ruleDegraded, report.Critical, "An array of disks is not whole").
			Text("One more disk that fails takes the data with it, if they are there at all.",
				"See which disk is gone, replace it, and watch the array being made whole."),
		report.Condition.Rule(ruleArrayErrors, report.Warning, "The disks of an array have had errors").
			Text("The array could do without what was lost so far; a disk or its cable is failing.",
				"See which disk it is, check it, replace it, and clear the count."))
}
