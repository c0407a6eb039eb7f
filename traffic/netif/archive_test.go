package netif_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

// conserved asserts that each ring of each interface adds up to the differences.
func conserved(t *testing.T, a *netif.Archive) {
	t.Helper()
	for name, i := range a.Interfaces {
		for n := range i.Rings {
			received, sent := i.Rings[n].Sum()
			require.Equal(t, i.Received, received, "%s, ring %d", name, n)
			require.Equal(t, i.Sent, sent, "%s, ring %d", name, n)
		}
	}
}

func TestEveryRingAddsUpToTheDifferencesWhateverHappens(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 8 {
		var a netif.Archive
		at, boot, index := start, 'a', 1
		var counter, sum uint64
		for range 60 {
			at = at.Add(time.Duration(r.Int64N(1 << r.UintN(53))))
			switch r.IntN(12) {
			case 0:
				boot, counter = boot+1, 0
			case 1:
				index, counter = index+1, 0
			case 2:
				counter = r.Uint64N(counter + 1)
			case 3:
				at = at.Add(-time.Duration(r.Int64N(1 << 52)))
			}
			counter += r.Uint64N(1 << r.UintN(50))
			for _, s := range a.Advance(snapshot(at, string(boot), eth(index, counter, counter/3))) {
				sum += s.Received.Bytes
			}
			conserved(t, &a)
		}
		require.Equal(t, sum, a.Interfaces["eth0"].Received)
		data, err := a.Encode()
		require.NoError(t, err)
		again, err := netif.DecodeArchive(data)
		require.NoError(t, err)
		conserved(t, again)
		twice, err := again.Encode()
		require.NoError(t, err)
		require.Equal(t, data, twice)
	}
}

func TestAWrongClockLeavesNoBucketsOfAFarTime(t *testing.T) {
	for name, wrong := range map[string]time.Time{"1970": time.Unix(0, 0).UTC(), "ten years ahead": start.AddDate(10, 0, 0)} {
		var a netif.Archive
		at, counter := start, uint64(0)
		look := func(clock time.Time) {
			s := snapshot(clock, "a", eth(2, counter, counter/3))
			s.Booted = clock.Add(-at.Sub(start.AddDate(0, 0, -1))) // it is up for as long as it is, whatever the clock says
			a.Advance(s)
			at, counter = at.Add(time.Hour), counter+6000
		}
		for range 36 * 24 {
			look(at)
		}
		from, to := start.AddDate(0, 0, 2), at.Add(-time.Hour)
		before := append([]netif.Bucket(nil), a.Interfaces["eth0"].FiveMinutes().Between(from, to)...)
		look(wrong)
		for range 3 {
			look(at)
		}
		conserved(t, &a)
		i := a.Interfaces["eth0"]
		assert.True(t, slices.Equal(before, i.FiveMinutes().Between(from, to)), "%s: what was counted before stays as it was", name)
		now := at.Add(-time.Hour)
		for n := range i.Rings {
			last := i.Rings[n].Buckets[len(i.Rings[n].Buckets)-1]
			assert.LessOrEqual(t, last.Start, now.Unix(), "%s, ring %d", name, n)
		}
		days := i.Local(time.UTC, netif.Daily)
		assert.Equal(t, netif.Daily(now), days[len(days)-1].Begin, name)
		var sum uint64
		for _, hour := range i.Hours().Between(to.Truncate(time.Hour), at) {
			sum += hour.Received
		}
		assert.GreaterOrEqual(t, sum, uint64(3*6000), "%s: later hours have their traffic", name)
	}
}

func TestHalfAnHourWithoutALookKeepsTheDay(t *testing.T) {
	var a netif.Archive
	a.Advance(snapshot(start, "a", eth(2, 0, 0)))
	a.Advance(snapshot(start.Add(5*time.Minute), "a", eth(2, 300, 0)))
	a.Advance(snapshot(start.Add(35*time.Minute), "a", eth(2, 6300, 0)))
	i := a.Interfaces["eth0"]
	require.Len(t, i.FiveMinutes().Buckets, 7)
	assert.EqualValues(t, 1000, i.FiveMinutes().Buckets[3].Received)
	assert.True(t, i.FiveMinutes().Buckets[3].Spread)
	days := i.Local(time.UTC, netif.Daily)
	require.Len(t, days, 1)
	assert.EqualValues(t, 6300, days[0].Received)
}

func TestDaysOf23And25HoursAreRight(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for _, c := range []struct {
		day   time.Time
		hours uint64
	}{{time.Date(2026, 3, 29, 0, 0, 0, 0, zone), 23}, {time.Date(2026, 10, 25, 0, 0, 0, 0, zone), 25}, {time.Date(2026, 10, 26, 0, 0, 0, 0, zone), 24}} {
		var a netif.Archive
		at := c.day.Add(-24 * time.Hour)
		for n := range uint64(80) {
			a.Advance(snapshot(at.Add(time.Duration(n)*time.Hour).UTC(), "a", eth(2, n*100, 0)))
		}
		for _, d := range a.Interfaces["eth0"].Local(zone, netif.Daily) {
			if d.Begin.Equal(c.day) {
				assert.EqualValues(t, 100*c.hours, d.Received, c.day)
			}
		}
		conserved(t, &a)
	}
}

func TestBucketsFollowACardThatSwapsItsName(t *testing.T) {
	card := func(name string, index int, mac string, b uint64) netif.Sample { return named(name, index, mac, b, b) }
	var a netif.Archive
	a.Advance(snapshot(start, "a", card("eth0", 2, "52:54:00:00:00:02", 0), card("eth1", 3, "52:54:00:00:00:03", 0)))
	a.Advance(snapshot(start.Add(time.Minute), "a", card("eth0", 2, "52:54:00:00:00:02", 100), card("eth1", 3, "52:54:00:00:00:03", 7)))
	a.Advance(snapshot(start.Add(2*time.Minute), "a", card("eth1", 2, "52:54:00:00:00:02", 150), card("eth0", 3, "52:54:00:00:00:03", 9)))
	assert.EqualValues(t, 150, a.Interfaces["eth1"].Received)
	assert.EqualValues(t, 9, a.Interfaces["eth0"].Received)
	conserved(t, &a)
}

func TestThe95thPercentileByBothConventions(t *testing.T) {
	var a netif.Archive
	var counter uint64
	month := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	a.Advance(snapshot(month, "a", eth(2, 0, 0)))
	for n := range uint64(100) {
		counter += (n + 1) * 300
		a.Advance(snapshot(month.Add(time.Duration(n+1)*5*time.Minute), "a", eth(2, counter, 0)))
	}
	i := a.Interfaces["eth0"]
	p := i.Percentile95(month, month.Add(200*5*time.Minute), false)
	assert.InDelta(t, 95, p.Received, 1e-9)
	assert.Equal(t, []int{100, 200}, []int{p.Seen, p.Expected})
	assert.InDelta(t, 90, i.Percentile95(month, month.Add(200*5*time.Minute), true).Received, 1e-9)
}

func TestYearsOutliveTheirHours(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	var a netif.Archive
	begin := time.Date(2024, 11, 15, 5, 0, 0, 0, time.UTC)
	var counter uint64
	for at := begin; at.Before(time.Date(2026, 11, 25, 17, 0, 0, 0, time.UTC)); at = at.Add(6 * time.Hour) {
		a.Advance(snapshot(at, "a", eth(2, counter, 3*counter)))
		counter += 6000
	}
	i := a.Interfaces["eth0"]
	assert.NotZero(t, i.Hours().Dropped.Received, "hours are kept for 400 days")
	for _, unit := range []func(time.Time) time.Time{netif.Daily, netif.Monthly, netif.Yearly} {
		var received, sent uint64
		last := time.Time{}
		days := i.Local(zone, unit)
		for _, d := range days {
			received, sent = received+d.Received, sent+d.Sent
			assert.True(t, d.Begin.After(last), "%s is behind %s", d.Begin, last)
			assert.Equal(t, unit(d.Begin), d.Begin)
			last = d.Begin
		}
		assert.Equal(t, []uint64{i.Received, i.Sent}, []uint64{received, sent}, "of %d", len(days))
	}
	years := i.Local(zone, netif.Yearly)
	require.Len(t, years, 3)
	assert.InDelta(t, 365*24_000, years[1].Received, 1000, "its first day is one of UTC")
}

func TestADamagedArchiveFallsBackAndSaysSo(t *testing.T) {
	f := netif.ArchiveFile{Name: filepath.Join(t.TempDir(), "interfaces")}
	a, unusable, err := f.Load()
	require.NoError(t, err)
	require.NoError(t, unusable)
	for n := range uint64(3) {
		a.Advance(snapshot(start.Add(time.Duration(n)*5*time.Minute), "a", eth(2, n*100, n)))
		require.NoError(t, f.Save(a))
	}
	require.NoError(t, os.WriteFile(f.Name, []byte("torn"), 0o600))
	a, unusable, err = f.Load()
	require.NoError(t, err)
	require.Error(t, unusable)
	assert.EqualValues(t, 100, a.Interfaces["eth0"].Received)
}

func TestAYearOfEightInterfacesIsSmall(t *testing.T) {
	var a netif.Archive
	var counters [8]uint64
	r := rand.New(rand.NewPCG(5, 6))
	for n := range 365 * 6 { // four hours each, spread over as many buckets as if each was read
		var samples []netif.Sample
		for i := range counters {
			counters[i] += r.Uint64N(1 << 36)
			s := eth(i+1, counters[i], counters[i]/2)
			s.Name = "eth" + string(rune('0'+i))
			samples = append(samples, s)
		}
		a.Advance(snapshot(start.Add(time.Duration(n)*4*time.Hour), "a", samples...))
	}
	data, err := a.Encode()
	require.NoError(t, err)
	assert.Less(t, len(data), 16<<20)
	t.Logf("%d bytes", len(data))
}

func TestAYearOfFiveMinutesOfEightInterfacesIsKeptAndSmall(t *testing.T) {
	need.Long(t)
	const days, busy = 366, 2 * 300 * 100_000_000 / 8 // 100 Mbit/s in the mean, in both directions
	a := &netif.Archive{Fine: days * 24 * time.Hour}
	r := rand.New(rand.NewPCG(7, 8))
	var received, sent uint64
	for n := range days*24*12 + 1 {
		received, sent = received+r.Uint64N(busy), sent+r.Uint64N(busy)
		a.Advance(snapshot(start.Add(time.Duration(n)*5*time.Minute), "a", eth(1, received, sent)))
	}
	read := a.Interfaces["eth0"]
	for i := range 7 { // filled with as many steps, which takes a tenth of the time that reading them does
		more := netif.NewTraffic("eth"+string(rune('1'+i)), read.Created)
		more.Updated = read.Updated
		for _, b := range read.FiveMinutes().Buckets {
			b.Received, b.Sent = r.Uint64N(busy), r.Uint64N(busy)
			more.Received, more.Sent = more.Received+b.Received, more.Sent+b.Sent
			for n := range more.Rings {
				step := int64(more.Rings[n].Step / time.Second)
				more.Rings[n].Put(netif.Bucket{Start: b.Start / step * step, Received: b.Received, Sent: b.Sent})
			}
		}
		a.Interfaces[more.Name] = more
	}
	dir := t.TempDir()
	f := netif.ArchiveFile{Name: filepath.Join(dir, "interfaces")}
	for range 2 {
		require.NoError(t, f.Save(a))
		var unusable, err error
		a, unusable, err = f.Load()
		require.NoError(t, errors.Join(err, unusable))
	}
	conserved(t, a)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	var size int64
	for _, file := range files {
		info, err := file.Info()
		require.NoError(t, err)
		size += info.Size()
	}
	assert.Len(t, files, 2, "with the copy before")
	assert.Less(t, size, int64(16<<20))
	t.Logf("%d bytes on disk", size)
	for name, i := range a.Interfaces {
		assert.Zero(t, i.FiveMinutes().Dropped, name)
		assert.Len(t, i.FiveMinutes().Buckets, days*24*12, name)
		for at := netif.Monthly(start).AddDate(0, 1, 0); at.AddDate(0, 1, 0).Before(i.Updated); at = at.AddDate(0, 1, 0) {
			p := i.Percentile95(at, at.AddDate(0, 1, 0), false)
			assert.Equal(t, p.Expected, p.Seen, "%s %s", name, at)
			assert.InEpsilon(t, 0.95*busy/300, p.Received, 0.02)
		}
	}
	a.Fine = 24 * time.Hour
	a.Advance(snapshot(start.Add((days*24+1)*time.Hour), "a", eth(1, received, sent)))
	assert.LessOrEqual(t, len(a.Interfaces["eth0"].FiveMinutes().Buckets), 26*12, "who keeps less has less")
	conserved(t, a)
}

func FuzzDecodeArchive(f *testing.F) {
	var a netif.Archive
	a.Advance(snapshot(start, "a", eth(2, 5, 5)))
	a.Advance(snapshot(start.Add(3*time.Hour), "a", eth(2, 50, 5)))
	data, err := a.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := netif.DecodeArchive(data)
		if err != nil {
			return
		}
		a.Advance(snapshot(start.Add(5*time.Hour), "a", eth(2, 70, 7)))
		if _, err := a.Encode(); err != nil {
			t.Fatal(err)
		}
	})
}
