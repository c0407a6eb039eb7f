package resource

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/sysview"
)

// bsdSwap are the commands that tell of swap space there.
var bsdSwap = map[string][]string{
	"FreeBSD": {"swapinfo", "-k"}, "NetBSD": {"swapctl", "-s", "-k"}, "OpenBSD": {"swapctl", "-s", "-k"},
}

// readBSDMemory asks a BSD's own commands, which answer from afar too. The second
// error is that of the swap space alone.
func readBSDMemory(ctx context.Context, h host.Host) (m sysview.Memory, swapErr, err error) {
	kernel, err := facts.Uname(ctx, h)
	if err != nil {
		return m, nil, err
	}
	swap := bsdSwap[kernel.System]
	if swap == nil {
		return m, nil, fmt.Errorf("the memory of %s: %w", kernel.System, errors.ErrUnsupported)
	}
	out, err := h.Query(ctx, "vmstat", "-s")
	if err != nil {
		return m, nil, err
	}
	if m, err = parseVmstat(out); err != nil {
		return m, nil, err
	}
	if kernel.System == "FreeBSD" {
		if err := addFreeBSD(ctx, h, &m); err != nil {
			return m, nil, err
		}
	}
	if out, swapErr = h.Query(ctx, swap...); swapErr == nil {
		swapErr = addBSDSwap(&m, string(out))
	}
	return m, swapErr, nil
}

// parseVmstat reads vmstat -s: a number and what it counts in each line. What can
// be had at once, and what is not in use, counts as available. That FreeBSD does
// not tell how many pages there are leaves Total zero.
func parseVmstat(out []byte) (sysview.Memory, error) {
	pages := map[string]uint64{}
	for line := range strings.Lines(string(out)) {
		number, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseUint(number, 10, 53); err == nil {
			pages[strings.TrimSpace(what)] = n
		}
	}
	size, free, known := pages["bytes per page"], pages["pages free"], 0
	for _, name := range []string{"bytes per page", "pages free", "pages inactive"} {
		if _, ok := pages[name]; ok {
			known++
		}
	}
	if known < 3 || size == 0 || size > 1<<20 {
		return sysview.Memory{}, errors.New("vmstat: it does not tell the free pages and their size")
	}
	available := free + pages["pages inactive"] + pages["cached file pages"] + pages["cached executable pages"]
	total := pages["pages managed"]
	if total > 0 {
		available = min(available, total)
	}
	return sysview.Memory{Total: total * size, Available: available * size}, nil
}

// addFreeBSD adds how much memory there is, and what the cache of ZFS gives back.
func addFreeBSD(ctx context.Context, h host.Host, m *sysview.Memory) error {
	out, err := h.Query(ctx, "sysctl", "-n", "hw.physmem")
	if err != nil {
		return err
	}
	n, err := numbers(string(out), 1)
	if err != nil || n[0] == 0 {
		return fmt.Errorf("hw.physmem: it is not told: %w", errors.Join(err, errors.ErrUnsupported))
	}
	m.Total = n[0]
	cache, err := h.Run(ctx, host.Command{Args: []string{"sysctl", "-n", "kstat.zfs.misc.arcstats.size", "kstat.zfs.misc.arcstats.c_min"}})
	switch {
	case err != nil:
		return err
	case strings.Contains(string(cache.Stderr), "unknown oid"): // no ZFS
	case cache.Err() != nil:
		return fmt.Errorf("the cache of ZFS: %w", cache.Err())
	default:
		n, err := numbers(string(cache.Stdout), 2)
		if err != nil {
			return fmt.Errorf("the cache of ZFS: %w", err)
		}
		m.Available += n[0] - min(n[1], n[0])
	}
	m.Available = min(m.Available, m.Total)
	return nil
}

// addBSDSwap reads "total: 69268 1K-blocks allocated, 0 used, 69268 available", and
// FreeBSD's table, in which each device has blocks, used and available ones.
func addBSDSwap(m *sysview.Memory, out string) error {
	if strings.TrimSpace(out) == "no swap devices configured" {
		return nil
	}
	told := false
	for line := range strings.Lines(out) {
		f := strings.Fields(strings.ReplaceAll(line, ",", ""))
		var total, free string
		switch {
		case len(f) == 8 && f[0] == "total:" && f[2] == "1K-blocks":
			total, free = f[1], f[6]
		case len(f) == 5 && strings.HasPrefix(f[0], "/"):
			total, free = f[1], f[3]
		case len(f) > 0 && f[0] == "Device":
			told = true
			continue
		default:
			continue
		}
		n, err := numbers(total+" "+free, 2)
		if err != nil {
			return fmt.Errorf("swap: %w", err)
		}
		m.SwapTotal, m.SwapFree, told = m.SwapTotal+n[0]*1024, m.SwapFree+n[1]*1024, true
	}
	if !told {
		return errors.New("swap: it is not told how much there is")
	}
	return nil
}
