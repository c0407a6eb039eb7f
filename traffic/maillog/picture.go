package maillog

import (
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// Pictures show the mail of each hour and its bytes, and of months that of each day.
func (s *Stats) Pictures(zone *time.Location) []traffic.Picture {
	line := func(name string, pick func(*Counts) int64) traffic.NamedLine {
		return traffic.NamedLine{Name: name, Hours: traffic.HoursOf(s.Hours, pick)}
	}
	return slices.Concat(
		traffic.Draw("mail", "", zone, line("received", received), line("delivered", delivered), line("rejected", rejected), line("deferrals", deferrals)),
		traffic.Draw("bytes", "bytes", zone,
			line("received", func(c *Counts) int64 { return c.BytesReceived }), line("delivered", func(c *Counts) int64 { return c.BytesDelivered })),
		traffic.Year("mail received", "", zone, s.Hours, received),
	)
}
