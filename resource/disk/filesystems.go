package disk

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
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

// Filesystems checks space and inodes of every writable local file system, when
// it will be full, whether one has become read-only, has errors or does not
// answer, and whether what fstab(5) names is mounted. Its scopes are space,
// inodes, filling, read-only, errors, answers and mounted, each with the mount
// point below it; those of / are root/space and so on, since it stands for no other.
type Filesystems struct {
	Host   host.Host
	Limits Limits
}

// Name returns "resource.filesystems".
func (Filesystems) Name() string { return "resource.filesystems" }

// Check looks at all file systems.
func (c Filesystems) Check(ctx context.Context, rec *report.Recorder) error {
	mounts, err := sysview.Mounts(ctx, c.Host)
	if err != nil {
		return err
	}
	c.readOnly(ctx, rec, mounts)
	c.kernelErrors(ctx, rec, mounts)
	c.missing(ctx, rec, mounts)
	usage, err := usageOf(ctx, c.Host, mounts)
	if err != nil {
		for _, scope := range []string{"space", "inodes", "filling", "answers"} {
			rec.Problem(err, scope)
		}
		return nil
	}
	c.answers(ctx, rec, mounts, usage)
	if !slices.ContainsFunc(usage, Usage.dead) {
		rec.Covered("space") // what is no longer mounted is no longer full
		rec.Covered("inodes")
	}
	limits := c.Limits.withDefaults()
	guide := func() howto.Guide { return howto.Of(ctx, c.Host) }
	for _, s := range sharing(usage) {
		checkSpace(rec, s, limits, guide)
		checkInodes(rec, s.Usage, limits, guide)
	}
	c.filling(ctx, rec, usage, limits)
	return nil
}

func checkSpace(rec *report.Recorder, u shared, l Limits, guide func() howto.Guide) {
	scope := scopeOf("space", u.Mount)
	if u.dead() {
		return
	}
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
	rec.Finding(spaceFinding(u, forOne(u.Usage, severity), guide()))
}

// forOne makes a notice of what is full and is one user's alone: he fills it when he
// likes, and nobody else writes to it.
func forOne(u Usage, severity report.Severity) report.Severity {
	if user, ok := strings.CutPrefix(u.Mount, "/run/user/"); ok && u.Type == "tmpfs" && user != "" && strings.Trim(user, "0123456789") == "" && user != "0" {
		return report.Notice
	}
	return severity
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

func checkInodes(rec *report.Recorder, u Usage, l Limits, guide func() howto.Guide) {
	scope := scopeOf("inodes", u.Mount)
	if u.dead() {
		return
	}
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
		rec.Finding(inodesFinding(u, forOne(u, severity), guide()))
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
		stopped := stoppedWriting(m)
		if was || !m.SystemReadOnly() {
			keep = append(keep, m.Point)
		}
		if stopped != "" {
			was, why = true, "The kernel stopped writing to it after an error: it has the option "+stopped+"."
		}
		if was && (m.SystemReadOnly() || stopped != "") && !told[identity(m)] {
			told[identity(m)] = true
			rec.Finding(readOnlyFinding(m, why, howto.Of(ctx, c.Host)))
		}
	}
	slices.Sort(keep)
	if err := keptWritable.Keep(rec, keep); err != nil {
		rec.Problem(err, "read-only")
	}
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
