package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Calendar is the days of a year as a strip: a column a week, Monday above.
// The zero Calendar has no day.
type Calendar struct {
	Title  string
	First  time.Time            // the day of the first value, in the zone of the days
	Days   []float64            // NaN: nobody looked; of more than 53 weeks the last are drawn
	Format func(float64) string // nil: four digits
}

const (
	calendarWeeks = 53
	daysOfWeek    = 7
	cell          = 5.8 // user units from one day to the next
)

// weeks gives the days that are drawn, after those of the first week that are
// not, and the first one's date.
func (c Calendar) weeks() (days []float64, first time.Time) {
	first = c.First
	lead := (int(first.Weekday()) + 6) % daysOfWeek
	days = append(slices.Repeat([]float64{math.Inf(-1)}, lead), c.Days...)
	first = first.AddDate(0, 0, -lead)
	if over := (len(days)+daysOfWeek-1)/daysOfWeek - calendarWeeks; over > 0 {
		days, first = days[over*daysOfWeek:], first.AddDate(0, 0, over*daysOfWeek)
	}
	return days, first
}

// grades gives a value one of five steps: zero, and the quarters of all others.
func grades(values []float64) func(float64) int {
	var sorted []float64
	for _, v := range values {
		if known(v) && v > 0 {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	return func(v float64) int {
		if v <= 0 {
			return 0
		}
		i, _ := slices.BinarySearch(sorted, v)
		return 1 + min(3, 4*i/max(1, len(sorted)))
	}
}

// SVG draws the strip. A day that nobody looked at is an empty frame.
func (c Calendar) SVG() string {
	days, first := c.weeks()
	var s svg
	s.begin("chart-calendar", 320, 68, c.Title, c.Words())
	grade, month := grades(days), time.Month(0)
	s.open(0)
	for i, v := range days {
		x, y := 6+cell*float64(i/daysOfWeek), 16+cell*float64(i%daysOfWeek)
		at := first.AddDate(0, 0, i)
		if i%daysOfWeek == 0 && at.Month() != month && x < 300 {
			if month = at.Month(); at.Day() <= daysOfWeek {
				s.text(x, 11, "start", at.Format("Jan"))
			}
		}
		if math.IsInf(v, -1) { // before the first day
			continue
		}
		s.day(x, y, v, grade)
	}
	s.WriteString("</g>")
	return s.end()
}

func (s *svg) day(x, y, v float64, grade func(float64) int) {
	s.WriteString(`<rect class="chart-day" x="` + num(x) + `" y="` + num(y) + `" width="5.0" height="5.0" `)
	if !known(v) {
		s.WriteString(`fill="none" stroke="currentColor" stroke-opacity="0.3" stroke-width="0.5"/>`)
		return
	}
	s.WriteString(`fill="currentColor" fill-opacity="` + strconv.FormatFloat([...]float64{0.08, 0.3, 0.5, 0.75, 1}[grade(v)], 'f', 2, 64) + `"/>`)
}

// Heading is the title.
func (c Calendar) Heading() string { return c.Title }

// Text draws the strip in seven rows of at most 53 characters, which is what it
// needs, whatever cells says.
func (c Calendar) Text(_ int, ascii bool) string {
	days, first := c.weeks()
	glyphs := []rune("·░▒▓█")
	if ascii {
		glyphs = []rune(".-+*#")
	}
	grade, rows, names := grades(days), [daysOfWeek]strings.Builder{}, ""
	for i, v := range days {
		glyph := ' '
		if known(v) {
			glyph = glyphs[grade(v)]
		}
		rows[i%daysOfWeek].WriteRune(glyph)
		if at := first.AddDate(0, 0, i); i%daysOfWeek == 0 && at.Day() <= daysOfWeek && len(names) <= i/daysOfWeek {
			names += strings.Repeat(" ", i/daysOfWeek-len(names)) + at.Format("Jan")
		}
	}
	out := names + "\n"
	for i := range rows {
		out += strings.TrimRight(rows[i].String(), " ") + "\n"
	}
	return out
}

// Words is the strip in words: the text alternative.
func (c Calendar) Words() string {
	format := Plot{Format: c.Format}.format
	least, most := -1, -1
	for i, v := range c.Days {
		if !known(v) {
			continue
		}
		if least < 0 || v < c.Days[least] {
			least = i
		}
		if most < 0 || v > c.Days[most] {
			most = i
		}
	}
	if most < 0 {
		return "no data"
	}
	on := func(i int) string { return c.First.AddDate(0, 0, i).Format("2 Jan 2006") }
	return fmt.Sprintf("%s on %s is the least, %s on %s the most", format(c.Days[least]), on(least), format(c.Days[most]), on(most))
}
