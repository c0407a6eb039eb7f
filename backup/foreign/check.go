package foreign

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/report"
)

// Backups is the checker "backup.foreign": it watches backups that others make.
type Backups struct {
	Host   host.Host
	Places []Place
	Find   bool  // looks also for places where backups use to be; see Find
	Days   int   // in which every byte is read once; zero: 30
	Budget int64 // bytes that one run reads at least, if there are as many; zero: 256 MiB
}

// Name returns "backup.foreign".
func (Backups) Name() string { return name }

// A place may lie in another, and their scopes may not: so the path is one part.
func stateScope(p string) string { return "place/" + url.PathEscape(p) + "/state" }

func fileScope(p, name string) string {
	return "place/" + url.PathEscape(p) + "/files/" + url.PathEscape(name)
}

// Check looks at each place. A system where no place is known has no such question.
func (c Backups) Check(ctx context.Context, rec *report.Recorder) error {
	past, _, err := keptPlaces.Load(rec)
	if err != nil {
		rec.Problem(err, "memory")
	}
	places, err := c.places(ctx, past)
	if err != nil {
		rec.Problem(err, "places")
	} else {
		rec.Covered("places")
	}
	if err == nil && len(places) == 0 {
		return report.Skip("nobody named a backup, and there is none in the usual places")
	}
	now := map[string]memory{}
	for i, p := range places {
		m := past[p.name()]
		m.Found = !slices.ContainsFunc(c.Places, func(named Place) bool { return named.name() == p.name() })
		if err := c.one(share(ctx, len(places)-i), rec, p, &m); err != nil {
			rec.Problem(fmt.Errorf("look at the backup in %s: %w", p.name(), err), "place/"+url.PathEscape(p.name()))
		}
		now[p.name()] = m
	}
	if err := keptPlaces.Keep(rec, now); err != nil {
		rec.Problem(err, "memory")
	}
	return ctx.Err()
}

// A span is a context, and when reading for one place is to end.
type span struct {
	context.Context
	end time.Time
}

// share gives a place its part of half of the time that is left.
func share(ctx context.Context, places int) span {
	deadline, ok := ctx.Deadline()
	if !ok {
		return span{ctx, time.Time{}}
	}
	return span{ctx, time.Now().Add(time.Until(deadline) / 2 / time.Duration(places))}
}

func (s span) over() bool { return !s.end.IsZero() && time.Now().After(s.end) }

// places are those that were named, are found, and were found before.
func (c Backups) places(ctx context.Context, past map[string]memory) ([]Place, error) {
	out := slices.Clone(c.Places)
	for i := range out {
		if !host.ValidName(out[i].Path) {
			return nil, fmt.Errorf("%.200q is no absolute path: %w", out[i].Path, fs.ErrInvalid)
		}
		out[i].Path = path.Clean(out[i].Path)
	}
	var err error
	if c.Find {
		var found []Place
		found, err = Find(ctx, c.Host)
		out = append(out, found...)
		for _, p := range slices.Sorted(maps.Keys(past)) {
			if past[p].Found {
				out = append(out, Place{Path: p})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Place) int { return tree.Compare(a.name(), b.name()) })
	return slices.CompactFunc(out, func(a, b Place) bool { return a.name() == b.name() }), err
}

// one looks at one place.
func (c Backups) one(ctx span, rec *report.Recorder, p Place, m *memory) error {
	l, err := lookAt(ctx, c.Host, p)
	if errors.Is(err, fs.ErrNotExist) {
		rec.Covered(stateScope(p.name()))
		rec.Finding(goneFinding(p, *m))
		return nil
	}
	if err != nil {
		return err
	}
	l.recall(*m)
	m.Bytes = append(m.Bytes, l.bytes())
	rec.Covered(stateScope(p.name()))
	c.recordState(rec, l, *m)
	if l.unnamed > 0 {
		rec.Problem(fmt.Errorf("%s has %d more faults, which are not named", p.name(), l.unnamed), stateScope(p.name()))
	}
	for _, err := range l.errs {
		rec.Problem(err, stateScope(p.name())+"/unread")
	}
	c.verify(ctx, rec, l, m)
	l.remember(m)
	return ctx.Err()
}

func (l *look) total() (n int64) {
	for _, f := range l.files {
		if f.IsRegular() {
			n += f.Size
		}
	}
	return n
}

// bytes are those by which backups are compared: of the newest copy, where files are
// copied as they are, else of all.
func (l *look) bytes() (n int64) {
	is := func(string) bool { return true }
	switch l.kind {
	case RdiffBack:
		is = func(name string) bool { return !strings.HasPrefix(name, rdiffOwn) }
	case Rsnapshot:
		newest := l.newestCopy() + "/"
		is = func(name string) bool { return strings.HasPrefix(name, newest) }
	}
	for _, f := range l.files {
		if f.IsRegular() && is(f.name) {
			n += f.Size
		}
	}
	return n
}

// recordState reports what the names, times and sizes tell.
func (c Backups) recordState(rec *report.Recorder, l *look, m memory) {
	newest := int64(0)
	for _, name := range slices.Sorted(maps.Keys(l.series)) {
		s := l.series[name]
		if len(s.runs) == 0 || name == fullBackups {
			continue
		}
		newest = max(newest, s.last())
		if limit := l.place.limit(l.kind, s.runs); limit > 0 && l.now.Sub(time.Unix(s.last(), 0)) > limit {
			rec.Finding(l.lateFinding(name, s.runs, limit))
		}
		if now, before, is := shrunk(s.sizes); is {
			rec.Finding(l.shrunkFinding(name, now, before))
		}
	}
	if s := l.series[fullBackups]; s != nil {
		if now, before, is := shrunk(s.sizes); is {
			rec.Finding(l.shrunkFinding(fullBackups, now, before))
		}
	}
	if newest == 0 && l.kind != Archives {
		rec.Finding(l.neverFinding())
	}
	if now, before, is := shrunk(m.Bytes); is && l.kind != Archives {
		rec.Finding(l.shrunkFinding("", now, before))
	}
	for _, f := range l.faults {
		rec.Finding(l.faultFinding(f))
	}
	for _, f := range l.locks {
		rec.Finding(l.lockFinding(f))
	}
	if l.sameDisk() {
		rec.Finding(l.diskFinding())
	}
	l.metrics(rec, newest, m)
}

func (l *look) metrics(rec *report.Recorder, newest int64, m memory) {
	at := []report.Attr{l.subject("")}
	rec.Metric(report.Metric{Name: "backup_foreign_age_seconds", Unit: "seconds", Value: report.Measure(max(0, l.now.Sub(time.Unix(newest, 0)).Seconds())), Attrs: at})
	rec.Metric(report.Metric{Name: "backup_foreign_bytes", Unit: "bytes", Value: report.Count(uint64(l.total())), Attrs: at})
	if m.Whole > 0 {
		rec.Metric(report.Metric{Name: "backup_foreign_read_age_seconds", Unit: "seconds", Value: report.Measure(max(0, l.now.Sub(time.Unix(m.Whole, 0)).Seconds())), Attrs: at})
	}
}

func (l *look) sameDisk() bool {
	if l.place.Source == "" || l.place.Files != nil {
		return false
	}
	var devices [2]uint64
	for i, p := range []string{l.place.Path, l.place.Source} {
		st, err := l.host.Lstat(l.ctx, p)
		if err != nil || !st.Known.Has(host.KnownInode) {
			return false
		}
		devices[i] = st.Dev
	}
	return devices[0] == devices[1]
}

// verify reads files: those that were spoiled, those that are new, and a part of
// the rest.
func (c Backups) verify(ctx span, rec *report.Recorder, l *look, m *memory) {
	queue, rest := l.queue(m)
	left, bad, all := c.budget(queue), []string{}, len(queue)
	for i, f := range queue {
		if ctx.Err() != nil || ctx.over() || left <= 0 && i >= rest {
			queue = queue[:i]
			break
		}
		left -= f.Size
		err := c.whole(ctx, l, m, f)
		scope := fileScope(l.place.name(), f.name)
		var why spoiled
		switch {
		case errors.Is(err, fs.ErrNotExist): // it went since the place was listed, as old ones do
			rec.Covered(scope)
		case errors.As(err, &why):
			bad = append(bad, f.name)
			rec.Finding(l.spoiledFinding(f.name, why))
			rec.Covered(scope)
		case err != nil:
			rec.Problem(fmt.Errorf("read %s: %w", l.place.of(f.name), err), scope)
		default:
			rec.Covered(scope)
		}
		if i >= rest {
			m.Next = f.name
		}
	}
	if len(queue) == all {
		m.Next, m.Whole = "", l.now.Unix()
	}
	c.ended(rec, l, m, bad, queue)
}

// ended notes what is spoiled. Where a spoiled file is gone, nothing is wrong with
// it any longer.
func (c Backups) ended(rec *report.Recorder, l *look, m *memory, bad []string, done []file) {
	read := map[string]bool{}
	for _, f := range done {
		read[f.name] = true
	}
	for _, name := range m.Bad {
		if _, there := l.checks[name]; !there {
			rec.Covered(fileScope(l.place.name(), name))
		} else if !read[name] {
			bad = append(bad, name)
		}
	}
	slices.Sort(bad)
	m.Bad = slices.Compact(bad)
	m.Bad = m.Bad[:min(len(m.Bad), mostBad)]
	m.forget(l.files)
}

// queue gives what is to be read, in order; from rest on as the budget allows.
func (l *look) queue(m *memory) (out []file, rest int) {
	var later []file
	for _, f := range l.files {
		if _, known := l.checks[f.name]; !known {
			continue
		}
		switch {
		case slices.Contains(m.Bad, f.name) || m.Looked > 0 && f.ModTime().Unix() > m.Looked-3600:
			out = append(out, f)
		case f.name > m.Next:
			later = append(later, f)
		}
	}
	slices.SortFunc(later, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return append(out, later...), len(out)
}

func (c Backups) budget(files []file) int64 {
	days, least, total := int64(c.Days), c.Budget, int64(0)
	if days == 0 {
		days = 30
	}
	if least == 0 {
		least = 256 << 20
	}
	for _, f := range files {
		total += f.Size
	}
	return max(least, total/days+1)
}

var errMoved = errors.New("it was exchanged while it was looked at")

// whole reads one file.
func (c Backups) whole(ctx context.Context, l *look, m *memory, f file) error {
	opened, err := l.host.Open(ctx, path.Join(l.place.Path, f.name))
	if err != nil {
		return err
	}
	defer opened.Close()
	st, err := opened.Stat()
	if err == nil && !tree.SameVersion(st, f.Stat) {
		err = errMoved
	}
	if err != nil {
		return err
	}
	in := stopping{ctx, opened}
	if check := l.checks[f.name]; check != nil {
		if err := check(in, f.Size); err != nil {
			return err
		}
	}
	if l.kind != Archives && !l.kind.unproven() {
		return nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(in, 0, f.Size)); err != nil {
		return err
	}
	return m.compare(f, l.kind, sum.Sum(nil))
}

// stopping reads until its context ends.
type stopping struct {
	ctx context.Context
	io.ReaderAt
}

func (s stopping) ReadAt(p []byte, at int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.ReaderAt.ReadAt(p, at)
}
