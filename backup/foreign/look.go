package foreign

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A file is one of a place; its name is relative to it.
type file struct {
	name string
	host.Stat
}

// A look is what one run sees of a place.
type look struct {
	ctx   context.Context
	host  host.Host
	place Place
	now   time.Time

	kind    Kind
	files   []file // regular ones and directories, in the order of a walk
	odd     []string
	series  map[string]*series
	faults  []Fault
	unnamed int // faults besides
	locks   []file
	checks  map[string]check // what proves a file whole, by name; nil: its digest is remembered
	errs    []error
}

// A series is what is made again and again, such as the dumps of one database.
type series struct {
	runs  []int64 // when each was made, seconds since 1970, ascending
	sizes []int64 // of each, in bytes
}

func (l *look) add(name string, at time.Time, size int64) {
	s := l.series[name]
	if s == nil {
		s = &series{}
		l.series[name] = s
	}
	s.runs, s.sizes = append(s.runs, at.Unix()), append(s.sizes, size)
}

// A Fault is what is wrong with one file of a backup.
type Fault struct {
	Name   string // relative to the place
	Reason string // a clause, such as "it ends in the middle"
}

func (l *look) fault(name, format string, args ...any) {
	if len(l.faults) < mostFaults {
		l.faults = append(l.faults, Fault{name, fmt.Sprintf(format, args...)})
	} else {
		l.unnamed++
	}
}

// mostFaults are those of a place that are named.
const mostFaults = 500

// most are the files of a place that are looked at.
const most = 300_000

var errMany = fmt.Errorf("it has more than %d files", most)

// lookAt lists a place and reads what its kind tells. The error wraps
// fs.ErrNotExist where there is no such place.
func lookAt(ctx context.Context, h host.Host, p Place) (*look, error) {
	if p.Files != nil {
		h = host.Host{Files: p.Files(), Now: h.Time}
	}
	l := &look{ctx: ctx, host: h, place: p, now: h.Time(), series: map[string]*series{}, checks: map[string]check{}}
	list, err := h.ReadDir(ctx, p.Path)
	if err != nil {
		return nil, err
	}
	kind, ok := kindOf(list)
	if !ok {
		return nil, fmt.Errorf("%s holds no backup of a known kind: %w", p.Path, fs.ErrNotExist)
	}
	l.kind = kind
	if err := l.list(); err != nil {
		return nil, err
	}
	for _, f := range formats {
		if f.kind == kind {
			f.read(l)
		}
	}
	return l, ctx.Err()
}

// list walks the place. Of rsnapshot's levels all but the newest are left to
// their names: they are links to the same files.
func (l *look) list() error {
	opts := host.WalkOptions{Skip: func(name string, _ host.Stat) bool { return l.leaves(name) }}
	_, err := tree.Walk(l.ctx, l.host.Files, l.place.Path, opts, func(e *host.Entry) error {
		name := strings.TrimPrefix(strings.TrimPrefix(e.Path, l.place.Path), "/")
		switch {
		case e.Err != nil:
			l.errs = append(l.errs, fmt.Errorf("%s: %w", e.Path, e.Err))
		case name != "" && (e.IsRegular() || e.IsDir()):
			l.files = append(l.files, file{name, e.Stat})
		}
		if len(l.files) > most {
			return errMany
		}
		return nil
	})
	return err
}

func (l *look) leaves(name string) bool {
	rel, below := strings.CutPrefix(name, strings.TrimSuffix(l.place.Path, "/")+"/")
	if !below {
		return false
	}
	switch l.kind {
	case Archives:
		return strings.Contains(rel, "/") // folders below are places of their own
	case Rsnapshot:
		level, _, inside := strings.Cut(rel, "/")
		return inside && !newestLevel(level)
	}
	return false
}

// read gives a whole small file.
func (l *look) read(name string, limit int64) ([]byte, bool) {
	data, err := l.host.ReadFile(l.ctx, path.Join(l.place.Path, name), limit)
	if err != nil {
		l.errs = append(l.errs, err)
		return nil, false
	}
	return data, true
}

func (l *look) old(f file, age time.Duration) bool { return l.now.Sub(f.ModTime()) > age }

// sorted puts the runs of each series in order; runs within a minute are one.
func (s *series) sorted() {
	order := make([]int, len(s.runs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(s.runs[a] - s.runs[b]) })
	var runs, sizes []int64
	for _, i := range order {
		if n := len(runs); n > 0 && s.runs[i]-runs[n-1] < 60 {
			runs[n-1], sizes[n-1] = s.runs[i], max(sizes[n-1], s.sizes[i])
			continue
		}
		runs, sizes = append(runs, s.runs[i]), append(sizes, s.sizes[i])
	}
	s.runs, s.sizes = runs, sizes
}
