package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// bsdLimits are the questions on other systems. Connections that a firewall keeps
// track of are not among them: pf says how many it has, and to root alone.
var bsdLimits = map[string][]limitReader{
	"OpenBSD": {
		{"limits/files", "open file", bySysctl("kern.nfiles", "kern.maxfiles")},
		{"limits/processes", "process", bySysctl("kern.nprocs", "kern.maxproc")},
	},
	"FreeBSD": {
		{"limits/files", "open file", bySysctl("kern.openfiles", "kern.maxfiles")},
		{"limits/processes", "process", countedProcesses},
	},
	"NetBSD": {
		{"limits/files", "open file", byPstat},
		{"limits/processes", "process", countedProcesses},
	},
}

// bySysctl reads two variables of the kernel.
func bySysctl(used, most string) func(ctx context.Context, h host.Host) (uint64, uint64, error) {
	return func(ctx context.Context, h host.Host) (uint64, uint64, error) {
		out, err := h.Query(ctx, "sysctl", "-n", used, most)
		if err != nil {
			return 0, 0, err
		}
		n, err := numbers(string(out), 2)
		if err != nil {
			return 0, 0, fmt.Errorf("sysctl: %w", err)
		}
		return n[0], n[1], nil
	}
}

// byPstat reads pstat -T: a line "  83/3404 files", or "open files", among others.
func byPstat(ctx context.Context, h host.Host) (used, most uint64, err error) {
	out, err := h.Query(ctx, "pstat", "-T")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(out)) {
		share, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		a, b, found := strings.Cut(share, "/")
		if what = strings.TrimSpace(what); !found || what != "files" && what != "open files" {
			continue
		}
		used, err = strconv.ParseUint(a, 10, 64)
		if err == nil {
			most, err = strconv.ParseUint(b, 10, 64)
		}
		return used, most, err
	}
	return 0, 0, errors.New("pstat: it says nothing of files")
}

// countedProcesses counts what ps(1) shows. Where it does not show the first
// process, the system hides those of others, and the number says nothing.
func countedProcesses(ctx context.Context, h host.Host) (used, most uint64, err error) {
	out, err := h.Query(ctx, "sysctl", "-n", "kern.maxproc")
	if err != nil {
		return 0, 0, err
	}
	n, err := numbers(string(out), 1)
	if err != nil {
		return 0, 0, fmt.Errorf("sysctl: %w", err)
	}
	if out, err = h.Query(ctx, "ps", "-axo", "pid="); err != nil {
		return 0, 0, err
	}
	pids := strings.Fields(string(out))
	if !slices.Contains(pids, "1") {
		return 0, 0, fmt.Errorf("ps does not show the processes of all: %w", errors.ErrUnsupported)
	}
	return uint64(len(pids)), n[0], nil
}
