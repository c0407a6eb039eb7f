package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
)

// readMemory is /proc/meminfo, put right where MemAvailable is not the truth:
// the cache of ZFS counts as used although it gives way, huge pages are reserved
// and are no memory of other programs, and a container has less than its machine.
func readMemory(ctx context.Context, h host.Host) (sysview.Memory, error) {
	data, err := h.ReadFile(ctx, "/proc/meminfo", 0)
	if err != nil {
		return sysview.Memory{}, fmt.Errorf("memory: %w", err)
	}
	m, err := sysview.ParseMeminfo(data)
	if err != nil {
		return m, err
	}
	m.Total -= min(hugePages(string(data)), m.Total)
	cache, err := shrinkable(ctx, h)
	if err != nil {
		return m, err
	}
	m.Available = min(m.Available+cache, m.Total)
	limit, used, err := ofContainer(ctx, h)
	if err != nil {
		return m, err
	}
	if limit > 0 && limit < m.Total {
		m.Total, m.Available = limit, min(m.Available, limit-min(used, limit))
	}
	return m, nil
}

// hugePages gives the bytes that are reserved for huge pages.
func hugePages(meminfo string) uint64 {
	var count, size, all uint64
	for line := range strings.Lines(meminfo) {
		name, rest, _ := strings.Cut(line, ":")
		value, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		n, err := strconv.ParseUint(value, 10, 40)
		if err != nil {
			continue
		}
		switch name {
		case "HugePages_Total":
			count = n
		case "Hugepagesize":
			size = n * 1024
		case "Hugetlb": // of all sizes; from Linux 4.19 on
			all = n * 1024
		}
	}
	return max(count*size, all)
}

// optional reads a file that not every kernel has; nil where it is not there.
func optional(ctx context.Context, h host.Host, name string) (string, error) {
	data, err := h.ReadFile(ctx, name, 1<<20)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) {
		return "", nil
	}
	return string(data), err
}

// shrinkable gives the part of ZFS's cache (ARC) that gives way to programs.
func shrinkable(ctx context.Context, h host.Host) (uint64, error) {
	text, err := optional(ctx, h, "/proc/spl/kstat/zfs/arcstats")
	if text == "" || err != nil {
		return 0, err
	}
	size, least := column(text, "size", 2), column(text, "c_min", 2)
	return size - min(least, size), nil
}

// column gives the number in a column of the line that begins with name.
func column(text, name string, at int) uint64 {
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > at && f[0] == name {
			n, _ := strconv.ParseUint(f[at], 10, 63)
			return n
		}
	}
	return 0
}

// groups are the files of the limit of a container, which sees its own control
// group at the top: of the second form of control groups, and of the first.
var groups = []struct{ limit, used, stat, cache string }{
	{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file"},
	{
		"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes",
		"/sys/fs/cgroup/memory/memory.stat", "total_inactive_file",
	},
}

// ofContainer gives the limit of a container and what of it is used, without
// copies of files that can be dropped; zero where there is no limit.
func ofContainer(ctx context.Context, h host.Host) (limit, used uint64, err error) {
	for _, g := range groups {
		text, err := optional(ctx, h, g.limit)
		if err != nil {
			return 0, 0, err
		}
		if text == "" {
			continue
		}
		limit, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
		if err != nil || limit == 0 {
			return 0, 0, nil // "max"
		}
		if used, err = numberIn(ctx, h, g.used); err != nil {
			return 0, 0, err
		}
		stat, err := optional(ctx, h, g.stat)
		if err != nil {
			return 0, 0, err
		}
		return limit, used - min(column(stat, g.cache, 1), used), nil
	}
	return 0, 0, nil
}
