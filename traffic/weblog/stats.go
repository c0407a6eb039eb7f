package weblog

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// Options of Stats. The zero Options work.
type Options struct {
	// Zone is that of days and hours; nil is UTC.
	Zone *time.Location
	// Layout is how lines are written, where that is not one of the formats that are
	// known; nil: it is.
	Layout *Layout
	// Goaccess counts as goaccess 1.7 does: only lines in the combined format
	// whose client is an address, by the day that stands in the line.
	Goaccess bool
	// Keys of each table are exactly counted, and ten times as many visitors of all
	// days together; zero: traffic.DefaultKeys.
	Keys int
	Seed uint64 // see traffic.Distinct
	// Pseudonyms, where they have a secret, stand for clients and users.
	Pseudonyms traffic.Pseudonyms
}

// Counts are the numbers of a time.
type Counts struct {
	Requests int64    `json:"requests"` // that were understood
	Bytes    int64    `json:"bytes"`
	Classes  [6]int64 `json:"classes"` // by the first digit of the status; 0: none known
	Bots     int64    `json:"bots"`
	Attacks  int64    `json:"attacks"` // that look like one
}

// Add adds the numbers of another time.
func (c *Counts) Add(o Counts) {
	c.Requests, c.Bytes, c.Bots, c.Attacks = c.Requests+o.Requests, c.Bytes+o.Bytes, c.Bots+o.Bots, c.Attacks+o.Attacks
	for i, n := range o.Classes {
		c.Classes[i] += n
	}
}

// Totals are the numbers of all that was read.
type Totals struct {
	TotalRequests     int64 `json:"total_requests"` // valid and failed
	ValidRequests     int64 `json:"valid_requests"`
	FailedRequests    int64 `json:"failed_requests"` // lines that are no request
	UniqueVisitors    int64 `json:"unique_visitors"` // summed over the days
	UniqueFiles       int64 `json:"unique_files"`
	UniqueStaticFiles int64 `json:"unique_static_files"`
	UniqueNotFound    int64 `json:"unique_not_found"`
	UniqueReferrers   int64 `json:"unique_referrers"`
	Bandwidth         int64 `json:"bandwidth"`
	Bots              int64 `json:"bots"`
	Attacks           int64 `json:"attacks"`
	// Approximate says that some number of different things is no exact count.
	Approximate bool `json:"approximate,omitempty"`
}

// Stats are the numbers of access logs. It is a traffic.Analyzer. New makes one.
type Stats struct {
	First, Last time.Time
	Failed      int64
	Hours       map[int64]*Counts // by hours since 1970: the last of 400 days
	Days        map[string]*Day   // 2026-11-25, in the zone: 400 of them
	Earlier     Earlier           // of older days together
	HourOfDay   [24]Counts
	Statuses    [1000]Counts

	Requests, Static, NotFound traffic.Top // by request, see Request
	Clients, VHosts, Users     traffic.Top
	Referrers, Sites           traffic.Top
	Browsers, Systems, Bots    traffic.Top
	Attacks, Attackers         traffic.Top
	Methods, Protocols         traffic.Top
	Formats                    traffic.Top

	Took traffic.Histogram // microseconds

	opt    Options
	visits *visits // nil: not counted
	own    *part
	spare  chan *notes // to be used again

	key    []byte
	day    *Day
	dayOf  int64 // the quarter of an hour of day
	hour   *Counts
	hourNo int64
	clock  int
	hits   int // since the visitors were bounded
}

// Earlier is what was counted of days that are too old to be kept apart.
type Earlier struct {
	First string `json:"first,omitempty"`
	Date  string `json:"date,omitempty"` // the last of them; "": there are none
	Counts
	Visitors    int64 `json:"visitors"`              // summed over these days
	Approximate bool  `json:"approximate,omitempty"` // Visitors is no exact count
}

// A Day is what was counted of one day.
type Day struct {
	Counts
	Visitors traffic.Distinct `json:"visitors"`
}

// New makes empty Stats.
func New(o Options) *Stats {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Keys <= 0 {
		o.Keys = traffic.DefaultKeys
	}
	s := &Stats{opt: o, Hours: map[int64]*Counts{}, Days: map[string]*Day{}, spare: make(chan *notes, maxSpare)}
	s.own = newPart(&s.opt, s.spare)
	if o.Goaccess {
		s.visits = newVisits(o.Keys)
	}
	for _, t := range s.tables() {
		t.Most, t.Seed = o.Keys, o.Seed
	}
	return s
}

func (s *Stats) tables() []*traffic.Top {
	return []*traffic.Top{
		&s.Requests, &s.Static, &s.NotFound, &s.Clients, &s.VHosts, &s.Users, &s.Referrers, &s.Sites,
		&s.Browsers, &s.Systems, &s.Bots, &s.Attacks, &s.Attackers, &s.Methods, &s.Protocols, &s.Formats,
	}
}

// Totals sums up all days.
func (s *Stats) Totals() Totals {
	e := s.Earlier
	t := Totals{FailedRequests: s.Failed, ValidRequests: e.Requests, Bandwidth: e.Bytes, Bots: e.Bots, Attacks: e.Attacks, UniqueVisitors: e.Visitors}
	exact := !e.Approximate
	for _, d := range s.Days {
		t.ValidRequests, t.Bandwidth, t.Bots, t.Attacks = t.ValidRequests+d.Requests, t.Bandwidth+d.Bytes, t.Bots+d.Bots, t.Attacks+d.Attacks
		t.UniqueVisitors += d.Visitors.Count()
		exact = exact && d.Visitors.Exact()
	}
	t.TotalRequests = t.ValidRequests + t.FailedRequests
	for _, c := range []struct {
		to  *int64
		top *traffic.Top
	}{{&t.UniqueFiles, &s.Requests}, {&t.UniqueStaticFiles, &s.Static}, {&t.UniqueNotFound, &s.NotFound}, {&t.UniqueReferrers, &s.Referrers}} {
		n, ok := c.top.Keys()
		*c.to, exact = n, exact && ok
	}
	t.Approximate = !exact
	return t
}

func (s *Stats) count(h *hit) {
	s.time(h)
	one := Counts{Requests: 1, Bytes: h.Bytes}
	one.Classes[classOf(h.Status)] = 1
	if h.agent.bot {
		one.Bots = 1
	}
	if h.attack != "" {
		one.Attacks = 1
		s.Attacks.Add([]byte(h.attack), 1, h.Bytes)
		s.Attackers.Add(h.Client, 1, h.Bytes)
	}
	s.hour.Add(one)
	s.day.Add(one)
	s.HourOfDay[s.clock].Add(one)
	s.Statuses[h.Status].Add(one)
	if h.Status < 400 || h.Status > 499 {
		s.day.Visitors.AddHash(h.visitor)
		if s.visits != nil {
			s.visit(h)
		}
	}
	s.rows(h)
	if h.Took >= 0 {
		s.Took.Add(uint64(h.Took/time.Microsecond), 1)
	}
}

func classOf(status int) int {
	if status >= 100 && status < 600 {
		return status / 100
	}
	return 0
}

// rows counts in the tables.
func (s *Stats) rows(h *hit) {
	table := &s.Requests
	switch {
	case h.Status == 404:
		table = &s.NotFound
	case h.static:
		table = &s.Static
	}
	table.Add(h.request, 1, h.Bytes)
	s.Clients.Add(h.Client, 1, h.Bytes)
	s.Formats.Add([]byte(h.Format.String()), 1, h.Bytes)
	s.Referrers.Add(h.Referrer, 1, h.Bytes)
	add := func(t *traffic.Top, key []byte) {
		if len(key) > 0 {
			t.Add(key, 1, h.Bytes)
		}
	}
	add(&s.VHosts, h.VHost)
	add(&s.Users, h.User)
	add(&s.Methods, h.Method)
	add(&s.Protocols, h.Protocol)
	add(&s.Sites, siteOf(h.Referrer))
	if h.agent.bot {
		s.Bots.Add([]byte(h.agent.browser), 1, h.Bytes)
		return
	}
	add(&s.Browsers, []byte(h.agent.browser))
	add(&s.Systems, []byte(h.agent.system))
}

// time chooses the hour and day in which is counted.
func (s *Stats) time(h *hit) {
	if s.First.IsZero() || h.Time.Before(s.First) {
		s.First = h.Time
	}
	if h.Time.After(s.Last) {
		s.Last = h.Time
	}
	no := traffic.HourOf(h.Time)
	if s.hour == nil || no != s.hourNo {
		s.hour, s.hourNo = s.hourAt(no), no
	}
	if s.opt.Goaccess {
		s.logged(h)
		return
	}
	quarter := no*4 + (h.Time.Unix()-no*3600)/900 // zones differ by these
	if s.day == nil || quarter != s.dayOf {
		at := h.Time.In(s.opt.Zone)
		s.day, s.dayOf, s.clock = s.dayAt(at.Format(time.DateOnly)), quarter, at.Hour()
	}
}

func (s *Stats) dayAt(date string) *Day {
	d := grow(s.Days, date)
	d.Visitors.Most, d.Visitors.Seed = s.opt.Keys, s.opt.Seed
	if date <= s.Earlier.Date { // its visitors may be counted there
		s.Earlier.Approximate = true
	}
	traffic.Fold(s.Days, traffic.KeepDays, s.fold, date)
	return d
}

// fold adds a day to those that are too old to be kept apart.
func (s *Stats) fold(date string, d *Day) {
	e := &s.Earlier
	e.span(date, date)
	e.Add(d.Counts)
	e.Visitors += d.Visitors.Count()
	e.Approximate = e.Approximate || !d.Visitors.Exact()
}

func (e *Earlier) span(first, last string) {
	if e.Date == "" || last != "" && first < e.First {
		e.First = first
	}
	e.Date = max(e.Date, last)
}

func (s *Stats) hourAt(no int64) *Counts {
	c := grow(s.Hours, no)
	traffic.Fold(s.Hours, traffic.KeepDays*24, func(int64, *Counts) {}, no) // the days have its sum
	return c
}

// fewVisitors take less room one by one than estimated.
const fewVisitors = 2048

// boundVisitors lets those of old days be estimated where there are very many.
func (s *Stats) boundVisitors() {
	s.hits = 0
	held, most, few := 0, 10*s.opt.Keys, min(fewVisitors, s.opt.Keys/8)
	for _, d := range s.Days {
		held += d.Visitors.Held()
	}
	if held <= most {
		return
	}
	for _, date := range slices.Sorted(maps.Keys(s.Days)) {
		if n := s.Days[date].Visitors.Held(); held > most*7/8 && n > few {
			s.Days[date].Visitors.Estimate()
			held -= n
		}
	}
}

// logged takes day and hour as they stand in the line, whatever its zone.
func (s *Stats) logged(h *hit) {
	d := h.Date
	month := bytes.Index([]byte(months), d[3:6])/3 + 1
	s.key = append(append(s.key[:0], d[7:11]...), '-', byte('0'+month/10), byte('0'+month%10), '-')
	s.key = append(s.key, d[:2]...)
	if s.day = s.Days[string(s.key)]; s.day == nil {
		s.day = s.dayAt(string(s.key))
	}
	s.clock = h.hour
}

func grow[K comparable, V any](m map[K]*V, key K) *V {
	v := m[key]
	if v == nil {
		v = new(V)
		m[key] = v
	}
	return v
}
