package maillog

import (
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// Pictures show the mail of each hour, and its bytes.
func (s *Stats) Pictures(zone *time.Location) []traffic.Picture {
	line := func(name string, pick func(*Counts) int64) traffic.NamedLine {
		return traffic.NamedLine{Name: name, Hours: traffic.HoursOf(s.Hours, pick)}
	}
	return []traffic.Picture{
		traffic.Draw("mail, an hour", "", zone, line("received", received), line("delivered", delivered), line("rejected", rejected), line("deferrals", deferrals)),
		traffic.Draw("bytes, an hour", "bytes", zone,
			line("received", func(c *Counts) int64 { return c.BytesReceived }), line("delivered", func(c *Counts) int64 { return c.BytesDelivered })),
	}
}
