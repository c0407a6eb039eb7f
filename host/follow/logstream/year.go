package logstream

import (
	"bytes"
	"io"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/syslog"
)

// Bounds of the look for the years of a log whose times have none.
const (
	sampleLen  = 4 << 10
	maxSamples = 2_000
)

// How near to the last change of a log its last lines were written; how far times go
// back where a year went by; and how far forward, to where they were, where none did.
const (
	lastDays = 2 * 24 * time.Hour
	wrapped  = 30 * 24 * time.Hour
	returned = 60 * 24 * time.Hour
)

// begin gives the time of the first line of a log that spans several years without
// naming them, so that this day of last year is not taken for today. It goes back from
// the end, which was written when the file was changed last: where the times of
// samples step back, a year went by. The zero time is not known, and none is needed.
func begin(f *follow.Follower, now time.Time, loc *time.Location) time.Time {
	file, from, to, changed := f.Ahead()
	if file == nil {
		return time.Time{}
	}
	if changed.IsZero() || changed.After(now) {
		changed = now
	}
	times := samples(file, from, to, syslog.Parser{Reference: changed, Location: loc})
	end := len(times) - 1
	for end > 0 && changed.Sub(times[end]).Abs() > lastDays {
		end--
	}
	years := yearsOf(times[:end+1])
	if years < 1 {
		return time.Time{}
	}
	return times[0].AddDate(-years, 0, 0)
}

// yearsOf counts how often times step back for good. Lines of a clock that was wrong,
// however many, step forth again to where they left: they count for no year.
func yearsOf(times []time.Time) int {
	var left []time.Time // from where times stepped back
	for i := 1; i < len(times); i++ {
		step := times[i].Sub(times[i-1])
		top := len(left) - 1
		switch {
		case step < -wrapped:
			left = append(left, times[i-1])
		case step > returned && top >= 0 && times[i].Sub(left[top]).Abs() < wrapped:
			left = left[:top]
		}
	}
	return len(left)
}

// samples gives the times of some lines, from the first to the last ones, as if all of
// them were of the year before the last change. A line that names its year ends it:
// its log needs no guess.
func samples(file io.ReaderAt, from, to int64, p syslog.Parser) (out []time.Time) {
	step := max(sampleLen, (to-from)/maxSamples)
	buf := make([]byte, sampleLen)
	at := from
	for {
		n, _ := file.ReadAt(buf, at) //nolint:errcheck // it is read again, and told then
		text := buf[:n]
		if at > 0 {
			_, text, _ = bytes.Cut(text, []byte("\n"))
		}
		last := max(to-sampleLen, from)
		for len(text) > 0 {
			var line []byte
			var whole bool
			if line, text, whole = bytes.Cut(text, []byte("\n")); !whole {
				break
			}
			p.Last = time.Time{}
			switch h := p.Parse(line); {
			case h.Format == syslog.BSD && !h.Time.IsZero():
				out = append(out, h.Time)
			case h.Format != syslog.Plain && h.Format != syslog.BSD:
				return nil
			}
			if at < last {
				break
			}
		}
		if at >= last {
			return out
		}
		at = min(at+step, last)
	}
}
