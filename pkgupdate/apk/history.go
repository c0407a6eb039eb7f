package apk

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const apkLog = "/var/log/apk.log"

// ran heads what apk logs of one run, its time in UTC (apk_out_log_argv in src/print.c).
var ran = regexp.MustCompile("^Running `(.*)` at (\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d)$")

// History reads the log that apk-tools keeps since 2.14, which does not say who asked.
// Before, none is there.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Transaction, error) {
	return pkgupdate.ReadLog(ctx, m.Host, apkLog, since, parseLog)
}

// parseLog reads the steps of each run, and whether it ended well: "OK: …", or "2 errors; …".
func parseLog(text []byte, _ *time.Location) []pkgupdate.Transaction {
	var list []pkgupdate.Transaction
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if f := ran.FindStringSubmatch(line); f != nil {
			at, err := time.Parse(time.DateTime, f[2])
			if err == nil {
				list = append(list, pkgupdate.Transaction{ID: "apk-" + at.Format(time.RFC3339), Begin: at, Command: f[1]})
			}
			continue
		}
		if len(list) == 0 {
			continue // of a run whose head was cut
		}
		t := &list[len(list)-1]
		before, _, ended := strings.Cut(line, ";")
		switch f := step.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "OK: "):
			t.End = t.Begin // when it ended is not said
		case ended && (strings.HasSuffix(before, " errors") || strings.HasSuffix(before, " error")):
			t.End, t.Failed = t.Begin, before
		case f != nil && validName(f[4]):
			if e, ok := eventOf(t.Begin, f); ok {
				t.Events = append(t.Events, e)
			}
		}
	}
	return list
}

// eventOf gives what a step did; false: it changed no package.
func eventOf(at time.Time, f []string) (pkgupdate.Event, bool) {
	e := pkgupdate.Event{At: at, Name: f[4]}
	switch f[3] {
	case "Installing":
		e.To = f[5]
	case "Purging":
		e.From = f[5]
	case "Reinstalling", "Re-installing":
		e.From, e.To = f[5], f[5]
	case "Upgrading", "Downgrading", "Replacing":
		e.From, e.To = f[5], f[6]
	default:
		return e, false
	}
	return e, true
}
