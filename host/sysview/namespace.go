package sysview

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

// A NetNamespace is a network of its own on one machine, as a container has it:
// what listens there is not among the sockets of others.
type NetNamespace struct {
	Inode uint64 // names it until the machine is started again
	PIDs  []int  // the processes in it, in ascending order
}

// NetView is what was seen of a machine's network namespaces.
type NetView struct {
	Namespaces []NetNamespace // by their first process; the machine's own, where that may be seen, is that of process 1
	Unread     []int          // processes of which nobody may know where they are
}

// NetNamespaces returns the network namespaces that have processes, from Linux's
// /proc: once for a host that remembers. Elsewhere the error is
// errors.ErrUnsupported or fs.ErrNotExist. One that only a mount keeps is not told.
func NetNamespaces(ctx context.Context, h host.Host) (NetView, error) {
	return host.Once(ctx, h, "sysview.net-namespaces", func(ctx context.Context) (NetView, error) {
		pids, err := pidsOf(ctx, h)
		if err != nil {
			return NetView{}, fmt.Errorf("network namespaces: %w", err)
		}
		asks := make([]host.Ask, len(pids))
		for i, pid := range pids {
			asks[i] = host.Ask{Op: host.OpLstat, Name: procDir(pid) + "/ns/net"}
		}
		var view NetView
		members := map[uint64][]int{}
		err = h.Batch(ctx, asks, func(i int, a host.Answer) error {
			ino, ok := namespaceInode(a.Stat.Link)
			switch {
			case a.Err == nil && ok:
				members[ino] = append(members[ino], pids[i])
			case !ended(a.Err):
				view.Unread = append(view.Unread, pids[i])
			}
			return nil
		})
		if err != nil {
			return NetView{}, fmt.Errorf("network namespaces: %w", err)
		}
		for ino, pids := range members {
			view.Namespaces = append(view.Namespaces, NetNamespace{ino, pids})
		}
		slices.SortFunc(view.Namespaces, func(a, b NetNamespace) int { return cmp.Compare(a.PIDs[0], b.PIDs[0]) })
		return view, nil
	})
}

// namespaceInode reads "net:[4026531840]".
func namespaceInode(link string) (uint64, bool) {
	text, ok := strings.CutPrefix(link, "net:[")
	text, closed := strings.CutSuffix(text, "]")
	ino, err := strconv.ParseUint(text, 10, 64)
	return ino, ok && closed && err == nil
}

// SocketsIn is Sockets for the network namespaces of some processes, in their
// order and asked at once: what waits there for others. A Table that could not be
// read has an Err.
func SocketsIn(ctx context.Context, h host.Host, pids ...int) [][]Table {
	dirs := make([]string, len(pids))
	for i, pid := range pids {
		dirs[i] = procDir(pid) + "/net/"
	}
	kernel, err := facts.Uname(ctx, h)
	var tables []Table
	if err == nil {
		tables, err = linuxTables(ctx, h, kernel, dirs...)
	}
	out := make([][]Table, len(pids))
	for i := range out {
		if err != nil {
			out[i] = finished(nil, err)
		} else {
			out[i] = finished(tables[2*i:2*i+2], nil)
		}
	}
	return out
}
