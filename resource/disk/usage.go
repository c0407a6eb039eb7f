package disk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// A Usage says how full one file system is.
type Usage struct {
	Mount  string // where it is mounted
	Source string // device, or what the kernel calls it
	Type   string // "ext4", "tmpfs"

	Size, Used, Free uint64 // bytes; Free is for programs without special rights
	SpaceErr         error  // why these are not known; ErrHung and ErrBroken are answers

	Inodes, InodesUsed uint64 // both zero where inodes are made as needed
	InodesErr          error  // why these are not known
}

// UsedPart is the share of the space that is used, from 0 to 1, of what programs
// without special rights may use, as df prints it.
func (u Usage) UsedPart() float64 { return prose.Share(u.Used, u.Used+u.Free) }

// InodesPart is the share of the inodes that is used, from 0 to 1.
func (u Usage) InodesPart() float64 { return prose.Share(u.InodesUsed, u.Inodes) }

// ReadUsage returns the usage of every writable local file system, in the order
// of mount points and each once, wherever else it is mounted too. Those of the
// kernel, of other machines and of FUSE programs are left out. What is not
// known of one is an error inside its Usage; a nil slice comes with an error only.
func ReadUsage(ctx context.Context, h host.Host) ([]Usage, error) {
	mounts, err := sysview.Mounts(ctx, h)
	if err != nil {
		return nil, err
	}
	return usageOf(ctx, h, mounts)
}

func usageOf(ctx context.Context, h host.Host, mounts []sysview.Mount) ([]Usage, error) {
	kernel, err := facts.Uname(ctx, h)
	if err != nil {
		return nil, err
	}
	usage := []Usage{}
	points := []string{}
	for _, m := range eachOnce(folders(ctx, h, mounts)) {
		u := Usage{Mount: m.Point, Source: m.Source, Type: m.Type}
		if nobodyKnows(m) {
			err := fmt.Errorf("%s: file systems of type %s are not asked: %w", m.Point, m.Type, errors.ErrUnsupported)
			u.SpaceErr, u.InodesErr = err, err
		} else {
			points = append(points, m.Point)
		}
		usage = append(usage, u)
	}
	if len(points) == 0 {
		return usage, nil // df without arguments would ask for everything
	}
	if kernel.System != "Linux" { // -P and -i exclude each other there; one table has both
		table := askDF(ctx, h, []string{"-k", "-i"}, points)
		fillSpace(usage, table)
		fillInodes(usage, table, dfRow.after)
		return usage, nil
	}
	fillSpace(usage, askDF(ctx, h, []string{"-P", "-k"}, points))
	if points = answering(usage, points); len(points) > 0 {
		fillInodes(usage, askDF(ctx, h, []string{"-P", "-i"}, points), dfRow.alone)
	}
	return usage, nil
}

// answering leaves out the points that are not to be asked again, and says so
// of their inodes.
func answering(usage []Usage, points []string) []string {
	for i := range usage {
		if u := &usage[i]; u.dead() {
			u.InodesErr = u.SpaceErr
			points = slices.DeleteFunc(points, func(p string) bool { return p == u.Mount })
		}
	}
	return points
}

// dead reports whether the file system hangs or is broken: an answer, and no
// failure to ask.
func (u Usage) dead() bool { return errors.Is(u.SpaceErr, ErrHung) || errors.Is(u.SpaceErr, ErrBroken) }

func fillSpace(usage []Usage, table dfTable) {
	for i := range usage {
		u := &usage[i]
		if u.SpaceErr != nil {
			continue
		}
		var row dfRow
		if row, u.SpaceErr = table.row(u.Mount); u.SpaceErr == nil {
			u.Size, u.Used, u.Free = row.numbers[0]*1024, row.numbers[1]*1024, row.numbers[2]*1024
		}
	}
}

func fillInodes(usage []Usage, table dfTable, numbers func(dfRow) (all, used uint64)) {
	for i := range usage {
		u := &usage[i]
		if u.InodesErr != nil {
			continue
		}
		var row dfRow
		if row, u.InodesErr = table.row(u.Mount); u.InodesErr == nil {
			u.Inodes, u.InodesUsed = numbers(row)
		}
	}
}

// folders leaves out what is no disk, and single files that are mounted: by
// these a container gets its /etc/hosts, which is full when another system is.
func folders(ctx context.Context, h host.Host, mounts []sysview.Mount) []sysview.Mount {
	mounts = slices.DeleteFunc(slices.Clone(mounts), func(m sysview.Mount) bool { return !ofDisk(m) && !nobodyKnows(m) })
	file := make([]bool, len(mounts))
	together(len(mounts), func(i int) {
		if m := mounts[i]; m.Root != "" && m.Root != "/" {
			st, err := patiently(ctx, func() (host.Stat, error) { return h.Lstat(ctx, m.Point) })
			file[i] = err == nil && !st.IsDir()
		}
	})
	var out []sysview.Mount
	for i, m := range mounts {
		if !file[i] {
			out = append(out, m)
		}
	}
	return out
}

// eachOnce gives the file systems that are to be asked, each at one of its
// mount points: where all of it is seen, or the shortest.
func eachOnce(mounts []sysview.Mount) []sysview.Mount {
	best := map[string]sysview.Mount{}
	for _, m := range mounts {
		if m.ReadOnly() {
			continue
		}
		id := identity(m)
		if other, ok := best[id]; !ok || better(m, other) {
			best[id] = m
		}
	}
	out := []sysview.Mount{}
	for _, m := range best {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b sysview.Mount) int { return cmp.Compare(a.Point, b.Point) })
	return out
}

// identity is the same for all mounts of one file system.
func identity(m sysview.Mount) string {
	if m.Dev == "" && !strings.HasPrefix(m.Source, "/dev/") {
		return m.Point // several tmpfs have the same name
	}
	return cmp.Or(m.Dev, m.Source)
}

func better(a, b sysview.Mount) bool {
	if (a.Root == "/") != (b.Root == "/") {
		return a.Root == "/"
	}
	return cmp.Or(cmp.Compare(len(a.Point), len(b.Point)), cmp.Compare(a.Point, b.Point)) < 0
}

func permissionIn(stderr string) error {
	if strings.Contains(stderr, "Permission denied") || strings.Contains(stderr, "Operation not permitted") {
		return fs.ErrPermission
	}
	return nil
}
