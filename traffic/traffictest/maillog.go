package traffictest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A MailLog is the log of a machine with two instances of Postfix that has to be
// followed with care: few queue ids, which are used again as soon as they are
// free and by both instances at a time, messages whose lines stand between those
// of others, a content filter, forwards, and notices of the server itself. It knows
// what truly happened.
type MailLog struct {
	ISO bool // times are those of RFC 3339

	Received, Delivered, Forwarded, Passed       int64
	Deferred, Deferrals, Bounced, Rejected       int64
	Notices, BytesReceived, BytesDelivered, Open int64
	Sent, Got                                    map[string]int64 // messages, by sender and recipient

	text    strings.Builder
	now     time.Time
	rand    *rand.Rand
	used    map[string]bool
	waiting []*mailItem
}

// A mailItem is a message on its way: what is still to be logged of it.
type mailItem struct {
	instance, id string
	lines        []string // "program: text"; an empty line gives its ids back
	ids          []string
}

// NewMailLog begins a log at a time.
func NewMailLog(seed uint64, at time.Time) *MailLog {
	return &MailLog{now: at, rand: rand.New(rand.NewPCG(seed, 1)), used: map[string]bool{}, Sent: map[string]int64{}, Got: map[string]int64{}}
}

// Messages lets so many messages arrive; all but a few of those that are deferred
// come to their end.
func (l *MailLog) Messages(n int) *MailLog {
	for n > 0 || len(l.waiting) > 0 {
		if n > 0 && len(l.waiting) < 20 {
			l.waiting = append(l.waiting, l.arrive())
			n--
			continue
		}
		i := l.rand.IntN(len(l.waiting))
		item := l.waiting[i]
		l.line(item.lines[0])
		if item.lines = item.lines[1:]; len(item.lines) == 0 {
			l.waiting = slices.Delete(l.waiting, i, i+1)
			for _, id := range item.ids {
				delete(l.used, id)
			}
		}
	}
	return l
}

// End is the time of the last line.
func (l *MailLog) End() time.Time { return l.now }

// String is the log.
func (l *MailLog) String() string { return l.text.String() }

func (l *MailLog) line(text string) {
	l.now = l.now.Add(time.Duration(l.rand.IntN(3000)) * time.Millisecond)
	stamp := l.now.Format(time.Stamp)
	if l.ISO {
		stamp = l.now.Format("2006-01-02T15:04:05.000000Z07:00")
	}
	fmt.Fprintf(&l.text, "%s mx %s\n", stamp, text)
}

// id takes a queue id that is free in an instance.
func (l *MailLog) id(item *mailItem, instance string) string {
	for {
		id := fmt.Sprintf("%05X", 0xA0000+l.rand.IntN(60))
		if key := instance + id; !l.used[key] {
			l.used[key] = true
			item.ids = append(item.ids, key)
			return id
		}
	}
}

// log adds a line of a message.
func (m *mailItem) log(program, format string, args ...any) {
	m.lines = append(m.lines, fmt.Sprintf("%s/%s[%d]: %s: %s", m.instance, program, 100+len(m.lines), m.id, fmt.Sprintf(format, args...)))
}

func (l *MailLog) arrive() *mailItem {
	m := &mailItem{instance: []string{"postfix", "postfix-out"}[l.rand.IntN(2)]}
	if l.rand.IntN(6) == 0 {
		l.Rejected++
		m.lines = []string{m.instance + "/smtpd[9]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <x@y.org>: Relay access denied; from=<status=sent> to=<x@y.org> proto=ESMTP helo=<, size=5>"}
		return m
	}
	m.id = l.id(m, m.instance)
	from, to, size := fmt.Sprintf("s%d@example.org", l.rand.IntN(20)), fmt.Sprintf("r%d@example.net", l.rand.IntN(20)), int64(100+l.rand.IntN(9000))
	m.log("smtpd", "client=c.example.org[192.0.2.1]")
	m.log("cleanup", "message-id=<%d@example.org>", size)
	if l.rand.IntN(10) == 0 {
		l.Rejected++
		m.log("cleanup", "milter-reject: END-OF-MESSAGE from c.example.org[192.0.2.1]: 5.7.1 spam; from=<%s> to=<%s> proto=ESMTP helo=<c>", from, to)
		return m
	}
	m.log("qmgr", "from=<%s>, size=%d, nrcpt=1 (queue active)", from, size)
	l.Received++
	l.BytesReceived += size
	l.Sent[from]++
	[]func(m *mailItem, from, to string, size int64){l.deliver, l.deliver, l.later, l.bounce, l.forward, l.filter}[l.rand.IntN(6)](m, from, to, size)
	return m
}

const mailTimes = "delay=1.2, delays=0.1/0/0.8/0.3"

func (l *MailLog) deliver(m *mailItem, _, to string, size int64) {
	m.log("smtp", "to=<%s>, relay=mx.example.net[198.51.100.1]:25, %s, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as A0001)", to, mailTimes)
	m.log("qmgr", "removed")
	l.Delivered++
	l.BytesDelivered += size
	l.Got[to]++
}

func (l *MailLog) later(m *mailItem, from, to string, size int64) {
	l.Deferred++
	for range 1 + l.rand.IntN(3) {
		l.Deferrals++
		m.log("smtp", "to=<%s>, relay=none, %s, dsn=4.4.1, status=deferred (connect to mx.example.net[198.51.100.1]:25: Connection timed out)", to, mailTimes)
		m.log("qmgr", "from=<%s>, size=%d, nrcpt=1 (queue active)", from, size)
	}
	if l.rand.IntN(20) == 0 {
		l.Open++
		m.ids = nil // its id stays in use
		return
	}
	l.deliver(m, from, to, size)
}

// again goes on with another message, which the server itself hands in.
func (l *MailLog) again(m *mailItem, from string, size int64) {
	m.id = l.id(m, m.instance)
	m.log("cleanup", "message-id=<again@example.org>")
	m.log("qmgr", "from=<%s>, size=%d, nrcpt=1 (queue active)", from, size)
}

func (l *MailLog) bounce(m *mailItem, from, to string, size int64) {
	l.Bounced++
	l.Notices++
	m.log("smtp", "to=<%s>, relay=mx.example.net[198.51.100.1]:25, %s, dsn=5.1.1, status=bounced (host mx said: 550 5.1.1 <%s>: status=sent (in reply to RCPT TO command))", to, mailTimes, to)
	m.log("qmgr", "removed")
	l.again(m, "", size+2000)
	l.deliver(m, "", from, size+2000)
}

func (l *MailLog) forward(m *mailItem, from, to string, size int64) {
	l.Forwarded++
	first := m.id
	l.again(m, from, size)
	second := m.id
	m.id = first
	m.log("local", "to=<%s>, relay=local, %s, dsn=2.0.0, status=sent (forwarded as %s)", to, mailTimes, second)
	m.log("qmgr", "removed")
	m.id = second
	l.deliver(m, from, "else@example.com", size)
}

// filter hands a message to a content filter, from which it comes back to the
// other instance, or to the same.
func (l *MailLog) filter(m *mailItem, from, to string, size int64) {
	l.Passed++
	first, instance := m.id, m.instance
	m.instance = []string{"postfix", "postfix-out"}[l.rand.IntN(2)]
	m.id = l.id(m, m.instance)
	m.log("smtpd", "client=localhost[127.0.0.1]")
	m.log("cleanup", "message-id=<%d@example.org>", size)
	m.log("qmgr", "from=<%s>, size=%d, nrcpt=1 (queue active)", from, size+300)
	second, out := m.id, m.instance
	m.id, m.instance = first, instance
	m.log("smtp", "to=<%s>, relay=127.0.0.1[127.0.0.1]:10024, %s, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as %s)", to, mailTimes, second)
	m.log("qmgr", "removed")
	m.id, m.instance = second, out
	l.deliver(m, from, to, size+300)
}
