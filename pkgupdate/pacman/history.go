package pacman

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const pacmanLog = "/var/log/pacman.log"

// History reads pacman's log, which does not say who asked.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Transaction, error) {
	return pkgupdate.ReadLog(ctx, m.Host, pacmanLog, since, parseLog)
}

var (
	logged = regexp.MustCompile(`^\[([0-9T:+ -]+)\] \[(PACMAN|ALPM)\] (.*)$`)
	done   = regexp.MustCompile(`^(installed|removed|upgraded|downgraded|reinstalled) (\S+) \((\S+)(?: -> (\S+))?\)$`)
)

// parseLog reads the lines of a transaction: it starts, changes packages, and is
// completed, fails, or is interrupted. The command stands before it.
func parseLog(text []byte, loc *time.Location) []pkgupdate.Transaction {
	var list []pkgupdate.Transaction
	command, open := "", false
	for line := range strings.Lines(string(text)) {
		f := logged.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if f == nil {
			continue // what a script of a package said
		}
		at := logTime(f[1], loc)
		if words, ok := strings.CutPrefix(f[3], "Running '"); ok && f[2] == "PACMAN" {
			command = strings.TrimSuffix(words, "'")
		}
		if f[2] != "ALPM" || at.IsZero() {
			continue
		}
		what, isEnd := strings.CutPrefix(f[3], "transaction ")
		change := done.FindStringSubmatch(f[3])
		switch {
		case isEnd && what == "started":
			list, open = append(list, pkgupdate.Transaction{ID: "pacman-" + at.UTC().Format(time.RFC3339Nano), Begin: at, Command: command}), true
		case !open:
		case isEnd:
			t := &list[len(list)-1]
			t.End, open = at, false
			if what != "completed" {
				t.Failed = "the transaction " + what
			}
		case change != nil && validName(change[2]):
			t := &list[len(list)-1]
			t.Events = append(t.Events, eventOf(at, change))
		}
	}
	return list
}

func eventOf(at time.Time, f []string) pkgupdate.Event {
	e := pkgupdate.Event{At: at, Name: f[2]}
	switch f[1] {
	case "installed":
		e.To = f[3]
	case "removed":
		e.From = f[3]
	case "reinstalled":
		e.From, e.To = f[3], f[3]
	default:
		e.From, e.To = f[3], f[4]
	}
	return e
}

// logTime reads the form with a zone, and that of pacman before 5.2.
func logTime(text string, loc *time.Location) time.Time {
	for _, form := range []string{"2006-01-02T15:04:05-0700", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(form, text, loc); err == nil {
			return at
		}
	}
	return time.Time{}
}
