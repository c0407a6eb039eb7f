package trust

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

const (
	// rehashed is how many files in a thousand are read all the same, by chance.
	rehashed = 50
	// coarse is the time within which two changes may have one ctime.
	coarse = 2 * time.Second
)

var (
	// trustworthy are the file systems whose kernel sets the ctime of each change,
	// on a disk of this machine.
	trustworthy = []string{"ext3", "ext4", "xfs", "btrfs", "f2fs", "ufs", "ffs", "apfs", "tmpfs"}
	// alwaysRead are read whatever their times say.
	alwaysRead = []string{
		"/boot", "/etc", "/usr/sbin/sshd", "/usr/lib/openssh", "/usr/libexec/openssh",
	}
)

// Scan is integrity.Scan that reads the content of a file only where something may
// have changed it since the baseline: where device, inode, size, mtime, ctime and
// birth time are not all known and as they were, where the ctime is not clearly
// older than the baseline, on a file system that does not keep it, of what gives
// rights, and of one file in twenty by chance. What was not read is Trusted.
//
// Times prove nothing when somebody set the clock. So everything is read the first
// time, after a restart, and when the clock was set since the last time that all was
// read; Full of the counts then says why. What is needed to know that lies beside the
// baseline (Path), and is written when a full scan has found no content that
// differs under unchanged times.
//
// Whoever sets the clock and sets it back, or writes to the disk below the file
// system, can deceive it: a full scan finds what it passes over.
func Scan(ctx context.Context, h host.Host, b *integrity.Baseline, pace integrity.Pace, counts *integrity.Counts) integrity.Entries {
	if counts == nil {
		counts = new(integrity.Counts)
	}
	t := trust{before: b.Created.Add(-coarse).UnixNano(), devices: devices(ctx, h)}
	now, err := clockOf(ctx, h, b)
	if err == nil {
		err = now.follows(Path(b.Path))
	}
	counts.Full = err
	s := integrity.Scanner{Files: h.Files, Profile: b.Profile, Old: b.Entries(), Pace: pace}
	if err == nil {
		s.Read = func(now, was *host.Entry) host.Reading { return host.Reading{Trust: was != nil && t.same(now, was)} }
		return s.Entries(ctx, counts)
	}
	var forged atomic.Bool
	s.Read = func(now, was *host.Entry) host.Reading {
		if was == nil || !was.Hashed() || !t.same(now, was) {
			return host.Reading{}
		}
		return host.Reading{Sink: &unforged{was.Digests[0], &forged}}
	}
	return now.keep(s.Entries(ctx, counts), &forged, counts, Path(b.Path))
}

// A trust decides whose content is not read.
type trust struct {
	before  int64 // ctimes are older, in nanoseconds
	devices []uint64
}

// devices gives the numbers of the devices whose file systems keep ctimes.
func devices(ctx context.Context, h host.Host) (out []uint64) {
	mounts, err := sysview.Mounts(ctx, h)
	if err != nil {
		return nil
	}
	for _, m := range mounts {
		var major, minor uint64
		if n, _ := fmt.Sscanf(m.Dev, "%d:%d", &major, &minor); n == 2 && slices.Contains(trustworthy, m.Type) {
			out = append(out, host.LinuxDevice(major, minor))
		}
	}
	return out
}

const knownForTrust = host.KnownMode | host.KnownOwner | host.KnownSize | host.KnownInode | host.KnownMtime | host.KnownCtime

// same reports whether nothing shows that a content may be another.
func (t trust) same(now, was *host.Entry) bool {
	a, b := now.Stat, was.Stat
	switch {
	case !a.Known.Has(knownForTrust) || !b.Known.Has(knownForTrust):
		return false
	case a.Dev != b.Dev || a.Ino != b.Ino || a.Size != b.Size || a.Mtime != b.Mtime || a.Ctime != b.Ctime || a.Btime != b.Btime:
		return false
	case a.Mode != b.Mode || a.UID != b.UID || a.GID != b.GID || a.Ctime >= t.before:
		return false
	case a.Perm()&(host.ModeSetUID|host.ModeSetGID) != 0 || slices.ContainsFunc(alwaysRead, func(top string) bool { return tree.Within(now.Path, top) }) || isLoader(now.Path) || isModuleOfPAM(now.Path):
		return false
	case !slices.Contains(t.devices, a.Dev):
		return false
	}
	return rand.IntN(1000) >= rehashed
}

// isModuleOfPAM reports whether a file is in a folder security of libraries, by
// whatever names an architecture has for them.
func isModuleOfPAM(name string) bool {
	dir := path.Dir(name)
	return path.Base(dir) == "security" && slices.ContainsFunc([]string{"/lib", "/lib64", "/usr/lib", "/usr/lib64"}, func(top string) bool { return tree.Within(dir, top) })
}

func isLoader(name string) bool {
	hit, err := path.Match("ld-*.so*", path.Base(name))
	return err == nil && hit
}
