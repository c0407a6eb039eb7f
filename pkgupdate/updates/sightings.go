package updates

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// A sighting says since when a fix for an installed version of a package has
// been waited for.
type sighting struct {
	installed string    // version
	offered   time.Time // by then the fix was there
	counted   time.Time // from then on the promise counts
}

// sightings are kept between runs, by package. When a newer fix replaces one
// that was not installed, the day of the first stands: the hole is as old.
type sightings struct {
	began bool // a run had the whole list
	of    map[string]sighting
}

const (
	sightingsHead  = "upkeep-sightings/1"
	sightingsBegan = sightingsHead + " began"
)

var errSightings = errors.New("the kept dates of pending security fixes are damaged")

func (c *managerCheck) keptSightings() report.State[sightings] {
	return report.State[sightings]{
		Name: "offered-" + c.info.ID, Version: 1,
		Encode: func(s sightings) ([]byte, error) { return s.encode(), nil },
		Decode: func(data []byte) (sightings, error) { return decodeSightings(string(data)) },
	}
}

// sightings gives what the last stored run kept.
func (c *managerCheck) sightings() sightings {
	s, _, err := c.keptSightings().Load(c.rec)
	if err != nil {
		c.rec.Problem(fmt.Errorf("since when fixes have been on offer is counted anew: %w", err), c.scope("pending/times"))
	}
	return s
}

// next adds the fixes of list. The others are forgotten when list is whole.
// What is found by the first run that has a whole list, or before, counts from
// the time at which it was found.
func (s sightings) next(list []item, now time.Time, whole bool) sightings {
	out := sightings{began: s.began || whole, of: map[string]sighting{}}
	if !whole {
		maps.Copy(out.of, s.of)
	}
	for _, u := range list {
		is := sighting{installed: u.from, offered: u.Offered}
		if is.offered.IsZero() || is.offered.After(now) {
			is.offered = now
		}
		is.counted = now
		if s.began {
			is.counted = is.offered
		}
		if was, known := s.of[u.id]; known && was.installed == is.installed {
			is = was
		}
		out.of[u.id] = is
	}
	return out
}

// first gives the earliest times of the fixes in list.
func (s sightings) first(list []item) sighting {
	first := s.of[list[0].id]
	for _, u := range list[1:] {
		if is := s.of[u.id]; is.offered.Before(first.offered) {
			first.offered = is.offered
		}
		if is := s.of[u.id]; is.counted.Before(first.counted) {
			first.counted = is.counted
		}
	}
	return first
}

// encode gives a head line, then a line for each package in order.
func (s sightings) encode() []byte {
	var out bytes.Buffer
	head := sightingsHead
	if s.began {
		head = sightingsBegan
	}
	fmt.Fprintln(&out, head)
	for _, id := range slices.Sorted(maps.Keys(s.of)) {
		is := s.of[id]
		fmt.Fprintf(&out, "%s\t%s\t%s\t%s\n", id, is.installed, is.offered.UTC().Format(time.RFC3339), is.counted.UTC().Format(time.RFC3339))
	}
	return out.Bytes()
}

// decodeSightings reads what encode wrote. Anything else is errSightings.
func decodeSightings(text string) (sightings, error) {
	head, rest, _ := strings.Cut(text, "\n")
	if head != sightingsHead && head != sightingsBegan {
		return sightings{}, fmt.Errorf("%w: unknown head %.60q", errSightings, head)
	}
	s := sightings{began: head == sightingsBegan, of: map[string]sighting{}}
	for line := range strings.Lines(rest) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 {
			return sightings{}, fmt.Errorf("%w: line %.60q", errSightings, line)
		}
		offered, err := time.Parse(time.RFC3339, f[2])
		counted, err2 := time.Parse(time.RFC3339, f[3])
		if err := errors.Join(err, err2); err != nil {
			return sightings{}, fmt.Errorf("%w: %w", errSightings, err)
		}
		s.of[f[0]] = sighting{f[1], offered, counted}
	}
	return s, nil
}
