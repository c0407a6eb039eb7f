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
	fix, remedy := "See what takes the space, then remove what is not needed, or enlarge the file system.", report.Look(guide.Command(howto.DiskUsers, u.Mount))
	if u.Mount == "/boot" {
		fix = "Remove kernels that are no longer needed with the package manager, and keep the one that runs."
		remedy = &report.Remedy{Look: [][]string{{"uname", "-r"}}, Do: howto.Commands(guide.Command(howto.RemoveKernels))}
	}
	return report.Finding{
		Rule: ruleSpace, Subject: report.Attr{Key: report.Mount, Value: u.Mount}, Scope: scopeOf("space", u.Mount), Severity: severity,
		Title:  fmt.Sprintf("%s is %s full: %s of %s free", u.Mount, prose.Percent(u.UsedPart()), prose.Bytes(u.Free), prose.Bytes(u.Size)),
		Detail: detail, Fix: fix, Remedy: remedy,
	}
}

func inodesFinding(u Usage, severity report.Severity, guide howto.Guide) report.Finding {
	free := u.Inodes - min(u.InodesUsed, u.Inodes)
	return report.Finding{
		Rule: ruleInodes, Subject: report.Attr{Key: report.Mount, Value: u.Mount}, Scope: scopeOf("inodes", u.Mount), Severity: severity,
		Title: fmt.Sprintf("%s has used %s of its inodes: %s of %s are free",
			u.Mount, prose.Percent(u.InodesPart()), prose.Decimal(float64(free)), prose.Count(u.Inodes, "inode")),
		Detail: "Each file and folder takes one inode, however small it is. Their number was fixed when the file system was made.",
		Fix:    "Find the folder with very many files, then remove what is not needed.", Remedy: report.Look(guide.Command(howto.ManyFiles, u.Mount)),
	}
}

func readOnlyFinding(m sysview.Mount, why string, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleReadOnly, Subject: report.Attr{Key: report.Mount, Value: m.Point}, Scope: scopeOf("read-only", m.Point),
		Title:  m.Point + " has become read-only: nothing can be written to it",
		Detail: fmt.Sprintf("The file system is %s on %s. %s", m.Type, m.Source, why),
		Fix:    "Read the kernel's messages for errors of " + m.Source + ", then save what is not in the backup, repair with fsck while it is not mounted, and mount it writable again.", Remedy: report.Look(guide.Command(howto.KernelLog)),
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
		Fix:    "See what takes the space, then limit what grows, or enlarge the file system.", Remedy: report.Look(guide.Command(howto.DiskUsers, u.Mount)),
	}
}

func errorsFinding(m sysview.Mount, count errorCount, guide howto.Guide) report.Finding {
	f := report.Finding{
		Rule: ruleErrors, Subject: report.Attr{Key: report.Mount, Value: m.Point}, Scope: scopeOf("errors", m.Point),
		Title:  fmt.Sprintf("%s: the kernel has found %s on the file system", m.Point, prose.Count(count.Errors, "error")),
		Detail: fmt.Sprintf("The file system is %s on %s. The count is since the last repair.", m.Type, m.Source),
		Fix:    "Read the kernel's messages for errors of " + m.Source + ", then save what is not in the backup, and repair with fsck while it is not mounted.", Remedy: report.Look(guide.Command(howto.KernelLog)),
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
		Fix:    "Read the kernel's messages, then check the disk, or the server and the way to it; then unmount it and mount it again.", Remedy: report.Look(guide.Command(howto.KernelLog)),
		Evidence: []report.Attr{{Key: report.Reason, Value: err.Error()}},
	}
}

func missingFinding(want sysview.Mount, point string) report.Finding {
	f := report.Finding{
		Rule: ruleMissing, Subject: report.Attr{Key: report.Mount, Value: point}, Scope: scopeOf("mounted", point),
		Title:  point + " is not mounted, although /etc/fstab has it",
		Detail: fmt.Sprintf("It would be %s of %s.", want.Type, want.Source),
		Fix:    "Mount it and read what that says, or take it out of /etc/fstab.",
		Remedy: &report.Remedy{Do: [][]string{{"mount", point}}, Undo: [][]string{{"umount", point}}},
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
		Title: title, Detail: detail, Fix: arrayFix, Remedy: report.Look(arrayLook(a), guide.Command(howto.KernelLog)),
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
		Detail: "It is " + a.Kind + ". The count goes on until it is cleared by hand.", Fix: arrayFix, Remedy: report.Look(arrayLook(a), guide.Command(howto.KernelLog)),
	}
}

const arrayFix = "See which disk it is, read the kernel's messages, then replace the disk."

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
