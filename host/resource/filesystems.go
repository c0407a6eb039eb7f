package resource

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// Limits say when a file system is short of space. One is short only when the
// share and the free bytes both pass their limit.
type Limits struct {
	WarnPercent     float64 // share that is used; zero: 90
	CriticalPercent float64 // zero: 97
	WarnFree        uint64  // with more free bytes there is no warning; zero: 20 GiB
	CriticalFree    uint64  // zero: 5 GiB
}

// inodesPlenty is the number of free inodes that is enough whatever the share.
const inodesPlenty = 1_000_000

func (l Limits) withDefaults() Limits {
	if l.WarnPercent == 0 {
		l.WarnPercent = 90
	}
	if l.CriticalPercent == 0 {
		l.CriticalPercent = 97
	}
	if l.WarnFree == 0 {
		l.WarnFree = 20 << 30
	}
	if l.CriticalFree == 0 {
		l.CriticalFree = 5 << 30
	}
	return l
}

// space says how bad it is; zero means that there is enough.
func (l Limits) space(u Usage) report.Severity {
	switch used := u.UsedPart() * 100; {
	case used >= l.CriticalPercent && u.Free < l.CriticalFree:
		return report.Critical
	case used >= l.WarnPercent && u.Free < l.WarnFree:
		return report.Warning
	}
	return report.RuleSeverity
}

func (l Limits) inodes(u Usage) report.Severity {
	switch used := u.InodesPart() * 100; {
	case u.Inodes-min(u.InodesUsed, u.Inodes) > inodesPlenty:
		return report.RuleSeverity
	case used >= l.CriticalPercent:
		return report.Critical
	case used >= l.WarnPercent:
		return report.Warning
	}
	return report.RuleSeverity
}

// Filesystems checks space and inodes of every writable local file system, and
// whether one has become read-only. Its scopes are space, inodes and read-only,
// each with the mount point below it.
type Filesystems struct {
	Host   host.Host
	Limits Limits
}

// Name returns "host.filesystems".
func (Filesystems) Name() string { return "host.filesystems" }

// Rules returns the catalogue.
func (Filesystems) Rules() []report.Rule {
	return []report.Rule{{
		ID: "filesystem.space", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A file system is nearly full",
		Explain: "Programs that cannot write lose mail, logs and data, and some do not start again.",
		Remedy:  "Find what grew, and remove it or enlarge the file system.",
	}, {
		ID: "filesystem.inodes", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A file system has nearly no inodes left",
		Explain: "Without a free inode no file can be created, although there is space.",
		Remedy:  "Find the folder with very many small files, and remove what is not needed.",
	}, {
		ID: "filesystem.read-only", Kind: report.Condition, Severity: report.Critical, Since: since,
		Title:   "A file system has become read-only",
		Explain: "The kernel stops writing to a file system when it finds errors on it or on its disk.",
		Remedy:  "Read the kernel's messages, check the disk, and repair the file system before mounting it writable again.",
	}}
}

// Check looks at all file systems.
func (c Filesystems) Check(ctx context.Context, rec *report.Recorder) error {
	mounts, err := sysview.Mounts(ctx, c.Host)
	if err != nil {
		return err
	}
	c.readOnly(ctx, rec, mounts)
	usage, err := usageOf(ctx, c.Host, mounts)
	if err != nil {
		rec.Problem(err, "space")
		rec.Problem(err, "inodes")
		return nil
	}
	// What is no longer mounted is no longer full.
	rec.Covered("space")
	rec.Covered("inodes")
	limits := c.Limits.withDefaults()
	for _, s := range sharing(usage) {
		checkSpace(rec, s, limits)
		checkInodes(rec, s.Usage, limits)
	}
	return nil
}

func checkSpace(rec *report.Recorder, u shared, l Limits) {
	scope := scopeOf("space", u.Mount)
	if u.SpaceErr != nil {
		rec.Problem(u.SpaceErr, scope)
		return
	}
	rec.Covered(scope)
	spaceMetrics(rec, u.Usage)
	severity := l.space(u.Usage)
	if severity == report.RuleSeverity || u.with != "" {
		return
	}
	detail := fmt.Sprintf("The file system is %s on %s. Free is what programs without special rights can still use.", u.Type, u.Source)
	if u.others > 0 {
		detail += fmt.Sprintf(" %d more file systems of the pool %s share this space.", u.others, poolOf(u.Usage))
	}
	rec.Finding(report.Finding{
		Rule: "filesystem.space", Subject: report.Attr{Key: report.Mount, Value: u.Mount},
		Scope: scope, Severity: severity,
		Title:  fmt.Sprintf("%s is %.0f %% full: %s of %s free", u.Mount, percent(u.UsedPart()), size(u.Free), size(u.Size)),
		Detail: detail,
		Fix:    spaceFix(u.Mount),
	})
}

func spaceFix(mount string) string {
	if mount == "/boot" {
		return "Remove kernels that are no longer needed with the package manager (Debian: apt-get autoremove --purge; Fedora: dnf remove --oldinstallonly), and keep the one that runs (uname -r)."
	}
	return "See what takes the space: du -xk " + shellWord(mount) + " | sort -n | tail -n 20; then remove what is not needed, or enlarge the file system."
}

// spaceMetrics gives the figures. Each container and service brings some file
// system in memory that holds nothing: these would fill the table.
func spaceMetrics(rec *report.Recorder, u Usage) {
	if u.Used == 0 && (u.Type == "tmpfs" || u.Type == "devtmpfs") {
		return
	}
	attrs := []report.Attr{{Key: report.Mount, Value: u.Mount}}
	rec.Metric(report.Metric{Name: "filesystem_size_bytes", Unit: "bytes", Value: report.Count(u.Size), Attrs: attrs})
	rec.Metric(report.Metric{Name: "filesystem_used_bytes", Unit: "bytes", Value: report.Count(u.Used), Attrs: attrs})
	rec.Metric(report.Metric{Name: "filesystem_free_bytes", Unit: "bytes", Value: report.Count(u.Free), Attrs: attrs})
}

func checkInodes(rec *report.Recorder, u Usage, l Limits) {
	scope := scopeOf("inodes", u.Mount)
	if u.InodesErr != nil {
		rec.Problem(u.InodesErr, scope)
		return
	}
	rec.Covered(scope)
	if u.Inodes == 0 {
		return
	}
	attrs := []report.Attr{{Key: report.Mount, Value: u.Mount}}
	rec.Metric(report.Metric{Name: "filesystem_inodes", Value: report.Count(u.Inodes), Attrs: attrs})
	rec.Metric(report.Metric{Name: "filesystem_inodes_used", Value: report.Count(u.InodesUsed), Attrs: attrs})
	if severity := l.inodes(u); severity != report.RuleSeverity {
		rec.Finding(report.Finding{
			Rule: "filesystem.inodes", Subject: report.Attr{Key: report.Mount, Value: u.Mount},
			Scope: scope, Severity: severity,
			Title: fmt.Sprintf("%s has used %.0f %% of its inodes: %d of %d are free",
				u.Mount, percent(u.InodesPart()), u.Inodes-min(u.InodesUsed, u.Inodes), u.Inodes),
			Detail: "Each file and folder takes one inode, however small it is. Their number was fixed when the file system was made.",
			Fix:    "Find the folder with very many files: find " + shellWord(u.Mount) + " -xdev -type d -size +100k; then remove what is not needed.",
		})
	}
}

// readOnly reports the file systems that are read-only now, but are configured
// to be writable or were so when the last report was stored; each once, however
// often it is mounted.
func (c Filesystems) readOnly(ctx context.Context, rec *report.Recorder, mounts []sysview.Mount) {
	expected, err := c.writable(ctx, rec)
	if err != nil {
		rec.Problem(err, "read-only")
		return
	}
	rec.Covered("read-only")
	var keep []string
	told := map[string]bool{}
	for _, m := range permanent(mounts) {
		why, was := expected[m.Point]
		if was || !m.SystemReadOnly() {
			keep = append(keep, m.Point)
		}
		if was && m.SystemReadOnly() && !told[identity(m)] {
			told[identity(m)] = true
			rec.Finding(readOnlyFinding(m, why))
		}
	}
	slices.Sort(keep)
	value, _ := json.Marshal(keep) // a list of strings has a JSON form
	rec.Keep("writable", value)
}

// permanent gives the file systems on disks, the shortest mount points first.
func permanent(mounts []sysview.Mount) []sysview.Mount {
	var out []sysview.Mount
	for _, m := range mounts {
		if ofDisk(m) && m.Type != "tmpfs" && m.Type != "devtmpfs" {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b sysview.Mount) int {
		return cmp.Or(cmp.Compare(len(a.Point), len(b.Point)), cmp.Compare(a.Point, b.Point))
	})
	return out
}

// writable gives the mount points that should be writable, each with the reason.
func (c Filesystems) writable(ctx context.Context, rec *report.Recorder) (map[string]string, error) {
	expected := map[string]string{}
	if data := rec.Kept("writable"); data != nil {
		var points []string
		if err := json.Unmarshal(data, &points); err != nil {
			return nil, fmt.Errorf("the list of writable file systems from the last run: %w", err)
		}
		for _, p := range points {
			expected[p] = "It was writable at an earlier run."
		}
	}
	table, err := sysview.Fstab(ctx, c.Host)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, m := range table {
		switch {
		case m.ReadOnly():
			delete(expected, m.Point)
		case !slices.Contains(m.Options, "noauto"):
			expected[m.Point] = "/etc/fstab has it as writable."
		}
	}
	return expected, nil
}

func readOnlyFinding(m sysview.Mount, why string) report.Finding {
	return report.Finding{
		Rule: "filesystem.read-only", Subject: report.Attr{Key: report.Mount, Value: m.Point},
		Scope:  scopeOf("read-only", m.Point),
		Title:  m.Point + " has become read-only: nothing can be written to it",
		Detail: fmt.Sprintf("The file system is %s on %s. %s", m.Type, m.Source, why),
		Fix: "Read the kernel's messages (dmesg) for errors of " + shellWord(m.Source) +
			", save what is not in the backup, repair with fsck while it is not mounted, then: mount -o remount,rw " + shellWord(m.Point),
	}
}

// scopeOf puts a mount point below a scope; the root is the scope itself.
func scopeOf(top, mount string) string { return path.Join(top, mount) }
