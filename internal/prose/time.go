package prose

import "time"

// steps are the units of a duration; each is used from twice its length on, so
// that a figure never hides half of what it says.
var steps = []struct {
	name   string
	length time.Duration
}{
	{"year", 365 * 24 * time.Hour},
	{"day", 24 * time.Hour},
	{"hour", time.Hour},
	{"minute", time.Minute},
}

// Duration writes how long something took or is ago, in one unit and rounded
// down: "3 days", "90 minutes", "1.5 seconds", "12 ms".
func Duration(d time.Duration) string {
	if d < 0 {
		return "-" + Duration(-max(d, -1<<63+1))
	}
	for _, s := range steps {
		if d >= 2*s.length || d == s.length {
			return Count(int64(d/s.length), s.name)
		}
	}
	switch {
	case d == 0:
		return "0 seconds"
	case d < time.Millisecond:
		return "under 1 ms"
	case d < time.Second:
		return Decimal(float64(d.Milliseconds())) + " ms"
	case d < 10*time.Second && d%time.Second != 0:
		return Decimal(d.Truncate(100*time.Millisecond).Seconds()) + " seconds"
	}
	return Count(int64(d/time.Second), "second")
}

// Time writes a moment to the minute in the reader's zone, which it names; a nil
// zone is UTC, and the zero time "unknown".
func Time(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "unknown"
	}
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("2006-01-02 15:04 MST")
}
