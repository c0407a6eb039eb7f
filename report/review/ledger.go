package review

import (
	"maps"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// A LedgerDay is one day of the sign-off ledger.
type LedgerDay struct {
	Day     string // 2026-12-01
	Signed  bool
	By      string
	At      time.Time
	Comment string
	Open    int // findings that nobody had dealt with when it was signed

	Earlier []report.Signature // of the same day, the first one first
}

// Ledger gives each day from one to another, both of them, with the last
// signature of that day, and those before it: a day without one stands there unsigned. The days are
// those of the zone of from.
func Ledger(log []Record, from, to time.Time) []LedgerDay {
	signed := map[string][]Record{}
	for _, rec := range log {
		if rec.Kind == Sign && rec.Signed != nil && rec.ofItsDay() { // a store that others write into may have any
			signed[rec.Signed.Day] = append(signed[rec.Signed.Day], rec)
		}
	}
	var out []LedgerDay
	noon := time.Date(from.Year(), from.Month(), from.Day(), 12, 0, 0, 0, from.Location())
	for last := to.In(from.Location()).Format(time.DateOnly); noon.Format(time.DateOnly) <= last; noon = noon.AddDate(0, 0, 1) {
		date := noon.Format(time.DateOnly)
		out = append(out, ledgerDay(date, signed[date]))
	}
	return out
}

func ledgerDay(date string, signed []Record) LedgerDay {
	out := LedgerDay{Day: date}
	for i, rec := range signed {
		if i < len(signed)-1 {
			out.Earlier = append(out.Earlier, *rec.signature())
			continue
		}
		out.Signed, out.By, out.At, out.Comment, out.Open = true, rec.By, rec.Time, rec.Comment, rec.Signed.Open
	}
	return out
}

// A CustomerDay is one day of the ledger of several hosts: it is signed where each
// of them is.
type CustomerDay struct {
	Day      string
	By       []string // who signed, each once
	Signed   int      // hosts
	Unsigned []string // the others
}

// Together gives the ledger of the hosts of one customer, by their logs, as Ledger
// gives that of one.
func Together(logs map[string][]Record, from, to time.Time) []CustomerDay {
	var out []CustomerDay
	for _, host := range slices.Sorted(maps.Keys(logs)) {
		for i, day := range Ledger(logs[host], from, to) {
			if i == len(out) {
				out = append(out, CustomerDay{Day: day.Day})
			}
			one := &out[i]
			switch {
			case !day.Signed:
				one.Unsigned = append(one.Unsigned, host)
				continue
			case !slices.Contains(one.By, day.By):
				one.By = append(one.By, day.By)
			}
			one.Signed++
		}
	}
	return out
}
