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
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Process is a running program. The zero Process is one that nobody may see.
type Process struct {
	PID     int
	Name    string        // as the kernel has it: at most 15 bytes on Linux
	Exe     string        // path of the program; "" when not known
	Deleted bool          // Exe is no longer the file that runs
	Start   time.Time     // to about a second; zero when not known
	Uptime  time.Duration // of the kernel at the start; zero when not known
	Unit    string        // of systemd, such as "ssh.service"; "" when in none or not known
}

// Known reports whether anything is known of the process.
func (p Process) Known() bool { return p.PID != 0 }

// clockTicks is USER_HZ, in which Linux gives times on every architecture that
// is still made.
const clockTicks = 100

// readProcess reads from Linux's /proc what tells one process from another.
func readProcess(ctx context.Context, h host.Host, pid int) (Process, error) {
	data, err := h.ReadFile(ctx, procDir(pid)+"/stat", 0)
	if err != nil {
		return Process{}, fmt.Errorf("process %d: %w", pid, err)
	}
	p, ticks, err := ParseStat(data)
	if err != nil {
		return Process{}, fmt.Errorf("process %d: %w", pid, err)
	}
	p.Uptime = sinceBoot(ticks)
	return p, nil
}

func procDir(pid int) string { return "/proc/" + strconv.Itoa(pid) }

// sinceBoot is zero, which is not known, for what no clock can have counted.
func sinceBoot(ticks uint64) time.Duration {
	if ticks > math.MaxInt64/uint64(time.Second/clockTicks) {
		return 0
	}
	return time.Duration(ticks) * (time.Second / clockTicks)
}

// describe adds the rest, as far as it can be seen.
func (p *Process) describe(ctx context.Context, h host.Host, boot time.Time) {
	if !boot.IsZero() && p.Uptime != 0 {
		p.Start = boot.Add(p.Uptime)
	}
	// Only the owner and root may see the program; for others it stays unknown.
	if st, err := h.Lstat(ctx, procDir(p.PID)+"/exe"); err == nil && st.Known.Has(host.KnownLink) {
		p.Exe, p.Deleted = strings.CutSuffix(st.Link, " (deleted)")
	}
	if data, err := h.ReadFile(ctx, procDir(p.PID)+"/cgroup", 0); err == nil {
		p.Unit = ParseCgroup(data)
	}
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
	return Process{PID: pid, Name: string(data[open+1 : end])}, ticks, nil
}

// attribute fills in the processes of the sockets, as far as the rights go: the
// oldest one that holds a socket, which is the parent of those that share it.
// Processes that end meanwhile are no error.
func attribute(ctx context.Context, h host.Host, tables []Table) error {
	wanted := map[uint64]*Socket{}
	for _, t := range tables {
		for i := range t.Sockets {
			if s := &t.Sockets[i]; s.Inode != 0 {
				wanted[s.Inode] = s
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	pids, err := pidsOf(ctx, h)
	if err != nil {
		return err
	}
	hidden := false
	for _, pid := range pids {
		err := claim(ctx, h, pid, wanted)
		hidden = hidden || errors.Is(err, fs.ErrPermission)
		if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for i := range tables {
		tables[i].Hidden = hidden
	}
	describeAll(ctx, h, wanted)
	return nil
}

// claim gives a process the wanted sockets that it holds and no older one does.
func claim(ctx context.Context, h host.Host, pid int, wanted map[uint64]*Socket) error {
	held, err := socketsOf(ctx, h, pid, wanted)
	if err != nil || len(held) == 0 {
		return err
	}
	p, err := readProcess(ctx, h, pid)
	if err != nil {
		return err
	}
	for _, ino := range held {
		if s := wanted[ino]; !s.Process.Known() || p.Uptime < s.Process.Uptime {
			s.Process = p
		}
	}
	return nil
}

// describeAll reads each process once, however many sockets it holds.
func describeAll(ctx context.Context, h host.Host, sockets map[uint64]*Socket) {
	kernel, _ := readKernelStat(ctx, h) // without it the times are not known
	described := map[int]Process{}
	for _, s := range sockets {
		if !s.Process.Known() {
			continue
		}
		p, ok := described[s.Process.PID]
		if !ok {
			p = s.Process
			p.describe(ctx, h, kernel.Boot)
			described[p.PID] = p
		}
		s.Process = p
	}
}

// socketsOf gives those of the wanted sockets that a process holds open.
func socketsOf(ctx context.Context, h host.Host, pid int, wanted map[uint64]*Socket) ([]uint64, error) {
	fds, err := h.ReadDir(ctx, procDir(pid)+"/fd")
	if err != nil {
		return nil, err
	}
	var held []uint64
	for _, fd := range fds {
		ino, ok := socketInode(fd.Link)
		if ok && wanted[ino] != nil && !slices.Contains(held, ino) {
			held = append(held, ino) // a process may hold one socket twice
		}
	}
	return held, nil
}

// socketInode reads "socket:[4711]".
func socketInode(link string) (uint64, bool) {
	text, ok := strings.CutPrefix(link, "socket:[")
	text, closed := strings.CutSuffix(text, "]")
	ino, err := strconv.ParseUint(text, 10, 64)
	return ino, ok && closed && err == nil
}
