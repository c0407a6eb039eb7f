package weblog

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// Pictures show the requests of each hour by the class of their answer, and the
// bytes that were sent, and of months those of each day.
func (s *Stats) Pictures() []traffic.Picture {
	line := func(name string, pick func(*Counts) int64) traffic.NamedLine {
		return traffic.NamedLine{Name: name, Hours: traffic.HoursOf(s.Hours, pick)}
	}
	class := func(name string, i int) traffic.NamedLine {
		return line(name, func(c *Counts) int64 { return c.Classes[i] })
	}
	return slices.Concat(
		traffic.Draw("requests", "", s.opt.Zone,
			line("all", func(c *Counts) int64 { return c.Requests }), class("3xx", 3), class("4xx", 4), class("5xx", 5)),
		traffic.Draw("bytes", "bytes", s.opt.Zone, line("sent", func(c *Counts) int64 { return c.Bytes })),
		traffic.Year("requests", "", s.opt.Zone, s.Hours, func(c *Counts) int64 { return c.Requests }),
	)
}
