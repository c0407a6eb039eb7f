package maillog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// mailServer is a machine with a log, and the check with its memory.
type mailServer struct {
	t *testing.T
	*hosttest.Machine
	store reporttest.Store
	now   time.Time
}

func newMailServer(t *testing.T) *mailServer {
	return &mailServer{t: t, now: noon, Machine: hosttest.New(`A mail server.
-- machine now=2026-11-25T12:00:00Z --
-- /etc/localtime absent --
-- /var/log/ dir complete --
-- /var/log/mail.log mtime=2026-11-25T12:00:00Z --
-- /var/log/journal absent --
-- /run/log/journal absent --
`)}
}

func (m *mailServer) write(at time.Time, texts ...string) { m.add(dated(at, texts...)) }

func (m *mailServer) add(text string) {
	require.NoError(m.t, m.AppendFile("/var/log/mail.log", []byte(text)))
}

func dated(at time.Time, texts ...string) string {
	var b strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&b, "%s mx %s\n", at.Format(time.RFC3339), text)
	}
	return b.String()
}

func (m *mailServer) run() report.Result {
	m.t.Helper()
	h := m.Host()
	h.Now = func() time.Time { return m.now }
	set := &suite.Suite{Checks: []report.Checker{Mail{Host: h}}, Store: &m.store}
	rep, err := set.Run(m.t.Context())
	require.NoError(m.t, err)
	return rep.Results[0]
}

func metric(res report.Result, name string) uint64 {
	for _, m := range res.Metrics {
		if m.Name == name {
			n, _ := m.Value.Uint()
			return n
		}
	}
	return 1 << 63
}

func receives(id, from string) []string {
	return []string{
		"postfix/smtpd[1]: " + id + ": client=a.example.org[192.0.2.1]",
		"postfix/qmgr[1]: " + id + ": from=<" + from + ">, size=100, nrcpt=1 (queue active)",
	}
}

func delivers(id string) []string {
	return []string{"postfix/smtp[1]: " + id + ": to=<x@example.net>, relay=mx[198.51.100.1]:25, " + sent, "postfix/qmgr[1]: " + id + ": removed"}
}

func TestAMessageOutlivesARunAndARotation(t *testing.T) {
	m := newMailServer(t)
	m.write(noon.Add(-time.Hour), receives("AAAA1", "a@example.org")...)
	res := m.run()
	require.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.EqualValues(t, 1, metric(res, "mail_received"))
	assert.EqualValues(t, 1, metric(res, "mail_open"))
	require.NoError(t, m.Rename("/var/log/mail.log", "/var/log/mail.log.1"))
	require.NoError(t, m.Add("-- /var/log/mail.log --\n"))
	m.write(noon, delivers("AAAA1")...)
	m.now = noon.Add(time.Hour)
	res = m.run()
	assert.EqualValues(t, 0, metric(res, "mail_received"), "it is counted once")
	assert.EqualValues(t, 1, metric(res, "mail_delivered"))
	assert.EqualValues(t, 100, metric(res, "mail_delivered_bytes"), "its size is known from yesterday")
	assert.EqualValues(t, 0, metric(res, "mail_open"))
	require.NotEmpty(t, res.Series)
}

func TestWhatIsUnusualIsTold(t *testing.T) {
	m := newMailServer(t)
	var month strings.Builder
	for day := range 30 {
		for hour := range 24 {
			at := noon.Add(time.Duration(day*24+hour-31*24) * time.Hour)
			for i := range 3 {
				id := fmt.Sprintf("A%02d%02d%d", day, hour, i)
				month.WriteString(dated(at, append(receives(id, "a@example.org"), delivers(id)...)...))
			}
		}
	}
	m.add(month.String())
	m.now = noon.Add(-24 * time.Hour)
	res := m.run()
	require.Equal(t, report.OK, res.Status, "%v", res.Problems)
	require.Empty(t, res.Findings)
	var flood []string
	for i := range 400 {
		id := fmt.Sprintf("B%05d", i)
		flood = append(append(flood, receives(id, "stolen@example.org")...),
			"postfix/smtp[1]: "+id+": to=<x@example.net>, relay=mx[198.51.100.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (no such user)")
	}
	m.write(noon.Add(-2*time.Hour), flood...)
	m.now = noon
	var rules []string
	for _, f := range m.run().Findings {
		rules = append(rules, f.Rule)
		t.Log(f.Title, f.Detail)
	}
	assert.ElementsMatch(t, []string{ruleBounces, rulePeak, ruleSender}, rules)
	m.now = noon.Add(48 * time.Hour)
	rules = nil
	for _, f := range m.run().Findings {
		rules = append(rules, f.Rule)
	}
	assert.Equal(t, []string{ruleSilent}, rules)
}

func TestLongNamesOfManyMessagesCanBeKept(t *testing.T) {
	m := newMailServer(t)
	var b strings.Builder
	for i := range 1500 {
		id, long := fmt.Sprintf("A%05d", i), fmt.Sprintf("%0200d", i)
		b.WriteString(dated(noon.Add(-time.Hour), "postfix/smtpd[1]: "+id+": client="+long+".example.org[192.0.2.1], orig_queue_id="+long+", orig_client=x",
			"postfix/qmgr[1]: "+id+": from=<"+long+"@example.org>, size=100, nrcpt=1 (queue active)"))
	}
	for hour := range 9 * 7 * 24 {
		b.WriteString(dated(noon.Add(-time.Duration(hour)*time.Hour), "postfix/smtpd[1]: NOQUEUE: reject: RCPT from c[192.0.2.1]: 554 5.7.1 <x>: no; from=<> to=<x> proto=SMTP helo=<h>"))
	}
	m.add(b.String())
	res := m.run()
	require.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.EqualValues(t, 1500, metric(res, "mail_open"), "those that are not kept are counted")
}

func TestALogThatCannotBeReadIsNoSilence(t *testing.T) {
	m := newMailServer(t)
	m.write(noon.Add(-time.Hour), receives("AAAA1", "a@example.org")...)
	m.run()
	require.NoError(t, m.Add("-- /var/log/mail.log error=permission --\n"))
	res := m.run()
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("logs/var/log/mail.log"))
}

func TestALogThatNobodyCanReadIsNoSilence(t *testing.T) {
	m := newMailServer(t)
	m.write(noon.Add(-time.Hour), receives("AAAA1", "a@example.org")...)
	m.run()
	m.write(noon, "spamd[7]: server started on port 783")
	assert.Equal(t, report.OK, m.run().Status, "another program writes into it as well")
	require.NoError(t, m.AppendFile("/var/log/mail.log", []byte("what is this\n\x00\xff\n")))
	res := m.run()
	assert.Equal(t, report.Partial, res.Status)
	require.Len(t, res.Problems, 1)
	assert.Contains(t, fmt.Sprint(res.Problems), "no line is of a mail server any more")
	assert.False(t, res.Covers(scope))
}

func TestOneLogOfAnotherKindIsToldBesideAGoodOne(t *testing.T) {
	m := newMailServer(t)
	require.NoError(t, m.Add("-- /var/log/maillog mtime=2026-11-25T12:00:00Z --\n"))
	m.write(noon.Add(-time.Hour), receives("AAAA1", "a@example.org")...)
	m.run()
	m.write(noon, receives("AAAA2", "a@example.org")...)
	require.NoError(t, m.AppendFile("/var/log/maillog", []byte("what is this\n")))
	res := m.run()
	assert.Equal(t, report.Partial, res.Status)
	require.Len(t, res.Problems, 1)
	assert.Contains(t, fmt.Sprint(res.Problems), "/var/log/maillog: no line is of a mail server any more")
}

func TestALogThatIsGoneIsNoSilence(t *testing.T) {
	m := newMailServer(t)
	m.write(noon.Add(-time.Hour), receives("AAAA1", "a@example.org")...)
	m.run()
	require.NoError(t, m.Remove("/var/log/mail.log"))
	res := m.run()
	assert.NotEqual(t, report.OK, res.Status)
	assert.False(t, res.Covers("logs/var/log/mail.log"))
}

func TestAMachineWithoutAMailServerIsSkipped(t *testing.T) {
	m := newMailServer(t)
	require.NoError(t, m.Remove("/var/log/mail.log"))
	assert.Equal(t, report.Skipped, m.run().Status)
}

func TestMailPassesTheKitForCheckers(t *testing.T) {
	m := newMailServer(t)
	m.write(noon.Add(-time.Hour), receives("AAAA1", "a@example.org")...)
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return Mail{Host: m.Host()} }, reporttest.Options{}))
}
