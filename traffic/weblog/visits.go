package weblog

import (
	"hash/maphash"
	"strconv"
)

// visits are the visitors of each row of goaccess's tables, those of each day added up.
// They are counted up to a bound, and as long as all is read by one Stats; else they are
// not known. Goaccess itself loses some: it knows a visitor of a row by two small numbers
// whatever their order, and where the third visitor came to the fifth row, the fifth is
// none of the third.
type visits struct {
	seed  maphash.Seed
	most  int
	seen  map[visit]struct{}
	count map[uint64]int64 // by row
}

// A visit is one of a visitor on a day to what a row stands for.
type visit struct {
	visitor, row uint64
	day          *Day
}

// The tables that have rows.
const (
	ofRequests byte = iota
	ofNotFound      // has none: who is refused is no visitor
	ofClients
	ofHours
	ofStatuses
	ofSites
	ofReferrers
)

func newVisits(keys int) *visits {
	return &visits{seed: maphash.MakeSeed(), most: 10 * keys, seen: map[visit]struct{}{}, count: map[uint64]int64{}}
}

func (v *visits) row(table byte, key string) uint64 {
	return maphash.String(v.seed, string([]byte{table})+key)
}

func (v *visits) add(at visit, table byte, key string) {
	at.row = v.row(table, key)
	if _, ok := v.seen[at]; !ok {
		v.seen[at] = struct{}{}
		v.count[at.row]++
	}
}

// visit counts the visitor of a request in all rows that it belongs to.
func (s *Stats) visit(h *hit) {
	v, at := s.visits, visit{visitor: h.visitor, day: s.day}
	v.add(at, ofRequests, string(h.request))
	v.add(at, ofClients, string(h.Client))
	v.add(at, ofHours, strconv.Itoa(s.clock))
	v.add(at, ofStatuses, strconv.Itoa(h.Status))
	v.add(at, ofReferrers, string(h.Referrer))
	if site := siteOf(h.Referrer); len(site) > 0 {
		v.add(at, ofSites, string(site))
	}
	if len(v.seen) > v.most {
		s.visits = nil
	}
}
