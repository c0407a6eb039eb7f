package sysview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// maxMaps bounds the table of one process's mappings, in bytes.
const maxMaps = 4 << 20

// A Mapping is a file that a process maps into its memory to run it: its program
// or a library.
type Mapping struct {
	Path    string
	File    FileID
	Deleted bool // the file has no name any more
}

// ParseMaps reads Linux's /proc/PID/maps and keeps what is mapped to be run and
// has a file, each once, in the order of the table. What lives in memory alone
// (memfd_create(2)) has a path that begins with "/memfd:". The error is that of
// the first line that cannot be read; the others are read all the same.
func ParseMaps(data []byte) ([]Mapping, error) {
	var found []Mapping
	var bad error
	for n, line := range lines(data) {
		m, runs, err := parseMapping(line)
		if err != nil && bad == nil {
			bad = fmt.Errorf("maps: line %d: %w", n+1, err)
		}
		if runs && !slices.Contains(found, m) {
			found = append(found, m)
		}
	}
	return found, bad
}

// parseMapping reads a line such as
//
//	7f0e1c000000-7f0e1c022000 r-xp 00026000 fe:01 1311 /usr/lib/libc.so.6 (deleted)
func parseMapping(line string) (m Mapping, runs bool, err error) {
	f := strings.Fields(line)
	if len(f) < 5 || len(f[1]) < 4 {
		return Mapping{}, false, errors.New("malformed")
	}
	major, minor, ok := strings.Cut(f[3], ":")
	maj, err1 := strconv.ParseUint(major, 16, 32)
	min, err2 := strconv.ParseUint(minor, 16, 32)
	ino, err3 := strconv.ParseUint(f[4], 10, 64)
	if !ok || errors.Join(err1, err2, err3) != nil {
		return Mapping{}, false, errors.New("no file")
	}
	at := strings.IndexByte(line, '/')
	if f[1][2] != 'x' || ino == 0 || len(f) < 6 || f[5][0] != '/' || at < 0 {
		return Mapping{}, false, nil
	}
	m.File = FileID{deviceNumber(maj, min), ino}
	m.Path, m.Deleted = strings.CutSuffix(line[at:], " (deleted)")
	m.Path = strings.ReplaceAll(m.Path, `\012`, "\n")
	return m, true, nil
}

// deviceNumber is makedev(3) of Linux, the form of stat(2).
func deviceNumber(major, minor uint64) uint64 {
	return major&0xfff<<8 | minor&0xff | minor&^0xff<<12 | major&^0xfff<<32
}

// A PathState says what is at the path of a file that has lost its name.
type PathState uint8

// The states; the zero value is that nobody knows.
const (
	PathUnknown  PathState = iota
	PathGone               // nothing: the file was removed
	PathReplaced           // another file: it was updated
)

// An Outdated file is run by processes although it has no name any more, so
// that they run what an update has replaced, or what somebody removed.
type Outdated struct {
	Path string
	File FileID
	Now  PathState
	PIDs []int // in ascending order
}

// A MappedView is what was seen of the files that processes run.
type MappedView struct {
	Outdated []Outdated // by path
	Unread   []int      // processes of which this user may not, or could not, see all: nobody knows what they run
}

// OutdatedFiles looks for files that are run and have no name any more, in all
// processes, from Linux's /proc: once for a host that remembers. Elsewhere the
// error is errors.ErrUnsupported or fs.ErrNotExist. What is at the path now is
// asked from the root of the process itself, so that those in containers count.
func OutdatedFiles(ctx context.Context, h host.Host) (MappedView, error) {
	return host.Once(ctx, h, "sysview.outdated", func(ctx context.Context) (MappedView, error) {
		view, err := readMaps(ctx, h)
		if err == nil {
			err = lookAtPaths(ctx, h, view.Outdated)
		}
		if err != nil {
			return MappedView{}, fmt.Errorf("mapped files: %w", err)
		}
		return view, nil
	})
}

func readMaps(ctx context.Context, h host.Host) (MappedView, error) {
	pids, err := pidsOf(ctx, h)
	if err != nil {
		return MappedView{}, err
	}
	asks := make([]host.Ask, len(pids))
	for i, pid := range pids {
		asks[i] = host.Ask{Op: host.OpRead, Name: procDir(pid) + "/maps", Limit: maxMaps}
	}
	var view MappedView
	running := map[Mapping][]int{}
	err = h.Batch(ctx, asks, func(i int, a host.Answer) error {
		if ended(a.Err) {
			return nil
		}
		found, err := ParseMaps(a.Data)
		if a.Err != nil || err != nil {
			view.Unread = append(view.Unread, pids[i])
		}
		for _, m := range found {
			if m.Deleted {
				running[m] = append(running[m], pids[i])
			}
		}
		return nil
	})
	for m, pids := range running {
		view.Outdated = append(view.Outdated, Outdated{Path: m.Path, File: m.File, PIDs: pids})
	}
	slices.SortFunc(view.Outdated, func(a, b Outdated) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.File.Dev, b.File.Dev), cmp.Compare(a.File.Ino, b.File.Ino))
	})
	return view, err
}

// lookAtPaths finds out what is now where the files were.
func lookAtPaths(ctx context.Context, h host.Host, files []Outdated) error {
	asks := make([]host.Ask, len(files))
	for i, f := range files {
		asks[i] = host.Ask{Op: host.OpLstat, Name: procDir(f.PIDs[0]) + "/root" + f.Path}
	}
	return h.Batch(ctx, asks, func(i int, a host.Answer) error {
		switch {
		case a.Err == nil:
			files[i].Now = PathReplaced
		case errors.Is(a.Err, fs.ErrNotExist):
			files[i].Now = PathGone
		}
		return nil
	})
}
