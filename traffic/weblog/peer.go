package weblog

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// A PeerReport has the numbers of goaccess in the form of its JSON. What goaccess makes
// of programs, systems and search engines by lists of its own is not in it. Visitors of a
// row are a few more than there, since goaccess mistakes some for others.
type PeerReport struct {
	Totals  Totals      `json:"totals"`
	General PeerGeneral `json:"general"`

	Visitors    PeerPanel `json:"visitors"`
	Requests    PeerPanel `json:"requests"`
	Static      PeerPanel `json:"static_requests"`
	NotFound    PeerPanel `json:"not_found"`
	Hosts       PeerPanel `json:"hosts"`
	VisitTime   PeerPanel `json:"visit_time"`
	Referrers   PeerPanel `json:"referrers"`
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
	Metadata *PeerMetadata `json:"metadata,omitempty"` // nil: there were rows that are no longer known
	Data     []PeerItem    `json:"data"`
}

// PeerMetadata sums up all items, of which a panel shows the first.
type PeerMetadata struct {
	Bytes    PeerSum  `json:"bytes"`
	Visitors *PeerSum `json:"visitors,omitempty"` // nil: not counted
	Hits     PeerSum  `json:"hits"`
	Data     struct {
		Total PeerValue `json:"total"`
	} `json:"data"`
}

// A PeerSum is one number of all items, and of an item in the mean, the most and the
// least.
type PeerSum struct {
	Total   PeerValue `json:"total"`
	Average PeerValue `json:"avg"`
	Most    PeerValue `json:"max"`
	Least   PeerValue `json:"min"`
}

// A PeerValue is a number with its part of the total.
type PeerValue struct {
	Value   int64  `json:"value"`
	Percent string `json:"percent,omitempty"`
}

func valueOf(n, all int64) PeerValue { return PeerValue{n, shareOf(n, all).Percent} }

// sumOf sums up one number of all items; of visitors the least is that of an item which
// has some.
func sumOf(items []PeerItem, visitors bool, of func(PeerItem) int64) (s PeerSum) {
	var all, most int64
	least := int64(math.MaxInt64)
	for _, item := range items {
		v := of(item)
		all, most = all+v, max(most, v)
		if v > 0 || !visitors {
			least = min(least, v)
		}
	}
	if least > most {
		least = 0
	}
	s.Total.Value = all
	s.Average, s.Most, s.Least = valueOf(int64(float32(all)/float32(max(1, len(items)))), all), valueOf(most, all), valueOf(least, all)
	return s
}

func visitorsOf(i PeerItem) int64 { return i.Visitors.Count }

// panelOf gives the first items and, where these are all that there were, sums them up,
// or those below them.
func panelOf(items []PeerItem, all bool) PeerPanel {
	p := PeerPanel{Data: items[:min(len(items), peerItems)]}
	if !all {
		return p
	}
	leaves := slices.Clone(items)
	for _, item := range items {
		if len(item.Items) > 0 {
			leaves = append(leaves[1:], item.Items...)
		}
	}
	p.Metadata = &PeerMetadata{
		Hits:  sumOf(leaves, false, func(i PeerItem) int64 { return i.Hits.Count }),
		Bytes: sumOf(leaves, false, func(i PeerItem) int64 { return i.Bytes.Count }),
	}
	p.Metadata.Data.Total.Value = int64(len(leaves))
	if len(leaves) == 0 || leaves[0].Visitors != nil {
		sum := sumOf(leaves, true, visitorsOf)
		p.Metadata.Visitors = &sum
	}
	return p
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
	var days, hours []PeerItem
	for _, date := range slices.Backward(dates) {
		row := s.peerItem(t, ofHours, "", s.Days[date].Counts)
		visitors := shareOf(s.Days[date].Visitors.Count(), t.UniqueVisitors)
		row.Visitors, row.Data = &visitors, strings.ReplaceAll(date, "-", "")
		days = append(days, row)
	}
	for hour, c := range s.HourOfDay {
		if c.Requests > 0 {
			row := s.peerItem(t, ofHours, strconv.Itoa(hour), c)
			row.Data = fmt.Sprintf("%02d", hour)
			hours = append(hours, row)
		}
	}
	r.Visitors, r.VisitTime, r.StatusCodes = panelOf(days, s.Earlier.Date == ""), panelOf(hours, true), panelOf(s.peerStatuses(t), true)
	for _, panel := range []struct {
		to    *PeerPanel
		table byte
		from  *traffic.Top
	}{
		{&r.Hosts, ofClients, &s.Clients},
		{&r.Sites, ofSites, &s.Sites},
		{&r.Referrers, ofReferrers, &s.Referrers},
		{&r.Requests, ofRequests, &s.Requests},
		{&r.Static, ofRequests, &s.Static},
		{&r.NotFound, ofNotFound, &s.NotFound},
	} {
		items := []PeerItem{}
		for _, e := range panel.from.First(-1) {
			row := s.peerItem(t, panel.table, e.Key, Counts{Requests: e.Count, Bytes: e.Bytes})
			if panel.table <= ofNotFound {
				row.Data, row.Method, row.Protocol = Request(e.Key)
				row.Method, row.Protocol = cmp.Or(row.Method, "---"), cmp.Or(row.Protocol, "---")
			}
			items = append(items, row)
		}
		_, exact := panel.from.Keys()
		*panel.to = panelOf(items, exact)
	}
	return r
}

// peerItem makes a row, with its visitors where they were counted.
func (s *Stats) peerItem(t Totals, table byte, key string, c Counts) PeerItem {
	row := PeerItem{Hits: shareOf(c.Requests, t.ValidRequests), Bytes: shareOf(c.Bytes, t.Bandwidth), Data: key}
	if s.visits != nil {
		visitors := shareOf(s.visits.count[s.visits.row(table, key)], t.UniqueVisitors)
		row.Visitors = &visitors
	}
	return row
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
func (s *Stats) peerStatuses(t Totals) []PeerItem {
	var classes []PeerItem
	for class := 1; class <= 5; class++ {
		var sum Counts
		var codes []PeerItem
		for status := class * 100; status < class*100+100; status++ {
			if c := s.Statuses[status]; c.Requests > 0 {
				sum.Add(c)
				codes = append(codes, s.peerItem(t, ofStatuses, strconv.Itoa(status), c))
			}
		}
		if sum.Requests > 0 {
			row := s.peerItem(t, ofStatuses, "", sum)
			row.Data, row.Items = peerClasses[class], codes
			if row.Visitors != nil {
				*row.Visitors = shareOf(sumOf(codes, true, visitorsOf).Total.Value, t.UniqueVisitors)
			}
			classes = append(classes, row)
		}
	}
	return classes
}
