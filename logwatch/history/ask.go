package history

import (
	"slices"
	"time"
)

// New reports whether the first line of the kind came in this reading.
func (k *Kind) New() bool { return k.isNew }

// Since is how long the history goes back.
func (h *History) Since() time.Time { return timeOf(h.begun) }

// Span is when its first line that is remembered came and when the last, to the hour.
func (k *Kind) Span() (first, last time.Time) { return timeOf(k.first), timeOf(k.last) }

// A Burst is an hour in which far more lines came than ever at that time.
type Burst struct {
	Hour  time.Time // its beginning
	Lines int       // in it
	Most  int       // in the same hour of the same day of earlier weeks, and one before or behind it
	Weeks int       // how many earlier weeks are known
}

const (
	burstLeast = 20 // lines in an hour
	burstTimes = 4  // as many as the most before
	burstWeeks = 3  // that must be known
)

// Burst finds the worst hour of this reading that stands out against the same
// hour and day of the three to five weeks before. False: there is none, or the
// kind is not known for so long.
func (h *History) Burst(k *Kind) (worst Burst, found bool) {
	for _, c := range k.freshCells() {
		if c.n < burstLeast || int(c.n) <= worst.Lines {
			continue
		}
		b := Burst{Hour: timeOf(c.hour), Lines: int(c.n)}
		for back := uint32(week); back <= window && k.first+back <= c.hour; back += week {
			if h.seen(c.hour-back) || h.seen(c.hour-back-1) || h.seen(c.hour-back+1) {
				b.Weeks++
			}
			for _, near := range []uint32{c.hour - back - 1, c.hour - back, c.hour - back + 1} {
				if i, known := k.at(near); known {
					b.Most = max(b.Most, int(k.cells[i].n))
				}
			}
		}
		if b.Weeks >= burstWeeks && b.Lines >= burstTimes*b.Most {
			worst, found = b, true
		}
	}
	return worst, found
}

func (k *Kind) freshCells() []cell {
	if k.fresh == 0 {
		return nil
	}
	i, _ := k.at(k.fresh)
	return k.cells[i:]
}

func (h *History) seen(hour uint32) bool {
	_, yes := slices.BinarySearch(h.alive, hour)
	return yes
}

// days sums the lines by days of UTC.
func (k *Kind) days() map[uint32]int {
	out := map[uint32]int{}
	for _, c := range k.cells {
		out[c.hour/day] += int(c.n)
	}
	return out
}

// A Surge is a day on which many times more lines came than on any before.
type Surge struct {
	Day   time.Time // its beginning, in UTC
	Lines int
	Most  int // on any earlier day that is remembered
}

const (
	surgeLeast = 200 // lines on a day
	surgeTimes = 10  // as many as on the fullest day before
	surgeDays  = 7   // days that the kind must be known
)

// Surge finds the day of this reading on which the kind came at least ten times
// as often as on any day before. False: there is none, or the kind is not known
// for a week.
func (h *History) Surge(k *Kind) (worst Surge, found bool) {
	days := k.days()
	for _, c := range k.freshCells() {
		today := c.hour / day
		s := Surge{Day: timeOf(today * day), Lines: days[today]}
		for d, n := range days {
			if d < today {
				s.Most = max(s.Most, n)
			}
		}
		if k.first/day+surgeDays <= today && s.Lines >= surgeLeast && s.Lines >= surgeTimes*s.Most && s.Lines > worst.Lines {
			worst, found = s, true
		}
	}
	return worst, found
}

const (
	silentDays = 10 // days on which it must have come
	silentSpan = 14 // days between the first of them and the last
	silentOff  = 26 // hours without a sign of the machine: it was off
)

// Silent reports whether a kind that always came has stopped: for a day at
// least, and for twice the longest time that it ever was away. Usual is that
// time. Days on which the machine was off don't count.
func (h *History) Silent(k *Kind) (usual time.Duration, silent bool) {
	if len(k.cells) == 0 {
		return 0, false
	}
	first, last := k.cells[0].hour, k.cells[len(k.cells)-1].hour
	if len(k.days()) < silentDays || last-first < (silentSpan-1)*day {
		return 0, false
	}
	longest := uint32(1)
	for i := range len(k.cells) - 1 {
		longest = max(longest, k.cells[i+1].hour-k.cells[i].hour)
	}
	return time.Duration(longest) * time.Hour, h.on(last) >= max(day, 2*longest)
}

// on is for how many hours the machine was on since one.
func (h *History) on(since uint32) uint32 {
	i, _ := slices.BinarySearch(h.alive, since+1)
	sum := uint32(0)
	for _, hour := range h.alive[i:] {
		if step := hour - since; step <= silentOff {
			sum += step
		}
		since = hour
	}
	return sum
}

// Usual is how many lines come on a usual day: the median of the four weeks
// before this reading, days without any among them. False: the kind is known
// for less than three days.
func (h *History) Usual(k *Kind) (int, bool) {
	end := h.now / day
	if k.fresh != 0 {
		end = k.fresh / day
	}
	begin := max(k.first/day, end-min(end, 28))
	if begin+3 > end {
		return 0, false
	}
	days := k.days()
	var counts []int
	for d := begin; d < end; d++ {
		counts = append(counts, days[d])
	}
	slices.Sort(counts)
	return counts[len(counts)/2], true
}
