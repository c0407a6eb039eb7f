package resource

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/sysview"
)

// A Usage says how full one file system is.
type Usage struct {
	Mount  string // where it is mounted
	Source string // device, or what the kernel calls it
	Type   string // "ext4", "tmpfs"

	Size, Used, Free uint64 // bytes; Free is for programs without special rights
	SpaceErr         error  // why these are not known

	Inodes, InodesUsed uint64 // both zero where inodes are made as needed
	InodesErr          error  // why these are not known
}

// UsedPart is the share of the space that is used, from 0 to 1, of what programs
// without special rights may use, as df prints it.
func (u Usage) UsedPart() float64 { return part(u.Used, u.Used+u.Free) }

// InodesPart is the share of the inodes that is used, from 0 to 1.
func (u Usage) InodesPart() float64 { return part(u.InodesUsed, u.Inodes) }

func part(used, all uint64) float64 {
	if all == 0 {
		return 0
	}
	return float64(used) / float64(all)
}

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
	kernel, _, err := sysview.Kernel(ctx, h)
	if err != nil {
		return nil, err
	}
	usage := []Usage{}
	args := []string{}
	for _, m := range eachOnce(folders(ctx, h, mounts)) {
		usage = append(usage, Usage{Mount: m.Point, Source: m.Source, Type: m.Type})
		args = append(args, m.Point)
	}
	if len(usage) == 0 {
		return usage, nil // df without arguments would ask for everything
	}
	if kernel != "Linux" { // -P and -i exclude each other there; one table has both
		table := runDF(ctx, h, append([]string{"df", "-k", "-i"}, args...))
		fillSpace(usage, table)
		fillInodes(usage, table, dfRow.after)
		return usage, nil
	}
	fillSpace(usage, runDF(ctx, h, append([]string{"df", "-P", "-k"}, args...)))
	fillInodes(usage, runDF(ctx, h, append([]string{"df", "-P", "-i"}, args...)), dfRow.alone)
	return usage, nil
}

func fillSpace(usage []Usage, table dfTable) {
	for i := range usage {
		u := &usage[i]
		var row dfRow
		if row, u.SpaceErr = table.row(u.Mount); u.SpaceErr == nil {
			u.Size, u.Used, u.Free = row.numbers[0]*1024, row.numbers[1]*1024, row.numbers[2]*1024
		}
	}
}

func fillInodes(usage []Usage, table dfTable, numbers func(dfRow) (all, used uint64)) {
	for i := range usage {
		u := &usage[i]
		var row dfRow
		if row, u.InodesErr = table.row(u.Mount); u.InodesErr == nil {
			u.Inodes, u.InodesUsed = numbers(row)
		}
	}
}

// folders leaves out what is no disk, and single files that are mounted: by
// these a container gets its /etc/hosts, which is full when another system is.
func folders(ctx context.Context, h host.Host, mounts []sysview.Mount) []sysview.Mount {
	var out []sysview.Mount
	for _, m := range mounts {
		if !ofDisk(m) {
			continue
		}
		if m.Root != "" && m.Root != "/" {
			st, err := h.Lstat(ctx, m.Point)
			if err == nil && !st.IsDir() {
				continue
			}
		}
		out = append(out, m)
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

// notDisks are the types that hold no files of this machine: interfaces of the
// kernel, images that cannot be written, views of other file systems, and the
// file systems of other machines.
var notDisks = []string{
	"proc", "procfs", "linprocfs", "linsysfs", "sysfs", "devpts", "devfs", "fdesc", "fdescfs", "ptyfs", "kernfs",
	"cgroup", "cgroup2", "securityfs", "selinuxfs", "smackfs", "pstore", "efivarfs", "bpf", "tracefs", "debugfs",
	"configfs", "fusectl", "mqueue", "hugetlbfs", "autofs", "binfmt_misc", "rpc_pipefs", "nsfs", "nfsd", "ramfs", "resctrl",
	"squashfs", "iso9660", "cd9660", "udf", "erofs", "cramfs", "romfs",
	"nullfs", "null", "unionfs", "union", "map",
	"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "ocfs2", "virtiofs", "webdav",
	"fuse", "fusefs",
}

// ofDisk reports whether the file system holds files of this machine.
func ofDisk(m sysview.Mount) bool {
	switch {
	case m.Type == "overlay":
		return m.Point == "/" // others share the space of the file system below them
	case strings.HasPrefix(m.Point, "/sys/"), strings.HasPrefix(m.Point, "/proc/"):
		return false // a tmpfs for the folders of the kernel's own, or to hide them
	}
	return !slices.Contains(notDisks, m.Type) && !strings.HasPrefix(m.Type, "fuse.")
}

func permissionIn(stderr string) error {
	if strings.Contains(stderr, "Permission denied") || strings.Contains(stderr, "Operation not permitted") {
		return fs.ErrPermission
	}
	return nil
}

// runDF asks about the mount points in args. An answer that lacks some of them
// is no failure: they are unknown, for the reason that df gives.
func runDF(ctx context.Context, h host.Host, args []string) dfTable {
	out, err := h.Run(ctx, host.Command{Args: args})
	if err != nil {
		return dfTable{err: err}
	}
	if out.Truncated {
		return dfTable{err: fmt.Errorf("df: %w", host.ErrTruncated)}
	}
	t := dfTable{rows: parseDF(out.Stdout), err: out.Err()}
	if right := permissionIn(string(out.Stderr)); right != nil && t.err != nil {
		t.err = fmt.Errorf("%w: %w", t.err, right)
	}
	return t
}
