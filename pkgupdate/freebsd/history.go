package freebsd

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const messages = "/var/log/messages"

// History reads what pkg tells syslogd of what it does, a run of pkg by its process.
func (m *Manager) History(ctx context.Context, since time.Time) ([]pkgupdate.Transaction, error) {
	return pkgupdate.ReadLog(ctx, m.Host, messages, since, func(text []byte, loc *time.Location) []pkgupdate.Transaction {
		return parseMessages(text, syslog.Parser{Location: loc, Reference: m.Host.Time()})
	})
}

var (
	changed = regexp.MustCompile(`^(\S+) (?:upgraded|downgraded|reinstalled): (\S+) -> (\S+)$`)
	came    = regexp.MustCompile(`^(\S+)-([^\s-]+) (installed|deinstalled)$`)
)

// parseMessages takes "curl upgraded: 8.7.1 -> 8.8.0" and "tree-2.1.0 installed".
func parseMessages(text []byte, p syslog.Parser) []pkgupdate.Transaction {
	var list []pkgupdate.Transaction
	last := ""
	for line := range strings.Lines(string(text)) {
		h := p.Parse([]byte(strings.TrimSuffix(line, "\n")))
		tag, pid, said := string(h.Tag), string(h.PID), strings.TrimSpace(string(h.Message))
		if tag != "pkg" && tag != "pkg-static" || h.Time.IsZero() {
			continue
		}
		e := pkgupdate.Event{At: h.Time}
		if f := changed.FindStringSubmatch(said); f != nil {
			e.Name, e.From, e.To = f[1], f[2], f[3]
		} else if f := came.FindStringSubmatch(said); f != nil {
			e.Name, e.To = f[1], f[2]
			if f[3] == "deinstalled" {
				e.From, e.To = f[2], ""
			}
		}
		if !validName(e.Name) {
			continue
		}
		if n := len(list); n == 0 || pid != last {
			last = pid
			list = append(list, pkgupdate.Transaction{ID: "pkg-" + pid + "-" + h.Time.UTC().Format(time.RFC3339), Begin: h.Time, Command: tag})
		}
		t := &list[len(list)-1]
		t.End, t.Events = h.Time, append(t.Events, e)
	}
	return list
}
