package disk

import (
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/sysview"
)

// disks are the types that hold files of this machine, and are asked. Any other
// may be one of another machine, whose server can keep df waiting for ever.
var disks = []string{
	"ext2", "ext3", "ext4", "xfs", "btrfs", "bcachefs", "f2fs", "jfs", "nilfs2", "reiserfs", "zfs", "tmpfs", "devtmpfs",
	"vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "hfs", "hfsplus", "minix", "ubifs", "jffs2", "simfs",
	"ufs", "ffs", "lfs", "mfs", "ext2fs", "msdosfs", "chfs", "hammer", "hammer2", "apfs",
}

// notDisks are known to be none of these: interfaces of the kernel, images that
// cannot be written, views of other file systems, file systems of other machines.
var notDisks = []string{
	"proc", "procfs", "linprocfs", "linsysfs", "sysfs", "devpts", "devfs", "fdesc", "fdescfs", "ptyfs", "kernfs",
	"cgroup", "cgroup2", "securityfs", "selinuxfs", "smackfs", "pstore", "efivarfs", "bpf", "tracefs", "debugfs",
	"configfs", "fusectl", "mqueue", "hugetlbfs", "autofs", "binfmt_misc", "rpc_pipefs", "nsfs", "nfsd", "ramfs", "resctrl", "overlay",
	"squashfs", "iso9660", "cd9660", "udf", "erofs", "cramfs", "romfs",
	"nullfs", "null", "unionfs", "union", "map",
	"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "ocfs2", "gfs2", "virtiofs", "webdav",
	"beegfs", "gpfs", "vboxsf", "orangefs", "pvfs2", "vmhgfs", "prl_fs", "coda", "davfs",
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
	return slices.Contains(disks, m.Type)
}

// nobodyKnows reports whether the file system may be on a disk of this machine,
// but is of a type that nobody has listed.
func nobodyKnows(m sysview.Mount) bool {
	return strings.HasPrefix(m.Source, "/dev/") && !strings.HasPrefix(m.Type, "fuse.") && !strings.HasPrefix(m.Type, "fusefs.") && !m.ReadOnly() &&
		!slices.Contains(disks, m.Type) && !slices.Contains(notDisks, m.Type)
}
