package apply

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// A Hold leaves packages alone by a person's decision, whatever the manager has on
// record.
type Hold struct {
	Package string    `json:"package"`           // a pattern, as in path.Match, of names of packages or of their source; required
	Reason  string    `json:"reason"`            // required
	By      string    `json:"by"`                // who decided it; required
	Version string    `json:"version,omitempty"` // a pattern of installed versions that have a fix of one's own: such a package is never replaced while the hold lasts; "": any, by no build of one's own
	Until   time.Time `json:"until,omitzero"`    // when it ends; zero: a person looks at each update, and names the package
}

// Validate reports what a hold lacks.
func (h Hold) Validate() error {
	_, err := path.Match(h.Package, "")
	if _, bad := path.Match(h.Version, ""); err != nil || bad != nil {
		return fmt.Errorf("hold of %.80q: %w", h.Package, path.ErrBadPattern)
	}
	if h.Package == "" || h.Reason == "" || h.By == "" {
		return fmt.Errorf("hold of %.80q: package, reason and by are required", h.Package)
	}
	return nil
}

// String says by whose decision, how long and why.
func (h Hold) String() string {
	text := "held by " + prose.Clip(h.By, 60) + " until " + prose.Time(h.Until, nil)
	switch {
	case h.Until.IsZero():
		text = "for a person to look at, says " + prose.Clip(h.By, 60)
	case h.Version != "":
		text = "fixed by a build of your own, says " + prose.Clip(h.By, 60) + ", until " + prose.Time(h.Until, nil)
	}
	return text + ": " + prose.Clip(h.Reason, 200)
}

// decisions looks at what people decided: what is wrong with it, and what has ended.
func (p *Plan) decisions() {
	for _, h := range p.Options.Holds {
		p.problem(h.Validate())
		if !h.Until.IsZero() && p.Made.After(h.Until) {
			p.Notes = append(p.Notes, fmt.Sprintf("the hold of %.80q ended on %s: %s", h.Package, prose.Time(h.Until, nil), prose.Clip(h.Reason, 200)))
		}
	}
}

// window says whether changes may be made now, in the zone of the windows.
func (p *Plan) window(zone *time.Location) {
	now, next := p.Made.In(cmp.Or(zone, time.UTC)), time.Time{}
	for _, w := range p.Options.Windows {
		if w.Open(now) {
			return
		}
		if at := w.next(now); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if len(p.Options.Windows) > 0 {
		p.problem(fmt.Errorf("%w: the next begins on %s", ErrWindow, prose.Time(next, now.Location())))
	}
}

// holds is why people's decisions leave a package alone; "" when they do not. What is
// named is not left for a person to look at.
func (p *Plan) holds(s Step, source string, named bool) string {
	for _, h := range p.Options.Holds {
		byName, _ := path.Match(h.Package, s.Name)
		bySource, _ := path.Match(h.Package, source)
		own, _ := path.Match(h.Version, s.From)
		lasts := !p.Made.After(h.Until) && (own || h.Version == "" && !p.Options.Held)
		if (byName || bySource) && (lasts || h.Until.IsZero() && !named) {
			return h.String()
		}
	}
	return ""
}

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

// next is when it begins after t.
func (w Window) next(t time.Time) time.Time {
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
