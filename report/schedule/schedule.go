// Package schedule keeps rhythms: every quarter of an hour, daily, weekly.
//
//	jobs := []schedule.Job{
//		{Name: "all", Rhythm: schedule.Daily(6, 30).On(host, 20*time.Minute), Run: everything},
//		{Name: "services", Rhythm: schedule.Every(15 * time.Minute), Run: quick},
//	}
//	schedule.Keep(ctx, jobs)
//
// # Design
//
// A rhythm is a pure function from a moment to the next one. A day is a day of
// the calendar, so that a daily job runs once on the days when the clocks are
// set as well. What was missed, however often, is caught up once. A job never
// overlaps itself. The clock is looked at each minute at least: a machine that
// slept, or whose clock was set, is right again within that time.
package schedule

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// A Rhythm says when a job is due. The zero value is never.
type Rhythm struct {
	every        time.Duration
	daily        bool
	weekly       bool
	weekday      time.Weekday
	hour, minute int
	offset       time.Duration
}

// Every is each full n since 1970: every quarter of an hour is at :00, :15, :30, :45.
func Every(n time.Duration) Rhythm { return Rhythm{every: n} }

// Daily is once a day, at a time of the clock that the moments are in.
func Daily(hour, minute int) Rhythm { return Rhythm{daily: true, hour: hour, minute: minute} }

// Weekly is once a week.
func Weekly(day time.Weekday, hour, minute int) Rhythm {
	return Rhythm{daily: true, weekly: true, weekday: day, hour: hour, minute: minute}
}

// On gives the rhythm of one host of many: later by a part of spread that is
// always the same for this host, so that not all of them come at once.
func (r Rhythm) On(host string, spread time.Duration) Rhythm {
	if spread > 0 {
		sum := sha256.Sum256([]byte(host)) // names of one kind lie close together under a simpler one
		r.offset = time.Duration(binary.BigEndian.Uint64(sum[:]) % uint64(spread)).Truncate(time.Second)
	}
	return r
}

// Next gives the first moment after t at which the job is due, in t's zone; the
// zero time for a rhythm that never is.
func (r Rhythm) Next(t time.Time) time.Time {
	switch {
	case r.daily:
		return r.nextDay(t)
	case r.every > 0:
		since := t.Add(-r.offset).Sub(time.Unix(0, 0))
		return time.Unix(0, 0).Add((since/r.every + 1) * r.every).Add(r.offset).In(t.Location())
	}
	return time.Time{}
}

func (r Rhythm) nextDay(t time.Time) time.Time {
	// A day before may still be to come, by the offset.
	for ahead := -1 - int(r.offset/(24*time.Hour)); ; ahead++ {
		noon := time.Date(t.Year(), t.Month(), t.Day()+ahead, 12, 0, 0, 0, t.Location())
		at := r.on(noon).Add(r.offset)
		if at.After(t) && (!r.weekly || noon.Weekday() == r.weekday) {
			return at
		}
	}
}

// on gives the moment on a day: where the clocks are set back over it, the first of
// the two; where they are set forward over it, that of their setting. In neither case
// does time.Date promise which side it gives.
func (r Rhythm) on(noon time.Time) time.Time {
	at := time.Date(noon.Year(), noon.Month(), noon.Day(), r.hour, r.minute, 0, 0, noon.Location())
	wanted := time.Date(noon.Year(), noon.Month(), noon.Day(), r.hour, r.minute, 0, 0, time.UTC)
	start, end := at.ZoneBounds()
	switch wanted.Compare(wall(at)) {
	case -1:
		return start
	case 1:
		return end
	}
	if before := start.Add(-1); !start.IsZero() {
		first := at.Add(wall(start).Sub(wall(before).Add(1)))
		if first.Before(start) && wall(first).Equal(wanted) {
			return first
		}
	}
	return at
}

// wall is what a clock shows.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// A Job is what is done in a rhythm.
type Job struct {
	Name   string
	Rhythm Rhythm
	Last   time.Time                                      // when it last began; zero: never, and it begins at once
	Run    func(ctx context.Context, due time.Time) error // due is the moment that it was due at
	Failed func(name string, err error)                   // is told what Run returns; nil: nobody is
}

// look is how often the clock is looked at.
const look = time.Minute

// Keep runs the jobs, each in its rhythm, until ctx ends; then it waits for those
// that run.
func Keep(ctx context.Context, jobs []Job) {
	var wg sync.WaitGroup
	for _, j := range jobs {
		wg.Go(func() { j.keep(ctx) })
	}
	wg.Wait()
}

func (j Job) keep(ctx context.Context) {
	last := j.Last
	for ctx.Err() == nil {
		now := time.Now()
		if last.After(now) { // the clock was set back
			last = now
		}
		due := now
		if !last.IsZero() {
			due = j.Rhythm.Next(last.In(now.Location()))
		}
		switch {
		case due.IsZero():
			return
		case due.After(now):
			pause(ctx, min(due.Sub(now), look))
		default:
			last = now
			if err := j.Run(ctx, due); err != nil && j.Failed != nil {
				j.Failed(j.Name, err)
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
