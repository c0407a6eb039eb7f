package rpm

import (
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const (
	zyppLog = "/var/log/zypp/history"
	// Changes that no command was noted for are of one act while no more time lies
	// between them: YaST and PackageKit note none.
	zyppGap = 10 * time.Minute
)

// parseZypp reads zypper's log: a command, then what was changed by it. It has only
// the new version of what was upgraded; the former one is that which it noted before.
func parseZypp(text []byte, loc *time.Location) []pkgupdate.Transaction {
	var list []pkgupdate.Transaction
	last := map[[2]string]string{} // versions by name and architecture
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		at, err := time.ParseInLocation(time.DateTime, f[0], loc)
		if err != nil || len(f) < 4 {
			continue // what rpm said, or a cut line
		}
		what := strings.TrimSpace(f[1])
		if what == "command" {
			list = append(list, pkgupdate.Transaction{ID: "zypp-" + at.UTC().Format(time.RFC3339), Begin: at, End: at, By: zyppUser(f[2]), Command: zyppCommand(strings.Join(f[3:], "|"))})
			continue
		}
		if len(f) < 6 || what != "install" && what != "remove" || !validName(f[2]) {
			continue
		}
		if n := len(list); n == 0 || at.Sub(list[n-1].End) > zyppGap {
			list = append(list, pkgupdate.Transaction{ID: "zypp-" + at.UTC().Format(time.RFC3339), Begin: at, By: zyppUser(f[5])})
		}
		t, key := &list[len(list)-1], [2]string{f[2], f[4]}
		e := pkgupdate.Event{At: at, Name: f[2], Arch: f[4], From: last[key], To: f[3]}
		if last[key] = f[3]; what == "remove" {
			e.From, e.To = f[3], ""
			delete(last, key)
		}
		t.End, t.Events = at, append(t.Events, e)
	}
	return list
}

// zyppUser takes "anna@host".
func zyppUser(text string) string {
	if name, _, _ := strings.Cut(text, "@"); name != "root" {
		return name
	}
	return ""
}

// zyppCommand takes the quotes from "'zypper' 'update'|".
func zyppCommand(text string) string {
	words := strings.Split(strings.Trim(text, "|"), "' '")
	return strings.Trim(strings.Join(words, " "), "'")
}
