package sysview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Process is a running program. The zero Process is one that nobody may see.
type Process struct {
	PID     int
	Name    string    // as the kernel has it: at most 15 bytes on Linux
	Exe     string    // path of the program; "" when not known
	Deleted bool      // Exe is no longer the file that runs
	Start   time.Time // to about a second; zero when not known
}

// Known reports whether anything is known of the process.
func (p Process) Known() bool { return p.PID != 0 }

// clockTicks is USER_HZ, in which Linux gives times on every architecture that
// is still made.
const clockTicks = 100

// readProcess reads one process from Linux's /proc.
func readProcess(ctx context.Context, h host.Host, pid int) (Process, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	data, err := h.ReadFile(ctx, dir+"/stat", 0)
	if err != nil {
		return Process{}, fmt.Errorf("process %d: %w", pid, err)
	}
	p, ticks, err := ParseStat(data)
	if err != nil {
		return Process{}, fmt.Errorf("process %d: %w", pid, err)
	}
	if kernel, err := readKernelStat(ctx, h); err == nil {
		p.Start = kernel.Boot.Add(time.Duration(ticks) * time.Second / clockTicks)
	}
	// Only the owner and root may see the program; for others it stays unknown.
	if st, err := h.Lstat(ctx, dir+"/exe"); err == nil && st.Known.Has(host.KnownLink) {
		p.Exe, p.Deleted = strings.CutSuffix(st.Link, " (deleted)")
	}
	return p, nil
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
// one with the lowest number that holds a socket, which is the parent of those
// that share it. Processes that end meanwhile are no error.
func attribute(ctx context.Context, h host.Host, tables []Table) error {
	wanted := map[uint64]*Socket{}
	for _, t := range tables {
		for i := range t.Sockets {
			if s := &t.Sockets[i]; s.Inode != 0 {
				wanted[s.Inode] = s
			}
		}
	}
	pids, err := pidsOf(ctx, h)
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if len(wanted) == 0 {
			return nil
		}
		if err := claim(ctx, h, pid, wanted); err != nil {
			return err
		}
	}
	return nil
}

// claim gives a process the wanted sockets that it holds.
func claim(ctx context.Context, h host.Host, pid int, wanted map[uint64]*Socket) error {
	held, err := socketsOf(ctx, h, pid, wanted)
	if err != nil || len(held) == 0 {
		return err
	}
	p, err := readProcess(ctx, h, pid)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, ino := range held {
		wanted[ino].Process = p
		delete(wanted, ino)
	}
	return nil
}

// socketsOf gives those of the wanted sockets that a process holds open: none
// when it has ended or nobody may look.
func socketsOf(ctx context.Context, h host.Host, pid int, wanted map[uint64]*Socket) ([]uint64, error) {
	fds, err := h.ReadDir(ctx, "/proc/"+strconv.Itoa(pid)+"/fd")
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
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
