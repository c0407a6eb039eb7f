package apt

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
)

const (
	historyLog = "/var/log/apt/history.log"
	dpkgLog    = "/var/log/dpkg.log"
	// Entries of dpkg's log that are no further apart, and of no run of apt, are
	// one act of somebody who used dpkg itself.
	dpkgGap = time.Minute
)

// History reads apt's log of its runs and dpkg's of what was done, each with the
// one before it. Logs that are not there are no error: then nothing is known.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Transaction, error) {
	loc, err := facts.Zone(ctx, m.Host)
	if err != nil {
		return nil, err
	}
	now, err := pkgupdate.Tail(ctx, m.Host, historyLog)
	runs, errs := ParseHistory(now, loc), []error{absentIsNone(err)}
	if len(runs) == 0 || runs[0].Begin.After(since) {
		before, err := m.rotated(ctx, historyLog+".1.gz")
		runs, errs = append(ParseHistory(before, loc), runs...), append(errs, absentIsNone(err))
	}
	var events []pkgupdate.Event
	for _, name := range []string{dpkgLog + ".1", dpkgLog} {
		text, err := pkgupdate.Tail(ctx, m.Host, name)
		events, errs = append(events, dpkg.ParseLog(text, loc, since)...), append(errs, absentIsNone(err))
	}
	runs = append(runs, outside(runs, events)...)
	runs = slices.DeleteFunc(runs, func(t pkgupdate.Transaction) bool { return t.Begin.Before(since) })
	slices.SortStableFunc(runs, func(a, b pkgupdate.Transaction) int { return a.Begin.Compare(b.Begin) })
	return runs, errors.Join(errs...)
}

func absentIsNone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// rotated reads a log that was compressed when it was rotated.
func (m *Manager) rotated(ctx context.Context, name string) ([]byte, error) {
	f, err := m.Host.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	text, err := io.ReadAll(io.LimitReader(unzipped, pkgupdate.MaxTail))
	if err != nil {
		return text, fmt.Errorf("%s: %w", name, err)
	}
	return text, nil
}

// ParseHistory reads apt's history.log, whose times are local ones in loc.
// Stanzas that are damaged are passed over.
func ParseHistory(text []byte, loc *time.Location) []pkgupdate.Transaction {
	var list []pkgupdate.Transaction
	for stanza := range bytes.SplitSeq(text, []byte("\n\n")) {
		if t, ok := parseRun(string(stanza), loc); ok {
			list = append(list, t)
		}
	}
	return list
}

// parseRun reads one stanza.
func parseRun(stanza string, loc *time.Location) (t pkgupdate.Transaction, ok bool) {
	for line := range strings.Lines(stanza) {
		field, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !found {
			continue
		}
		switch field {
		case "Start-Date":
			t.Begin = parseLocal(value, loc)
		case "End-Date":
			t.End = parseLocal(value, loc)
		case "Commandline":
			t.Command = value
		case "Requested-By":
			t.By, _, _ = strings.Cut(value, " (")
		case "Error":
			t.Failed = value
		case "Install", "Upgrade", "Downgrade", "Remove", "Purge":
			t.Events = append(t.Events, parseItems(field, value)...)
		}
	}
	for i := range t.Events {
		t.Events[i].At = t.Begin
	}
	t.ID = "apt-" + t.Begin.UTC().Format(time.RFC3339)
	return t, !t.Begin.IsZero()
}

// parseLocal reads "2026-11-28  06:25:13"; zero where it is none.
func parseLocal(text string, loc *time.Location) time.Time {
	at, err := time.ParseInLocation(time.DateTime, strings.Join(strings.Fields(text), " "), loc)
	if err != nil {
		return time.Time{}
	}
	return at
}

// parseItems reads "tree:amd64 (2.1.0-1), libx:amd64 (1.0, automatic)".
func parseItems(field, text string) []pkgupdate.Event {
	var list []pkgupdate.Event
	for item := range strings.SplitSeq(text, "), ") {
		label, versions, ok := strings.Cut(strings.TrimSuffix(item, ")"), " (")
		if !ok {
			continue
		}
		var e pkgupdate.Event
		e.Name, e.Arch, _ = strings.Cut(label, ":")
		first, second, _ := strings.Cut(versions, ", ")
		switch field {
		case "Install":
			e.To = first
		case "Remove", "Purge":
			e.From = first
		default:
			e.From, e.To = first, second
		}
		if dpkg.ValidName(e.Name) {
			list = append(list, e)
		}
	}
	return list
}

// outside gives the entries of dpkg's log that no run of apt has, as acts of
// their own.
func outside(runs []pkgupdate.Transaction, events []pkgupdate.Event) []pkgupdate.Transaction {
	var list []pkgupdate.Transaction
	for _, e := range events {
		if slices.ContainsFunc(runs, func(t pkgupdate.Transaction) bool { return during(t, e) }) {
			continue
		}
		last := len(list) - 1
		if last < 0 || e.At.Sub(list[last].End) > dpkgGap {
			list = append(list, pkgupdate.Transaction{ID: "dpkg-" + e.At.UTC().Format(time.RFC3339), Begin: e.At, Command: "dpkg"})
			last++
		}
		list[last].End = e.At
		list[last].Events = append(list[last].Events, e)
	}
	return list
}

// during reports whether an entry of dpkg's log is of a run of apt: it names the
// package, and stands in its time. A run without an end may have died.
func during(t pkgupdate.Transaction, e pkgupdate.Event) bool {
	end := t.End
	if end.IsZero() {
		end = t.Begin.Add(time.Hour)
	}
	return !e.At.Before(t.Begin) && !e.At.After(end.Add(time.Second)) &&
		slices.ContainsFunc(t.Events, func(o pkgupdate.Event) bool { return o.Name == e.Name })
}
