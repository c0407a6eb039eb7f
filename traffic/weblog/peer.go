package weblog

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// A PeerReport has the numbers of goaccess in the form of its JSON. The visitors
// of single items are not counted.
type PeerReport struct {
	Totals  Totals      `json:"totals"`
	General PeerGeneral `json:"general"`

	Visitors    PeerPanel `json:"visitors"`
	Requests    PeerPanel `json:"requests"`
	Static      PeerPanel `json:"static_requests"`
	NotFound    PeerPanel `json:"not_found"`
	Hosts       PeerPanel `json:"hosts"`
	VisitTime   PeerPanel `json:"visit_time"`
	Sites       PeerPanel `json:"referring_sites"`
	StatusCodes PeerPanel `json:"status_codes"`
}

// PeerGeneral are goaccess's general numbers.
type PeerGeneral struct {
	StartDate         string `json:"start_date"` // 25/Nov/2026
	EndDate           string `json:"end_date"`
	TotalRequests     int64  `json:"total_requests"`
	ValidRequests     int64  `json:"valid_requests"`
	FailedRequests    int64  `json:"failed_requests"`
	UniqueVisitors    int64  `json:"unique_visitors"`
	UniqueFiles       int64  `json:"unique_files"`
	ExcludedHits      int64  `json:"excluded_hits"` // always zero: nothing is left out
	UniqueReferrers   int64  `json:"unique_referrers"`
	UniqueNotFound    int64  `json:"unique_not_found"`
	UniqueStaticFiles int64  `json:"unique_static_files"`
	Bandwidth         int64  `json:"bandwidth"`
}

// A PeerPanel is one table.
type PeerPanel struct {
	Data []PeerItem `json:"data"`
}

// A PeerItem is one row, with its share of all valid requests and bytes.
type PeerItem struct {
	Hits     PeerShare  `json:"hits"`
	Visitors *PeerShare `json:"visitors,omitempty"`
	Bytes    PeerShare  `json:"bytes"`
	Method   string     `json:"method,omitempty"`
	Protocol string     `json:"protocol,omitempty"`
	Data     string     `json:"data"`
	Items    []PeerItem `json:"items,omitempty"`
}

// A PeerShare is a count and its part of all, as goaccess writes it: "09.88".
type PeerShare struct {
	Count   int64  `json:"count"`
	Percent string `json:"percent"`
}

func shareOf(n, all int64) PeerShare {
	percent := 0.0
	if all > 0 {
		percent = 100 * float64(n) / float64(all)
	}
	return PeerShare{n, fmt.Sprintf("%05.2f", percent)}
}

// peerItems is how many rows a panel has at most.
const peerItems = 366

// Peer gives the numbers as goaccess has them.
func (s *Stats) Peer() PeerReport {
	t := s.Totals()
	r := PeerReport{Totals: t, General: PeerGeneral{
		TotalRequests: t.TotalRequests, ValidRequests: t.ValidRequests, FailedRequests: t.FailedRequests, UniqueVisitors: t.UniqueVisitors,
		UniqueFiles: t.UniqueFiles, UniqueReferrers: t.UniqueReferrers, UniqueNotFound: t.UniqueNotFound,
		UniqueStaticFiles: t.UniqueStaticFiles, Bandwidth: t.Bandwidth,
	}}
	dates := slices.Sorted(maps.Keys(s.Days))
	if len(dates) > 0 {
		r.General.StartDate, r.General.EndDate = peerDate(cmp.Or(s.Earlier.First, dates[0])), peerDate(dates[len(dates)-1])
	}
	item := func(data string, c Counts) PeerItem {
		return PeerItem{Hits: shareOf(c.Requests, t.ValidRequests), Bytes: shareOf(c.Bytes, t.Bandwidth), Data: data}
	}
	for _, date := range slices.Backward(dates[max(0, len(dates)-peerItems):]) {
		d := s.Days[date]
		row := item(strings.ReplaceAll(date, "-", ""), d.Counts)
		visitors := shareOf(d.Visitors.Count(), t.UniqueVisitors)
		row.Visitors = &visitors
		r.Visitors.Data = append(r.Visitors.Data, row)
	}
	for hour, c := range s.HourOfDay {
		if c.Requests > 0 {
			r.VisitTime.Data = append(r.VisitTime.Data, item(fmt.Sprintf("%02d", hour), c))
		}
	}
	r.StatusCodes.Data = s.peerStatuses(item)
	for to, from := range map[*PeerPanel]*traffic.Top{&r.Hosts: &s.Clients, &r.Sites: &s.Sites} {
		for _, e := range from.First(peerItems) {
			to.Data = append(to.Data, item(e.Key, Counts{Requests: e.Count, Bytes: e.Bytes}))
		}
	}
	for to, from := range map[*PeerPanel]*traffic.Top{&r.Requests: &s.Requests, &r.Static: &s.Static, &r.NotFound: &s.NotFound} {
		for _, e := range from.First(peerItems) {
			url, method, protocol := Request(e.Key)
			row := item(url, Counts{Requests: e.Count, Bytes: e.Bytes})
			row.Method, row.Protocol = orDashes(method), orDashes(protocol)
			to.Data = append(to.Data, row)
		}
	}
	return r
}

func orDashes(s string) string {
	if s == "" {
		return "---"
	}
	return s
}

func peerDate(date string) string {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return at.Format("02/Jan/2006")
}

var peerClasses = [6]string{"", "1xx Informational", "2xx Success", "3xx Redirection", "4xx Client Errors", "5xx Server Errors"}

// peerStatuses nests the codes below their classes.
func (s *Stats) peerStatuses(item func(string, Counts) PeerItem) []PeerItem {
	var classes []PeerItem
	for class := 1; class <= 5; class++ {
		var sum Counts
		var codes []PeerItem
		for status := class * 100; status < class*100+100; status++ {
			if c := s.Statuses[status]; c.Requests > 0 {
				sum.Add(c)
				codes = append(codes, item(strconv.Itoa(status), c))
			}
		}
		if sum.Requests > 0 {
			row := item(peerClasses[class], sum)
			row.Items = codes
			classes = append(classes, row)
		}
	}
	return classes
}
