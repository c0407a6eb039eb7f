package pflogsumm

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
)

// Stats are the numbers. They are a traffic.Analyzer, and work when they are zero
// but for their time.
type Stats struct {
	// Now decides the year: a month that is not reached yet is of last year.
	Now time.Time

	Received, Delivered, Forwarded, Deferred, Deferrals, Bounced int64
	Rejected, RejectWarnings, Held, Discarded                    int64
	BytesReceived, BytesDelivered                                int64

	Hours map[int]*Times    // by hour of the day
	Days  map[string]*Times // 20261125

	Senders, SendingDomains      map[string]*Row
	Recipients, RecipientDomains map[string]*Row

	DeferralDetail map[string]map[string]int64 // program, reason
	BounceDetail   map[string]map[string]int64 // relay, reason
	// RejectDetail and its kin are by stage, reason, and whom it is about.
	RejectDetail, WarningDetail, HoldDetail, DiscardDetail map[string]map[string]map[string]int64

	Failures, Warnings, Fatals, Panics map[string]map[string]int64
	Master                             map[string]int64
	Unsized                            map[string]string // queue id: recipient

	sizes    map[string]int64
	clients  map[string]string
	deferred map[string]bool
	lastDay  int
	days     int
	day      *Times
	hour     *Times
}

// Times are the counts of an hour or a day.
type Times struct {
	Received  int64 `json:"received"`
	Delivered int64 `json:"delivered"`
	Deferred  int64 `json:"deferred"`
	Bounced   int64 `json:"bounced"`
	Rejected  int64 `json:"rejected"` // also what was held, discarded or warned of
}

// A Row is what was counted of one address or domain.
type Row struct {
	Count    int64   `json:"count"`
	Bytes    int64   `json:"bytes"`
	Defers   int64   `json:"defers,omitempty"`
	DelaySum float64 `json:"delay_sum,omitempty"` // seconds
	DelayMax float64 `json:"delay_max,omitempty"`
}

var (
	reTag     = regexp.MustCompile(`^postfix(?:/(?:smtps|submission))?/([^\[:]*).*?: ([^:\s]+)`)
	reScript  = regexp.MustCompile(`^(postfix(?:-script)?)(?:\[\d+\])?: ([^:\s]+)`)
	reSolaris = regexp.MustCompile(`: \[ID \d+ [^\]]+\] `)
	reCleanup = regexp.MustCompile(`/cleanup\[\d+\]: .*?\b((?:milter-)?reject|warning|hold|discard): (header|body|END-OF-MESSAGE) (.*)$`)
	reTail    = regexp.MustCompile(`( from \S+?)?; from=<.*$`)
	reClient  = regexp.MustCompile(`\[\d+\]: \w+: client=(.+?)(,|$)`)
	reRefusal = regexp.MustCompile(`\[\d+\]: \w+: (reject(?:_warning)?|hold|discard): `)
	reFrom    = regexp.MustCompile(`from=<([^>]*)>, size=(\d+)`)
	reTo      = regexp.MustCompile(`to=<([^>]*)>, (?:orig_to=<[^>]*>, )?relay=([^,]+), (?:conn_use=[^,]+, )?delay=([^,]+), (?:delays=[^,]+, )?(?:dsn=[^,]+, )?status=(\S+)(.*)$`)
	reConnect = regexp.MustCompile(`.* connect to (\S+?): ([^;]+); address \S+ port.*$`)
	rePort    = regexp.MustCompile(`.* connect to ([^[]+)\[\S+?\]: (.+?) \(port \d+\)$`)
	rePickup  = regexp.MustCompile(`: (sender|uid)=`)
	reMaster  = regexp.MustCompile(`^.*master.*: `)
)

// Add counts one line. It reports false for what pflogsumm would not read.
func (p *Stats) Add(r *logstream.Record) bool {
	if r.Repeated {
		return true
	}
	line := r.Raw
	if bytes.Contains(line, []byte("[ID ")) {
		if at := reSolaris.FindIndex(line); at != nil {
			line = append(append(bytes.Clone(line[:at[0]]), ": "...), line[at[1]:]...)
		}
	}
	stamp, rest, ok := timeOf(line)
	if !ok || !bytes.HasPrefix(rest, []byte("postfix")) {
		return false
	}
	m := reTag.FindSubmatch(rest)
	if m == nil {
		if m = reScript.FindSubmatch(rest); m == nil {
			return false
		}
	}
	p.time(stamp)
	p.line(string(m[1]), string(m[2]), rest)
	return true
}

// dayHour is a time as a log line has it.
type dayHour struct{ month, day, hour int }

var months = map[string]int{
	"Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}

var (
	reBSD = regexp.MustCompile(`^(...) {1,2}(\d{1,2}) (\d{2}):\d{2}:\d{2} \S+ `)
	reISO = regexp.MustCompile(`^\d{4}-(\d{2})-(\d{2})T(\d{2}):\d{2}:\d{2}(?:\.\d+)?(?:[+-]\d{2}:\d{2}|Z) \S+ `)
)

func timeOf(line []byte) (t dayHour, rest []byte, ok bool) {
	m := reBSD.FindSubmatch(line)
	if m != nil {
		t.month = months[string(m[1])]
	} else if m = reISO.FindSubmatch(line); m != nil {
		t.month, _ = strconv.Atoi(string(m[1]))
	} else {
		return t, nil, false
	}
	t.day, _ = strconv.Atoi(string(m[2]))
	t.hour, _ = strconv.Atoi(string(m[3]))
	return t, line[len(m[0]):], true
}

func (p *Stats) time(t dayHour) {
	if p.Hours == nil {
		p.Hours, p.Days = map[int]*Times{}, map[string]*Times{}
		p.sizes, p.clients, p.deferred, p.Unsized = map[string]int64{}, map[string]string{}, map[string]bool{}, map[string]string{}
	}
	if t.day != p.lastDay {
		p.lastDay = t.day
		p.days++
		year := p.Now.Year()
		if t.month > int(p.Now.Month()) {
			year--
		}
		p.day = grow(&p.Days, fmt.Sprintf("%d%02d%02d", year, t.month, t.day))
	}
	p.hour = grow(&p.Hours, t.hour)
}

// DayCount is how often the day of the month changed.
func (p *Stats) DayCount() int { return p.days }

func grow[K comparable, V any](m *map[K]*V, key K) *V {
	if *m == nil {
		*m = map[K]*V{}
	}
	v := (*m)[key]
	if v == nil {
		v = new(V)
		(*m)[key] = v
	}
	return v
}

func tally(m *map[string]map[string]int64, a, b string) {
	if *m == nil {
		*m = map[string]map[string]int64{}
	}
	if (*m)[a] == nil {
		(*m)[a] = map[string]int64{}
	}
	(*m)[a][b]++
}

func tally3(m *map[string]map[string]map[string]int64, a, b, c string) {
	if *m == nil {
		*m = map[string]map[string]map[string]int64{}
	}
	inner := (*m)[a]
	tally(&inner, b, c)
	(*m)[a] = inner
}

// line takes the first way of reading that applies.
func (p *Stats) line(cmd, id string, rest []byte) {
	if cmd == "cleanup" {
		if m := reCleanup.FindSubmatch(rest); m != nil {
			p.cleanup(string(m[1]), string(m[2]), m[3])
			return
		}
	}
	switch {
	case id == "warning", id == "fatal", id == "panic":
		p.complaint(cmd, id, rest)
	case id == "reject", id == "reject_warning", id == "hold", id == "discard":
		p.refuse(id, rest)
	case cmd == "master":
		if p.Master == nil {
			p.Master = map[string]int64{}
		}
		p.Master[string(rest[len(reMaster.Find(rest)):])]++
	case cmd == "smtpd", cmd == "postscreen":
		p.smtpd(id, rest)
	default:
		p.message(cmd, id, rest)
	}
}

func (p *Stats) cleanup(kind, part string, rest []byte) {
	if at := reTail.FindIndex(rest); at != nil {
		rest = rest[:at[0]]
	}
	reason := cutTo(string(rest), 64)
	switch kind {
	case "warning":
		p.RejectWarnings++
		tally3(&p.WarningDetail, "cleanup", part, reason)
	case "hold":
		p.Held++
		tally3(&p.HoldDetail, "cleanup", part, reason)
	case "discard":
		p.Discarded++
		tally3(&p.DiscardDetail, "cleanup", part, reason)
	default:
		p.Rejected++
		tally3(&p.RejectDetail, "cleanup", part, reason)
	}
	p.hour.Rejected++
	p.day.Rejected++
}

func (p *Stats) complaint(cmd, kind string, rest []byte) {
	text := rest
	if i := bytes.LastIndex(rest, []byte(kind+": ")); i >= 0 {
		text = rest[i+len(kind)+2:]
	}
	to := map[string]*map[string]map[string]int64{"warning": &p.Warnings, "fatal": &p.Fatals, "panic": &p.Panics}[kind]
	cut := cutTo(string(text), 66)
	tally(to, cmd, cut)
}

func (p *Stats) smtpd(id string, rest []byte) {
	if bytes.Contains(rest, []byte(": client=")) {
		if m := reClient.FindSubmatch(rest); m != nil {
			p.received(id, clientDomain(string(m[1])))
			return
		}
	}
	if m := reRefusal.FindSubmatch(rest); m != nil {
		p.refuse(string(m[1]), rest)
	}
}

func (p *Stats) received(id, client string) {
	p.Received++
	p.hour.Received++
	p.day.Received++
	p.clients[id] = client
}

func (p *Stats) message(cmd, id string, rest []byte) {
	if bytes.Contains(rest, []byte(">, size=")) {
		if m := reFrom.FindSubmatch(rest); m != nil {
			p.sized(id, string(m[1]), string(m[2]))
			return
		}
	}
	if bytes.Contains(rest, []byte(" status=")) {
		if m := reTo.FindSubmatch(rest); m != nil {
			p.attempt(delivery{cmd, id, lowerDomain(string(m[1])), string(m[2]), string(m[3]), string(m[4]), string(m[5]), string(rest)})
			return
		}
	}
	switch {
	case cmd == "pickup" && rePickup.Match(rest):
		p.received(id, "pickup")
	case cmd == "smtp" && bytes.Contains(rest, []byte(" connect to ")):
		if m := reConnect.FindSubmatch(rest); m != nil {
			tally(&p.Failures, string(bytes.ToLower(m[2])), string(m[1]))
		} else if m = rePort.FindSubmatch(rest); m != nil {
			tally(&p.Failures, string(bytes.ToLower(m[2])), string(m[1]))
		}
	}
}

func (p *Stats) sized(id, from, digits string) {
	if p.sizes[id] != 0 {
		return
	}
	addr := lowerDomain(from)
	if addr == "" || addr == "0" {
		addr = "from=<>"
	}
	size, _ := strconv.ParseInt(digits, 10, 64)
	p.sizes[id] = size
	client := p.clients[id]
	if client == "" {
		return
	}
	domain, ok := behindAt(addr)
	if !ok {
		if domain = client; client == "pickup" {
			domain = addr
		}
	}
	for _, row := range []*Row{grow(&p.SendingDomains, domain), grow(&p.Senders, addr)} {
		row.Count++
		row.Bytes += size
	}
	p.BytesReceived += size
	delete(p.clients, id)
}

// A delivery is a line of one delivery.
type delivery struct{ cmd, id, to, relay, delay, status, tail, line string }

func (p *Stats) attempt(a delivery) {
	domain, ok := behindAt(a.to)
	if !ok {
		domain = a.to
	}
	seconds, _ := strconv.ParseFloat(a.delay, 64)
	switch a.status {
	case "sent":
		p.sent(a, domain, seconds)
	case "deferred":
		tally(&p.DeferralDetail, a.cmd, deferralReason(a.line))
		p.hour.Deferred++
		p.day.Deferred++
		p.Deferrals++
		if !p.deferred[a.id] {
			p.deferred[a.id] = true
			p.Deferred++
		}
		row := grow(&p.RecipientDomains, domain)
		row.Defers++
		row.DelayMax = max(row.DelayMax, seconds)
	case "bounced":
		tally(&p.BounceDetail, a.relay, bounceReason(a.line))
		p.hour.Bounced++
		p.day.Bounced++
		p.Bounced++
	}
}

func (p *Stats) sent(a delivery, domain string, seconds float64) {
	if bytes.Contains([]byte(a.tail), []byte("forwarded as ")) {
		p.Forwarded++
		return
	}
	size := p.sizes[a.id]
	if size == 0 {
		p.Unsized[a.id] = a.to
	}
	row := grow(&p.RecipientDomains, domain)
	row.DelaySum += seconds
	row.DelayMax = max(row.DelayMax, seconds)
	for _, r := range []*Row{row, grow(&p.Recipients, a.to)} {
		r.Count++
		r.Bytes += size
	}
	p.hour.Delivered++
	p.day.Delivered++
	p.Delivered++
	p.BytesDelivered += size
}
