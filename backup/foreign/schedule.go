package foreign

import (
	"slices"
	"time"
)

const (
	week  = 7 * 24 * time.Hour
	slack = 2 * time.Hour
	// weekend is from a job of Friday to one of Monday, with half a day to spare.
	weekend = 84 * time.Hour
	// lone is how old the only backup of a repository may be.
	lone = 8 * 24 * time.Hour
	kept = 60 // runs that are remembered
)

// Late gives the age from which a backup is late that was made at these times,
// in seconds since 1970 and ascending: one and a half times the longest pause of
// the week before the last one, or of the last seven. Until a week is known a
// weekend is allowed for. Zero: nobody knows.
func Late(runs []int64) time.Duration {
	if len(runs) < 3 {
		return 0
	}
	last := runs[len(runs)-1]
	longest := int64(0)
	for i := len(runs) - 1; i > 0; i-- {
		if n := len(runs) - i; n > 7 && last-runs[i] > int64((week+24*time.Hour)/time.Second) {
			break
		}
		longest = max(longest, runs[i]-runs[i-1])
	}
	late := time.Duration(longest)*time.Second*3/2 + slack
	if known := time.Duration(last-runs[0]) * time.Second; known < week {
		late = max(late, weekend)
	}
	return late
}

// limit is Late, or what a person has said.
func (p Place) limit(kind Kind, runs []int64) time.Duration {
	switch late := Late(runs); {
	case p.Every > 0:
		return p.Every*3/2 + slack
	case late > 0:
		return late
	case kind != Archives && len(runs) > 0:
		return lone
	}
	return 0
}

// shrunk compares the newest size with the median of up to ten before it.
func shrunk(sizes []int64) (now, before int64, is bool) {
	const least = 3
	n := len(sizes) - 1
	if n < least {
		return 0, 0, false
	}
	earlier := slices.Sorted(slices.Values(sizes[max(0, n-10):n]))
	before = earlier[len(earlier)/2]
	return sizes[n], before, sizes[n] < before/2
}

// join adds what was remembered of a series to what is seen of it.
func (s *series) join(old series) {
	seen := map[int64]bool{}
	for _, r := range s.runs {
		seen[r] = true
	}
	for i, r := range old.runs {
		if !seen[r] {
			s.runs, s.sizes = append(s.runs, r), append(s.sizes, old.sizes[i])
		}
	}
	s.sorted()
	if n := len(s.runs); n > kept {
		s.runs, s.sizes = s.runs[n-kept:], s.sizes[n-kept:]
	}
}
