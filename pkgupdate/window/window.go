// Package window knows times of each week, such as those in which updates are installed.
//
//	var w window.Window
//	err := w.UnmarshalText([]byte("Sat 02:00-05:30"))
//	open := w.Open(now)
package window

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Window is a time of each week in which changes may be made. Its text is like
// "Sat 02:00-05:30", "Mon-Fri 22:00-04:00" or "Tue,Thu 12:00-13:00", or without days
// for every day. One that goes over midnight is of the day on which it begins. At
// its end nothing begins any more. The zero Window is never open.
type Window struct {
	days     [7]bool // by time.Weekday
	from, to int     // minutes since midnight
}

// Open reports whether t is in the window, by the clock of its own zone.
func (w Window) Open(t time.Time) bool {
	begin := w.begin(t, 0)
	if w.to <= w.from && t.Before(begin) {
		begin = w.begin(t, -1)
	}
	length := time.Duration((w.to-w.from+24*60-1)%(24*60)+1) * time.Minute
	return w.days[begin.Weekday()] && !t.Before(begin) && t.Before(begin.Add(length))
}

// begin is when the window would begin some days after t.
func (w Window) begin(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 0, w.from, 0, 0, t.Location())
}

// Next is when it begins after t; zero: never.
func (w Window) Next(t time.Time) time.Time {
	for days := range 8 {
		if at := w.begin(t, days); w.days[at.Weekday()] && at.After(t) {
			return at
		}
	}
	return time.Time{}
}

// UnmarshalText reads a window.
func (w *Window) UnmarshalText(text []byte) error {
	var got Window
	days, times, ok := strings.Cut(strings.TrimSpace(string(text)), " ")
	if !ok {
		days, times = "Sun-Sat", days
	}
	from, to, _ := strings.Cut(strings.TrimSpace(times), "-")
	begin, err1 := time.Parse("15:04", from)
	end, err2 := time.Parse("15:04", to)
	got.from, got.to = begin.Hour()*60+begin.Minute(), end.Hour()*60+end.Minute()
	if err := errors.Join(err1, err2, got.setDays(days)); err != nil {
		return fmt.Errorf("%.60q is no window such as \"Sat 02:00-05:00\"", text)
	}
	*w = got
	return nil
}

var weekdays = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

func (w *Window) setDays(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		first, last, span := strings.Cut(part, "-")
		if !span {
			last = first
		}
		i, j := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if i < 0 || j < 0 {
			return errors.New("no day of the week")
		}
		for w.days[i] = true; i != j; w.days[i] = true {
			i = (i + 1) % 7
		}
	}
	return nil
}

// MarshalText writes a window.
func (w Window) MarshalText() ([]byte, error) {
	var days []string
	for i, on := range w.days {
		if on {
			days = append(days, weekdays[i])
		}
	}
	return fmt.Appendf(nil, "%s %02d:%02d-%02d:%02d", strings.Join(days, ","), w.from/60, w.from%60, w.to/60, w.to%60), nil
}
