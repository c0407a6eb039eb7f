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

// maxRuns is how many transactions dnf or yum is asked about, one command each.
const maxRuns = 40

// yumLog is where yum keeps its history, since version 3.2.25.
const yumLog = "/var/lib/yum/history"

var (
	errForm = errors.New("its form is not known")
	errMany = errors.New("there are too many transactions to ask about each")
)

// A runLog is a front end that tells its transactions as a table, and each as a page.
type runLog struct {
	program string
	ask     func(ctx context.Context, args ...string) ([]byte, error)
	all     []string // beside "history list", so that the table is whole
}

// History reads zypper's log, or else asks dnf for its own, or yum. Other front ends
// keep none that can be read.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Transaction, error) {
	loc, err := facts.Zone(ctx, m.Host)
	if err != nil {
		return nil, err
	}
	text, err := pkgupdate.Tail(ctx, m.Host, zyppLog)
	if errors.Is(err, fs.ErrNotExist) {
		list, err := runLog{"dnf", m.Host.Query, nil}.history(ctx, since, loc)
		if errors.Is(err, exec.ErrNotFound) {
			list, err = m.yumHistory(ctx, since, loc)
		}
		return pkgupdate.Since(list, since), err
	}
	return pkgupdate.Since(parseZypp(text, loc), since), err
}

// yumHistory asks yum, where it keeps a history, and else reads its log.
func (m *Manager) yumHistory(ctx context.Context, since time.Time, loc *time.Location) ([]pkgupdate.Transaction, error) {
	switch kept, err := m.Host.ReadDir(ctx, yumLog); {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(kept) == 0:
		return m.yumTextHistory(ctx, loc)
	case err != nil:
		return nil, err
	}
	return runLog{"yum", m.yumAsk, []string{"all"}}.history(ctx, since, loc)
}

// history asks for the list, and for each transaction of it that may be meant.
func (l runLog) history(ctx context.Context, since time.Time, loc *time.Location) ([]pkgupdate.Transaction, error) {
	command := []string{l.program, "-q", "-C", "history"}
	out, err := l.ask(ctx, slices.Concat(command, []string{"list"}, l.all)...)
	if err != nil {
		return nil, err
	}
	ids, err := l.runs(out, since, loc)
	if len(ids) > maxRuns {
		ids, err = ids[:maxRuns], errors.Join(err, fmt.Errorf("%s history: %w", l.program, errMany))
	}
	var list []pkgupdate.Transaction
	for _, id := range ids {
		out, askErr := l.ask(ctx, slices.Concat(command, []string{"info", id})...)
		t, ok := l.parse(out, loc)
		if askErr == nil && !ok {
			askErr = fmt.Errorf("%s history info %s: %w", l.program, id, errForm)
		}
		if err = errors.Join(err, askErr); ok {
			list = append(list, t)
		}
	}
	return list, err
}

// runs gives the ids of a list that began at or after a time, the newest first. The
// list tells minutes: "3 | -y remove bar | 2026-11-29 05:09 | Removed | 1".
func (l runLog) runs(out []byte, since time.Time, loc *time.Location) ([]string, error) {
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, fmt.Errorf("%s history: %w", l.program, err)
	}
	var ids []string
	headed := len(lines) == 0
	for _, line := range lines {
		f := strings.Split(line, "|")
		n := len(f)
		if n < 4 || !headed {
			headed = headed || n >= 4 && strings.HasPrefix(f[0], "ID")
			continue
		}
		id := strings.TrimSpace(f[0])
		at, err := time.ParseInLocation("2006-01-02 15:04", strings.TrimSpace(f[n-3]), loc)
		if _, idErr := strconv.Atoi(id); idErr != nil || err != nil {
			return ids, fmt.Errorf("%s history: %w: %.80q", l.program, errForm, line)
		}
		if !at.Before(since.Truncate(time.Minute)) {
			ids = append(ids, id)
		}
	}
	if !headed {
		return ids, fmt.Errorf("%s history: %w: %.80q", l.program, errForm, lines[0])
	}
	return ids, nil
}

// parse reads what history info says of one transaction. The user is who logged in, also
// when sudo was used.
func (l runLog) parse(out []byte, loc *time.Location) (t pkgupdate.Transaction, ok bool) {
	packages, last := false, ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\n")
		if packages && (strings.HasPrefix(line, "    ") || strings.HasPrefix(line, " ** ") || strings.HasPrefix(line, " ## ")) {
			t.Events, last = runEvent(t.Events, strings.Fields(line), last)
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		packages = field == "Packages Altered"
		switch strings.TrimSpace(field) {
		case "Transaction ID":
			t.ID = l.program + "-" + value
		case "Begin time":
			t.Begin = dnfTime(value, loc)
		case "End time":
			when, _, _ := strings.Cut(value, "(")
			t.End = runEnd(t.Begin, when, loc)
		case "User":
			t.By = login(value)
		case "Return-Code":
			if value != "Success" {
				t.Failed = value
			}
		case "Command Line":
			t.Command = strings.TrimSpace(l.program + " " + value)
		}
	}
	for i := range t.Events {
		t.Events[i].At = t.Begin
	}
	return t, t.ID != "" && !t.Begin.IsZero()
}

// runEnd reads when a transaction ended. Of that yum leaves out the words with which its
// begin has it too, in front.
func runEnd(begin time.Time, text string, loc *time.Location) time.Time {
	words, end := strings.Fields(begin.Format(time.ANSIC)), strings.Fields(text)
	if len(end) < len(words) {
		end = slices.Concat(words[:len(words)-len(end)], end)
	}
	return dnfTime(strings.Join(end, " "), loc)
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

// runEvent adds "Upgrade foo-1.0.1-1.noarch @t": of what is replaced the old version
// stands in a line of its own. After such a line yum leaves out the name, which is the last
// one: "Update 1.0.1-1.noarch @t".
func runEvent(list []pkgupdate.Event, words []string, last string) ([]pkgupdate.Event, string) {
	for len(words) > 0 && (words[0] == "**" || words[0] == "##") { // it failed
		words = words[1:]
	}
	if len(words) < 2 {
		return list, last
	}
	f := nevra.FindStringSubmatch(words[1])
	if f == nil {
		f = nevra.FindStringSubmatch(last + "-" + words[1])
	}
	if f == nil || !validName(f[1]) {
		return list, last
	}
	i := slices.IndexFunc(list, func(e pkgupdate.Event) bool { return e.Name == f[1] && e.Arch == f[3] })
	if i < 0 {
		i, list = len(list), append(list, pkgupdate.Event{Name: f[1], Arch: f[3]})
	}
	switch ver := strings.TrimPrefix(f[2], "0:"); words[0] {
	case "Install", "Upgrade", "Update", "Downgrade", "Dep-Install", "Obsoleting":
		list[i].To = ver
	case "Upgraded", "Updated", "Downgraded", "Removed", "Erase", "Obsoleted":
		list[i].From = ver
	case "Reinstall", "Reinstalled":
		list[i].From, list[i].To = ver, ver
	default: // a reason was changed
		return slices.DeleteFunc(list, func(e pkgupdate.Event) bool { return e.From == "" && e.To == "" }), last
	}
	return list, f[1]
}
