package weblog

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

func read(t testing.TB, s *Stats, text string) traffic.Reading {
	t.Helper()
	r, err := traffic.ReadFrom(t.Context(), strings.NewReader(text), syslog.Parser{Reference: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)}, s)
	require.NoError(t, err)
	return r
}

func TestEveryFormatIsReadIntoTheSameEntry(t *testing.T) {
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	for name, line := range map[string]string{
		"combined":    `192.0.2.7 - anna [25/Nov/2026:10:00:00 +0100] "GET /x?y=1 HTTP/1.1" 200 512 "https://example.org/" "Mozilla/5.0 \"q\" Firefox/115"`,
		"with a time": `192.0.2.7 - anna [25/Nov/2026:10:00:00 +0100] "GET /x?y=1 HTTP/1.1" 200 512 "https://example.org/" "Mozilla/5.0 \"q\" Firefox/115" 0.250`,
		"with a host": `www.example.org:443 192.0.2.7 - anna [25/Nov/2026:10:00:00 +0100] "GET /x?y=1 HTTP/1.1" 200 512 "https://example.org/" "Mozilla/5.0 \"q\" Firefox/115" 250000`,
		"lighttpd":    `192.0.2.7 www.example.org anna [25/Nov/2026:10:00:00 +0100] "GET /x?y=1 HTTP/1.1" 200 512 "https://example.org/" "Mozilla/5.0 \"q\" Firefox/115"`,
		"nginx json":  `{"time_iso8601":"2026-11-25T10:00:00+01:00","remote_addr":"192.0.2.7","remote_user":"anna","request":"GET /x?y=1 HTTP/1.1","status":"200","body_bytes_sent":"512","http_referer":"https://example.org/","http_user_agent":"Mozilla/5.0 Firefox/115","request_time":"0.250","host":"www.example.org"}`,
		"caddy":       `{"level":"info","ts":1795597200.0,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.7","client_ip":"192.0.2.7","proto":"HTTP/1.1","method":"GET","host":"www.example.org","uri":"/x?y=1","headers":{"User-Agent":["Mozilla/5.0 Firefox/115"],"Referer":["https://example.org/"]}},"user_id":"anna","duration":0.25,"size":512,"status":200}`,
		"traefik":     `{"ClientHost":"192.0.2.7","ClientUsername":"anna","DownstreamStatus":200,"DownstreamContentSize":512,"Duration":250000000,"RequestHost":"www.example.org","RequestMethod":"GET","RequestPath":"/x?y=1","RequestProtocol":"HTTP/1.1","StartUTC":"2026-11-25T09:00:00Z","request_User-Agent":"Mozilla/5.0 Firefox/115","request_Referer":"https://example.org/"}`,
	} {
		var p Parser
		var e Entry
		require.True(t, p.Parse([]byte(line), &e), name)
		assert.True(t, at.Equal(e.Time), "%s: %s", name, e.Time)
		assert.Equal(t, "192.0.2.7 anna GET /x?y=1 HTTP/1.1 200 512 https://example.org/",
			fmt.Sprintf("%s %s %s %s %s %d %d %s", e.Client, e.User, e.Method, e.URL, e.Protocol, e.Status, e.Bytes, e.Referrer), name)
		assert.Contains(t, string(e.Agent), "Firefox/115", name)
		if e.Took >= 0 {
			assert.Equal(t, 250*time.Millisecond, e.Took, name)
		}
		if len(e.VHost) > 0 {
			assert.Contains(t, string(e.VHost), "www.example.org", name)
		}
	}
}

func TestOtherServersAreRead(t *testing.T) {
	s := New(Options{})
	r := read(t, s, `Nov 25 10:00:00 lb haproxy[1]: 192.0.2.7:33317 [25/Nov/2026:10:00:00.123] web app/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /h HTTP/1.1"
#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken
2026-11-25 10:00:00 192.0.2.1 GET /w q=1 443 - 192.0.2.9 Mozilla/5.0+Chrome/120 - 404 0 2 15
192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /c HTTP/1.0" 304 -
`)
	assert.Zero(t, r.Unknown, "%q", r.Samples)
	got := s.Totals()
	assert.EqualValues(t, 3, got.ValidRequests)
	assert.Equal(t, got.TotalRequests, got.ValidRequests+got.FailedRequests)
	assert.EqualValues(t, 1, s.NotFound.Get("/w?q=1\x00GET\x00").Count)
	assert.EqualValues(t, 2750, s.Requests.Get("/h\x00GET\x00HTTP/1.1").Bytes)
	assert.EqualValues(t, 2, s.Took.Count())
}

func TestTimesOfHAProxyAreLocal(t *testing.T) {
	p := Parser{Zone: time.FixedZone("", 3600)}
	var e Entry
	require.True(t, p.Parse([]byte(formats["haproxy"]), &e))
	assert.Equal(t, time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), e.Time)
}

func TestADayIsThatOfTheZoneWhateverTheOffset(t *testing.T) {
	text := `192.0.2.7 - - [25/Nov/2026:23:59:00 -0500] "GET / HTTP/1.1" 200 5 "-" "x"
192.0.2.7 - - [26/Nov/2026:05:01:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"
`
	s := New(Options{})
	read(t, s, text)
	assert.EqualValues(t, 1, s.Totals().UniqueVisitors)
	s = New(Options{Goaccess: true})
	read(t, s, text)
	assert.EqualValues(t, 2, s.Totals().UniqueVisitors, "as it stands in the lines")
}

func TestHoursDaysAndTimesAreThoseOfWhatWasAsked(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	s := New(Options{Zone: zone})
	var b strings.Builder
	begin := time.Date(2026, 11, 24, 22, 0, 0, 0, time.UTC) // 23 o'clock there
	for i := range 300 {
		at := begin.Add(time.Duration(i/100) * time.Hour)
		fmt.Fprintf(&b, "192.0.2.%d - - [%s] \"GET / HTTP/1.1\" %d 7 \"-\" \"x\" 0.%03d\n", i%3, at.Format("02/Jan/2006:15:04:05 -0700"), []int{200, 304, 404, 503}[i%4], 1+i%100)
	}
	read(t, s, b.String())
	r := s.Report(-1)
	require.Len(t, r.Days, 2)
	for i, want := range []struct {
		date           string
		requests, five int64
	}{{"2026-11-24", 100, 25}, {"2026-11-25", 200, 50}} {
		d := r.Days[i]
		assert.Equal(t, want.date, d.Date)
		assert.Equal(t, []int64{want.requests, 7 * want.requests, want.five, want.five, 3}, []int64{d.Requests, d.Bytes, d.Classes[3], d.Classes[5], d.Visitors}, d.Date)
	}
	for _, h := range r.Hours {
		assert.Equal(t, map[int]int64{23: 100, 0: 100, 1: 100}[h.Hour], h.Requests, h.Hour)
	}
	require.NotNil(t, r.Took)
	assert.InEpsilon(t, 0.050, r.Took.Median, 0.13)
	assert.InEpsilon(t, 0.090, r.Took.P90, 0.13)
	assert.InEpsilon(t, 0.099, r.Took.P99, 0.13)
	assert.InDelta(t, 0.100, r.Took.Max, 1e-9)
}

func TestWhatIsNoRequestFailsAndIsCounted(t *testing.T) {
	s := New(Options{})
	r := read(t, s, "garbage\n{\"a\":1}\n192.0.2.7 - - [99/Foo/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5\n\x00\xff\n"+
		`192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1`+"\n")
	got := s.Totals()
	assert.EqualValues(t, 5, got.FailedRequests)
	assert.EqualValues(t, 5, got.TotalRequests)
	assert.Len(t, r.Samples, 5)
}

func TestAttacksAndBotsAreTold(t *testing.T) {
	s := New(Options{})
	read(t, s, `203.0.113.9 - - [25/Nov/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 404 5 "-" "curl/7.88"
203.0.113.9 - - [25/Nov/2026:10:00:00 +0000] "GET /x/../../etc/passwd HTTP/1.1" 400 5 "-" "curl/7.88"
192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537.36"
`)
	assert.EqualValues(t, 2, s.Totals().Attacks)
	assert.EqualValues(t, 2, s.Attackers.Get("203.0.113.9").Count)
	assert.EqualValues(t, 2, s.Bots.Get("curl").Count)
	assert.EqualValues(t, 1, s.Browsers.Get("Chrome").Count)
	assert.EqualValues(t, 1, s.Systems.Get("Windows").Count)
	assert.EqualValues(t, 1, s.Totals().UniqueVisitors)
}

func TestAnAttackIsKnownHoweverItIsEscaped(t *testing.T) {
	for url, want := range map[string]string{
		"/%65tc/p%61sswd": "path traversal", "/x?f=%2Fetc%2Fpasswd": "path traversal", "/x/%252e%252e%252fsecret": "path traversal", "/x?f=%2e%2e%5cboot.ini": "path traversal",
		"/%2eenv": "secrets", "/x?q=%24%7Bjndi:ldap://x}": "remote code", "/x?q=$%7BJNDI:ldap": "remote code", "/x?id=1%20%75nion%20select%201": "SQL injection",
		"/x?q=%3Cscript%3E": "cross-site scripting", "/x%00/../../etc/shadow": "path traversal", "/x%00%2F..%2Fy": "path traversal", "/x?id=%27%20or%201=1": "SQL injection",
		"/a%20page": "", "/100%": "", "/%zz": "", "/caf%C3%A9?next=/a/b": "",
	} {
		assert.Equal(t, want, attackOf([]byte(url)), url)
	}
}

func TestEveryAttackHasAMark(t *testing.T) {
	for _, w := range attacks {
		assert.Equal(t, w.name, attackOf([]byte("/x"+w.in)), w.in)
	}
	for url, want := range map[string]string{
		"/index.html?q=1": "", "/caf%C3%A9/r%C3%A9sum%C3%A9.html?a=b+c": "",
		"/%2E%2E/%2E%2e/etc": "path traversal", "/cgi-bin/.%2E/%2e%2e/bin/sh": "path traversal", "/a?q=1%27%20oR%20%271": "SQL injection",
		"/a?q=UnIoN+sElEcT": "SQL injection", "/a?q=%3CScRiPt%3E": "cross-site scripting", "/PhpMyAdmin/": "phpMyAdmin",
	} {
		assert.Equal(t, want, attackOf([]byte(url)), url)
	}
}

func TestAFloodOfAddressesIsBoundedAndSaid(t *testing.T) {
	s := New(Options{Keys: 100})
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "192.0.2.%d - - [25/Nov/2026:10:00:00 +0000] \"GET /%d HTTP/1.1\" 200 5 \"-\" \"x%d\"\n", i%250, i, i)
		b.WriteString("192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] \"GET /often HTTP/1.1\" 200 5 \"-\" \"x\"\n")
	}
	read(t, s, b.String())
	got := s.Totals()
	assert.True(t, got.Approximate)
	assert.EqualValues(t, 10_000, got.ValidRequests)
	assert.InEpsilon(t, 5001, got.UniqueFiles, 0.04)
	first := s.Requests.First(1)[0]
	assert.Equal(t, "/often\x00GET\x00HTTP/1.1", first.Key)
	assert.LessOrEqual(t, first.Count-first.Over, int64(5000))
	assert.LessOrEqual(t, s.Report(1).MissingAtMost, int64(10_000/100))
}

// accessLog is what many ask for, and what is no request.
func accessLog() string {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	var b strings.Builder
	for range 4000 {
		fmt.Fprintf(&b, "192.0.2.%d - - [%s/Nov/2026:%02d:00:00 +0000] \"%s %s %s\" %s %s \"%s\" \"%s\"\n", r.IntN(40), pick("25", "26"), r.IntN(24),
			pick("GET", "GET", "GET", "POST", "HEAD", "get"), pick("/", "/index.html", "/a%20b", "/style.css", "/logo.PNG", "/app.js", "/%E2%82%AC", fmt.Sprintf("/x?q=%d", r.IntN(30))),
			pick("HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0"), pick("200", "200", "200", "301", "404", "403", "500"), pick("-", "0", "512", "99999"),
			pick("-", "https://www.example.org/x", "http://a.example.net:80/"), pick("Mozilla/5.0 (X11; Linux x86_64) Firefox/115.0", "curl/7.88.1", "-"))
	}
	for _, line := range []string{
		"garbage", "", "# comment", `host.example.org - - [25/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"`,
		`192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5`, `192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] "GET /noproto" 200 5 "-" "x"`,
		`192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] "\x16\x03" 400 5 "-" "-"`, `192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] "-" 408 0 "-" "-"`,
		`192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] "GET /q\"x HTTP/1.1" 200 5 "-" "y\"z"`, `192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] "GET /s HTTP/1.1" 999 5 "-" "x"`,
		`192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] "GET /s HTTP/1.1" 0 5 "-" "x"`, `192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] "FOO /s HTTP/1.1" 200 5 "-" "x"`,
		`2001:db8::1 - bob [25/Nov/2026:23:59:00 -0500] "GET /v6 HTTP/1.1" 200 5 "-" "x"`, `192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] "GET /s HTTP/4" 200 5 "-" "x"`,
	} {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// itemsOf gives what is compared of items, by their names, and apart from it their
// visitors.
func itemsOf(items []PeerItem) (out map[string]string, visitors map[string]int64) {
	out, visitors = map[string]string{}, map[string]int64{}
	for _, item := range items {
		for _, i := range append([]PeerItem{item}, item.Items...) {
			code, _, _ := strings.Cut(i.Data, " - ")
			key := code + " " + i.Method + " " + i.Protocol
			out[key] = fmt.Sprint(i.Hits, i.Bytes)
			if i.Visitors != nil {
				visitors[key] = i.Visitors.Count
			}
		}
	}
	return out, visitors
}

func FuzzParse(f *testing.F) {
	for _, line := range strings.Split(accessLog(), "\n")[3990:] {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"ts":1,"status":200,"request":{"uri":"/","client_ip":"x"}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, compat := range []bool{false, true} {
			s := New(Options{Keys: 4, Goaccess: compat})
			read(t, s, string(line)+"\n#Fields: date time c-ip sc-status\n"+string(line))
			got := s.Totals()
			require.Equal(t, got.TotalRequests, got.ValidRequests+got.FailedRequests)
			s.Report(3)
			s.Peer()
		}
	})
}

func TestAStatusThatIsNoneHarmsNoOtherLine(t *testing.T) {
	for name, line := range map[string]string{
		"common":   `192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" STATUS 512`,
		"combined": `192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" STATUS 512 "-" "curl"`,
		"vhost":    `www.example.org:443 192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" STATUS 512 "-" "curl"`,
		"nginx":    `{"time_iso8601":"2026-11-25T10:00:00Z","remote_addr":"192.0.2.7","request":"GET /x HTTP/1.1","status":"STATUS"}`,
		"caddy":    `{"ts":1795597200.0,"request":{"client_ip":"192.0.2.7","proto":"HTTP/1.1","method":"GET","uri":"/x"},"status":STATUS}`,
		"traefik":  `{"ClientHost":"192.0.2.7","DownstreamStatus":STATUS,"RequestMethod":"GET","RequestPath":"/x","StartUTC":"2026-11-25T09:00:00Z"}`,
		"haproxy":  `192.0.2.7:33317 [25/Nov/2026:10:00:00.123] web app/srv1 10/0/30/69/109 STATUS 2750 - - ---- 1/1/1/1/0 0/0 "GET /h HTTP/1.1"`,
		"w3c":      `2026-11-25 10:00:00 192.0.2.7 GET /x STATUS`,
	} {
		of := func(status string) string { return strings.ReplaceAll(line, "STATUS", status) + "\n" }
		heading := map[bool]string{true: "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"}[name == "w3c"]
		for _, status := range []string{"99999", "1000", "-1", "-99999", "9223372036854775808", "99999999999999999999999", "2e9", "0x10", "2\x0000"} {
			s := New(Options{})
			read(t, s, heading+of("200")+of(status)+of("404"))
			got := s.Totals()
			assert.EqualValues(t, 2, got.ValidRequests, "%s %s", name, status)
			assert.EqualValues(t, 1, got.FailedRequests, "%s %s", name, status)
		}
	}
}
