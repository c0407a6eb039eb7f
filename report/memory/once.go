package memory

import (
	"fmt"
	"reflect"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// stored is the form of a Saved on disk. A finding stands in the result of its check,
// among the changes, and with what is open: it is written once, in Findings, and
// each of these holds its number there.
type stored struct {
	Saved
	Report   *storedReport    `json:"report"`
	Open     storedOpen       `json:"open"`
	Findings []report.Finding `json:"findings"`
}

// In each of these the last field stands for that of the same name of the first.
type (
	storedReport struct {
		report.Report
		Results []storedResult `json:"results"`
		Changes []storedChange `json:"changes"`
		Review  *storedReview  `json:"review,omitempty"`
	}
	storedResult struct {
		report.Result
		Findings []int `json:"findings"`
	}
	storedChange struct {
		report.Change
		Finding int `json:"finding"`
	}
	storedReview struct {
		report.Review
		Handled []storedHandled `json:"handled"`
	}
	storedHandled struct {
		report.Handled
		Change storedChange `json:"change"`
	}
	storedOpen struct {
		Open
		Items []storedItem `json:"items"`
	}
	storedItem struct {
		Item
		Finding int `json:"finding"`
	}
)

// once gives the form in which each finding stands once.
func once(saved Saved) stored {
	t := table{list: []report.Finding{}, numbers: map[string][]int{}}
	out := stored{Saved: saved, Open: storedOpen{Open: saved.Open}}
	if rep := saved.Report; rep != nil {
		out.Report = t.report(*rep)
	}
	for _, it := range saved.Open.Items {
		one := storedItem{it, t.number(it.Finding)}
		one.Item.Finding = report.Finding{}
		out.Open.Items = append(out.Open.Items, one)
	}
	out.Saved.Report, out.Saved.Open, out.Open.Open.Items = nil, Open{}, nil
	out.Findings = t.list
	return out
}

// table is the findings, each once.
type table struct {
	list    []report.Finding
	numbers map[string][]int // by fingerprint
	missing bool             // what is not in it was asked for
}

func (t *table) number(f report.Finding) int {
	known := t.numbers[f.Fingerprint]
	for _, n := range known {
		if alike(reflect.ValueOf(t.list[n]), reflect.ValueOf(f)) {
			return n
		}
	}
	t.list = append(t.list, f)
	t.numbers[f.Fingerprint] = append(known, len(t.list)-1)
	return len(t.list) - 1
}

func (t *table) report(rep report.Report) *storedReport {
	out := &storedReport{}
	for _, res := range rep.Results {
		one := storedResult{Result: res}
		for _, f := range res.Findings {
			one.Findings = append(one.Findings, t.number(f))
		}
		one.Result.Findings = nil
		out.Results = append(out.Results, one)
	}
	for _, c := range rep.Changes {
		out.Changes = append(out.Changes, t.change(c))
	}
	if rep.Review != nil {
		out.Review = &storedReview{Review: *rep.Review}
		for _, h := range rep.Review.Handled {
			one := storedHandled{h, t.change(h.Change)}
			one.Handled.Change = report.Change{}
			out.Review.Handled = append(out.Review.Handled, one)
		}
		out.Review.Review.Handled = nil
	}
	rep.Results, rep.Changes, rep.Review = nil, nil, nil
	out.Report = rep
	return out
}

func (t *table) change(c report.Change) storedChange {
	n := t.number(c.Finding)
	c.Finding = report.Finding{}
	return storedChange{c, n}
}

// whole is the inverse of once.
func (s stored) whole() (Saved, error) {
	t := table{list: s.Findings}
	out := s.Saved
	out.Open = s.Open.Open
	for _, one := range s.Open.Items {
		one.Item.Finding = t.at(one.Finding)
		out.Open.Items = append(out.Open.Items, one.Item)
	}
	if s.Report != nil {
		out.Report = t.whole(s.Report)
	}
	if t.missing {
		return Saved{}, fmt.Errorf("%w: a finding of it is not there", report.ErrDamaged)
	}
	return out, nil
}

func (t *table) at(n int) report.Finding {
	if n < 0 || n >= len(t.list) {
		t.missing = true
		return report.Finding{}
	}
	return t.list[n]
}

func (t *table) whole(from *storedReport) *report.Report {
	rep := from.Report
	for _, one := range from.Results {
		for _, n := range one.Findings {
			one.Result.Findings = append(one.Result.Findings, t.at(n))
		}
		rep.Results = append(rep.Results, one.Result)
	}
	for _, one := range from.Changes {
		one.Change.Finding = t.at(one.Finding)
		rep.Changes = append(rep.Changes, one.Change)
	}
	if from.Review != nil {
		rep.Review = &from.Review.Review
		for _, one := range from.Review.Handled {
			one.Handled.Change = one.Change.Change
			one.Handled.Change.Finding = t.at(one.Change.Finding)
			rep.Review.Handled = append(rep.Review.Handled, one.Handled)
		}
	}
	return &rep
}

// alike reports whether two values of one type have the same form on disk, where no
// slice is nil.
func alike(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Struct:
		if at, ok := a.Interface().(time.Time); ok {
			other, _ := b.Interface().(time.Time)
			return at.Equal(other) && at.Format(time.RFC3339Nano) == other.Format(time.RFC3339Nano)
		}
		for i := range a.NumField() {
			if !alike(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !alike(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return alike(a.Elem(), b.Elem())
	}
	return a.Equal(b)
}
