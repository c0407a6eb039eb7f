package rpm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// maxRuns is how many transactions dnf is asked about, one command each.
const maxRuns = 40

var (
	errForm = errors.New("dnf history: its form is not known")
	errMany = errors.New("dnf history: there are too many transactions to ask about each")
)

// History reads zypper's log, or else asks dnf for its own. Other front ends keep
// none that can be read.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Transaction, error) {
	loc, err := facts.Zone(ctx, m.Host)
	if err != nil {
		return nil, err
	}
	text, err := pkgupdate.Tail(ctx, m.Host, zyppLog)
	if errors.Is(err, fs.ErrNotExist) {
		list, err := m.dnfHistory(ctx, since, loc)
		return pkgupdate.Since(list, since), err
	}
	return pkgupdate.Since(parseZypp(text, loc), since), err
}

// dnfHistory asks for the list, and for each transaction of it that may be meant.
func (m *Manager) dnfHistory(ctx context.Context, since time.Time, loc *time.Location) ([]pkgupdate.Transaction, error) {
	out, err := m.Host.Query(ctx, "dnf", "-q", "-C", "history", "list")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ids, err := dnfRuns(out, since, loc)
	if len(ids) > maxRuns {
		ids, err = ids[:maxRuns], errors.Join(err, errMany)
	}
	var list []pkgupdate.Transaction
	for _, id := range ids {
		out, askErr := m.Host.Query(ctx, "dnf", "-q", "-C", "history", "info", id)
		t, ok := parseDnfRun(out, loc)
		if askErr == nil && !ok {
			askErr = errForm
		}
		if err = errors.Join(err, askErr); ok {
			list = append(list, t)
		}
	}
	return list, err
}

// dnfRuns gives the ids of a list that began at or after a time, the newest first. The
// list tells minutes: "3 | -y remove bar | 2026-11-29 05:09 | Removed | 1".
func dnfRuns(out []byte, since time.Time, loc *time.Location) ([]string, error) {
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, line := range lines {
		f := strings.Split(line, "|")
		n := len(f)
		if n < 4 || strings.HasPrefix(f[0], "ID") {
			continue
		}
		id := strings.TrimSpace(f[0])
		at, err := time.ParseInLocation("2006-01-02 15:04", strings.TrimSpace(f[n-3]), loc)
		if _, idErr := strconv.Atoi(id); idErr != nil || err != nil {
			return ids, fmt.Errorf("%w: %.80q", errForm, line)
		}
		if !at.Before(since.Truncate(time.Minute)) {
			ids = append(ids, id)
		}
	}
	if len(lines) > 0 && !strings.Contains(lines[0], "|") {
		return ids, fmt.Errorf("%w: %.80q", errForm, lines[0])
	}
	return ids, nil
}

// parseDnfRun reads what dnf history info says of one transaction. The user is who
// logged in, also when sudo was used.
func parseDnfRun(out []byte, loc *time.Location) (t pkgupdate.Transaction, ok bool) {
	packages := false
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		if packages && strings.HasPrefix(line, "    ") {
			t.Events = dnfEvent(t.Events, strings.Fields(line))
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		packages = field == "Packages Altered"
		switch strings.TrimSpace(field) {
		case "Transaction ID":
			t.ID = "dnf-" + value
		case "Begin time":
			t.Begin = dnfTime(value, loc)
		case "End time":
			when, _, _ := strings.Cut(value, " (")
			t.End = dnfTime(when, loc)
		case "User":
			t.By = login(value)
		case "Return-Code":
			if value != "Success" {
				t.Failed = value
			}
		case "Command Line":
			t.Command = strings.TrimSpace("dnf " + value)
		}
	}
	for i := range t.Events {
		t.Events[i].At = t.Begin
	}
	return t, t.ID != "" && !t.Begin.IsZero()
}

func dnfTime(text string, loc *time.Location) time.Time {
	at, err := time.ParseInLocation(time.ANSIC, text, loc)
	if err != nil {
		return time.Time{}
	}
	return at
}

// login takes "Anna Smith <anna>"; root and nobody are "".
func login(text string) string {
	i := strings.LastIndexByte(text, '<')
	if i < 0 || !strings.HasSuffix(text, ">") {
		return ""
	}
	if name := text[i+1 : len(text)-1]; name != "root" && name != "unset" {
		return name
	}
	return ""
}

// dnfEvent adds "Upgrade foo-1.0.1-1.noarch @t": of what is replaced the old version
// stands in a line of its own.
func dnfEvent(list []pkgupdate.Event, words []string) []pkgupdate.Event {
	for len(words) > 0 && (words[0] == "**" || words[0] == "##") { // it failed
		words = words[1:]
	}
	if len(words) < 2 {
		return list
	}
	f := nevra.FindStringSubmatch(words[len(words)-1])
	if len(words) > 2 {
		f = nevra.FindStringSubmatch(words[len(words)-2])
	}
	if f == nil || !validName(f[1]) {
		return list
	}
	i := slices.IndexFunc(list, func(e pkgupdate.Event) bool { return e.Name == f[1] && e.Arch == f[3] })
	if i < 0 {
		i, list = len(list), append(list, pkgupdate.Event{Name: f[1], Arch: f[3]})
	}
	switch ver := strings.TrimPrefix(f[2], "0:"); words[0] {
	case "Install", "Upgrade", "Downgrade", "Reinstall", "Dep-Install", "Obsoleting":
		list[i].To = ver
	case "Upgraded", "Downgraded", "Removed", "Erase", "Reinstalled", "Obsoleted":
		list[i].From = ver
	default: // a reason was changed
		return slices.DeleteFunc(list, func(e pkgupdate.Event) bool { return e.From == "" && e.To == "" })
	}
	return list
}
