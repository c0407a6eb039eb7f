package weblog

import "github.com/pugetsoundtech/upkeep/traffic"

// Pictures show the requests of each hour by the class of their answer, and the
// bytes that were sent.
func (s *Stats) Pictures() []traffic.Picture {
	line := func(name string, pick func(*Counts) int64) traffic.NamedLine {
		return traffic.NamedLine{Name: name, Hours: traffic.HoursOf(s.Hours, pick)}
	}
	class := func(name string, i int) traffic.NamedLine {
		return line(name, func(c *Counts) int64 { return c.Classes[i] })
	}
	return []traffic.Picture{
		traffic.Draw("requests, an hour", "", s.opt.Zone,
			line("all", func(c *Counts) int64 { return c.Requests }), class("3xx", 3), class("4xx", 4), class("5xx", 5)),
		traffic.Draw("bytes, an hour", "bytes", s.opt.Zone, line("sent", func(c *Counts) int64 { return c.Bytes })),
	}
}
