package lifecycle

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Release is a row of a Table. Days are at 00:00 UTC.
type Release struct {
	ID         string
	Version    string
	Codename   string
	Released   Day
	Phases     []Phase // in their order
	Source     string  // keys of the sources, as releases.csv explains them
	Confidence string  // "A", "B" or "C", likewise
}

// A Phase is a time in which somebody publishes security fixes for a release.
type Phase struct {
	Name  string // "security", "LTS", "ELTS"
	Until Day    // its last day
	Open  bool   // no end was announced
	Paid  bool   // needs a contract

	// After is how many newer releases end it, Lag days after the last of them came out;
	// zero: its end is a date. Table.Support gives it the Until that follows from the table,
	// which is as it stands where the table does not list so many.
	After, Lag int
}

// A Day is a date as far as it is recorded. The zero Day is not known.
type Day struct {
	Time      time.Time // the last day that it can be
	Text      string    // as recorded: "2003-10" where no day is
	Projected bool      // planned, or after the cadence: nobody announced or confirmed it
}

// String gives the date as recorded.
func (d Day) String() string { return d.Text }

// Known reports whether anything is recorded.
func (d Day) Known() bool { return d.Text != "" }

func parseDate(text string) (Day, error) {
	d := Day{Text: text}
	d.Text, d.Projected = strings.CutPrefix(text, "~")
	var err error
	switch len(d.Text) {
	case 0:
		return Day{}, nil
	case len("2006"):
		d.Time, err = time.Parse("2006", d.Text)
		d.Time = d.Time.AddDate(1, 0, -1)
	case len("2006-01"):
		d.Time, err = time.Parse("2006-01", d.Text)
		d.Time = d.Time.AddDate(0, 1, -1)
	default:
		d.Time, err = time.Parse(time.DateOnly, d.Text)
	}
	return d, err
}

// ruled is an end that a rule gives: "+2" when two newer are out, "+2+30d" thirty days
// later, "+2~2027-10" with the day that is expected while the table does not list them.
var ruled = regexp.MustCompile(`^\+(\d)(?:\+(\d{1,3})d)?(~\S+)?$`)

// parsePhases reads "security=2026-07-11 ELTS$=2033-06-30 fixes=open".
func parsePhases(text string) ([]Phase, error) {
	var phases []Phase
	for _, field := range strings.Fields(text) {
		name, until, ok := strings.Cut(field, "=")
		p := Phase{}
		p.Name, p.Paid = strings.CutSuffix(name, "$")
		if !ok || p.Name == "" {
			return nil, fmt.Errorf("phase %.40q is not NAME=UNTIL", field)
		}
		switch until {
		case "":
			return nil, errors.New("phase without an end")
		case "open":
			p.Open = true
		case "?": // ended on a day that is not recorded
		default:
			var err error
			if f := ruled.FindStringSubmatch(until); f != nil {
				p.After, _ = strconv.Atoi(f[1]) // digits
				p.Lag, _ = strconv.Atoi(f[2])
				p.Open, until = f[3] == "", f[3]
			}
			if p.Until, err = parseDate(until); err != nil {
				return nil, err
			}
		}
		phases = append(phases, p)
	}
	return phases, nil
}

// over reports whether a phase has ended by a day, which is covered to its end.
func (p Phase) over(day time.Time) bool {
	return !p.Open && (!p.Until.Known() || !day.Before(p.Until.Time.AddDate(0, 0, 1)))
}

// ruled gives the phases of a release the ends that follow from newer ones.
func (t Table) ruled(r Release) Release {
	newer := slices.DeleteFunc(slices.Clone(t.Releases), func(o Release) bool { return o.ID != r.ID || !o.Released.Known() || order(o.Version, r.Version) <= 0 })
	slices.SortFunc(newer, func(a, b Release) int { return order(a.Version, b.Version) })
	r.Phases = slices.Clone(r.Phases)
	for i := range r.Phases {
		p := &r.Phases[i]
		if p.After == 0 || p.After > len(newer) {
			continue
		}
		p.Open, p.Until = false, newer[p.After-1].Released
		if p.Lag > 0 {
			p.Until.Time = p.Until.Time.AddDate(0, 0, p.Lag)
			p.Until.Text, p.Until.Projected = p.Until.Time.Format(time.DateOnly), true
		}
	}
	return r
}

// current is the phase that a day stands in, and its place; a free one before a
// paid one. -1: all are over.
func (r Release) current(day time.Time) int {
	for _, paid := range []bool{false, true} {
		for i, p := range r.Phases {
			if p.Paid == paid && !p.over(day) {
				return i
			}
		}
	}
	return -1
}

// out reports whether the release was there on a day, as far as is confirmed.
func (r Release) out(day time.Time) bool {
	return r.Released.Known() && !r.Released.Projected && !day.Before(r.Released.Time)
}

// end is the last day of all phases; zero where none has a recorded one.
func (r Release) end() Day {
	var last Day
	for _, p := range r.Phases {
		if p.Until.Time.After(last.Time) {
			last = p.Until
		}
	}
	return last
}
