package chart

import "strings"

// A Calendar is a strip of days, the oldest first; thirty fit a phone.
type Calendar struct {
	Title string // read aloud and shown as tooltip
	Desc  string // the picture in words
	Days  []Day
}

// A Day is one cell of a Calendar.
type Day struct {
	Label string // tooltip: the date and what was there
	Level Level  // zero: nobody has looked
}

const (
	dayWidth  = 12
	dayHeight = 20
)

// SVG draws a cell for each day. Levels differ in height as well as in class,
// and a day on which nobody looked is an empty frame.
func (c Calendar) SVG() string {
	var s svg
	s.begin("chart-calendar", max(len(c.Days), 1)*dayWidth, dayHeight, c.Title, c.Desc)
	for i, day := range c.Days {
		x := float64(i * dayWidth)
		s.WriteString(`<g class="level-` + day.Level.String() + `"><title>` + escape(day.Label) + `</title>`)
		if day.Level.index() == int(Unknown) {
			s.WriteString(`<rect class="chart-unknown" x="` + num(x+1.5) + `" y="0.5" width="9.0" height="19.0" fill="none"` +
				` stroke="currentColor" stroke-dasharray="2 2"/>`)
		} else {
			h := float64(dayHeight) * float64(day.Level) / float64(Critical)
			s.rect("chart-fill", x+1, dayHeight-h, dayWidth-2, h)
		}
		s.WriteString("</g>")
	}
	return s.end()
}

// Text draws one character for each day.
func (c Calendar) Text(ascii bool) string {
	glyphs := []rune("·▂▄▆█")
	if ascii {
		glyphs = []rune("?.-+#")
	}
	var b strings.Builder
	for _, day := range c.Days {
		b.WriteRune(glyphs[day.Level.index()])
	}
	return b.String()
}
