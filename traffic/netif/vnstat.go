package netif

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A VnStat is the JSON of vnStat 2, version 2, in which bytes are counted.
type VnStat struct {
	Version     string            `json:"vnstatversion"`
	JSONVersion string            `json:"jsonversion"`
	Interfaces  []VnStatInterface `json:"interfaces"`
}

// A VnStatInterface is one interface of it.
type VnStatInterface struct {
	Name    string        `json:"name"`
	Alias   string        `json:"alias"`
	Created VnStatMoment  `json:"created"`
	Updated VnStatMoment  `json:"updated"`
	Traffic VnStatTraffic `json:"traffic"`
}

// VnStatTraffic is what went through.
type VnStatTraffic struct {
	Total       VnStatBytes   `json:"total"`
	FiveMinutes []VnStatEntry `json:"fiveminute"`
	Hours       []VnStatEntry `json:"hour"`
	Days        []VnStatEntry `json:"day"`
	Months      []VnStatEntry `json:"month"`
	Years       []VnStatEntry `json:"year"`
	Top         []VnStatEntry `json:"top"`
}

// VnStatBytes are the bytes of both directions.
type VnStatBytes struct {
	Received uint64 `json:"rx"`
	Sent     uint64 `json:"tx"`
}

// A VnStatMoment is a moment in local time.
type VnStatMoment struct {
	Date      VnStatDate   `json:"date"`
	Time      *VnStatClock `json:"time,omitempty"`
	Timestamp int64        `json:"timestamp"`
}

// A VnStatEntry is what went through from a moment on.
type VnStatEntry struct {
	ID int `json:"id"`
	VnStatMoment
	VnStatBytes
}

// VnStatDate is a date, or the part of one that is known.
type VnStatDate struct {
	Year  int `json:"year"`
	Month int `json:"month,omitempty"`
	Day   int `json:"day,omitempty"`
}

// VnStatClock is a time of the day.
type VnStatClock struct {
	Hour   int `json:"hour"`
	Minute int `json:"minute"`
}

// moment gives so many parts of a date: 1 the year, 3 the day, 4 the time too.
func moment(t time.Time, parts int) VnStatMoment {
	m := VnStatMoment{Timestamp: t.Unix(), Date: VnStatDate{Year: t.Year()}}
	if parts > 1 {
		m.Date.Month = int(t.Month())
	}
	if parts > 2 {
		m.Date.Day = t.Day()
	}
	if parts > 3 {
		m.Time = &VnStatClock{t.Hour(), t.Minute()}
	}
	return m
}

// VnStat gives the archive in vnStat's form, with the days of a zone.
func (a *Archive) VnStat(zone *time.Location) VnStat {
	out := VnStat{Version: "2.10", JSONVersion: "2", Interfaces: []VnStatInterface{}}
	for _, name := range a.Names() {
		t := a.Interfaces[name]
		i := VnStatInterface{Name: name, Created: moment(t.Created.In(zone), 3), Updated: moment(t.Updated.In(zone), 4)}
		i.Traffic.Total = VnStatBytes{t.Received, t.Sent}
		i.Traffic.FiveMinutes = entries(buckets(t.FiveMinutes(), zone), 4)
		i.Traffic.Hours = entries(buckets(t.Hours(), zone), 4)
		i.Traffic.Days = entries(t.Local(zone, Daily), 3)
		i.Traffic.Months = entries(t.Local(zone, Monthly), 2)
		i.Traffic.Years = entries(t.Local(zone, Yearly), 1)
		i.Traffic.Top = []VnStatEntry{}
		out.Interfaces = append(out.Interfaces, i)
	}
	return out
}

func buckets(r *Ring, zone *time.Location) []Day {
	out := make([]Day, len(r.Buckets))
	for i, b := range r.Buckets {
		out[i] = Day{time.Unix(b.Start, 0).In(zone), b.Received, b.Sent}
	}
	return out
}

func entries(days []Day, parts int) []VnStatEntry {
	out := make([]VnStatEntry, len(days))
	for i, d := range days {
		out[i] = VnStatEntry{i + 1, moment(d.Begin, parts), VnStatBytes{d.Received, d.Sent}}
	}
	return out
}

// ImportVnStat reads vnStat's JSON into an archive that has none of its
// interfaces yet, so that a history goes on where vnStat ended.
func (a *Archive) ImportVnStat(data []byte) error {
	var in VnStat
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("vnStat: %w", err)
	}
	if in.JSONVersion != "2" {
		return fmt.Errorf("vnStat: JSON of version %.20q, and not 2", in.JSONVersion)
	}
	read := map[string]*Traffic{}
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
		a.Interfaces = map[string]*Traffic{}
	}
	for name, t := range read {
		a.Interfaces[name] = t
	}
	return nil
}

func (i VnStatInterface) traffic() (*Traffic, error) {
	t := newTraffic(i.Name, time.Unix(i.Created.Timestamp, 0).UTC())
	t.Updated = time.Unix(i.Updated.Timestamp, 0).UTC()
	t.Received, t.Sent = i.Traffic.Total.Received, i.Traffic.Total.Sent
	for at, list := range [len(steps)][]VnStatEntry{i.Traffic.FiveMinutes, i.Traffic.Hours, i.Traffic.Days} {
		r := &t.Rings[at]
		step := int64(r.Step / time.Second)
		for _, e := range list {
			r.put(Bucket{Start: (e.Timestamp - mod(e.Timestamp, step)), Received: e.Received, Sent: e.Sent})
		}
		received, sent := r.Sum()
		if received > t.Received || sent > t.Sent {
			return nil, errors.New("the parts are more than the total")
		}
		r.Dropped = Bucket{Received: t.Received - received, Sent: t.Sent - sent}
	}
	return t, nil
}

func mod(n, step int64) int64 { return (n%step + step) % step }
