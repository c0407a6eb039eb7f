package dpkg

import (
	"bytes"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// ParseLog reads /var/log/dpkg.log, whose times are local ones in loc, and
// lists installations, upgrades and removals at or after since. Lines of other
// kinds and damaged ones are passed over.
func ParseLog(text []byte, loc *time.Location, since time.Time) []pkgupdate.Event {
	var list []pkgupdate.Event
	for raw := range bytes.Lines(text) {
		e, ok := parseLogLine(string(raw), loc)
		if ok && !e.At.Before(since) {
			list = append(list, e)
		}
	}
	return list
}

// parseLogLine reads "DATE TIME ACTION NAME:ARCH OLD NEW".
func parseLogLine(line string, loc *time.Location) (e pkgupdate.Event, ok bool) {
	f := strings.Fields(line)
	if len(f) != 6 {
		return e, false
	}
	switch f[2] {
	case "install": // what stands before it is at most configuration
		e.To = f[5]
	case "upgrade":
		e.From, e.To = f[4], f[5]
	case "remove":
		e.From = f[4]
	default:
		return e, false
	}
	var err error
	e.At, err = time.ParseInLocation(time.DateTime, f[0]+" "+f[1], loc)
	e.Name, e.Arch, _ = strings.Cut(f[3], ":")
	return e, err == nil && ValidName(e.Name)
}
