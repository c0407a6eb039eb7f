package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// stoppedWriting gives the option by which the kernel says that it writes no
// more to a file system after an error, although the mount is still rw; "" for
// none. ext4 has both from Linux 6.15 on.
func stoppedWriting(m sysview.Mount) string {
	for _, o := range m.Options {
		if o == "emergency_ro" || o == "shutdown" {
			return o
		}
	}
	return ""
}

// kernelErrors reports the file systems on which the kernel has found errors
// since they were last repaired: ext4 counts them, and before Linux 6.15 this is
// all that tells of one that refuses to write.
func (c Filesystems) kernelErrors(ctx context.Context, rec *report.Recorder, mounts []sysview.Mount) {
	all := true
	seen := map[string]bool{}
	for _, m := range permanent(mounts) {
		if seen[identity(m)] || !slices.Contains([]string{"ext2", "ext3", "ext4"}, m.Type) {
			continue
		}
		seen[identity(m)] = true
		scope := scopeOf("errors", m.Point)
		count, err := errorsOf(ctx, c.Host, m)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, errors.ErrUnsupported):
			all = false // a container sees no such file
			continue
		case err != nil:
			rec.Problem(err, scope)
			continue
		}
		rec.Covered(scope)
		if count.Errors > 0 {
			rec.Finding(errorsFinding(m, count, howto.Of(ctx, c.Host)))
		}
	}
	if all {
		rec.Covered("errors")
	}
}

// errorCount is what ext4 has counted on one file system.
type errorCount struct {
	Errors uint64
	Last   time.Time // of the last one; zero when not told
}

func errorsOf(ctx context.Context, h host.Host, m sysview.Mount) (errorCount, error) {
	folder := "/sys/fs/ext4/" + deviceOf(ctx, h, m)
	data, err := h.ReadFile(ctx, folder+"/errors_count", 64)
	if err != nil {
		return errorCount{}, err
	}
	count := errorCount{}
	if count.Errors, err = strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64); err != nil {
		return errorCount{}, fmt.Errorf("%s/errors_count: %w", folder, err)
	}
	if data, err = h.ReadFile(ctx, folder+"/last_error_time", 64); err == nil {
		if at, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil && at > 0 {
			count.Last = time.Unix(at, 0).UTC()
		}
	}
	return count, nil
}

// deviceOf is the kernel's name of the device of m, such as dm-0.
func deviceOf(ctx context.Context, h host.Host, m sysview.Mount) string {
	if m.Dev != "" {
		if st, err := h.Lstat(ctx, "/sys/dev/block/"+m.Dev); err == nil && st.Link != "" {
			return path.Base(st.Link)
		}
	}
	return path.Base(m.Source)
}

// networks are the types of file systems of other machines that are asked
// whether they answer, and nothing else: their space is their server's business.
var networks = []string{"nfs", "nfs4", "cifs", "smb3", "smbfs"}

// networksMost bounds how many of them are asked.
const networksMost = 64

// answers reports the file systems that hang or are broken: those of this
// machine, as usage says, and those of other machines, which are asked here.
func (c Filesystems) answers(ctx context.Context, rec *report.Recorder, mounts []sysview.Mount, usage []Usage) {
	rec.Covered("answers")
	for _, u := range usage {
		if u.dead() {
			rec.Finding(deadFinding(u.Mount, u.Type, u.Source, u.SpaceErr, howto.Of(ctx, c.Host)))
		}
	}
	var points []string
	of := map[string]sysview.Mount{}
	for _, m := range mounts {
		if slices.Contains(networks, m.Type) {
			points = append(points, m.Point)
			of[m.Point] = m
		}
	}
	if len(points) > networksMost {
		rec.Problem(fmt.Errorf("%d file systems of other machines: only %d are asked whether they answer", len(points), networksMost), "answers")
		points = points[:networksMost]
	}
	if len(points) == 0 {
		return
	}
	table := askDF(ctx, c.Host, []string{"-k"}, points)
	for _, point := range points {
		err := table.because(point)
		switch m := of[point]; {
		case errors.Is(err, ErrHung), errors.Is(err, ErrBroken):
			rec.Finding(deadFinding(point, m.Type, m.Source, err, howto.Of(ctx, c.Host)))
		case err != nil && !table.ran && table.each == nil:
			rec.Problem(err, scopeOf("answers", point))
		}
	}
}

// missing reports what fstab(5) says is mounted at the start and is not. A
// container has the table of the image that it was made from.
func (c Filesystems) missing(ctx context.Context, rec *report.Recorder, mounts []sysview.Mount) {
	table, err := sysview.Fstab(ctx, c.Host)
	if errors.Is(err, fs.ErrNotExist) {
		rec.Covered("mounted")
		return
	}
	if err != nil {
		rec.Problem(err, "mounted")
		return
	}
	if sysview.InContainer(ctx, c.Host) {
		return
	}
	rec.Covered("mounted")
	told := map[string]bool{}
	var wanted []sysview.Mount
	for _, want := range table {
		want.Point = path.Clean(want.Point)
		if !told[want.Point] && wantedAtStart(want) && !seenAt(mounts, want.Point) {
			told[want.Point] = true
			wanted = append(wanted, want)
		}
	}
	linked, errs := make([]bool, len(wanted)), make([]error, len(wanted))
	together(len(wanted), func(i int) {
		linked[i], errs[i] = patiently(ctx, func() (bool, error) { return throughLink(ctx, c.Host, wanted[i].Point), nil })
	})
	for i, want := range wanted {
		switch {
		case errs[i] != nil:
			rec.Problem(fmt.Errorf("the way to %s: %w", want.Point, errs[i]), scopeOf("mounted", want.Point))
		case !linked[i]:
			rec.Finding(missingFinding(want, want.Point))
		}
	}
}

// onDemand are options of an entry that is not mounted at the start.
var onDemand = []string{"noauto", "x-systemd.automount", "comment=systemd.automount"}

// noMounts are types of entries that name no file system.
var noMounts = []string{"swap", "ignore", "xx"}

func wantedAtStart(m sysview.Mount) bool {
	demand := slices.ContainsFunc(m.Options, func(o string) bool { return slices.Contains(onDemand, o) })
	return !demand && !slices.Contains(noMounts, m.Type)
}

// seenAt reports whether something is mounted at point.
func seenAt(mounts []sysview.Mount, point string) bool {
	return slices.ContainsFunc(mounts, func(m sysview.Mount) bool { return path.Clean(m.Point) == point })
}

// throughLink reports whether a component of the path is a link, so that the
// table of mounts has it under another name, or is not known to be none.
func throughLink(ctx context.Context, h host.Host, point string) bool {
	for at := point; at != "/"; at = path.Dir(at) {
		st, err := h.Lstat(ctx, at)
		if err != nil && !errors.Is(err, fs.ErrNotExist) || st.Link != "" {
			return true
		}
	}
	return false
}
