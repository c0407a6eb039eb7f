package disk

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

func spaceFinding(u shared, severity report.Severity, guide howto.Guide) report.Finding {
	detail := fmt.Sprintf("The file system is %s on %s. Free is what programs without special rights can still use.", u.Type, u.Source)
	if u.others > 0 {
		detail += fmt.Sprintf(" %s of the pool %s share this space.", prose.Count(u.others, "more file system"), poolOf(u.Usage))
	}
	fix := howto.Look("See what takes the space", guide.Command(howto.DiskUsers, u.Mount), "remove what is not needed, or enlarge the file system")
	if u.Mount == "/boot" {
		fix = "Remove kernels that are no longer needed with the package manager" + howto.InBrackets(guide.Command(howto.RemoveKernels)) +
			", and keep the one that runs (uname -r)."
	}
	return report.Finding{
		Rule: ruleSpace, Subject: report.Attr{Key: report.Mount, Value: u.Mount}, Scope: scopeOf("space", u.Mount), Severity: severity,
		Title:  fmt.Sprintf("%s is %s full: %s of %s free", u.Mount, prose.Percent(u.UsedPart()), prose.Bytes(u.Free), prose.Bytes(u.Size)),
		Detail: detail, Fix: fix,
	}
}

func inodesFinding(u Usage, severity report.Severity, guide howto.Guide) report.Finding {
	free := u.Inodes - min(u.InodesUsed, u.Inodes)
	return report.Finding{
		Rule: ruleInodes, Subject: report.Attr{Key: report.Mount, Value: u.Mount}, Scope: scopeOf("inodes", u.Mount), Severity: severity,
		Title: fmt.Sprintf("%s has used %s of its inodes: %s of %s are free",
			u.Mount, prose.Percent(u.InodesPart()), prose.Decimal(float64(free)), prose.Count(u.Inodes, "inode")),
		Detail: "Each file and folder takes one inode, however small it is. Their number was fixed when the file system was made.",
		Fix:    howto.Look("Find the folder with very many files", guide.Command(howto.ManyFiles, u.Mount), "remove what is not needed"),
	}
}

func readOnlyFinding(m sysview.Mount, why string, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleReadOnly, Subject: report.Attr{Key: report.Mount, Value: m.Point}, Scope: scopeOf("read-only", m.Point),
		Title:  m.Point + " has become read-only: nothing can be written to it",
		Detail: fmt.Sprintf("The file system is %s on %s. %s", m.Type, m.Source, why),
		Fix: howto.Look("Read the kernel's messages for errors of "+prose.Quote(m.Source), guide.Command(howto.KernelLog),
			"save what is not in the backup, repair with fsck while it is not mounted, and mount it writable again"),
	}
}

// scopeOf puts a mount point below a scope. The root would be the scope itself,
// and what is not known of it would make all others unknown.
func scopeOf(top, mount string) string {
	if mount == "/" {
		return "root/" + top
	}
	return path.Join(top, mount)
}

func fillingFinding(u Usage, left, over time.Duration, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleFilling, Subject: report.Attr{Key: report.Mount, Value: u.Mount}, Scope: scopeOf("filling", u.Mount),
		Title:  fmt.Sprintf("%s will be full in about %s if it goes on growing as it does", u.Mount, prose.Duration(left)),
		Detail: fmt.Sprintf("%s of %s are free. The pace is that of the last %s.", prose.Bytes(u.Free), prose.Bytes(u.Size), prose.Duration(over)),
		Fix:    howto.Look("See what takes the space", guide.Command(howto.DiskUsers, u.Mount), "limit what grows, or enlarge the file system"),
	}
}

func errorsFinding(m sysview.Mount, count errorCount, guide howto.Guide) report.Finding {
	f := report.Finding{
		Rule: ruleErrors, Subject: report.Attr{Key: report.Mount, Value: m.Point}, Scope: scopeOf("errors", m.Point),
		Title:  fmt.Sprintf("%s: the kernel has found %s on the file system", m.Point, prose.Count(count.Errors, "error")),
		Detail: fmt.Sprintf("The file system is %s on %s. The count is since the last repair.", m.Type, m.Source),
		Fix: howto.Look("Read the kernel's messages for errors of "+prose.Quote(m.Source), guide.Command(howto.KernelLog),
			"save what is not in the backup, and repair with fsck while it is not mounted"),
	}
	if !count.Last.IsZero() {
		f.Evidence = []report.Attr{{Key: report.At, Value: count.Last.Format(time.RFC3339)}}
	}
	if slices.Contains(m.Options, "errors=remount-ro") {
		f.Detail += " It is to become read-only after an error, which older kernels do without showing it among the mounts."
	}
	return f
}

func deadFinding(mount, kind, source string, err error, guide howto.Guide) report.Finding {
	title := mount + " answers with an error: nothing on it can be used"
	if errors.Is(err, ErrHung) {
		title = mount + " does not answer: what touches it hangs"
	}
	return report.Finding{
		Rule: ruleDead, Subject: report.Attr{Key: report.Mount, Value: mount}, Scope: scopeOf("answers", mount),
		Title:  title,
		Detail: fmt.Sprintf("The file system is %s on %s. How full it is, is not known.", kind, source),
		Fix: howto.Look("Read the kernel's messages", guide.Command(howto.KernelLog),
			"check the disk, or the server and the way to it; then unmount it and mount it again"),
		Evidence: []report.Attr{{Key: report.Reason, Value: err.Error()}},
	}
}

func missingFinding(want sysview.Mount, point string) report.Finding {
	f := report.Finding{
		Rule: ruleMissing, Subject: report.Attr{Key: report.Mount, Value: point}, Scope: scopeOf("mounted", point),
		Title:  point + " is not mounted, although /etc/fstab has it",
		Detail: fmt.Sprintf("It would be %s of %s.", want.Type, want.Source),
		Fix:    "Mount it (mount " + prose.Quote(point) + ") and read what that says, or take it out of /etc/fstab.",
	}
	if slices.Contains(want.Options, "nofail") {
		f.Severity = report.Notice
		f.Detail += " The system starts without it, as its option nofail says."
	}
	return f
}

func degradedFinding(a Array, scope string, guide howto.Guide) report.Finding {
	title := "The array " + a.Name + " is not whole"
	detail := "It is " + a.Kind + "."
	if a.Missing > 0 {
		title += ": " + prose.Count(a.Missing, "disk") + " missing"
	}
	if a.Stopped {
		title = "The array " + a.Name + " cannot be used"
	}
	if len(a.Failed) > 0 {
		detail += " Failed: " + prose.List(a.Failed, 10) + "."
	}
	if a.State != "" {
		detail += " Its state: " + a.State + "."
	}
	f := report.Finding{
		Rule: ruleDegraded, Subject: report.Attr{Key: report.System, Value: "array:" + url.PathEscape(a.Name)}, Scope: scope,
		Title: title, Detail: detail, Fix: arrayFix(a, guide),
	}
	if a.Repairs && !a.Stopped {
		f.Severity = report.Warning
		f.Title += ", and is being made whole"
	}
	return f
}

func arrayErrorsFinding(a Array, scope string, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleArrayErrors, Subject: report.Attr{Key: report.System, Value: "array:" + url.PathEscape(a.Name)}, Scope: scope,
		Title:  "Disks of the array " + a.Name + " have had errors",
		Detail: "It is " + a.Kind + ". The count goes on until it is cleared by hand.", Fix: arrayFix(a, guide),
	}
}

func arrayFix(a Array, guide howto.Guide) string {
	return "See which disk it is: " + prose.Quote(arrayLook(a)...) + "; " + howto.Look("read the kernel's messages", guide.Command(howto.KernelLog), "replace the disk")
}

// arrayLook is the command that tells more of an array.
func arrayLook(a Array) []string {
	switch kind, _, _ := strings.Cut(a.Kind, " "); kind {
	case "md":
		return []string{"mdadm", "--detail", "/dev/" + a.Name}
	case "zfs":
		return []string{"zpool", "status", "-v", a.Name}
	case "btrfs":
		return []string{"btrfs", "filesystem", "show", a.Name}
	case "raidframe":
		return []string{"raidctl", "-s", a.Name}
	case "gmirror", "graid", "graid3":
		return []string{kind, "list", path.Base(a.Name)}
	}
	controller, _, _ := strings.Cut(a.Name, ".")
	return []string{"bioctl", controller}
}
