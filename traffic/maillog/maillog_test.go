package maillog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func read(t testing.TB, a traffic.Analyzer, text string) traffic.Reading {
	t.Helper()
	r, err := traffic.ReadFrom(t.Context(), strings.NewReader(text), syslog.Parser{Reference: noon}, a)
	require.NoError(t, err)
	return r
}

// lines gives each line the header that syslog gives it, a second later each time.
func lines(tagged ...string) string {
	var b strings.Builder
	for i, text := range tagged {
		fmt.Fprintf(&b, "%s mx %s\n", noon.Add(time.Duration(i-3600)*time.Second).Format("Jan _2 15:04:05"), text)
	}
	return b.String()
}

func counted(t *testing.T, text string) Counts {
	t.Helper()
	s := New(Options{})
	read(t, s, text)
	return s.Totals().Counts
}

const sent = "delay=1.2, delays=0.1/0/0.8/0.3, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 99AA)"

func TestAMessageIsAnEpochOfItsQueueID(t *testing.T) {
	s := New(Options{})
	read(t, s, lines(
		"postfix/smtpd[1]: 4CA1B2: client=a.example.org[192.0.2.1]",
		"postfix/cleanup[1]: 4CA1B2: message-id=<1@x>",
		"postfix/qmgr[1]: 4CA1B2: from=<a@Example.org>, size=100, nrcpt=1 (queue active)",
		"postfix/smtp[1]: 4CA1B2: to=<x@example.net>, relay=mx.example.net[198.51.100.1]:25, "+sent,
		"postfix/qmgr[1]: 4CA1B2: removed",
		"postfix/smtpd[1]: 4CA1B2: client=b.example.org[192.0.2.2], sasl_method=PLAIN, sasl_username=anna",
		"postfix/qmgr[1]: 4CA1B2: from=<b@example.org>, size=7000, nrcpt=1 (queue active)",
		"postfix/smtp[1]: 4CA1B2: to=<x@example.net>, relay=mx.example.net[198.51.100.1]:25, "+sent,
		"postfix/qmgr[1]: 4CA1B2: removed",
	))
	got := s.Totals()
	assert.Equal(t, Counts{Received: 2, Delivered: 2, BytesReceived: 7100, BytesDelivered: 7100}, got.Counts)
	assert.EqualValues(t, 2, got.Senders)
	assert.EqualValues(t, 1, got.Recipients)
	assert.EqualValues(t, 7000, s.Senders.Get("b@example.org").Bytes)
	assert.EqualValues(t, 1, s.Users.Get("anna").Count)
	p90, _ := s.Delays.Percentile(0.9)
	assert.InEpsilon(t, 1200, p90, 0.125)
	assert.Zero(t, s.Report(5, nil).Open)
}

func TestWhatPassesAFilterIsReceivedAndDeliveredOnce(t *testing.T) {
	in := []string{
		"postfix/smtpd[1]: AAAA1: client=a.example.org[192.0.2.1]",
		"postfix/qmgr[1]: AAAA1: from=<a@example.org>, size=100, nrcpt=1 (queue active)",
	}
	out := []string{
		"postfix/qmgr[1]: BBBB2: from=<a@example.org>, size=300, nrcpt=1 (queue active)",
		"postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as BBBB2)",
		"postfix/qmgr[1]: AAAA1: removed",
		"postfix/smtp[1]: BBBB2: to=<x@example.net>, relay=mx.example.net[198.51.100.1]:25, " + sent,
		"postfix/qmgr[1]: BBBB2: removed",
	}
	want := Counts{Received: 1, Delivered: 1, BytesReceived: 100, BytesDelivered: 300, Passed: 1}
	for name, client := range map[string]string{
		"the filter does not say": "postfix/smtpd[1]: BBBB2: client=localhost[127.0.0.1]",
		"the filter says":         "postfix/smtpd[1]: BBBB2: client=localhost[127.0.0.1], orig_queue_id=AAAA1, orig_client=a.example.org[192.0.2.1]",
	} {
		assert.Equal(t, want, counted(t, lines(append(append(in[:2:2], client), out...)...)), name)
	}
	t.Run("a further instance is the filter", func(t *testing.T) {
		text := lines(append(append(in[:2:2], "postfix/smtpd[1]: BBBB2: client=localhost[127.0.0.1]"), out...)...)
		for _, what := range []string{"smtpd[1]: BBBB2", "qmgr[1]: BBBB2", "smtp[1]: BBBB2"} {
			text = strings.Replace(text, "postfix/"+what, "postfix-out/"+what, -1)
		}
		assert.Equal(t, want, counted(t, text))
	})
}

func TestOneIDOfTwoInstancesIsTwoMessages(t *testing.T) {
	text := "2026-11-25T10:00:00.123456+01:00 mx "
	got := counted(t, text+"postfix/smtpd[1]: CCCC3: client=a[192.0.2.1]\n"+text+"postfix-out/smtpd[1]: CCCC3: client=b[192.0.2.2]\n"+
		text+"postfix-out/qmgr[1]: CCCC3: from=<b@x.org>, size=5, nrcpt=1 (queue active)\n"+
		text+"postfix/qmgr[1]: CCCC3: from=<a@x.org>, size=7, nrcpt=1 (queue active)\n")
	assert.Equal(t, Counts{Received: 2, BytesReceived: 12}, got)
}

func TestEachEndOfADeliveryIsCountedForItself(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  Counts
	}{
		"deferred twice, then sent": {[]string{
			"postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=none, delay=5, delays=0/0/5/0, dsn=4.4.1, status=deferred (connect to mx.example.net[198.51.100.1]:25: Connection timed out)",
			"postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=none, delay=9, delays=0/0/5/0, dsn=4.4.1, status=deferred (connect to mx.example.net[198.51.100.1]:25: Connection timed out)",
			"postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=mx[198.51.100.1]:25, " + sent,
		}, Counts{Deferred: 1, Deferrals: 2, Delivered: 1, Unsized: 1}},
		"a reply that lies": {[]string{
			"postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=mx[198.51.100.1]:25, delay=5, delays=0/0/5/0, dsn=5.1.1, status=bounced (host mx said: 550 to=<y@example.net>, relay=z, delay=1, status=sent (ok) (in reply to RCPT TO command))",
		}, Counts{Bounced: 1}},
		"forwarded": {[]string{
			"postfix/local[1]: AAAA1: to=<x@example.net>, orig_to=<y>, relay=local, delay=5, delays=0/0/5/0, dsn=2.0.0, status=sent (forwarded as BBBB2)",
		}, Counts{Forwarded: 1}},
		"rejected before there was a message": {[]string{
			"postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <x@y.org>: Relay access denied; from=<status=sent@q> to=<x@y.org> proto=ESMTP helo=<status=sent (>",
		}, Counts{Rejected: 1}},
		"rejected at its end": {[]string{
			"postfix/smtpd[1]: AAAA1: client=a[192.0.2.1]", "postfix/cleanup[1]: AAAA1: message-id=<1@x>",
			"postfix/cleanup[1]: AAAA1: milter-reject: END-OF-MESSAGE from a[192.0.2.1]: 5.7.1 spam; from=<a@x.org> to=<b@y.org> proto=ESMTP helo=<a>",
		}, Counts{Rejected: 1}},
		"given up": {[]string{"postfix/qmgr[1]: AAAA1: from=<a@x.org>, status=expired, returned to sender"}, Counts{Bounced: 1}},
		"a repeat line": {[]string{
			"postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <x@y.org>: Relay access denied; from=<> to=<x@y.org> proto=SMTP helo=<h>",
			"last message repeated 4 times",
		}, Counts{Rejected: 5}},
	} {
		assert.Equal(t, c.want, counted(t, lines(c.lines...)), name)
	}
}

func TestReasonsLoseWhatDiffers(t *testing.T) {
	p := New(Options{}).newPart()
	for raw, want := range map[string]string{
		"host mx.example.net[198.51.100.1] said: 450 4.2.1 <x@y.org>: mailbox busy 8F3A2BC4D1 (in reply to RCPT TO command)": "450 4.2.1 <>: mailbox busy #",
		"connect to mx.example.net[198.51.100.1]:25: Connection timed out":                                                   "connect to mx.example.net<>: Connection timed out",
	} {
		assert.Equal(t, want, string(p.reason([]byte(raw), false).raw))
	}
}

func TestHoursDaysAndDelaysAreThoseOfWhatWasSent(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	s := New(Options{})
	var b strings.Builder
	begin := time.Date(2026, 11, 24, 22, 0, 0, 0, time.UTC) // 23 o'clock there
	for i := range 300 {
		at := begin.Add(time.Duration(i/100) * time.Hour).Format(time.RFC3339)
		n := i%100 + 1
		fmt.Fprintf(&b, "%s mx postfix/smtp[1]: A%04X: to=<x@example.net>, relay=mx[198.51.100.1]:25, delay=%d, delays=0.%02d/%d/0/%d, dsn=2.0.0, status=sent (250 ok)\n", at, i, n, n%100, 2*n, 4*n)
	}
	read(t, s, b.String())
	r := s.Report(-1, zone)
	require.Len(t, r.Days, 2)
	assert.Equal(t, []string{"2026-11-24", "2026-11-25"}, []string{r.Days[0].Date, r.Days[1].Date})
	assert.Equal(t, []int64{100, 200}, []int64{r.Days[0].Delivered, r.Days[1].Delivered})
	for _, h := range r.Hours {
		assert.Equal(t, map[int]int64{23: 100, 0: 100, 1: 100}[h.Hour], h.Delivered, h.Hour)
	}
	for name, c := range map[string]struct {
		got  Delay
		unit float64
	}{"all": {r.Delay, 1}, "before the queue": {r.Stages[0], 0.01}, "in it": {r.Stages[1], 2}, "sending": {r.Stages[3], 4}} {
		assert.EqualValues(t, 300, c.got.Count, name)
		assert.InEpsilon(t, 50*c.unit, c.got.Median, 0.13, name)
		assert.InEpsilon(t, 90*c.unit, c.got.P90, 0.13, name)
		assert.InEpsilon(t, 99*c.unit, c.got.P99, 0.13, name)
	}
	assert.InDelta(t, 100, r.Delay.Max, 1e-9)
	assert.Zero(t, r.Stages[2].Max, "connecting took no time")
}

func TestEveryServerIsReadIntoTheSameCounts(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Counts
	}{
		"exim": {
			"2026-11-25 10:00:00 1tFabc-000001-2D <= a@example.org H=mail.example.org [192.0.2.7] P=esmtps X=TLS1.3:TLS_AES:256 S=512 id=x@y\n" +
				"2026-11-25 10:00:01 1tFabc-000001-2D => b@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.1] C=\"250 ok\" QT=2s\n" +
				"2026-11-25 10:00:01 1tFabc-000001-2D -> c@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.1]\n" +
				"2026-11-25 10:00:01 1tFabc-000001-2D == d@example.net R=dnslookup T=remote_smtp defer (-53): retry time not reached\n" +
				"2026-11-25 10:00:01 1tFabc-000001-2D ** e@example.net R=dnslookup T=remote_smtp: SMTP error from remote mail server: 550 no\n" +
				"2026-11-25 10:00:01 1tFabd-000002-2D <= <> R=1tFabc-000001-2D U=Debian-exim P=local S=900\n" +
				"2026-11-25 10:00:01 1tFabd-000002-2D => a@example.org R=dnslookup T=remote_smtp H=x [192.0.2.9]\n" +
				"2026-11-25 10:00:01 1tFabc-000001-2D Completed\n" +
				"2026-11-25 10:00:02 H=(x) [203.0.113.9] F=<a@b> rejected RCPT <c@d>: relay not permitted\n",
			Counts{Received: 1, Delivered: 3, Deferred: 1, Deferrals: 1, Bounced: 1, Rejected: 1, BytesReceived: 512, BytesDelivered: 1924, Notices: 1},
		},
		"sendmail": {lines(
			"sm-mta[1]: 4AP1aBcD000123: from=<a@example.org>, size=512, class=0, nrcpts=2, msgid=<x@y>, proto=ESMTP, daemon=MTA, relay=mail.example.org [192.0.2.7]",
			"sm-mta[2]: 4AP1aBcD000123: to=<b@example.net>,<c@example.net>, delay=00:00:02, xdelay=00:00:01, mailer=esmtp, pri=1, relay=mx.example.net. [198.51.100.1], dsn=2.0.0, stat=Sent (250 ok)",
			"sm-mta[2]: 4AP1aBcD000123: to=<d@example.net>, delay=00:00:02, mailer=esmtp, relay=mx [198.51.100.1], dsn=4.0.0, stat=Deferred: Connection refused by mx",
			"sm-mta[2]: 4AP1aBcD000123: to=<e@example.net>, delay=00:00:02, mailer=local, dsn=5.1.1, stat=User unknown",
			"sm-mta[3]: ruleset=check_rcpt, arg1=<x@y.org>, relay=[203.0.113.9], reject=550 5.7.1 <x@y.org>... Relaying denied",
		), Counts{Received: 1, Delivered: 2, Deferred: 1, Deferrals: 1, Bounced: 1, Rejected: 1, BytesReceived: 512, BytesDelivered: 1024}},
		"sendmail in two stages": {lines(
			"sendmail[1]: 4AP1aBcD000777: from=root, size=10, class=0, nrcpts=1, msgid=<x@y>, relay=root@localhost",
			"sm-mta[2]: 4AP1aBcD000888: from=<root@mx>, size=200, class=0, nrcpts=1, msgid=<x@y>, proto=ESMTP, daemon=MTA-v4, relay=localhost [127.0.0.1]",
			"sendmail[1]: 4AP1aBcD000777: to=b@example.net, ctladdr=root (0/0), delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=3, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (4AP1aBcD000888 Message accepted for delivery)",
			"sm-mta[2]: 4AP1aBcD000888: to=<b@example.net>, delay=00:00:02, mailer=esmtp, relay=mx. [198.51.100.1], dsn=2.0.0, stat=Sent (ok)",
		), Counts{Received: 1, Delivered: 1, Passed: 1, BytesReceived: 10, BytesDelivered: 200}},
		"sendmail, an alias and a bounce": {lines( // as a real 8.17 wrote it
			"sendmail[1]: 6AT29WxR018316: from=<a@example.org>, size=617, class=0, nrcpts=1, msgid=<4787@vm>, proto=SMTP, daemon=MTA, relay=mail.example [127.0.0.1]",
			"sendmail[2]: 6AT29WxR018316: to=one@example.net,two@example.net, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=60794, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (Ok)",
			"sendmail[3]: 6AT29WxR018316: to=<x@never.example>, delay=00:00:00, mailer=relay, pri=30616, relay=[127.0.0.1] [127.0.0.1], dsn=5.3.0, reply=500 5.3.0 Error: command failed, stat=Service unavailable",
			"sendmail[3]: 6AT29WxR018316: 6AT29WxD018305: DSN: Service unavailable",
			"sendmail[3]: 6AT29WxD018305: to=/dev/null, ctladdr=<a@example.org> (1/0), delay=00:00:00, xdelay=00:00:00, mailer=*file*, pri=31640, dsn=2.0.0, stat=Sent",
		), Counts{Received: 1, Delivered: 3, Bounced: 1, BytesReceived: 617, BytesDelivered: 1234, Notices: 1, Unsized: 1}},
		"opensmtpd, its own bounce": {lines( // as a real 6.8 wrote it
			"smtpd[7]: 72fa538bdc1be6a6 smtp connected address=local host=mail.example",
			"smtpd[7]: 72fa538bdc1be6a6 smtp message msgid=3b65856f size=2027 nrcpt=1 proto=ESMTP",
			"smtpd[7]: 72fa538bdc1be6a6 smtp envelope evpid=3b65856f50b98f21 from=<> to=<a@example.org>",
			"smtpd[7]: 72fa538bdc1be6a6 smtp disconnected reason=quit",
			`smtpd[7]: 72fa537e51711a35 mta delivery evpid=3b65856f50b98f21 from=<> to=<a@example.org> rcpt=<-> source="127.0.0.1" relay="127.0.0.1 (localhost)" delay=1s result="Ok" stat="250 2.0.0 Ok"`,
			"smtpd[7]: 72fa538bdc1be6a7 smtp connected address=192.0.2.7 host=mail.example",
			"smtpd[7]: 72fa538bdc1be6a7 smtp message msgid=3b658570 size=100 nrcpt=1 proto=ESMTP",
			"smtpd[7]: 72fa538bdc1be6a7 smtp envelope evpid=3b65857050b98f21 from=<> to=<a@example.org>",
		), Counts{Received: 1, Delivered: 1, BytesReceived: 100, BytesDelivered: 2027, Notices: 1}},
		"opensmtpd": {lines(
			`smtpd[1]: 3d0c2a9f0a1b2c3d smtp connected address=192.0.2.7 host=mail.example.org`,
			`smtpd[1]: 3d0c2a9f0a1b2c3d smtp message msgid=b1f20d3a size=512 nrcpt=1 proto=ESMTP`,
			`smtpd[1]: 3d0c2a9f0a1b2c3d smtp envelope evpid=b1f20d3a8f6c1a00 from=<a@example.org> to=<b@example.net>`,
			`smtpd[1]: 3d0c2aa00a1b2c3d mta delivery evpid=b1f20d3a8f6c1a00 from=<a@example.org> to=<b@example.net> rcpt=<-> source="-" relay="198.51.100.1 (mx)" delay=1s result="TempFail" stat="450 busy"`,
			`smtpd[1]: 3d0c2aa00a1b2c3d mta delivery evpid=b1f20d3a8f6c1a00 from=<a@example.org> to=<b@example.net> rcpt=<-> source="-" relay="198.51.100.1 (mx)" delay=9s result="Ok" stat="250 ok"`,
			`smtpd[1]: 3d0c2a9f0a1b2c3d smtp failed-command command="RCPT TO:<x>" result="550 Invalid recipient"`,
		), Counts{Received: 1, Delivered: 1, Deferred: 1, Deferrals: 1, Rejected: 1, BytesReceived: 512, BytesDelivered: 512}},
		"qmail": {lines(
			"qmail: 1764064800.1 new msg 93869", "qmail: 1764064800.1 info msg 93869: bytes 2343 from <a@example.org> qp 18695 uid 7791",
			"qmail: 1764064800.1 starting delivery 2392: msg 93869 to remote b@example.net", "qmail: 1764064800.1 delivery 2392: deferral: Connected_but_busy./",
			"qmail: 1764064800.1 starting delivery 2393: msg 93869 to remote b@example.net", "qmail: 1764064800.1 delivery 2393: success: accepted./",
			"qmail: 1764064800.1 end msg 93869", "qmail: 1764064800.1 info msg 93869: bytes 7 from <c@example.org> qp 18696 uid 7791",
		), Counts{Received: 2, Delivered: 1, Deferred: 1, Deferrals: 1, BytesReceived: 2350, BytesDelivered: 2343}},
		"dovecot": {lines(
			"dovecot: imap-login: Login: user=<anna>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=7, TLS, session=<x>",
			"dovecot: pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<anna>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1",
			"dovecot: lmtp(anna)<7><x>: msgid=<1@x>: saved mail to INBOX",
			"dovecot: lda(anna)<7><x>: sieve: msgid=unspecified: stored mail into mailbox 'INBOX'",
			"dovecot: lmtp(anna)<7><x>: msgid=<: saved mail to @x>: save failed to open mailbox INBOX: Permission denied",
		), Counts{Logins: 1, LoginFailures: 1, Stored: 2}},
	} {
		assert.Equal(t, c.want, counted(t, c.text), name)
	}
}

func TestALogOfSomethingElseIsNotUnderstood(t *testing.T) {
	r := read(t, New(Options{}), lines("sshd[1]: Accepted password for root", "kernel: hello", "\x00\xff garbage"))
	assert.EqualValues(t, 3, r.Unknown)
	assert.Len(t, r.Samples, 3)
}

func TestAFloodOfAddressesIsBoundedAndSaid(t *testing.T) {
	s := New(Options{Keys: 100, Messages: 50})
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "Nov 25 10:00:00 mx postfix/smtpd[1]: %05X: client=a[192.0.2.1]\n", i)
		fmt.Fprintf(&b, "Nov 25 10:00:00 mx postfix/qmgr[1]: %05X: from=<a%d@x.org>, size=1, nrcpt=1 (queue active)\n", i, i)
	}
	read(t, s, b.String())
	got := s.Totals()
	assert.True(t, got.Approximate)
	assert.EqualValues(t, 2000, got.Received)
	assert.InEpsilon(t, 2000, got.Senders, 0.05)
	assert.LessOrEqual(t, len(s.Senders.First(-1)), 150)
	assert.NotZero(t, s.Report(1, nil).MissingAtMost)
	assert.LessOrEqual(t, len(s.messages.byHash), 50)
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"Nov 25 10:00:00 mx postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=mx[198.51.100.1]:25, " + sent,
		"2026-11-25 10:00:00 1tFabc-000001-2D => b@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.1]",
		"Nov 25 10:00:00 mx sm-mta[2]: 4AP1aBcD000123: to=<b>,<c>, delay=1+00:00:02, relay=mx, dsn=4.0.0, stat=Deferred",
		"Nov 25 10:00:00 mx smtpd[1]: 3d0c2aa00a1b2c3d mta delivery evpid=b1 from=<a> to=<b> result=\"Ok\" stat=\"",
		"Nov 25 10:00:00 mx qmail: delivery 1: success: x", "Nov 25 10:00:00 mx dovecot: imap-login: Login: user=<", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		s := New(Options{Messages: 4, Keys: 4})
		_, err := traffic.ReadFrom(t.Context(), strings.NewReader(string(line)+"\n"+string(line)), syslog.Parser{Reference: noon}, s)
		require.NoError(t, err)
		for _, h := range s.Hours {
			for _, n := range h.all() {
				require.GreaterOrEqual(t, *n, int64(0))
			}
		}
	})
}

func TestBadLinesHarmNoOthers(t *testing.T) {
	good := []string{
		"postfix/smtpd[1]: AAAA1: client=a.example.org[192.0.2.1]", "postfix/qmgr[1]: AAAA1: from=<a@example.org>, size=100, nrcpt=1 (queue active)",
		"postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=mx[198.51.100.1]:25, " + sent, "postfix/qmgr[1]: AAAA1: removed",
	}
	want := Counts{Received: 1, Delivered: 1, BytesReceived: 100, BytesDelivered: 100}
	for name, bad := range map[string]string{
		"a negative size":       "postfix/qmgr[1]: AAAA1: from=<a@example.org>, size=-5, nrcpt=1 (queue active)",
		"a size that overflows": "postfix/qmgr[1]: AAAA1: from=<a@example.org>, size=99999999999999999999, nrcpt=1 (queue active)",
		"a number in words":     "postfix/qmgr[1]: AAAA1: from=<a@example.org>, size=many, nrcpt=1 (queue active)",
		"NULs":                  "postfix/qmgr[1]: AA\x00A1: from=<a\x00@example.org>, size=5",
		"invalid UTF-8":         "postfix/qmgr[1]: AAA\xff1: from=<\xc3\x28@example.org>, size=5",
		"a field of a megabyte": "postfix/smtpd[1]: connect from " + strings.Repeat("x", 1<<20),
		"cut in the id":         "postfix/qmgr[1]: AAAA",
		"cut in the address":    "postfix/smtp[1]: AAAA1: to=<x@exam",
		"cut in the delays":     "postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=mx[198.51.100.1]:25, delay=1.2, delays=0.1/0",
		"cut in the status":     "postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=mx[198.51.100.1]:25, delay=1.2, dsn=2.0.0, status=",
		"an escape":             "postfix/smtpd[1]: \x1b[2J\x1b]0;x\x07",
	} {
		for at := range len(good) {
			text := append(append(append([]string(nil), good[:at]...), bad), good[at:]...)
			assert.Equal(t, want, counted(t, lines(text...)), "%s before line %d", name, at)
		}
	}
}

func TestAClockThatIsWrongMovesNoMessageOutOfItsEpoch(t *testing.T) {
	for name, times := range map[string][2]string{
		"back":  {"2026-11-25T10:00:00Z", "2026-11-25T08:00:00Z"},
		"ahead": {"2026-11-25T10:00:00Z", "2026-11-26T09:00:00Z"},
	} {
		got := counted(t, times[0]+" mx postfix/smtpd[1]: AAAA1: client=a[192.0.2.1]\n"+times[1]+" mx postfix/qmgr[1]: AAAA1: from=<a@x.org>, size=5, nrcpt=1 (queue active)\n"+
			times[0]+" mx postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=mx[198.51.100.1]:25, "+sent+"\n")
		assert.Equal(t, Counts{Received: 1, Delivered: 1, BytesReceived: 5, BytesDelivered: 5}, got, name)
	}
}
