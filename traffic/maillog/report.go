package maillog

import (
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// A Report is what a person or a program is told of Stats.
type Report struct {
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
	Zone   string    `json:"zone"` // of hours and days
	Totals Totals    `json:"totals"`
	Days   []Day     `json:"days"`
	Hours  []Hour    `json:"hours"` // of the day, over all days
	// Earlier are the days up to its date together, which are too old to be kept apart.
	Earlier *Day `json:"earlier,omitempty"`

	Senders          []Row `json:"senders"` // most messages first; an empty address is the server's
	SenderDomains    []Row `json:"sender_domains"`
	Recipients       []Row `json:"recipients"`
	RecipientDomains []Row `json:"recipient_domains"`
	SendersBySize    []Row `json:"senders_by_size"`
	RecipientsBySize []Row `json:"recipients_by_size"`
	Clients          []Row `json:"clients"`
	Relays           []Row `json:"relays"`
	Users            []Row `json:"users"` // who logged in to send
	Deferrals        []Row `json:"deferral_reasons"`
	Bounces          []Row `json:"bounce_reasons"`
	Rejects          []Row `json:"reject_reasons"`
	Complaints       []Row `json:"complaints"` // of the server about itself
	Protocols        []Row `json:"protocols"`  // TLS

	Delay  Delay    `json:"delay"`
	Stages [4]Delay `json:"delay_stages"` // before the queue, in it, connecting, sending
	// Open is how many messages were in the queue at the end.
	Open int `json:"open"`
	// MissingAtMost is how often a row that is not in a table was counted at most.
	MissingAtMost int64 `json:"missing_at_most,omitempty"`
}

// A Day is the counts of one day in the report's zone.
type Day struct {
	Date string `json:"date"`
	Counts
}

// An Hour is the counts of one hour of the day.
type Hour struct {
	Hour int `json:"hour"`
	Counts
}

// A Row is what was counted of one key, which may be any bytes.
type Row struct {
	Key   string `json:"key"`
	Count int64  `json:"count"`
	Bytes int64  `json:"bytes,omitempty"`
	Over  int64  `json:"max_over,omitempty"` // by how much Count may be too high
}

// A Delay is how long deliveries took, in seconds; percentiles are right to an eighth.
type Delay struct {
	Count  int64   `json:"count"`
	Median float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// Report gives the first n rows of each table; all of them where n is negative.
func (s *Stats) Report(n int, zone *time.Location) Report {
	if zone == nil {
		zone = time.UTC
	}
	first, last := s.Span()
	r := Report{From: first, To: last, Zone: zone.String(), Totals: s.Totals(), Open: s.messages.open()}
	r.Days, r.Hours = s.days(zone)
	if s.until != 0 {
		r.Earlier = &Day{time.Unix(s.until*3600-1, 0).In(zone).Format(time.DateOnly), s.Earlier}
	}
	rows := func(t *traffic.Top) []Row { return rowsOf(t.First(n)) }
	r.Senders, r.SenderDomains, r.Recipients, r.RecipientDomains = rows(&s.Senders), rows(&s.SenderDomains), rows(&s.Recipients), rows(&s.RecipientDomains)
	r.SendersBySize, r.RecipientsBySize = rowsOf(s.Senders.FirstByBytes(n)), rowsOf(s.Recipients.FirstByBytes(n))
	r.Clients, r.Relays, r.Users = rows(&s.Clients), rows(&s.Relays), rows(&s.Users)
	r.Deferrals, r.Bounces, r.Rejects = rows(&s.Deferrals), rows(&s.Bounces), rows(&s.Rejects)
	r.Complaints, r.Protocols = rows(&s.Complaints), rows(&s.Protocols)
	r.Delay = delayOf(&s.Delays)
	for i := range s.Stages {
		r.Stages[i] = delayOf(&s.Stages[i])
	}
	for _, t := range s.tables() {
		r.MissingAtMost = max(r.MissingAtMost, t.Error())
	}
	return r
}

func rowsOf(entries []traffic.Entry) []Row {
	out := make([]Row, len(entries))
	for i, e := range entries {
		out[i] = Row{e.Key, e.Count, e.Bytes, e.Over}
	}
	return out
}

func delayOf(h *traffic.Histogram) Delay {
	at := func(p float64) float64 {
		v, _ := h.Percentile(p)
		return float64(v) / 1000
	}
	return Delay{h.Count(), at(0.5), at(0.9), at(0.99), float64(h.Max()) / 1000}
}

// days gives the hours by their day, and by their hour of the day, in a zone.
// An hour of a zone that is half an hour off counts where it begins.
func (s *Stats) days(zone *time.Location) ([]Day, []Hour) {
	hours := make([]Hour, 24)
	for i := range hours {
		hours[i].Hour = i
	}
	byDate := map[string]*Counts{}
	for no, c := range s.Hours {
		at := time.Unix(no*3600, 0).In(zone)
		hours[at.Hour()].Add(*c)
		date := at.Format(time.DateOnly)
		if byDate[date] == nil {
			byDate[date] = new(Counts)
		}
		byDate[date].Add(*c)
	}
	days := make([]Day, 0, len(byDate))
	for date, c := range byDate {
		days = append(days, Day{date, *c})
	}
	slices.SortFunc(days, func(a, b Day) int { return strings.Compare(a.Date, b.Date) })
	return days, hours
}
