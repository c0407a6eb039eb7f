package weblog

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// formats have a good line of each, whose status is 200 and whose bytes are 512.
var formats = map[string]string{
	"common":   `192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 512`,
	"combined": `192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 512 "-" "curl"`,
	"vhost":    `www.example.org:443 192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 512 "-" "curl"`,
	"nginx":    `{"time_iso8601":"2026-11-25T10:00:00Z","remote_addr":"192.0.2.7","request":"GET /x HTTP/1.1","status":200,"body_bytes_sent":512}`,
	"caddy":    `{"ts":1795600800.0,"request":{"client_ip":"192.0.2.7","proto":"HTTP/1.1","method":"GET","uri":"/x"},"status":200,"size":512}`,
	"traefik":  `{"ClientHost":"192.0.2.7","DownstreamStatus":200,"DownstreamContentSize":512,"RequestMethod":"GET","RequestPath":"/x","RequestProtocol":"HTTP/1.1","StartUTC":"2026-11-25T10:00:00Z"}`,
	"haproxy":  `192.0.2.7:33317 [25/Nov/2026:10:00:00.123] web app/srv1 10/0/30/69/109 200 512 - - ---- 1/1/1/1/0 0/0 "GET /x HTTP/1.1"`,
	"w3c":      `2026-11-25 10:00:00 192.0.2.7 GET /x HTTP/1.1 200 512`,
}

const w3cFields = "#Fields: date time c-ip cs-method cs-uri-stem cs-version sc-status sc-bytes\n"

func TestBadLinesHarmNoOthersInAnyFormat(t *testing.T) {
	for name, good := range formats {
		for what, bad := range map[string]string{
			"bytes that overflow":    strings.Replace(good, "512", "99999999999999999999999", 1),
			"bytes beyond belief":    strings.Replace(good, "512", "999999999999999999", 1),
			"NULs":                   strings.Replace(good, "GET", "\x00\x00", 1),
			"invalid UTF-8":          strings.Replace(good, "/x", "/\xff\xc3\x28", 1),
			"an escape":              strings.Replace(good, "/x", "/\x1b[2J\x1b]0;x\x07", 1),
			"a megabyte of address":  strings.Replace(good, "/x", "/"+strings.Repeat("x", 1<<20), 1),
			"a megabyte of quotes":   strings.Replace(good, "/x", strings.Repeat(`\"`, 1<<19), 1),
			"a megabyte of brackets": strings.Replace(good, "/x", strings.Repeat("[", 1<<20), 1),
			"nesting":                strings.Repeat(`{"a":`, 5000),
			"year 0":                 strings.Replace(strings.Replace(good, "2026", "0000", 1), "1795600800", "-99999999999", 1),
			"year 9999":              strings.Replace(strings.Replace(good, "2026", "9999", 1), "1795600800", "99999999999", 1),
			"no time":                strings.Replace(strings.Replace(good, "10:00:00", "25:61:61", 1), "1795600800", "NaN", 1),
			"no such day":            strings.Replace(strings.Replace(good, "25/Nov", "31/Nov", 1), "11-25", "11-31", 1),
		} {
			s := New(Options{})
			text := w3cFields + good + "\n" + bad + "\n" + good + "\n" + bad + "\n"
			reading := read(t, s, text)
			got := s.Totals()
			assert.EqualValues(t, 4, reading.Lines-1, "%s: %s", name, what)
			assert.EqualValues(t, 4, got.TotalRequests, "%s: %s", name, what)
			assert.GreaterOrEqual(t, s.Days["2026-11-25"].Requests, int64(2), "%s: %s", name, what)
			assert.NotContains(t, s.Days, "2026-12-01", "%s: %s", name, what)
			assert.GreaterOrEqual(t, got.Bandwidth, int64(1024), "%s: %s", name, what)
			assert.LessOrEqual(t, got.Bandwidth, int64(2048), "%s: %s", name, what)
		}
	}
}

// What is left of a line that was cut is no request, or one that is counted as far
// as it goes.
func TestALineCutAtAnyByteHarmsNoOther(t *testing.T) {
	for name, good := range formats {
		for cut := range len(good) {
			s := New(Options{})
			read(t, s, w3cFields+good+"\n"+good[:cut]+"\n"+good+"\n"+good[:cut])
			got, twice := s.Totals(), int64(2)
			if cut == 0 {
				twice = 0
			}
			require.Equal(t, 2+twice, got.TotalRequests, "%s at %d", name, cut)
			require.GreaterOrEqual(t, s.Requests.Get("/x\x00GET\x00HTTP/1.1").Count+s.Requests.Get("/x\x00GET\x00").Count, int64(2), "%s at %d", name, cut)
			require.LessOrEqual(t, got.Bandwidth, int64(2048), "%s at %d", name, cut)
		}
	}
}

func TestAUserNameHidesNoRequest(t *testing.T) {
	for _, user := range []string{"x [25/Nov/2026:10:00:00 +0000] y", "[25/Nov/2026:10:00:00 +0000]", `x] \x22GET /`, "a b c d", `x [25/Nov/2026:10:00:00 +0000] \x22GET / HTTP/1.1\x22 200 5`} {
		s := New(Options{})
		reading := read(t, s, "192.0.2.7 - "+user+` [26/Nov/2026:10:00:00 +0000] "GET /real HTTP/1.1" 404 512 "-" "curl"`+"\n")
		assert.Zero(t, reading.Unknown, user)
		assert.EqualValues(t, 1, s.NotFound.Get("/real\x00GET\x00HTTP/1.1").Count, user)
		assert.EqualValues(t, 1, s.Clients.Get("192.0.2.7").Count, user)
		assert.EqualValues(t, 1, s.Days["2026-11-26"].Requests, user)
	}
}

func TestAnUnknownFormatIsNamedByItsLine(t *testing.T) {
	s := New(Options{})
	reading := read(t, s, formats["combined"]+"\n\n# a comment\nwhat is this?\n"+formats["caddy"]+"\n{\"msg\":\"server started\"}\n")
	assert.Equal(t, []traffic.Sample{{Line: 4, Text: "what is this?"}, {Line: 6, Text: `{"msg":"server started"}`}}, reading.Samples)
	assert.EqualValues(t, 2, s.Totals().FailedRequests)
	assert.Equal(t, "combined json", s.Formats.First(-1)[0].Key+" "+s.Formats.First(-1)[1].Key, "and what was understood is named too")
}

func TestATruncatedArchiveIsCountedAsFarAsItGoesAndSaid(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for i := range 3000 {
		fmt.Fprintf(z, "192.0.2.%d - - [25/Nov/2026:10:00:00 +0000] \"GET /%d HTTP/1.1\" 200 1 \"-\" \"x%d\"\n", i%250, i*7919, i)
	}
	require.NoError(t, z.Close())
	for _, left := range []int{packed.Len() - 1, packed.Len() - 9, packed.Len() / 2, 30, 11, 5, 2} {
		s := New(Options{})
		_, err := traffic.ReadFrom(t.Context(), bytes.NewReader(packed.Bytes()[:left]), syslog.Parser{}, s)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%d", left)
		assert.Equal(t, left > 1000, s.Totals().ValidRequests > 1000, "%d", left)
	}
	_, err := traffic.ReadFrom(t.Context(), strings.NewReader("BZh9nonsense"), syslog.Parser{}, New(Options{}))
	var structural bzip2.StructuralError
	require.ErrorAs(t, err, &structural)
}

func TestAFloodOfEveryKindOfKeyIsBoundedAndSaid(t *testing.T) {
	s := New(Options{Keys: 64})
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "v%d.example.org 10.0.%d.%d u%d [25/Nov/2026:10:00:00 +0000] \"GET /%d.css HTTP/1.1\" %d 1 \"https://r%d.example.org/\" \"agent %d\"\n", i, i>>8, i&255, i, i, 200+i%2*204, i, i)
	}
	read(t, s, b.String())
	for _, table := range s.tables() {
		assert.LessOrEqual(t, len(table.First(-1)), 80)
	}
	assert.Less(t, len(s.own.agents), maxAgents+1)
	got := s.Totals()
	assert.True(t, got.Approximate)
	assert.EqualValues(t, 5000, got.ValidRequests)
	assert.NotZero(t, s.Report(1).MissingAtMost)
}

func TestAClockThatIsWrongIsCountedWhereItSaysAndNowhereElse(t *testing.T) {
	line := func(at time.Time) string {
		return fmt.Sprintf("192.0.2.7 - - [%s] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"\n", at.Format("02/Jan/2006:15:04:05 -0700"))
	}
	s := New(Options{})
	read(t, s, line(noon)+line(noon.AddDate(0, 0, -1))+line(noon)+line(noon.AddDate(40, 0, 0))+line(noon.Add(time.Second)))
	assert.EqualValues(t, 3, s.Days["2026-11-25"].Requests)
	assert.EqualValues(t, 1, s.Days["2026-11-24"].Requests)
	assert.EqualValues(t, 1, s.Days["2066-11-25"].Requests)
	assert.EqualValues(t, 3, s.Totals().UniqueVisitors)
}
