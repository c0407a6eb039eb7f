package traffic

import (
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/chart"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
)

// A Picture shows numbers over time. Its texts are safe where they stand: in a
// page, and on a terminal.
type Picture interface {
	Heading() string
	SVG() string                       // for a page, with what it shows in words
	Text(cells int, ascii bool) string // for a terminal of that width
	Words() string
}

// A NamedLine is a time line in a picture.
type NamedLine struct {
	Name  string
	Hours Hours
}

// quarter is six hours: of a month they are as many points as are still told apart.
const quarter = 6

// Draw shows up to four time lines of the same hours, in the zone of the labels: hour
// by hour or, of more than ten days, the last week so and all of them by six hours.
// The unit is "bytes", or "" for what is counted.
func Draw(title, unit string, zone *time.Location, lines ...NamedLine) []Picture {
	plot := func(words string, hours int64, of func(Hours) Hours) chart.Plot {
		p := chart.Plot{Title: title + ", " + words, Step: time.Duration(hours) * time.Hour, Binary: unit == "bytes", Format: amount(unit)}
		for _, l := range lines {
			h := of(l.Hours)
			p.Lines = append(p.Lines, chart.Line{Name: l.Name, Values: h.Values})
			p.From = time.Unix(h.First*3600, 0).In(zone)
		}
		return p
	}
	if len(lines) == 0 || len(lines[0].Hours.Values) <= 10*24 {
		return []Picture{plot("an hour", 1, func(h Hours) Hours { return h })}
	}
	return []Picture{plot("an hour of the last week", 1, Hours.lastWeek), plot("six hours", quarter, Hours.quarters)}
}

func (h Hours) lastWeek() Hours {
	skip := max(0, len(h.Values)-hoursOfWeek)
	return Hours{h.First + int64(skip), h.Values[skip:]}
}

// quarters adds up whole quarters of days of UTC; First is the hour of the first.
func (h Hours) quarters() Hours {
	end := h.First + int64(len(h.Values))
	at := (h.First + quarter - 1) / quarter * quarter
	out := Hours{First: at}
	for ; at+quarter <= end; at += quarter {
		sum, _ := h.Sum(at, at+quarter)
		out.Values = append(out.Values, sum)
	}
	return out
}

// Year shows the days of the last year of one number, in a zone; nothing of what Draw
// shows whole.
func Year[C any](title, unit string, zone *time.Location, hours map[int64]C, pick func(C) int64) []Picture {
	h := hoursOf(hours, 366*24, pick)
	if len(h.Values) <= drawn {
		return nil
	}
	c := chart.Calendar{Title: title + ", a day", Format: amount(unit)}
	last := time.Time{}
	for i, v := range h.Values {
		y, m, d := time.Unix((h.First+int64(i))*3600, 0).In(zone).Date()
		if day := time.Date(y, m, d, 0, 0, 0, 0, zone); !day.Equal(last) {
			last, c.Days = day, append(c.Days, 0)
			if i == 0 {
				c.First = day
			}
		}
		c.Days[len(c.Days)-1] += v
	}
	return []Picture{c}
}

// amount writes a number with its unit.
func amount(unit string) func(float64) string {
	if unit == "bytes" {
		return prose.Size
	}
	return prose.Decimal
}

// HoursOf gives one number of each hour from the first to the last that is known;
// an hour between that is missing had none. It is bounded: of more than 35 days the
// last are given that have not far fewer hours than others, since a clock may have
// been wrong.
func HoursOf[C any](hours map[int64]C, pick func(C) int64) Hours { return hoursOf(hours, drawn, pick) }

func hoursOf[C any](hours map[int64]C, span int64, pick func(C) int64) Hours {
	known := slices.Sorted(maps.Keys(hours))
	if len(known) == 0 {
		return Hours{}
	}
	before := make([]int, len(known)) // how many lie in the span before each, and itself
	for i, from := 0, 0; i < len(known); i++ {
		for known[i]-known[from] >= span {
			from++
		}
		before[i] = i - from + 1
	}
	end, most := len(known)-1, slices.Max(before)
	for 2*before[end] < most {
		end--
	}
	begin := end + 1 - before[end]
	out := Hours{First: known[begin], Values: make([]float64, known[end]-known[begin]+1)}
	for _, hour := range known[begin : end+1] {
		out.Values[hour-out.First] = float64(pick(hours[hour]))
	}
	return out
}

// WritePage writes a page of pictures above a text, which loads nothing.
func WritePage(w io.Writer, title, text string, pictures ...Picture) error {
	title = html.EscapeString(term.Visible(title))
	var b strings.Builder
	fmt.Fprintf(&b, `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%s</title><style>
:root { color-scheme: light dark; } body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%%, 19rem), 1fr)); gap: 1rem; } figure { margin: 0; }
svg { width: 100%%; height: auto; } figcaption span { font-size: .85rem; opacity: .75; display: block; } pre { overflow: auto; }
</style></head><body><h1>%s</h1><main>
`, title, title)
	for _, p := range pictures {
		fmt.Fprintf(&b, "<figure><figcaption><b>%s</b><span>%s</span></figcaption>%s</figure>\n",
			html.EscapeString(term.Visible(p.Heading())), html.EscapeString(term.Visible(p.Words())), p.SVG())
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, html.EscapeString(term.Visible(line)))
	}
	fmt.Fprintf(&b, "</main><pre>%s</pre></body></html>\n", strings.Join(lines, "\n"))
	_, err := io.WriteString(w, b.String())
	return err
}
