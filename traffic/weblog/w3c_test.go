package weblog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/traffic"
)

const (
	fieldsA = "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"
	fieldsB = "#Fields: date time cs-method cs-uri-stem sc-status c-ip\n"
	lineA   = "2026-11-25 10:00:00 192.0.2.9 GET /w 404\n"
	lineB   = "2026-11-25 10:00:00 GET /w 404 192.0.2.9\n"
)

func TestAFieldListHoldsForTheRunsBehindIt(t *testing.T) {
	m, store := newWebServer(), reporttest.Store{}
	other := "/var/log/nginx/other-access.log"
	run := func(want int) {
		t.Helper()
		rep, err := (&suite.Suite{Checks: []report.Checker{Web{Host: m.Host()}}, Store: &store}).Run(t.Context())
		require.NoError(t, err)
		res := rep.Results[0]
		assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
		for _, metric := range res.Metrics {
			n, _ := metric.Value.Uint()
			switch metric.Name {
			case "web_requests":
				assert.EqualValues(t, want, n)
			case "web_failed_lines":
				assert.Zero(t, n)
			}
		}
	}
	add := func(path, text string) { require.NoError(t, m.AppendFile(path, []byte(text))) }
	add(accessPath, fieldsA+"#Remark: -\n"+lineA)
	require.NoError(t, m.Add("-- "+other+" --\n"+fieldsB+lineB))
	run(2)
	add(accessPath, lineA)
	add(other, lineB+lineB)
	run(3)
	add(accessPath, lineA+fieldsB+lineB)
	require.NoError(t, m.Rename(accessPath, accessPath+".1"))
	require.NoError(t, m.Add("-- "+accessPath+" --\n"+lineB)) // the server did not begin anew
	run(3)
	add(accessPath, lineB)
	run(1)
}

func TestAReadingThatBeginsInTheMiddleKnowsTheFieldsOfItsHead(t *testing.T) {
	m := newWebServer()
	require.NoError(t, m.AppendFile(accessPath, []byte(fieldsB+"#Remark: -\n"+strings.Repeat(lineB, 100))))
	s := New(Options{})
	reading, err := traffic.Read(t.Context(), logstream.Log{Host: m.Host(), Path: accessPath, Tail: int64(10 * len(lineB))}, traffic.Position{}, s)
	require.NoError(t, err)
	assert.Zero(t, reading.Unknown, "%q", reading.Samples)
	assert.EqualValues(t, 10, s.Clients.Get("192.0.2.9").Count)
}

func TestAnotherLineBehindTheFieldsTakesNoneAway(t *testing.T) {
	var b strings.Builder
	b.WriteString("#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken cs(User-Agent)\n#Version: 2.0\n#Software: x\n")
	const lines = 20_000 // several blocks
	for i := range lines {
		fmt.Fprintf(&b, "2026-11-25 10:00:00 192.0.2.%d GET /%s 200 0.250 \"Mozilla/5.0 (X11; \"\"Linux\"\" x86_64) Firefox/115\"\n", i%200, strings.Repeat("w", i%40))
	}
	s := New(Options{})
	reading := read(t, s, b.String())
	assert.Zero(t, reading.Unknown, "%q", reading.Samples)
	assert.EqualValues(t, lines, s.Browsers.Get("Firefox").Count)
	p50, _ := s.Took.Percentile(0.5)
	assert.InEpsilon(t, 250_000, p50, 0.13)
	for _, line := range []string{`2026-11-25 10:00:00 192.0.2.1 GET / 200 1 "x`, `2026-11-25 10:00:00 192.0.2.1 GET / 200 1 "x" `, `2026-11-25 10:00:00 192.0.2.1 GET / 200 1`, `2026-11-25 10:00:00 192.0.2.1 GET / 200 1 x y`} {
		var p Parser
		var e Entry
		p.Parse([]byte("#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken cs(User-Agent)"), &e)
		assert.Equal(t, strings.HasSuffix(line, `"x`), p.Parse([]byte(line), &e), line)
		assert.True(t, strings.HasSuffix(line, `"x`) || len(e.Client) == 0, "nothing is left of a line that is none")
	}
}
