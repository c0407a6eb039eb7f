package disk

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/report"
)

// The forecast needs some figures over some days, or one copied file would be a
// trend; and it looks back no longer than a month, or what was once would hide it.
const (
	samplesLeast = 4
	samplesMost  = 30
	sampleEvery  = 12 * time.Hour
	historyLeast = 2 * 24 * time.Hour
	fillsWithin  = 7 * 24 * time.Hour
)

// A sample is how much of a file system was used at one time.
type sample struct {
	At   int64 // seconds since 1970
	Used uint64
}

// A history is the samples of one file system, the oldest first. Another size
// or device is another file system.
type history struct {
	Source  string
	Size    uint64
	Samples []sample
}

// keptHistory is the samples of the stored runs, by mount point.
var keptHistory = report.State[map[string]history]{Name: "history", Version: 1, Valid: validHistory}

func validHistory(all map[string]history) error {
	for _, h := range all {
		if len(h.Samples) > samplesMost || !slices.IsSortedFunc(h.Samples, func(a, b sample) int { return int(min(max(a.At-b.At, -1), 1)) }) {
			return errors.New("its samples are out of order")
		}
	}
	return nil
}

// filling reports the file systems that will soon be full, and remembers how
// full they are.
func (c Filesystems) filling(ctx context.Context, rec *report.Recorder, usage []Usage, l Limits) {
	before, _, err := keptHistory.Load(rec)
	if err != nil {
		rec.Problem(err, "filling")
	}
	all := err == nil
	now := map[string]history{}
	for _, s := range sharing(usage) {
		u := s.Usage
		h, known := before[u.Mount]
		if u.SpaceErr != nil || u.Size == 0 || u.Type == "tmpfs" || u.Type == "devtmpfs" {
			if known {
				now[u.Mount] = h
			}
			all = all && u.SpaceErr == nil
			continue
		}
		another := known && !h.isOf(u)
		h = h.with(u, rec.Now())
		now[u.Mount] = h
		if !h.isLong() && !another {
			all = false // nobody knows yet, or no longer: the clock was set back, or the memory is new
			continue
		}
		rec.Covered(scopeOf("filling", u.Mount))
		left, over := h.fullIn(u.Free)
		if left > 0 && left <= fillsWithin && s.with == "" && l.space(u) == report.RuleSeverity {
			rec.Finding(fillingFinding(u, left, over, howto.Of(ctx, c.Host)))
		}
	}
	if all {
		rec.Covered("filling") // what is no longer mounted no longer fills
	}
	if err := keptHistory.Keep(rec, now); err != nil {
		rec.Problem(err, "filling")
	}
}

// isOf reports whether h is of the same file system: another size or device is another one.
func (h history) isOf(u Usage) bool { return h.Source == u.Source && h.Size == u.Size }

// over is the time from the first sample to the last.
func (h history) over() time.Duration {
	if len(h.Samples) == 0 {
		return 0
	}
	return time.Duration(h.Samples[len(h.Samples)-1].At-h.Samples[0].At) * time.Second
}

// isLong reports whether there is enough to tell a pace from.
func (h history) isLong() bool { return len(h.Samples) >= samplesLeast && h.over() >= historyLeast }

// with adds what is used now, or puts it in the place of the last one when that
// is young.
func (h history) with(u Usage, at time.Time) history {
	if !h.isOf(u) {
		h = history{Source: u.Source, Size: u.Size}
	}
	samples := slices.DeleteFunc(slices.Clone(h.Samples), func(s sample) bool { return s.At >= at.Unix() })
	if n := len(samples); n > 1 && samples[n-1].At-samples[n-2].At < int64(sampleEvery.Seconds()) {
		samples = samples[:n-1]
	}
	samples = append(samples, sample{at.Unix(), u.Used})
	h.Samples = samples[max(0, len(samples)-samplesMost):]
	return h
}

// fullIn says in what time the free bytes will be used up at the pace of the
// history, and over what time that is; zero for one that does not grow or is
// too short. The pace is the median of those between any two samples: neither
// one large file nor one night's clean-up makes it.
func (h history) fullIn(free uint64) (left, over time.Duration) {
	if !h.isLong() {
		return 0, 0
	}
	over = h.over()
	var paces []float64 // bytes a second
	for i, a := range h.Samples {
		for _, b := range h.Samples[i+1:] {
			paces = append(paces, (float64(b.Used)-float64(a.Used))/float64(max(b.At-a.At, 1)))
		}
	}
	slices.Sort(paces)
	pace := paces[len(paces)/2]
	if pace <= 0 || float64(free)/pace > fillsWithin.Seconds() {
		return 0, over
	}
	return max(time.Duration(float64(free)/pace*float64(time.Second)), time.Second), over
}
