package vnstat_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
	"github.com/pugetsoundtech/upkeep/traffic/netif/vnstat"
)

func snapshot(at time.Time, boot string, samples ...netif.Sample) netif.Snapshot {
	return netif.Snapshot{Time: at, Boot: boot, Interfaces: samples}
}

func eth(index int, received, sent uint64) netif.Sample {
	return netif.Sample{
		Name: "eth0", Index: index, Width: 64, Kind: netif.Physical,
		Received: netif.Counters{Bytes: report.Count(received)}, Sent: netif.Counters{Bytes: report.Count(sent)},
	}
}

// conserved asserts that each ring adds up to the differences.
func conserved(t *testing.T, i *netif.Traffic) {
	t.Helper()
	for n := range i.Rings {
		received, sent := i.Rings[n].Sum()
		require.Equal(t, []uint64{i.Received, i.Sent}, []uint64{received, sent}, "ring %d", n)
	}
}

func TestAHistoryGoesInAndComesOut(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"} {
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		var a, b netif.Archive
		start := time.Date(2026, 11, 24, 0, 0, 0, 0, zone).UTC()
		for n := range uint64(700) {
			a.Advance(snapshot(start.Add(time.Duration(n)*5*time.Minute), "a", eth(2, n*n*100, n)))
		}
		data, err := json.Marshal(vnstat.Of(&a, zone))
		require.NoError(t, err)
		require.NoError(t, vnstat.Import(&b, data))
		conserved(t, b.Interfaces["eth0"])
		again, err := json.Marshal(vnstat.Of(&b, zone))
		require.NoError(t, err)
		assert.JSONEq(t, string(data), string(again), name)
		require.Error(t, vnstat.Import(&b, data), "it has a history already")
	}
	for _, text := range []string{"{", `{"jsonversion":"1"}`, `{"jsonversion":"2","interfaces":[{"name":"x","traffic":{"hour":[{"rx":5}]}}]}`} {
		assert.Error(t, vnstat.Import(&netif.Archive{}, []byte(text)), text)
	}
}

// printed is after the documentation of vnStat's JSON: of each table fewer entries are
// kept the finer it is.
const printed = `{"vnstatversion":"2.10","jsonversion":"2","interfaces":[{"name":"eth0","alias":"",
"created":{"date":{"year":2024,"month":11,"day":10},"timestamp":1731193200},
"updated":{"date":{"year":2026,"month":3,"day":2},"time":{"hour":1,"minute":0},"timestamp":1772409600},
"traffic":{"total":{"rx":%d,"tx":60},"fiveminute":[],
"hour":[{"id":1,"date":{"year":2026,"month":3,"day":2},"time":{"hour":0,"minute":0},"timestamp":1772406000,"rx":5,"tx":1}],
"day":[{"id":1,"date":{"year":2026,"month":3,"day":1},"timestamp":1772319600,"rx":40,"tx":4},{"id":2,"date":{"year":2026,"month":3,"day":2},"timestamp":1772406000,"rx":5,"tx":1}],
"month":[{"id":1,"date":{"year":2026,"month":2},"timestamp":1769900400,"rx":280,"tx":5},{"id":2,"date":{"year":2026,"month":3},"timestamp":1772319600,"rx":45,"tx":5}],
"year":[{"id":1,"date":{"year":2024},"timestamp":1704063600,"rx":520,"tx":20},{"id":2,"date":{"year":2025},"timestamp":1735686000,"rx":3650,"tx":20},{"id":3,"date":{"year":2026},"timestamp":1767222000,"rx":356,"tx":20}],
"top":[]}}]}`

func TestMonthsAndYearsGoOnWithoutTheirDays(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	var a netif.Archive
	require.NoError(t, vnstat.Import(&a, fmt.Appendf(nil, printed, 4526)))
	i := a.Interfaces["eth0"]
	conserved(t, i)
	assert.Zero(t, i.Days().Dropped)
	got := map[string]uint64{}
	for layout, unit := range map[string]func(time.Time) time.Time{"2006": netif.Yearly, "2006-01": netif.Monthly, time.DateOnly: netif.Daily} {
		for _, d := range i.Local(zone, unit) {
			got[d.Begin.Format(layout)] += d.Received
		}
	}
	for what, want := range map[string]uint64{
		"2024": 520, "2025": 3650, "2026": 356, "2026-01": 31, "2026-02": 280, "2026-03": 45, "2025-06": 300, "2024-12": 310,
		"2026-03-01": 40, "2026-03-02": 5, "2026-02-17": 10, "2024-11-10": 10,
	} {
		assert.Equal(t, want, got[what], what)
	}
	assert.NotContains(t, got, "2024-11-09", "it was not there yet")
	require.ErrorContains(t, vnstat.Import(&netif.Archive{}, fmt.Appendf(nil, printed, 4000)), "more than the total")
}

func FuzzImport(f *testing.F) {
	f.Add(fmt.Appendf(nil, printed, 4526))
	f.Fuzz(func(t *testing.T, data []byte) {
		var a netif.Archive
		if vnstat.Import(&a, data) != nil {
			return
		}
		for _, i := range a.Interfaces {
			conserved(t, i)
		}
		vnstat.Of(&a, time.UTC)
		if _, err := a.Encode(); err != nil {
			t.Fatal(err)
		}
	})
}
