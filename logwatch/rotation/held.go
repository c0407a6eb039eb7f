package rotation

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// A Held file of the folder of logs is open for writing in a process, although it
// is no log any more: it was deleted, or is a rotated copy.
type Held struct {
	Process sysview.Process
	Path    string // of the copy; of what was deleted, the name that it had
	Deleted bool
	Offset  int64 // where the process writes next
	FD      string
	Ino     uint64 // zero: not told
}

// maxHeld bounds the open files of one process that are looked into.
const maxHeld = 64

// descriptor is an open file whose name is one of those that are looked for.
type descriptor struct {
	name string // as the kernel gives it
	held Held
}

// heldFiles looks into all processes for files that are open for writing and whose
// name is among the files of the folders of logs, or has been deleted. What could not be seen is an error
// beside what was; off Linux it is errors.ErrUnsupported or fs.ErrNotExist. A file
// that a process of another mount namespace has under the same name is another.
func heldFiles(ctx context.Context, h host.Host, mounts []sysview.Mount, files map[string]host.Stat) ([]Held, error) {
	all, err := sysview.Processes(ctx, h)
	if err != nil {
		return nil, err
	}
	asks := make([]host.Ask, len(all))
	for i, p := range all {
		asks[i] = host.Ask{Op: host.OpList, Name: fmt.Sprintf("/proc/%d/fd", p.PID)}
	}
	var found []descriptor
	hidden, more := 0, 0
	err = h.Batch(ctx, asks, func(i int, a host.Answer) error {
		mine, unseen := candidates(all[i], a, files)
		more += max(0, len(mine)-maxHeld)
		found = append(found, mine[:min(len(mine), maxHeld)]...)
		if unseen {
			hidden++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	held, err := openToWrite(ctx, h, mounts, files, found)
	if hidden > 0 {
		err = errors.Join(err, fmt.Errorf("what %s hold open could not be seen: %w", prose.Count(hidden, "process"), fs.ErrPermission))
	}
	if more > 0 {
		err = errors.Join(err, fmt.Errorf("%s of logs more than are looked into", prose.Count(more, "open file")))
	}
	return held, err
}

// candidates gives the open files of a process that may be held, and whether some
// could not be seen.
func candidates(p sysview.Process, a host.Answer, files map[string]host.Stat) (out []descriptor, unseen bool) {
	if a.Err != nil {
		return nil, !gone(a.Err)
	}
	for _, fd := range a.List {
		if !fd.Known.Has(host.KnownLink) {
			unseen = true
			continue
		}
		name, deleted := strings.CutSuffix(fd.Link, " (deleted)")
		_, there := files[fd.Link]
		switch {
		case there:
			out = append(out, descriptor{fd.Link, Held{Process: p, Path: fd.Link, FD: fd.Name}})
		case deleted && strings.HasPrefix(fd.Link, logDir+"/") && path.Clean(name) == name:
			out = append(out, descriptor{fd.Link, Held{Process: p, Path: name, Deleted: true, FD: fd.Name}})
		}
	}
	return out, unseen && p.PID != 1 // of a container the first one is its keeper's
}

func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

// openToWrite keeps those that are open for writing, by what the kernel says of each.
func openToWrite(ctx context.Context, h host.Host, mounts []sysview.Mount, files map[string]host.Stat, found []descriptor) (out []Held, err error) {
	asks := make([]host.Ask, len(found))
	for i, d := range found {
		asks[i] = host.Ask{Op: host.OpRead, Name: fmt.Sprintf("/proc/%d/fdinfo/%s", d.held.Process.PID, d.held.FD)}
	}
	ours := map[int]bool{}
	for _, m := range mounts {
		ours[m.ID] = m.ID != 0
	}
	var odd error
	err = h.Batch(ctx, asks, func(i int, a host.Answer) error {
		if gone(a.Err) {
			return nil
		}
		info, err := parseFdInfo(a.Data)
		if err = cmp.Or(a.Err, err); err != nil {
			odd = fmt.Errorf("process %d: %w", found[i].held.Process.PID, err)
			return nil
		}
		d := found[i].held
		d.Offset, d.Ino = info.offset, info.ino
		st, there := files[found[i].name]
		same := !there || info.ino == 0 || !st.Known.Has(host.KnownInode) || st.Ino == info.ino
		if info.writes && same && (len(ours) == 0 || info.mount == 0 || ours[info.mount]) {
			out = append(out, d)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Held) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Process.PID, b.Process.PID), cmp.Compare(a.Ino, b.Ino))
	})
	out = slices.CompactFunc(out, func(a, b Held) bool { return a.Path == b.Path && a.Process.PID == b.Process.PID && a.Ino == b.Ino })
	return out, cmp.Or(err, odd)
}

// fdInfo is what the kernel says of an open file.
type fdInfo struct {
	offset int64
	writes bool
	mount  int    // zero: not told, as before Linux 3.15
	ino    uint64 // zero: not told, as before Linux 5.14
}

// parseFdInfo reads /proc/PID/fdinfo/FD.
func parseFdInfo(data []byte) (info fdInfo, err error) {
	known := 0
	for line := range bytes.Lines(data) {
		key, value, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), ":")
		value = strings.TrimSpace(value)
		var bad error
		switch key {
		case "pos":
			info.offset, bad = strconv.ParseInt(value, 10, 64)
			known++
		case "flags":
			var flags uint64
			flags, bad = strconv.ParseUint(value, 8, 32)
			info.writes = flags&3 == 1 || flags&3 == 2 // O_WRONLY, O_RDWR
			known++
		case "mnt_id":
			info.mount, bad = strconv.Atoi(value)
		case "ino":
			info.ino, bad = strconv.ParseUint(value, 10, 64)
		}
		if bad != nil {
			return info, fmt.Errorf("what the kernel says of an open file: %w", bad)
		}
	}
	if known != 2 {
		return info, errors.New("what the kernel says of an open file is not whole")
	}
	return info, nil
}
