package rpm

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const (
	// yumText is all that yum before 3.2.25 keeps, as that of Red Hat Enterprise Linux 5.
	yumText = "/var/log/yum.log"
	// Changes are of one act while no more time lies between them: it notes no command.
	yumGap = 10 * time.Minute
	// unknown stands for the former version of what was updated: the log has the new one.
	unknown = "unknown"
)

var (
	yumLine = regexp.MustCompile(`^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) ((?:Dep )?Installed|Updated|Erased|Obsoleted): (?:(\d+):)?(\S+)(?: (\S+))?$`)
	// oldName is how yum 2 has it: "zlib.i386 1.2.1.2-1.2".
	oldName = regexp.MustCompile(`^(\S+)\.([A-Za-z0-9_]+)$`)
)

// yumTextHistory reads the log of a yum that keeps no history.
func (m *Manager) yumTextHistory(ctx context.Context, loc *time.Location) ([]pkgupdate.Transaction, error) {
	st, err := m.Host.Lstat(ctx, yumText)
	if err == nil {
		var text []byte
		if text, err = pkgupdate.Tail(ctx, m.Host, yumText); err == nil {
			return parseYumText(text, st.ModTime().In(loc)), nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return nil, err
}

// parseYumText reads lines as "Jan 24 18:10:05 Updated: 1:openssl-libs-1.0.1e-51.el7.x86_64".
// Of what was erased they have only the name, and the year nowhere: no line is of later than
// the next one, nor the last one of later than the file.
func parseYumText(text []byte, end time.Time) []pkgupdate.Transaction {
	var events []pkgupdate.Event
	lines := slices.Collect(strings.Lines(string(text)))
	for _, line := range slices.Backward(lines) {
		f := yumLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if f == nil {
			continue // a message, or a cut line
		}
		at, ok := withYear(f[1], end)
		if e := yumTextEvent(f); ok && validName(e.Name) {
			end, e.At = at, at
			events = append(events, e)
		}
	}
	var list []pkgupdate.Transaction
	last := map[[2]string]string{} // versions by name and architecture
	for _, e := range slices.Backward(events) {
		key := [2]string{e.Name, e.Arch}
		if before := last[key]; before != "" && e.From == unknown {
			e.From = before
		}
		last[key] = e.To
		if n := len(list); n == 0 || e.At.Sub(list[n-1].End) > yumGap {
			list = append(list, pkgupdate.Transaction{ID: "yum-" + e.At.UTC().Format(time.RFC3339), Begin: e.At})
		}
		t := &list[len(list)-1]
		t.End, t.Events = e.At, append(t.Events, e)
	}
	return list
}

// yumTextEvent gives what a line says; without a name it says nothing.
func yumTextEvent(f []string) (e pkgupdate.Event) {
	what, epoch, name, ver := f[2], f[3], f[4], f[5]
	if what == "Erased" || what == "Obsoleted" {
		return pkgupdate.Event{Name: name, From: unknown}
	}
	if p := nevra.FindStringSubmatch(name); p != nil && ver == "" {
		e = pkgupdate.Event{Name: p[1], Arch: p[3], To: p[2]}
		if epoch != "" && epoch != "0" {
			e.To = epoch + ":" + e.To
		}
	} else if p := oldName.FindStringSubmatch(name); p != nil && ver != "" {
		e = pkgupdate.Event{Name: p[1], Arch: p[2], To: strings.TrimPrefix(ver, "0:")}
	}
	if what == "Updated" {
		e.From = unknown
	}
	return e
}

// withYear is the latest time of this form that is not after another. A day more is for
// clocks that were set, and for a line that came after the file was looked at.
func withYear(text string, end time.Time) (time.Time, bool) {
	for year := end.Year() + 1; year > end.Year()-9; year-- { // leap years are up to eight apart
		at, err := time.ParseInLocation("2006 Jan _2 15:04:05", time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006 ")+text, end.Location())
		if err == nil && !at.After(end.AddDate(0, 0, 1)) {
			return at, true
		}
	}
	return time.Time{}, false
}
