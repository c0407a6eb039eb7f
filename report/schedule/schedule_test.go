package schedule

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func ExampleRhythm_Next() {
	at := time.Date(2026, 12, 1, 6, 20, 0, 0, time.UTC)
	fmt.Println(Every(15 * time.Minute).Next(at).Format(time.DateTime))
	fmt.Println(Daily(6, 30).Next(at).Format(time.DateTime))
	fmt.Println(Weekly(time.Monday, 6, 30).Next(at).Format(time.DateTime))
	// Output:
	// 2026-12-01 06:30:00
	// 2026-12-01 06:30:00
	// 2026-12-07 06:30:00
}

func TestADailyJobRunsOnceOnEachDayOfTheCalendar(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"} {
		for _, at := range [][2]int{{0, 0}, {0, 30}, {1, 30}, {2, 0}, {2, 30}, {3, 0}, {23, 45}} {
			r := Daily(at[0], at[1])
			next := r.Next(time.Date(2017, 12, 31, 23, 59, 0, 0, zone(t, name)))
			day := time.Date(2018, 1, 1, 12, 0, 0, 0, zone(t, name))
			for range 2 * 365 {
				require.Equal(t, day.Format(time.DateOnly), next.Format(time.DateOnly), "%s at %v", name, at)
				next, day = r.Next(next), day.AddDate(0, 0, 1)
			}
		}
	}
}

func TestTheOffsetOfAHostStaysAndDiffers(t *testing.T) {
	at := time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC)
	seen := map[time.Time]bool{}
	for i := range 50 {
		host := fmt.Sprint("web", i)
		next := Daily(6, 30).On(host, time.Hour).Next(at)
		assert.Equal(t, next, Daily(6, 30).On(host, time.Hour).Next(at))
		assert.True(t, next.After(at) && next.Before(at.Add(24*time.Hour+30*time.Minute)))
		seen[next] = true
	}
	assert.Greater(t, len(seen), 40)
	late := Daily(23, 50).On("web1", 2*time.Hour)
	for now := at; now.Before(at.AddDate(0, 0, 10)); {
		next := late.Next(now)
		assert.LessOrEqual(t, next.Sub(now), 26*time.Hour, "no day is left out when the offset goes over midnight")
		now = next
	}
}

// kept runs one job for a span of virtual time, and gives when it began.
func kept(t *testing.T, job Job, span time.Duration) (began []time.Time) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), span)
		defer cancel()
		work := job.Run
		job.Run = func(ctx context.Context, due time.Time) error {
			began = append(began, time.Now())
			return work(ctx, due)
		}
		Keep(ctx, []Job{job})
	})
	return began
}

func TestAJobKeepsItsRhythm(t *testing.T) {
	quick := func(context.Context, time.Time) error { return nil }
	assert.Len(t, kept(t, Job{Rhythm: Every(15 * time.Minute), Run: quick}, 24*time.Hour-time.Minute), 96)
	assert.Len(t, kept(t, Job{Rhythm: Daily(6, 30), Run: quick}, 240*time.Hour), 11, "the first at once")
	assert.Empty(t, kept(t, Job{Run: quick, Last: time.Unix(1, 0)}, 24*time.Hour))
}

func TestWhatWasMissedIsCaughtUpOnceAndNothingOverlaps(t *testing.T) {
	running := false
	began := kept(t, Job{Rhythm: Every(15 * time.Minute), Run: func(ctx context.Context, _ time.Time) error {
		assert.False(t, running)
		running = true
		defer func() { running = false }()
		pause(ctx, 40*time.Minute)
		return nil
	}}, 3*time.Hour)
	assert.Len(t, began, 5)
	for i := 1; i < len(began); i++ {
		assert.GreaterOrEqual(t, began[i].Sub(began[i-1]), 40*time.Minute)
	}
}

func TestAClockThatWasAheadStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		runs := 0
		Keep(ctx, []Job{{Rhythm: Every(15 * time.Minute), Last: time.Now().AddDate(10, 0, 0), Run: func(context.Context, time.Time) error { runs++; return nil }}})
		assert.GreaterOrEqual(t, runs, 3)
	})
}

func TestAJobThatFailsIsToldAndGoesOn(t *testing.T) {
	var failed []string
	began := kept(t, Job{
		Name: "all", Rhythm: Every(time.Hour), Run: func(context.Context, time.Time) error { return errors.New("no") },
		Failed: func(name string, err error) { failed = append(failed, name+": "+err.Error()) },
	}, 3*time.Hour)
	assert.Len(t, failed, len(began))
	assert.Equal(t, "all: no", failed[0])
}

func TestATimeThatTheClocksSkipOrShowTwice(t *testing.T) {
	for _, c := range []struct{ zone, from, at, want string }{
		{"Europe/Berlin", "2026-03-29 00:00", "02:30", "2026-03-29T03:00:00+02:00"},       // skipped: at the setting
		{"Europe/Berlin", "2026-10-25 00:00", "02:30", "2026-10-25T02:30:00+02:00"},       // twice: the first
		{"America/New_York", "2026-03-08 00:00", "02:00", "2026-03-08T03:00:00-04:00"},    // the very moment
		{"America/New_York", "2026-11-01 00:00", "01:00", "2026-11-01T01:00:00-04:00"},    //
		{"America/Sao_Paulo", "2018-11-03 12:00", "00:30", "2018-11-04T01:00:00-02:00"},   // a day that begins at one
		{"Australia/Lord_Howe", "2026-10-04 00:00", "02:15", "2026-10-04T02:30:00+11:00"}, // half an hour
		{"Pacific/Apia", "2011-12-29 12:00", "06:30", "2011-12-31T06:30:00+14:00"},        // a day that was not
		{"UTC", "2026-03-29 00:00", "02:30", "2026-03-29T02:30:00Z"},
	} {
		z := zone(t, c.zone)
		from, err := time.ParseInLocation("2006-01-02 15:04", c.from, z)
		require.NoError(t, err)
		at, err := time.Parse("15:04", c.at)
		require.NoError(t, err)
		next := Daily(at.Hour(), at.Minute()).Next(from)
		assert.Equal(t, c.want, next.Format(time.RFC3339), c.zone)
		tomorrow := Daily(at.Hour(), at.Minute()).Next(next)
		assert.Equal(t, next.AddDate(0, 0, 1).Format(time.DateOnly), tomorrow.Format(time.DateOnly), "%s: once on that day", c.zone)
	}
}

// Names that differ in their last letter do not come in one hour of a week.
func TestHostsAreSpreadOverTheWholeSpan(t *testing.T) {
	days, monday := map[int]int{}, time.Date(2026, 12, 7, 0, 0, 0, 0, time.UTC)
	for i := range 100 {
		days[Weekly(time.Monday, 0, 0).On(fmt.Sprint("web", i), 7*24*time.Hour).Next(monday.Add(-1)).YearDay()%7]++
	}
	for day := range 7 {
		assert.Greater(t, days[day], 4, "%v", days)
	}
}

func TestAnOffsetOfDaysLeavesNoWeekOut(t *testing.T) {
	for i := range 20 {
		r := Weekly(time.Monday, 6, 30).On(fmt.Sprint("web", i), 6*24*time.Hour)
		next := r.Next(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
		for hour := range 24 * 7 {
			now := next.Add(time.Duration(hour) * time.Hour)
			assert.Equal(t, next.AddDate(0, 0, 7), r.Next(now), "%s after %s", now.Sub(next), next)
		}
	}
}
