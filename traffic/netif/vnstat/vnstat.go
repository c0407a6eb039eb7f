// Package vnstat reads and writes the history of network interfaces in the JSON of
// vnStat.
//
//	err := vnstat.Import(&archive, printed) // by vnstat --json
//	err = json.NewEncoder(os.Stdout).Encode(vnstat.Of(&archive, time.Local))
//
// Of counts as vnStat does but for two faults: it loses no bytes of a long interval, and
// none where a counter wraps.
package vnstat

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

// A Report is the JSON of vnStat 2, version 2, in which bytes are counted.
type Report struct {
	Version     string      `json:"vnstatversion"`
	JSONVersion string      `json:"jsonversion"`
	Interfaces  []Interface `json:"interfaces"`
}

// An Interface is one interface of it.
type Interface struct {
	Name    string  `json:"name"`
	Alias   string  `json:"alias"`
	Created Moment  `json:"created"`
	Updated Moment  `json:"updated"`
	Traffic Traffic `json:"traffic"`
}

// Traffic is what went through.
type Traffic struct {
	Total       Bytes   `json:"total"`
	FiveMinutes []Entry `json:"fiveminute"`
	Hours       []Entry `json:"hour"`
	Days        []Entry `json:"day"`
	Months      []Entry `json:"month"`
	Years       []Entry `json:"year"`
	Top         []Entry `json:"top"`
}

// Bytes are the bytes of both directions.
type Bytes struct {
	Received uint64 `json:"rx"`
	Sent     uint64 `json:"tx"`
}

// A Moment is a moment in local time.
type Moment struct {
	Date      Date   `json:"date"`
	Time      *Clock `json:"time,omitempty"`
	Timestamp int64  `json:"timestamp"`
}

// An Entry is what went through from a moment on.
type Entry struct {
	ID int `json:"id"`
	Moment
	Bytes
}

// Date is a date, or the part of one that is known.
type Date struct {
	Year  int `json:"year"`
	Month int `json:"month,omitempty"`
	Day   int `json:"day,omitempty"`
}

// Clock is a time of the day.
type Clock struct {
	Hour   int `json:"hour"`
	Minute int `json:"minute"`
}

// moment gives so many parts of a date: 1 the year, 3 the day, 4 the time too.
func moment(t time.Time, parts int) Moment {
	m := Moment{Timestamp: t.Unix(), Date: Date{Year: t.Year()}}
	if parts > 1 {
		m.Date.Month = int(t.Month())
	}
	if parts > 2 {
		m.Date.Day = t.Day()
	}
	if parts > 3 {
		m.Time = &Clock{t.Hour(), t.Minute()}
	}
	return m
}

// Of gives an archive in vnStat's form, with the days of a zone.
func Of(a *netif.Archive, zone *time.Location) Report {
	out := Report{Version: "2.10", JSONVersion: "2", Interfaces: []Interface{}}
	for _, name := range a.Names() {
		t := a.Interfaces[name]
		i := Interface{Name: name, Created: moment(t.Created.In(zone), 3), Updated: moment(t.Updated.In(zone), 4)}
		i.Traffic.Total = Bytes{t.Received, t.Sent}
		i.Traffic.FiveMinutes = entries(buckets(t.FiveMinutes(), zone), 4)
		i.Traffic.Hours = entries(buckets(t.Hours(), zone), 4)
		i.Traffic.Days = entries(t.Local(zone, netif.Daily), 3)
		i.Traffic.Months = entries(t.Local(zone, netif.Monthly), 2)
		i.Traffic.Years = entries(t.Local(zone, netif.Yearly), 1)
		i.Traffic.Top = []Entry{}
		out.Interfaces = append(out.Interfaces, i)
	}
	return out
}

func buckets(r *netif.Ring, zone *time.Location) []netif.Day {
	out := make([]netif.Day, len(r.Buckets))
	for i, b := range r.Buckets {
		out[i] = netif.Day{Begin: time.Unix(b.Start, 0).In(zone), Received: b.Received, Sent: b.Sent}
	}
	return out
}

func entries(days []netif.Day, parts int) []Entry {
	out := make([]Entry, len(days))
	for i, d := range days {
		out[i] = Entry{i + 1, moment(d.Begin, parts), Bytes{d.Received, d.Sent}}
	}
	return out
}

// Import reads vnStat's JSON into an archive that has none of its interfaces yet, so
// that a history goes on where vnStat ended. Of months and years whose days it no
// longer knows the bytes are spread over these days, and marked.
func Import(a *netif.Archive, data []byte) error {
	var in Report
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("vnStat: %w", err)
	}
	if in.JSONVersion != "2" {
		return fmt.Errorf("vnStat: JSON of version %.20q, and not 2", in.JSONVersion)
	}
	read := map[string]*netif.Traffic{}
	for _, i := range in.Interfaces {
		if i.Name == "" || a.Interfaces[i.Name] != nil || read[i.Name] != nil {
			return fmt.Errorf("vnStat: interface %.40q has a history already", i.Name)
		}
		t, err := i.traffic()
		if err != nil {
			return fmt.Errorf("vnStat: interface %.40q: %w", i.Name, err)
		}
		read[i.Name] = t
	}
	if a.Interfaces == nil {
		a.Interfaces = map[string]*netif.Traffic{}
	}
	for name, t := range read {
		a.Interfaces[name] = t
	}
	return nil
}

func (i Interface) traffic() (*netif.Traffic, error) {
	t := netif.NewTraffic(i.Name, time.Unix(i.Created.Timestamp, 0).UTC())
	t.Updated = time.Unix(i.Updated.Timestamp, 0).UTC()
	t.Received, t.Sent = i.Traffic.Total.Received, i.Traffic.Total.Sent
	for _, e := range i.Traffic.FiveMinutes {
		put(t.FiveMinutes(), e.Timestamp, e.Bytes, false)
	}
	for _, e := range i.Traffic.Hours {
		put(t.Hours(), e.Timestamp, e.Bytes, false)
		put(t.Days(), e.Timestamp, e.Bytes, false)
	}
	i.days(t)
	for _, e := range i.Traffic.Months {
		i.spread(t.Days(), e.Bytes, e.Date.begin(), e.Date.begin().AddDate(0, 1, 0))
	}
	for _, e := range i.Traffic.Years {
		i.spread(t.Days(), e.Bytes, e.Date.begin(), e.Date.begin().AddDate(1, 0, 0))
	}
	for at := range t.Rings {
		r := &t.Rings[at]
		received, sent := r.Sum()
		if received > t.Received || sent > t.Sent {
			return nil, errors.New("the parts are more than the total")
		}
		r.Dropped = netif.Bucket{Received: t.Received - received, Sent: t.Sent - sent}
	}
	return t, nil
}

// put adds bytes at a time.
func put(r *netif.Ring, at int64, b Bytes, spread bool) {
	step := int64(r.Step / time.Second)
	r.Put(netif.Bucket{Start: at - (at%step+step)%step, Received: b.Received, Sent: b.Sent, Spread: spread})
}

// less is what b has beyond some buckets.
func (b Bytes) less(buckets []netif.Bucket) Bytes {
	for _, known := range buckets {
		b.Received, b.Sent = b.Received-min(known.Received, b.Received), b.Sent-min(known.Sent, b.Sent)
	}
	return b
}

// days adds what the days have beyond their hours, which are in the days of UTC already:
// a day of vnStat is one of its zone.
func (i Interface) days(t *netif.Traffic) {
	for n, e := range i.Traffic.Days {
		end := e.Timestamp + 24*3600
		if next := n + 1; next < len(i.Traffic.Days) && i.Traffic.Days[next].Timestamp <= end+3600 {
			end = i.Traffic.Days[next].Timestamp // it may have had 23 or 25 hours
		}
		put(t.Days(), e.Date.begin().Unix(), e.less(t.Hours().Between(time.Unix(e.Timestamp, 0), time.Unix(end, 0))), false)
	}
}

// begin is the first moment of a day, a month or a year of UTC, whatever a file says.
func (d Date) begin() time.Time {
	return time.Date(min(max(1970, d.Year), 9999), time.Month(min(max(1, d.Month), 12)), min(max(1, d.Day), 31), 0, 0, 0, 0, time.UTC)
}

// spread gives what a month or a year has beyond its days that are known to those of
// them that are not.
func (i Interface) spread(days *netif.Ring, rest Bytes, begin, end time.Time) {
	known := map[int64]bool{}
	between := days.Between(begin, end)
	for _, b := range between {
		known[b.Start] = true
	}
	rest = rest.less(between)
	var missing []int64
	for at := begin; at.Before(end); at = at.Add(days.Step) {
		if !known[at.Unix()] && !at.Before(i.Created.Date.begin()) && !at.After(i.Updated.Date.begin()) {
			missing = append(missing, at.Unix())
		}
	}
	for n, start := range missing {
		left := uint64(len(missing) - n)
		part := Bytes{rest.Received / left, rest.Sent / left}
		put(days, start, part, true)
		rest.Received, rest.Sent = rest.Received-part.Received, rest.Sent-part.Sent
	}
}
