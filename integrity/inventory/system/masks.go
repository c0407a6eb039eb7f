package system

import (
	"context"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

var (
	// amounts are files of /proc that lxcfs shows as they are for one container.
	amounts = []string{
		"/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/slabinfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
		"/proc/pressure/cpu", "/proc/pressure/io", "/proc/pressure/memory",
	}
	// masked are places of /proc that what runs containers closes to them.
	masked = []string{
		"/proc/acpi", "/proc/apm", "/proc/asound", "/proc/interrupts", "/proc/kallsyms", "/proc/kcore", "/proc/keys", "/proc/kmsg", "/proc/latency_stats",
		"/proc/sched_debug", "/proc/scsi", "/proc/sysrq-trigger", "/proc/timer_list", "/proc/timer_stats",
	}
	// given are files that what runs containers gives each of its own.
	given = []string{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/proc/sys/kernel/random/boot_id"}
)

// initialPIDs is the namespace of processes of a machine itself, PROC_PID_INIT_INO
// of Linux: no container is in it.
const initialPIDs = "pid:[4026531836]"

// contained reports whether the system is a container, by what no program in it
// chooses; where the kernel does not say, by its marks.
func contained(ctx context.Context, h host.Host) bool {
	st, err := h.Lstat(ctx, "/proc/self/ns/pid")
	if err != nil || !st.IsLink() {
		return sysview.InContainer(ctx, h)
	}
	return st.Link != initialPIDs
}

// ofContainer reports whether a mount is one that what runs containers makes
// within them: the place alone is no excuse.
func ofContainer(ctx context.Context, h host.Host, m sysview.Mount) bool {
	switch {
	case slices.Contains(amounts, m.Point):
		return m.Type == "fuse.lxcfs" && m.Source == "lxcfs" && m.Root == m.Point && contained(ctx, h)
	case slices.Contains(masked, m.Point):
		return contained(ctx, h) && isClosed(ctx, h, m.Point)
	case slices.Contains(given, m.Point):
		return contained(ctx, h)
	}
	return false
}

// isClosed reports whether there is nothing to be read at a place: a device that is
// always empty, a file for nobody, a pipe, or an empty folder.
func isClosed(ctx context.Context, h host.Host, name string) bool {
	st, err := h.Lstat(ctx, name)
	switch {
	case err != nil:
		return false
	case st.IsDir():
		list, err := h.ReadDir(ctx, name)
		return err == nil && len(list) == 0
	case st.IsRegular():
		return st.Size == 0 && st.Perm() == 0
	case st.Type() == host.ModeChar:
		return st.Known.Has(host.KnownRdev) && st.Rdev == host.LinuxDevice(1, 3)
	}
	return st.Type() == host.ModeFIFO
}

// fieldHides is the field of a record whose mount hides what gives rights.
const fieldHides = "hides"

// whatIs names a mount in a sentence.
func whatIs(r inventory.Record) string {
	what := prose.Clip(r.Get("source"), 100)
	if part := r.Get("part"); part != "" && part != itself {
		what = prose.Clip(part, 100) + " of " + what
	}
	return what + " (" + prose.Clip(r.Get("type"), 40) + ")"
}

// fewer reports whether an option that takes rights is no longer there.
func fewer(was, now string) bool {
	left := strings.Split(now, ",")
	return slices.ContainsFunc(strings.Split(was, ","), func(o string) bool { return !slices.Contains(left, o) })
}
