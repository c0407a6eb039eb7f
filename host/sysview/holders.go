package sysview

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// attribute fills in the processes of the sockets, as far as the rights go: the
// oldest one that holds a socket, which is the parent of those that share it.
// Processes that end meanwhile are no error. The error is that of the host.
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
	held, hidden, err := holders(ctx, h, wanted)
	if err != nil {
		return err
	}
	for i := range tables {
		tables[i].Hidden = hidden
	}
	return claim(ctx, h, held, wanted)
}

// holders gives the sockets that each process holds of those that are wanted.
// Hidden says that some process could not be looked into.
func holders(ctx context.Context, h host.Host, wanted map[uint64]*Socket) (held map[int][]uint64, hidden bool, err error) {
	pids, err := pidsOf(ctx, h)
	if err != nil {
		return nil, false, err
	}
	asks := make([]host.Ask, len(pids))
	for i, pid := range pids {
		asks[i] = host.Ask{Op: host.OpList, Name: procDir(pid) + "/fd"}
	}
	held = map[int][]uint64{}
	err = h.Batch(ctx, asks, func(i int, a host.Answer) error {
		if found := socketsAmong(a.List, wanted); len(found) > 0 {
			held[pids[i]] = found
		}
		hidden = hidden || !seen(pids[i], a)
		return nil
	})
	return held, hidden, err
}

// seen reports whether all that a process holds open is known, which is nothing
// when it has ended. A first process whose files root may list but not read is
// that of a container's keeper, outside of it: it holds no sockets of others, as
// systemd does.
func seen(pid int, a host.Answer) bool {
	if a.Err != nil {
		return ended(a.Err)
	}
	return pid == 1 || !slices.ContainsFunc(a.List, func(fd host.Stat) bool { return !fd.Known.Has(host.KnownLink) })
}

// claim gives each process the sockets that it holds and no older one does.
func claim(ctx context.Context, h host.Host, held map[int][]uint64, wanted map[uint64]*Socket) error {
	pids := make([]int, 0, len(held))
	for pid := range held {
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	candidates, err := readProcesses(ctx, h, pids)
	if err != nil {
		return err
	}
	chosen, of := oldest(candidates, held)
	if err := describe(ctx, h, chosen); err != nil {
		return err
	}
	for ino, i := range of {
		wanted[ino].Process = chosen[i]
	}
	return nil
}

// oldest gives those processes that are the oldest holders of a socket, and for
// each socket which of them that is.
func oldest(candidates []Process, held map[int][]uint64) (chosen []Process, of map[uint64]int) {
	first := map[uint64]int{}
	for i, p := range candidates {
		for _, ino := range held[p.PID] {
			if was, ok := first[ino]; !ok || p.Uptime < candidates[was].Uptime {
				first[ino] = i
			}
		}
	}
	place := map[int]int{}
	of = map[uint64]int{}
	for ino, i := range first {
		if _, ok := place[i]; !ok {
			place[i] = len(chosen)
			chosen = append(chosen, candidates[i])
		}
		of[ino] = place[i]
	}
	return chosen, of
}

// socketsAmong gives those of the wanted sockets that are among open files.
func socketsAmong(fds []host.Stat, wanted map[uint64]*Socket) []uint64 {
	var held []uint64
	for _, fd := range fds {
		ino, ok := socketInode(fd.Link)
		if ok && wanted[ino] != nil && !slices.Contains(held, ino) {
			held = append(held, ino) // a process may hold one socket twice
		}
	}
	return held
}

// socketInode reads "socket:[4711]".
func socketInode(link string) (uint64, bool) {
	text, ok := strings.CutPrefix(link, "socket:[")
	text, closed := strings.CutSuffix(text, "]")
	ino, err := strconv.ParseUint(text, 10, 64)
	return ino, ok && closed && err == nil
}
