package traffictest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A WebLog is an access log in the making, in several formats at once, and what
// truly was asked. It has visitors that come again under another offset of the
// clock, pages whose names hash alike, and lines that are no request.
type WebLog struct {
	Requests, Failed, Bytes int64
	NotFound                int64
	Visitors                int64 // summed over the days of UTC
	Pages                   map[string]int64
	Statuses                map[int]int64

	now  time.Time
	rand *rand.Rand
	text strings.Builder
	seen map[string]bool // day, client and agent
}

// NewWebLog begins a log at a moment. The same seed writes the same log.
func NewWebLog(seed uint64, at time.Time) *WebLog {
	return &WebLog{now: at.UTC(), rand: rand.New(rand.NewPCG(seed, 2)), Pages: map[string]int64{}, Statuses: map[int]int64{}, seen: map[string]bool{}}
}

// formats of a line with a client, time, method and page, status, bytes and agent.
var formats = []func(l *WebLog, client, page, agent string, status int, size int64) string{
	func(l *WebLog, client, page, agent string, status int, size int64) string {
		return fmt.Sprintf(`%s - - [%s] "GET %s HTTP/1.1" %d %d "-" "%s"`, client, l.clock(), page, status, size, agent)
	},
	func(l *WebLog, client, page, agent string, status int, size int64) string {
		return fmt.Sprintf(`www.example.org:443 %s - - [%s] "GET %s HTTP/1.1" %d %d "-" "%s"`, client, l.clock(), page, status, size, agent)
	},
	func(l *WebLog, client, page, agent string, status int, size int64) string {
		return fmt.Sprintf(`{"time_iso8601":%q,"remote_addr":%q,"request":"GET %s HTTP/1.1","status":%d,"body_bytes_sent":%d,"http_user_agent":%q}`,
			l.now.Format(time.RFC3339), client, page, status, size, agent)
	},
	func(l *WebLog, client, page, agent string, status int, size int64) string {
		return fmt.Sprintf(`{"ts":%d.5,"status":%d,"size":%d,"request":{"client_ip":%q,"method":"GET","uri":%q,"proto":"HTTP/1.1","headers":{"User-Agent":[%q]}}}`,
			l.now.Unix(), status, size, client, page, agent)
	},
}

// clock is the time in one of several zones.
func (l *WebLog) clock() string {
	zone := time.FixedZone("", []int{0, 3600, -18000, 20700}[l.rand.IntN(4)])
	return l.now.In(zone).Format("02/Jan/2006:15:04:05 -0700")
}

// Lines adds so many lines.
func (l *WebLog) Lines(n int) *WebLog {
	for range n {
		l.now = l.now.Add(time.Duration(l.rand.IntN(60_000)) * time.Millisecond)
		if l.rand.IntN(20) == 0 {
			l.Failed++
			l.text.WriteString([]string{"garbage", `{"msg":"started"}`, `192.0.2.7 - - [nonsense] "GET / HTTP/1.1" 200 1`}[l.rand.IntN(3)] + "\n")
			continue
		}
		l.request()
	}
	return l
}

func (l *WebLog) request() {
	client, agent := fmt.Sprintf("192.0.2.%d", l.rand.IntN(40)), fmt.Sprintf("agent/%d", l.rand.IntN(3))
	page := []string{"/ab", "/bA", "/ab?x=1", "/%C3%A4", "/style.css", "/missing"}[l.rand.IntN(6)] // the first two have one hash at goaccess
	status, size := []int{200, 200, 304, 500}[l.rand.IntN(4)], l.rand.Int64N(50_000)
	if page == "/missing" {
		status = 404
		l.NotFound++
	}
	l.Requests++
	l.Bytes += size
	l.Pages[page]++
	l.Statuses[status]++
	if key := l.now.Format(time.DateOnly) + client + agent; status != 404 && !l.seen[key] {
		l.seen[key] = true
		l.Visitors++
	}
	l.text.WriteString(formats[l.rand.IntN(len(formats))](l, client, page, agent, status, size) + "\n")
}

// String is the log.
func (l *WebLog) String() string { return l.text.String() }
