package slackware

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// gap is how far apart changes of one act are at most.
const gap = 10 * time.Minute

// History tells what pkgtools did from the files that they leave: one for each
// installed package, made when it was, and one for each that was removed or replaced.
// Who did it nobody notes.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Transaction, error) {
	loc, err := facts.Zone(ctx, m.Host)
	if err != nil {
		return nil, err
	}
	dir, installed, err := pkgupdate.FirstDir(ctx, m.Host, packageDirs...)
	if err != nil {
		return nil, err
	}
	_, gone, err := pkgupdate.FirstDir(ctx, m.Host, "/var/lib/pkgtools/removed_packages", "/var/log/removed_packages")
	if errors.Is(err, pkgupdate.ErrAbsent) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("what was removed besides %s: %w", dir, err)
	}
	return pkgupdate.Since(acts(m.events(installed, gone, loc, since)), since), nil
}

var replaced = regexp.MustCompile(`^(.+)-upgraded-(\d{4}-\d{2}-\d{2}),(\d{2}:\d{2}:\d{2})$`)

// events gives what happened, oldest first. What was replaced has the time in its name.
func (m *Manager) events(installed, gone []host.Stat, loc *time.Location, since time.Time) []pkgupdate.Event {
	var list []pkgupdate.Event
	for _, st := range installed {
		if p, ok := parseName(m.Info(), st.Name); ok && !st.ModTime().Before(since) {
			list = append(list, pkgupdate.Event{At: st.ModTime(), Name: p.Name, Arch: p.Arch, To: p.Version.String()})
		}
	}
	for _, st := range gone {
		full, at := st.Name, st.ModTime()
		f := replaced.FindStringSubmatch(st.Name)
		if f != nil {
			when, err := time.ParseInLocation(time.DateTime, f[2]+" "+f[3], loc)
			if err != nil {
				continue
			}
			full, at = f[1], when
		}
		p, ok := parseName(m.Info(), full)
		if !ok || at.Before(since) {
			continue
		}
		i := -1
		if f != nil {
			i = slices.IndexFunc(list, func(e pkgupdate.Event) bool { return e.Name == p.Name && e.From == "" && e.At.Sub(at).Abs() < gap })
		}
		if i >= 0 {
			list[i].From = p.Version.String()
			continue
		}
		list = append(list, pkgupdate.Event{At: at, Name: p.Name, Arch: p.Arch, From: p.Version.String()})
	}
	slices.SortStableFunc(list, func(a, b pkgupdate.Event) int { return a.At.Compare(b.At) })
	return list
}

func acts(events []pkgupdate.Event) []pkgupdate.Transaction {
	var list []pkgupdate.Transaction
	for _, e := range events {
		if n := len(list); n == 0 || e.At.Sub(list[n-1].End) > gap {
			list = append(list, pkgupdate.Transaction{ID: "pkgtools-" + e.At.UTC().Format(time.RFC3339), Begin: e.At})
		}
		t := &list[len(list)-1]
		t.End, t.Events = e.At, append(t.Events, e)
	}
	return list
}
