package weblog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/traffic"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const accessPath = "/var/log/nginx/access.log"

func newWebServer() *hosttest.Machine {
	text := "A web server.\n-- machine now=2026-11-25T12:00:00Z --\n-- /etc/localtime absent --\n-- /var/log/nginx/ dir complete --\n-- " + accessPath + " --\n-- /var/log/nginx/access.log.1 --\nold\n-- /var/log/nginx/error.log --\nx\n"
	for _, name := range append(folders[1:], files...) {
		text += "-- " + name + " absent --\n"
	}
	return hosttest.New(text)
}

func requestsAt(at time.Time, n int, status int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "192.0.2.%d - - [%s] \"GET /%d HTTP/1.1\" %d 100 \"-\" \"x\"\n", i%50, at.Format("02/Jan/2006:15:04:05 -0700"), i, status)
	}
	return b.String()
}

func TestRequestsAreCountedOnceAndWhatIsUnusualIsTold(t *testing.T) {
	m, store, now := newWebServer(), reporttest.Store{}, noon
	run := func() report.Result {
		h := m.Host()
		h.Now = func() time.Time { return now }
		rep, err := (&suite.Suite{Checks: []report.Checker{Web{Host: h}}, Store: &store}).Run(t.Context())
		require.NoError(t, err)
		return rep.Results[0]
	}
	metric := func(res report.Result, name string) string {
		for _, m := range res.Metrics {
			if m.Name == name {
				return m.Value.String()
			}
		}
		return ""
	}
	var text strings.Builder
	for hour := range 24 * 20 {
		text.WriteString(requestsAt(noon.Add(time.Duration(hour-24*20)*time.Hour), 20, 200))
	}
	require.NoError(t, m.AppendFile(accessPath, []byte(text.String())))
	res := run()
	require.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, "9600", metric(res, "web_requests"))
	assert.Empty(t, res.Findings)
	now = noon.Add(24 * time.Hour)
	for hour := range 24 {
		require.NoError(t, m.AppendFile(accessPath, []byte(requestsAt(noon.Add(time.Duration(hour)*time.Hour), 20, 502))))
	}
	res = run()
	assert.Equal(t, "480", metric(res, "web_requests"))
	require.Len(t, res.Findings, 1)
	assert.Equal(t, ruleErrors, res.Findings[0].Rule)
	assert.Equal(t, "480 failed answers in the last 24 hours; usual is about 0 failed answers, the median of the same hours of 19 days.", res.Findings[0].Detail)
	assert.Len(t, res.Series, 5)
	now = noon.Add(72 * time.Hour)
	res = run()
	require.Len(t, res.Findings, 1)
	assert.Equal(t, ruleSilent, res.Findings[0].Rule)
	require.NoError(t, m.Add("-- "+accessPath+" error=permission --\n"))
	assert.Equal(t, report.Partial, run().Status, "what cannot be read is no silence")
}

func TestTheBusiestHourIsToldAndDaysAreCompared(t *testing.T) {
	m := newWebServer()
	var text strings.Builder
	for hour := range 24 * 40 {
		n := 3 + hour%24/8
		if hour == 24*40-5 {
			n = 1500
		}
		text.WriteString(requestsAt(noon.Add(time.Duration(hour-24*40)*time.Hour), n, 200))
	}
	require.NoError(t, m.AppendFile(accessPath, []byte(text.String())))
	res, err := suite.Collect(t.Context(), Web{Host: m.Host()})
	require.NoError(t, err)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, rulePeak, res.Findings[0].Rule)
	assert.Equal(t, "1,500 requests in an hour; the most before was 5 requests.", res.Findings[0].Detail)
	changes := map[string]float64{}
	for _, metric := range res.Metrics {
		if strings.HasSuffix(metric.Name, "_change_ratio") {
			changes[metric.Name] = metric.Value.Float()
		}
	}
	assert.InDelta(t, 15.6, changes["web_requests_day_change_ratio"], 0.1)
	assert.InDelta(t, 2.2, changes["web_requests_week_change_ratio"], 0.1)
	assert.NotContains(t, changes, "web_requests_month_change_ratio", "nobody knows")
}

func TestALogThatIsGoneIsNoSilence(t *testing.T) {
	m, store := newWebServer(), reporttest.Store{}
	run := func() report.Result {
		rep, err := (&suite.Suite{Checks: []report.Checker{Web{Host: m.Host()}}, Store: &store}).Run(t.Context())
		require.NoError(t, err)
		return rep.Results[0]
	}
	require.NoError(t, m.Add("-- "+accessPath+" mtime=2026-11-25T12:00:00Z --\n"+requestsAt(noon.Add(-time.Hour), 5, 200)))
	require.Equal(t, report.OK, run().Status)
	require.NoError(t, m.Remove(accessPath))
	res := run()
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("logs"+accessPath))
}

func TestAMachineWithoutAWebServerIsSkipped(t *testing.T) {
	m := newWebServer()
	require.NoError(t, m.Remove("/var/log/nginx"))
	res, err := suite.Collect(t.Context(), Web{Host: m.Host()})
	require.NoError(t, err)
	assert.Equal(t, report.Skipped, res.Status, "%v", res.Problems)
}

func TestALogOfAnotherKindIsNoSilence(t *testing.T) {
	m := newWebServer()
	require.NoError(t, m.AppendFile(accessPath, []byte("what is this\n")))
	res, err := suite.Collect(t.Context(), Web{Host: m.Host()})
	require.NoError(t, err)
	assert.Equal(t, report.Partial, res.Status)
}

func TestOneLogOfAnotherKindIsNoSilenceBesideOthers(t *testing.T) {
	m := newWebServer()
	other := path.Join(path.Dir(accessPath), "other.access.log")
	require.NoError(t, m.AppendFile(accessPath, []byte(requestsAt(noon.Add(-time.Hour), 5, 200))))
	require.NoError(t, m.WriteFile(other, []byte("what is this\n"), 0o644))
	for secret, sample := range map[string]string{"": "what is this", "sixteen bytes, and more": "hidden"} {
		res, err := suite.Collect(t.Context(), Web{Host: m.Host(), Sources: []string{accessPath, other}, Pseudonyms: traffic.Pseudonyms{Secret: []byte(secret)}})
		require.NoError(t, err)
		assert.Equal(t, report.Partial, res.Status)
		require.Len(t, res.Problems, 1)
		assert.Contains(t, res.Problems[0].Message, other+": no line is of an access log")
		assert.Contains(t, res.Problems[0].Message, sample)
	}
}

func TestWebPassesTheKitForCheckers(t *testing.T) {
	m := newWebServer()
	require.NoError(t, m.AppendFile(accessPath, []byte(requestsAt(noon.Add(-time.Hour), 5, 200))))
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return Web{Host: m.Host()} }, reporttest.Options{}))
}

func TestTimesOfAllAgesAreNoJudgement(t *testing.T) {
	m := newWebServer()
	var b strings.Builder
	for i := range traffic.KeepDays*24 + 10 {
		b.WriteString(requestsAt(noon.Add(time.Duration(i)*time.Hour), 1, 200))
	}
	require.NoError(t, m.AppendFile(accessPath, []byte(b.String())))
	res, err := suite.Collect(t.Context(), Web{Host: m.Host()})
	require.NoError(t, err)
	assert.Equal(t, report.Partial, res.Status)
	assert.Contains(t, fmt.Sprint(res.Problems), traffic.ErrTimes.Error())
	assert.False(t, res.Covers(scope))
}

func TestTheMemoryOfManySitesCanBeKept(t *testing.T) {
	old := memory{Positions: traffic.Positions{}}
	for i := range maxLogs {
		p := traffic.Position{Heading: bytes.Repeat([]byte("x"), 512)}
		p.LastLine, p.LastTime = bytes.Repeat([]byte("y"), 2048), noon
		c := follow.Checkpoint{Dev: 1 << 40, Ino: 1 << 40, HasIno: true, Btime: 1 << 60, Size: 1 << 40, Offset: 1 << 40, Mtime: 1 << 60, Lines: 1 << 40, Valid: true}
		c.Head = follow.Proof{N: 4096, Sum: strings.Repeat("z", 32)}
		c.Tail = c.Head
		p.File, p.File.Older = c, &c
		old.Positions[fmt.Sprintf("/var/log/nginx/a-site-with-a-long-name-%d.example.org-access.log", i)] = p
	}
	read := map[int64][]int64{}
	for hour := range int64(9 * 7 * 24) {
		for range numbers {
			read[traffic.HourOf(noon)-hour] = append(read[traffic.HourOf(noon)-hour], 9_999_999)
		}
	}
	old.Hours = old.Hours.Add(read, noon)
	body, err := json.Marshal(old)
	require.NoError(t, err)
	assert.Less(t, len(body), 1<<20)
}

func TestALogThatIsGoneWithItsFolderIsToldOnce(t *testing.T) {
	m, store := newWebServer(), reporttest.Store{}
	run := func() report.Result {
		rep, err := (&suite.Suite{Checks: []report.Checker{Web{Host: m.Host()}}, Store: &store}).Run(t.Context())
		require.NoError(t, err)
		return rep.Results[0]
	}
	require.NoError(t, m.AppendFile(accessPath, []byte(requestsAt(noon, 3, 200))))
	require.Equal(t, report.OK, run().Status)
	for _, name := range []string{accessPath, "/var/log/nginx/access.log.1"} {
		require.NoError(t, m.Remove(name))
	}
	assert.Equal(t, report.Partial, run().Status, "the log alone")
	for _, name := range []string{"/var/log/nginx/error.log", "/var/log/nginx"} {
		require.NoError(t, m.Remove(name))
	}
	res := run()
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, accessPath+" is gone, with its folder", res.Findings[0].Title)
	assert.Equal(t, report.Warning, res.Findings[0].Severity)
	assert.Equal(t, report.Skipped, run().Status, "once")
	res = reporttest.Collect(t, Web{Host: m.Host(), Sources: []string{accessPath}})
	assert.Equal(t, report.Partial, res.Status)
	assert.Empty(t, res.Findings, "what was never read is not gone")
}
