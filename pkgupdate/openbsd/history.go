package openbsd

import (
	"context"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const (
	messages = "/var/log/messages"
	// Acts have no number of a process: entries that are no further apart are of one.
	gap    = time.Minute
	maxSet = 4096 // bytes of the names in a line
)

// History reads what pkg_add and pkg_delete tell syslogd of what they did. Who asked
// nobody notes.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Transaction, error) {
	return pkgupdate.ReadLog(ctx, m.Host, messages, since, func(text []byte, loc *time.Location) []pkgupdate.Transaction {
		return m.parseMessages(text, syslog.Parser{Location: loc, Reference: m.Host.Time()})
	})
}

// parseMessages takes "pkg_add: Added bzip2-1.0.8p0->1.0.8p1" and "pkg_delete: Removed
// tree-2.1".
func (m *Manager) parseMessages(text []byte, p syslog.Parser) []pkgupdate.Transaction {
	var list []pkgupdate.Transaction
	for line := range strings.Lines(string(text)) {
		h := p.Parse([]byte(strings.TrimSuffix(line, "\n")))
		tag, said := string(h.Tag), strings.TrimSpace(string(h.Message))
		set, added := strings.CutPrefix(said, "Added ")
		gone, removed := strings.CutPrefix(said, "Removed ")
		var events []pkgupdate.Event
		switch {
		case h.Time.IsZero():
		case tag == "pkg_add" && added:
			events = m.ofSet(set, h.Time)
		case tag == "pkg_delete" && removed:
			events = m.ofSet(gone+"->", h.Time)
		}
		if len(events) == 0 {
			continue
		}
		if n := len(list); n == 0 || list[n-1].Command != tag || h.Time.Sub(list[n-1].End) > gap {
			list = append(list, pkgupdate.Transaction{ID: tag + "-" + h.Time.UTC().Format(time.RFC3339), Begin: h.Time, Command: tag})
		}
		t := &list[len(list)-1]
		t.End, t.Events = h.Time, append(t.Events, events...)
	}
	return list
}

// ofSet reads "[kept-1]old-1+other-1->new-2+other-2": what stays is in brackets, what goes
// before the arrow, what comes behind it, of one package without its stem; and packages of
// one version have it but once (print in OpenBSD/UpdateSet.pm).
func (m *Manager) ofSet(set string, at time.Time) []pkgupdate.Event {
	if len(set) > maxSet {
		return nil
	}
	if strings.HasPrefix(set, "[") {
		_, set, _ = strings.Cut(set, "]")
	}
	old, new, both := strings.Cut(set, "->")
	if !both {
		old, new = "", set
	}
	var events []pkgupdate.Event
	for _, p := range m.packagesOf(old) {
		e := pkgupdate.Event{At: at, Name: p.Name, From: p.Version.String()}
		if to := m.packagesOf(p.Name + "-" + new); new != "" && new[0] >= '0' && new[0] <= '9' && len(to) == 1 {
			e.To, new = to[0].Version.String(), ""
		}
		events = append(events, e)
	}
	for _, p := range m.packagesOf(new) {
		is := -1
		for i, e := range events {
			if e.Name == p.Name && e.To == "" {
				is = i
			}
		}
		if is < 0 {
			events = append(events, pkgupdate.Event{At: at, Name: p.Name})
			is = len(events) - 1
		}
		events[is].To = p.Version.String()
	}
	return events
}

// packagesOf reads names that a plus joins: "a-1+b-2", or "a+b-1" of one version. A name
// may have a plus itself, as gtk+3 and g++ have.
func (m *Manager) packagesOf(joined string) []pkgupdate.Package {
	var list []pkgupdate.Package
	var stems []string
	for part := range strings.SplitSeq(joined, "+") {
		p, err := m.parseName(part)
		if err != nil || p.Name == "" || p.Name[0] <= '9' {
			stems = append(stems, part)
			if p, err = m.parseName(strings.Join(stems, "+")); err != nil || p.Name == "" {
				continue
			}
			list, stems = append(list, p), nil
			continue
		}
		for _, s := range stems {
			if stem.MatchString(s + "-0") {
				list = append(list, pkgupdate.Package{Type: p.Type, Name: s, Version: p.Version})
			}
		}
		list, stems = append(list, p), nil
	}
	return list
}
