package sysview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Process is a running program. The zero Process is one that nobody may see.
// What tells one program from another is its file, Program: Name is chosen by
// the process itself.
type Process struct {
	PID     int
	Parent  int    // zero when not known, or none
	Name    string // as the kernel has it: at most 15 bytes on Linux
	Exe     string // path of the program; "" when not known
	Deleted bool   // Exe is no longer the file that runs
	File    FileID // of the program that runs; zero when not known
	UID     uint32 // the effective user; see HasUID
	HasUID  bool
	Start   time.Time     // to about a second; zero when not known
	Uptime  time.Duration // of the kernel at the start; zero when not known
	Unit    string        // of systemd, such as "ssh.service"; "" when in none or not known
	Slots   int           // of its table of open files, which has room for all of them; zero when not known
}

// A FileID tells one file of a running system from another, whatever its name.
// The zero FileID is not known.
type FileID struct{ Dev, Ino uint64 }

// Known reports whether anything is known of the process.
func (p Process) Known() bool { return p.PID != 0 }

// InMemory reports whether the program runs from memory alone, without a file in
// any folder, as memfd_create(2) gives it.
func (p Process) InMemory() bool { return strings.HasPrefix(p.Exe, "/memfd:") }

// Processes returns all running processes by their numbers, from Linux's /proc,
// once for a host that remembers; elsewhere the error is errors.ErrUnsupported
// or fs.ErrNotExist. Of each process is told what this user may see of it. One
// that ends meanwhile is left out.
func Processes(ctx context.Context, h host.Host) ([]Process, error) {
	all, err := host.Once(ctx, h, "sysview.processes", func(ctx context.Context) ([]Process, error) {
		pids, err := pidsOf(ctx, h)
		if err != nil {
			return nil, fmt.Errorf("processes: %w", err)
		}
		found, err := readProcesses(ctx, h, pids)
		if err != nil {
			return nil, fmt.Errorf("processes: %w", err)
		}
		if err := describe(ctx, h, found); err != nil {
			return nil, fmt.Errorf("processes: %w", err)
		}
		return found, nil
	})
	return slices.Clone(all), err
}

// clockTicks is USER_HZ, in which Linux gives times on every architecture that
// is still made.
const clockTicks = 100

func procDir(pid int) string { return "/proc/" + strconv.Itoa(pid) }

// readProcesses reads what tells one process from another. A process whose stat
// cannot be read is left out when it has ended, and an error else, since that
// file may be read by all.
func readProcesses(ctx context.Context, h host.Host, pids []int) ([]Process, error) {
	asks := make([]host.Ask, len(pids))
	for i, pid := range pids {
		asks[i] = host.Ask{Op: host.OpRead, Name: procDir(pid) + "/stat"}
	}
	found := []Process{}
	err := h.Batch(ctx, asks, func(i int, a host.Answer) error {
		if ended(a.Err) {
			return nil
		}
		if a.Err != nil {
			return fmt.Errorf("process %d: %w", pids[i], a.Err)
		}
		p, ticks, err := ParseStat(a.Data)
		if err != nil {
			return fmt.Errorf("process %d: %w", pids[i], err)
		}
		p.Uptime = sinceBoot(ticks)
		found = append(found, p)
		return nil
	})
	return found, err
}

// ended reports whether a process was gone when it was asked for.
func ended(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// sinceBoot is zero, which is not known, for what no clock can have counted.
func sinceBoot(ticks uint64) time.Duration {
	if ticks > math.MaxInt64/uint64(time.Second/clockTicks) {
		return 0
	}
	return time.Duration(ticks) * (time.Second / clockTicks)
}

// describe adds to processes the rest, as far as it can be seen. The error is
// that of the host, after which nothing is known.
func describe(ctx context.Context, h host.Host, list []Process) error {
	const each = 4
	asks := make([]host.Ask, 0, each*len(list)+1)
	for _, p := range list {
		dir := procDir(p.PID)
		asks = append(asks,
			host.Ask{Op: host.OpLstat, Name: dir + "/exe"},
			host.Ask{Op: host.OpRead, Name: dir + "/exe", Limit: 1},
			host.Ask{Op: host.OpRead, Name: dir + "/cgroup"},
			host.Ask{Op: host.OpRead, Name: dir + "/status"})
	}
	asks = append(asks, host.Ask{Op: host.OpRead, Name: "/proc/stat", Limit: maxTable})
	var boot time.Time
	err := h.Batch(ctx, asks, func(i int, a host.Answer) error {
		if i == each*len(list) {
			kernel, _ := ParseKernelStat(a.Data) // without it the times are not known
			boot = kernel.Boot
			return nil
		}
		list[i/each].learn(i%each, a)
		return nil
	})
	for i := range list {
		if p := &list[i]; !boot.IsZero() && p.Uptime != 0 {
			p.Start = boot.Add(p.Uptime)
		}
	}
	return err
}

// learn takes one of the answers that describe asks for. Only the owner and root
// may see the program; for others it stays unknown.
func (p *Process) learn(what int, a host.Answer) {
	switch {
	case what == 1 && (a.Err == nil || errors.Is(a.Err, host.ErrTruncated)):
		p.File = fileID(a.Stat)
	case a.Err != nil:
	case what == 0 && a.Stat.Known.Has(host.KnownLink):
		p.Exe, p.Deleted = strings.CutSuffix(a.Stat.Link, " (deleted)")
	case what == 2:
		p.Unit = ParseCgroup(a.Data)
	case what == 3:
		p.UID, p.HasUID = effectiveUID(a.Data)
		p.Slots = slotsOf(a.Data)
	}
}

func fileID(st host.Stat) FileID {
	if !st.Known.Has(host.KnownInode) {
		return FileID{}
	}
	return FileID{st.Dev, st.Ino}
}

// effectiveUID reads the second number after "Uid:" in Linux's /proc/PID/status.
func effectiveUID(status []byte) (uint32, bool) {
	for _, line := range lines(status) {
		if rest, ok := strings.CutPrefix(line, "Uid:"); ok {
			f := strings.Fields(rest)
			if len(f) != 4 {
				return 0, false
			}
			uid, err := strconv.ParseUint(f[1], 10, 32)
			return uint32(uid), err == nil
		}
	}
	return 0, false
}

// slotsOf reads the number after "FDSize:" in Linux's /proc/PID/status.
func slotsOf(status []byte) int {
	for _, line := range lines(status) {
		if rest, ok := strings.CutPrefix(line, "FDSize:"); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(rest))
			return max(n, 0)
		}
	}
	return 0
}

// ParseStat reads the process and the clock ticks between boot and its start
// from Linux's /proc/PID/stat. The name stands in parentheses and may hold any
// bytes, parentheses and blanks too.
func ParseStat(data []byte) (p Process, ticks uint64, err error) {
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if open < 1 || end < open {
		return Process{}, 0, errors.New("stat: malformed")
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data[:open])))
	if err != nil || pid < 1 {
		return Process{}, 0, errors.New("stat: no process number")
	}
	rest := strings.Fields(string(data[end+1:]))
	if len(rest) < 20 {
		return Process{}, 0, errors.New("stat: too few fields")
	}
	ticks, err = strconv.ParseUint(rest[19], 10, 62)
	if err != nil {
		return Process{}, 0, errors.New("stat: no start time")
	}
	parent, err := strconv.Atoi(rest[1])
	if err != nil || parent < 0 {
		return Process{}, 0, errors.New("stat: no parent")
	}
	return Process{PID: pid, Parent: parent, Name: string(data[open+1 : end])}, ticks, nil
}
