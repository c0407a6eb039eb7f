package traffictest_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
	"github.com/pugetsoundtech/upkeep/traffic/weblog"
)

// thirds lets an analyser go on with its own JSON, a third of a year after the
// other, and tells how large that is at the end of each.
func thirds(t *testing.T, n int, make func() traffic.Analyzer, text func(begin time.Time) string) (a traffic.Analyzer, sizes []int) {
	t.Helper()
	a = make()
	for i := range n {
		begin := time.Date(2024, time.Month(1+4*i), 1, 0, 0, 0, 0, time.UTC)
		_, err := traffic.ReadFrom(t.Context(), strings.NewReader(text(begin)), syslog.Parser{}, a)
		require.NoError(t, err)
		saved, err := json.Marshal(a)
		require.NoError(t, err)
		sizes = append(sizes, len(saved))
		a = make()
		require.NoError(t, json.Unmarshal(saved, a))
	}
	return a, sizes
}

// days calls f for each day of a third of a year.
func days(begin time.Time, f func(day time.Time)) {
	for day := begin; day.Before(begin.AddDate(0, 4, 0)); day = day.AddDate(0, 0, 1) {
		f(day)
	}
}

func TestAfterTwoYearsTheStateOfWebstatsGrowsNoMore(t *testing.T) {
	need.Long(t)
	visits := 0
	a, sizes := thirds(t, 7, func() traffic.Analyzer { return weblog.New(weblog.Options{Seed: 9, Keys: 200}) }, func(begin time.Time) string {
		var b strings.Builder
		days(begin, func(day time.Time) {
			for i := range 30 { // always others
				visits++
				fmt.Fprintf(&b, "10.%d.%d.%d - - [%s] \"GET /%d HTTP/1.1\" 200 5 \"-\" \"x\"\n", visits>>16, visits>>8&255, visits&255, day.Add(time.Duration(i)*40*time.Minute).Format("02/Jan/2006:15:04:05 -0700"), visits)
			}
		})
		return b.String()
	})
	s := a.(*weblog.Stats)
	got, report := s.Totals(), s.Report(1)
	assert.EqualValues(t, visits, got.ValidRequests)
	assert.EqualValues(t, 5*visits, got.Bandwidth)
	assert.InEpsilon(t, visits, got.UniqueVisitors, 0.02)
	assert.True(t, got.Approximate)
	assert.LessOrEqual(t, len(report.Days), traffic.KeepDays)
	require.NotNil(t, report.Earlier, "what is too old is told as one")
	assert.Less(t, report.Earlier.Date, report.Days[0].Date)
	assert.Less(t, sizes[6], sizes[4]*5/4)
	assert.Less(t, sizes[6], 12<<20)
}

func TestAfterTwoYearsTheStateOfMailstatsGrowsNoMore(t *testing.T) {
	received := 0
	a, sizes := thirds(t, 7, func() traffic.Analyzer { return maillog.New(maillog.Options{Seed: 9, Keys: 400}) }, func(begin time.Time) string {
		var b strings.Builder
		days(begin, func(day time.Time) {
			for hour := range 24 { // none of them ever ends
				received++
				at := day.Add(time.Duration(hour) * time.Hour).Format(time.RFC3339)
				fmt.Fprintf(&b, "%s mx postfix/smtpd[1]: %08X: client=c[192.0.2.1]\n%s mx postfix/qmgr[1]: %08X: from=<s%d@x.org>, size=7, nrcpt=1 (queue active)\n", at, received, at, received, received)
			}
		})
		return b.String()
	})
	s := a.(*maillog.Stats)
	got, report := s.Totals(), s.Report(1, nil)
	assert.EqualValues(t, received, got.Received)
	assert.EqualValues(t, 7*received, got.BytesReceived)
	assert.InDelta(t, 5*24, report.Open, 10, "no server keeps a message for longer than five days")
	require.NotNil(t, report.Earlier)
	assert.EqualValues(t, received, report.Earlier.Received+sum(report.Days))
	assert.Less(t, sizes[6], sizes[4]*5/4)
	assert.Less(t, sizes[6], 8<<20)
}

func sum(days []maillog.Day) (n int64) {
	for _, d := range days {
		n += d.Received
	}
	return n
}

// maxState is what mailstats and webstats take as the state of a run.
const maxState = 256 << 20

func TestNoFloodMakesMoreStateThanIsRead(t *testing.T) {
	need.Long(t)
	var top traffic.Top
	r := rand.New(rand.NewPCG(1, 2))
	most := 0
	for i := range 140_000 {
		key := fmt.Appendf(nil, "%06d%0*d", i, r.IntN(130), 0)
		top.Add(key, 1+r.Int64N(3), 1<<40)
		if i >= 100_000 && i%6000 == 0 {
			saved, err := json.Marshal(&top)
			require.NoError(t, err)
			most = max(most, len(saved))
		}
	}
	const tables, messages, rest = 12, 32 << 20, 24 << 20
	assert.Less(t, tables*most+messages+rest, maxState)
}

func TestTimesOfAllAgesAreBoundedAndNoneIsLost(t *testing.T) {
	var mail, web strings.Builder
	const lines = 30_000
	at := time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range lines {
		at := at.Add(time.Duration(i*7919%lines) * 25 * time.Hour) // to 2056, in any order
		fmt.Fprintf(&mail, "%s mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.1]: 554 5.7.1 <x>: no; from=<> to=<x> proto=SMTP helo=<h>\n", at.Format(time.RFC3339))
		fmt.Fprintf(&web, "192.0.2.7 - - [%s] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"\n", at.Format("02/Jan/2006:15:04:05 -0700"))
	}
	m, w := maillog.New(maillog.Options{}), weblog.New(weblog.Options{})
	for a, text := range map[traffic.Analyzer]string{m: mail.String(), w: web.String()} {
		reading, err := traffic.ReadFrom(t.Context(), strings.NewReader(text), syslog.Parser{}, a)
		require.NoError(t, err)
		assert.Zero(t, reading.Unknown)
	}
	assert.EqualValues(t, lines, m.Totals().Rejected)
	assert.LessOrEqual(t, len(m.Hours), traffic.KeepDays*24+1)
	assert.EqualValues(t, lines, w.Totals().ValidRequests)
	assert.EqualValues(t, lines, w.Totals().UniqueVisitors, "a day each")
	assert.LessOrEqual(t, len(w.Hours), traffic.KeepDays*24+1)
	assert.LessOrEqual(t, len(w.Days), traffic.KeepDays+1)
	assert.True(t, w.Totals().Approximate)
}

func TestLongKeysAreBoundedByTheirBytes(t *testing.T) {
	s := weblog.New(weblog.Options{})
	var b strings.Builder
	for i := range 6000 {
		fmt.Fprintf(&b, "192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] \"GET /%d%s HTTP/1.1\" 200 5 \"https://x.org/\" \"%d%s\"\n", i, strings.Repeat("y", 4000), i, strings.Repeat("z", 4000))
	}
	_, err := traffic.ReadFrom(t.Context(), strings.NewReader(b.String()), syslog.Parser{}, s)
	require.NoError(t, err)
	held := 0
	for _, e := range s.Requests.First(-1) {
		held += len(e.Key)
	}
	assert.LessOrEqual(t, held, 8<<20)
	assert.NotZero(t, s.Requests.Error(), "that some are missing is said")
	assert.EqualValues(t, 6000, s.Totals().ValidRequests)
}
