package weblog

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// A Report is what a person or a program is told of Stats.
type Report struct {
	From     time.Time    `json:"from,omitzero"`
	To       time.Time    `json:"to,omitzero"`
	Zone     string       `json:"zone"`
	Totals   Totals       `json:"totals"`
	Days     []DayRow     `json:"days"`
	Earlier  *Earlier     `json:"earlier,omitempty"`
	Hours    []HourRow    `json:"hours"` // of the day
	Statuses []Row        `json:"statuses"`
	Requests []RequestRow `json:"requests"`
	Static   []RequestRow `json:"static"`
	NotFound []RequestRow `json:"not_found"`

	Clients   []Row `json:"clients"`
	VHosts    []Row `json:"virtual_hosts"`
	Users     []Row `json:"users"`
	Referrers []Row `json:"referrers"`
	Sites     []Row `json:"referring_sites"`
	Browsers  []Row `json:"browsers"`
	Systems   []Row `json:"systems"`
	Bots      []Row `json:"bots"`
	Attacks   []Row `json:"attacks"`
	Attackers []Row `json:"attackers"`
	Methods   []Row `json:"methods"`
	Protocols []Row `json:"protocols"`
	Formats   []Row `json:"formats"` // of the lines

	Took *Took `json:"took,omitempty"`
	// MissingAtMost is how often a row that is not in a table was counted at most.
	MissingAtMost int64 `json:"missing_at_most,omitempty"`
}

// Took is how long requests took, in seconds; percentiles are right to an eighth.
type Took struct {
	Median float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// A DayRow is one day.
type DayRow struct {
	Date     string `json:"date"`
	Visitors int64  `json:"visitors"`
	Counts
}

// An HourRow is one hour of the day, over all days.
type HourRow struct {
	Hour int `json:"hour"`
	Counts
}

// A Row is what was counted of one key, which may be any bytes.
type Row struct {
	Key   string `json:"key"`
	Count int64  `json:"count"`
	Bytes int64  `json:"bytes"`
	Over  int64  `json:"max_over,omitempty"` // by how much Count may be too high
}

// A RequestRow is a Row of a request.
type RequestRow struct {
	URL      string `json:"url"`
	Method   string `json:"method"`
	Protocol string `json:"protocol"`
	Count    int64  `json:"count"`
	Bytes    int64  `json:"bytes"`
	Over     int64  `json:"max_over,omitempty"`
}

// Report gives the first n rows of each table; all of them where n is negative.
func (s *Stats) Report(n int) Report {
	r := Report{From: s.First, To: s.Last, Zone: s.opt.Zone.String(), Totals: s.Totals(), Days: []DayRow{}}
	for _, date := range slices.Sorted(maps.Keys(s.Days)) {
		d := s.Days[date]
		r.Days = append(r.Days, DayRow{date, d.Visitors.Count(), d.Counts})
	}
	if s.Earlier.Date != "" {
		r.Earlier = &s.Earlier
	}
	for hour, c := range s.HourOfDay {
		r.Hours = append(r.Hours, HourRow{hour, c})
	}
	for status, c := range s.Statuses {
		if c.Requests > 0 {
			r.Statuses = append(r.Statuses, Row{Key: strconv.Itoa(status), Count: c.Requests, Bytes: c.Bytes})
		}
	}
	r.Requests, r.Static, r.NotFound = requestRows(&s.Requests, n), requestRows(&s.Static, n), requestRows(&s.NotFound, n)
	for to, t := range map[*[]Row]*traffic.Top{
		&r.Clients: &s.Clients, &r.VHosts: &s.VHosts, &r.Users: &s.Users, &r.Referrers: &s.Referrers, &r.Sites: &s.Sites,
		&r.Browsers: &s.Browsers, &r.Systems: &s.Systems, &r.Bots: &s.Bots, &r.Attacks: &s.Attacks, &r.Attackers: &s.Attackers,
		&r.Methods: &s.Methods, &r.Protocols: &s.Protocols, &r.Formats: &s.Formats,
	} {
		*to = []Row{}
		for _, e := range t.First(n) {
			*to = append(*to, Row{e.Key, e.Count, e.Bytes, e.Over})
		}
	}
	if s.Took.Count() > 0 {
		at := func(p float64) float64 { v, _ := s.Took.Percentile(p); return float64(v) / 1e6 }
		r.Took = &Took{at(0.5), at(0.9), at(0.99), float64(s.Took.Max()) / 1e6}
	}
	for _, t := range s.tables() {
		r.MissingAtMost = max(r.MissingAtMost, t.Error())
	}
	return r
}

func requestRows(t *traffic.Top, n int) []RequestRow {
	out := []RequestRow{}
	for _, e := range t.First(n) {
		url, method, protocol := Request(e.Key)
		out = append(out, RequestRow{url, method, protocol, e.Count, e.Bytes, e.Over})
	}
	return out
}
