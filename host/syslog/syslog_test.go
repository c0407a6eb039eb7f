package syslog

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var reference = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func parse(line string) Header {
	p := Parser{Reference: reference}
	return p.Parse([]byte(line))
}

func TestEveryHeaderShapeGivesTimeHostTagPidAndMessage(t *testing.T) {
	for _, c := range []struct {
		line                          string
		format                        Format
		time, host, tag, pid, message string
	}{
		{"Nov  2 03:04:05 web sshd[42]: hello", BSD, "2026-11-02T03:04:05Z", "web", "sshd", "42", "hello"},
		{"Nov 02 03:04:05 web postfix/smtpd[42]: hello\r", BSD, "2026-11-02T03:04:05Z", "web", "postfix/smtpd", "42", "hello"},
		{"Dec 31 03:04:05 web a: b", BSD, "2025-12-31T03:04:05Z", "web", "a", "", "b"},
		{"Nov  2 2026 03:04:05 fw %ASA-6-302013: Built", BSDYear, "2026-11-02T03:04:05Z", "fw", "%ASA-6-302013", "", "Built"},
		{"2026-11-02T03:04:05.123456+01:00 web cron[1]: x", ISO, "2026-11-02T02:04:05.123456Z", "web", "cron", "1", "x"},
		{"2026-11-02T03:04:05Z web cron[1]: x", ISO, "2026-11-02T03:04:05Z", "web", "cron", "1", "x"},
		{"2026-11-02T03:04:05-0130 web plain text", ISO, "2026-11-02T04:34:05Z", "web", "", "", "plain text"},
		{"2026-11-02 03:04:05 web cron[1]: x", ISO, "2026-11-02T03:04:05Z", "web", "cron", "1", "x"},
		{"2026-11-02 03:04:05 status installed libc6", ISO, "2026-11-02T03:04:05Z", "", "", "", "status installed libc6"},
		{"2026-11-02 03:04:05,250 1abc-2 <= anna@example.org", ISO, "2026-11-02T03:04:05.25Z", "", "", "", "1abc-2 <= anna@example.org"},
		{"<34>1 2003-10-11T22:14:15.003Z mx su 77 ID47 - \xef\xbb\xbfdenied", RFC5424, "2003-10-11T22:14:15.003Z", "mx", "su", "77", "denied"},
		{`<34>1 - - - - - [a b="x\"]"][c d="e"] denied`, RFC5424, "", "", "", "", "denied"},
		{"<13>Nov  2 03:04:05 web a: b", BSD, "2026-11-02T03:04:05Z", "web", "a", "", "b"},
		{"<13>Nov  2 03:04:05 a[7]: b", BSD, "2026-11-02T03:04:05Z", "", "a", "7", "b"},
		{"Nov  2 03:04:05 sun sshd[9]: [ID 800047 auth.info] Accepted", BSD, "2026-11-02T03:04:05Z", "sun", "sshd", "9", "Accepted"},
		{"Nov  2 03:04:05 <auth.info> bsd sshd[9]: x", BSD, "2026-11-02T03:04:05Z", "bsd", "sshd", "9", "x"},
		{"Nov  2 03:04:05 web kernel: [   12.345678] oops", BSD, "2026-11-02T03:04:05Z", "web", "kernel", "", "oops"},
		{"Nov  2 03:04:05 fe80::1 sshd: x", BSD, "2026-11-02T03:04:05Z", "fe80::1", "sshd", "", "x"},
		{"Nov  2 03:04:05 web no tag here", BSD, "2026-11-02T03:04:05Z", "web", "", "", "no tag here"},
		{"2026-11-02 03:04:05,123 fail2ban.actions        [1234]: NOTICE  [sshd] Ban 192.0.2.7", ISO, "2026-11-02T03:04:05.123Z", "", "fail2ban.actions", "1234", "NOTICE  [sshd] Ban 192.0.2.7"},
		{"@40000000690ac5a5075bcd15 delivery 7: success", TAI64N, "2025-11-05T03:33:20.123456789Z", "", "", "", "delivery 7: success"},
		{"Nov 2 03:04:05 web sshd[42]: hello", BSD, "2026-11-02T03:04:05Z", "web", "sshd", "42", "hello"},
		{"Nov 2 2026 03:04:05 web sshd[42]: hello", BSDYear, "2026-11-02T03:04:05Z", "web", "sshd", "42", "hello"},
		{"[Mon Nov 02 03:04:05.123456 2026] [core:error] [pid 7:tid 8] [client 192.0.2.7:5] AH00037: x", Apache, "2026-11-02T03:04:05.123456Z", "", "", "", "[core:error] [pid 7:tid 8] [client 192.0.2.7:5] AH00037: x"},
		{"[Mon Nov 02 03:04:05 2026] [error] [client 192.0.2.7] x", Apache, "2026-11-02T03:04:05Z", "", "", "", "[error] [client 192.0.2.7] x"},
		{"2026/11/02 03:04:05 [crit] 7#7: *8 open() failed", Nginx, "2026-11-02T03:04:05Z", "", "", "", "[crit] 7#7: *8 open() failed"},
		{"type=USER_LOGIN msg=audit(1793588645.250:42): pid=7 uid=0", Audit, "2026-11-02T03:04:05.25Z", "", "audit", "", "type=USER_LOGIN msg=audit(1793588645.250:42): pid=7 uid=0"},
		{"Nov  2 03:04:05 old syslogd 1.4.1: restart.", BSD, "2026-11-02T03:04:05Z", "old", "syslogd", "", "restart."},
		{"Nov  2 03:04:05 old sshd(pam_unix)[1]: authentication failure", BSD, "2026-11-02T03:04:05Z", "old", "sshd", "1", "authentication failure"},
		{"Nov  2 03:04:05 web prog [1]: x", BSD, "2026-11-02T03:04:05Z", "web", "prog", "1", "x"},
		{"Nov  2 03:04:05 2024 web sshd[1]: x", BSDYear, "2024-11-02T03:04:05Z", "web", "sshd", "1", "x"},
		{"Nov  2 03:04:05 UTC web sshd[1]: x", BSD, "2026-11-02T03:04:05Z", "web", "sshd", "1", "x"},
		{"Nov  2 03:04:05 web hello 192.0.2.1: x", BSD, "2026-11-02T03:04:05Z", "web", "", "", "hello 192.0.2.1: x"},
		{"[Mon Nov 32 03:04:05 2026] [error] x", Plain, "", "", "", "", "[Mon Nov 32 03:04:05 2026] [error] x"},
		{"@4000000", Plain, "", "", "", "", "@4000000"},
		{"Nov 02 03:04:05 imap-login: Info: Login: user=<anna>", BSD, "2026-11-02T03:04:05Z", "", "imap-login", "", "Info: Login: user=<anna>"},
		{"2026-11-02 03:04:05 imap-login: Info: Login: user=<anna>", ISO, "2026-11-02T03:04:05Z", "", "imap-login", "", "Info: Login: user=<anna>"},
		{"2026-11-02  3:04:05 0 [ERROR] InnoDB: x", ISO, "2026-11-02T03:04:05Z", "", "", "", "0 [ERROR] InnoDB: x"},
		{"2026-11-02 03:04:05.123 UTC [123] ERROR:  x", ISO, "2026-11-02T03:04:05.123Z", "", "", "", "UTC [123] ERROR:  x"},
		{"2026-11-02T03:04:05.123456+00:00 web -- MARK --", ISO, "2026-11-02T03:04:05.123456Z", "web", "", "", "-- MARK --"},
		{"févr.  2 03:04:05 web sshd[1]: x", BSD, "2026-02-02T03:04:05Z", "web", "sshd", "1", "x"},
		{"Okt  2 03:04:05 web sshd[1]: x", BSD, "2026-10-02T03:04:05Z", "web", "sshd", "1", "x"},
		{"août 12 03:04:05.25 web sshd[1]: x", BSD, "2026-08-12T03:04:05.25Z", "web", "sshd", "1", "x"},
		{"dec 2 2024 03:04:05 web sshd[1]: x", BSDYear, "2024-12-02T03:04:05Z", "web", "sshd", "1", "x"},
		{"mars 32 03:04:05 web sshd[1]: x", Plain, "", "", "", "", "mars 32 03:04:05 web sshd[1]: x"},
		{"mai the first line", Plain, "", "", "", "", "mai the first line"},
		{"just text", Plain, "", "", "", "", "just text"},
		{"Nov 32 03:04:05 web a: b", Plain, "", "", "", "", "Nov 32 03:04:05 web a: b"},
		{"Nov  2 24:04:05 web a: b", Plain, "", "", "", "", "Nov  2 24:04:05 web a: b"},
		{"", Plain, "", "", "", "", ""},
	} {
		h := parse(c.line)
		at := ""
		if !h.Time.IsZero() {
			at = h.Time.UTC().Format(time.RFC3339Nano)
		}
		assert.Equal(t, c.format, h.Format, c.line)
		assert.Equal(t, []string{c.time, c.host, c.tag, c.pid, c.message},
			[]string{at, string(h.Host), string(h.Tag), string(h.PID), string(h.Message)}, c.line)
	}
}

func TestRepeatLinesSayHowManyEventsTheyStandFor(t *testing.T) {
	h := parse("Nov  2 03:04:05 bsd last message repeated 7 times")
	assert.True(t, h.Repeat)
	assert.Equal(t, 7, h.Events)
	assert.Equal(t, "bsd", string(h.Host))

	h = parse("Nov  2 03:04:05 web sshd[1]: message repeated 3 times: [ Failed password for root]")
	assert.False(t, h.Repeat)
	assert.Equal(t, 3, h.Events)
	assert.Equal(t, "Failed password for root", string(h.Message))

	for _, forged := range []string{
		"Nov  2 03:04:05 web sshd[1]: last message repeated 9 times",
		"Nov  2 03:04:05 bsd last message repeated 9 times or so",
		"Nov  2 03:04:05 bsd last message repeated 0 times",
	} {
		h = parse(forged)
		assert.False(t, h.Repeat, forged)
		assert.Equal(t, 1, h.Events, forged)
	}
	for _, apple := range []string{"--- last message repeated 5 times ---", "Nov  2 03:04:05 --- last message repeated 5 times ---"} {
		h = parse(apple)
		assert.True(t, h.Repeat, apple)
		assert.Equal(t, 5, h.Events, apple)
	}
	assert.True(t, func() bool { h := parse("Nov  2 03:04:05 bsd -- MARK --"); return h.Mark }())
}

func TestTheLevelOfAProgramsOwnLogIsItsPriority(t *testing.T) {
	for line, want := range map[string]int{
		"[Mon Nov 02 03:04:05 2026] [core:error] x":      3,
		"2026/11/02 03:04:05 [emerg] 7#7: bind() failed": 0,
		"2026/11/02 03:04:05 [wombat] 7#7: x":            -1,
	} {
		h := parse(line)
		assert.Equal(t, want, h.Severity(), line)
	}
}

func TestAHeaderInsideTheMessageIsText(t *testing.T) {
	h := parse("Nov  2 03:04:05 web sshd[1]: Invalid user Nov  3 00:00:00 db su: root from 192.0.2.1")
	assert.Equal(t, "web", string(h.Host))
	assert.Equal(t, "sshd", string(h.Tag))
	assert.Equal(t, 2, h.Time.Day())
}

func TestTheYearGoesOnFromTheLineBefore(t *testing.T) {
	p := Parser{Reference: reference, Last: time.Date(2024, 12, 30, 0, 0, 0, 0, time.UTC)}
	for _, c := range []struct {
		line string
		want int
	}{
		{"Dec 31 23:59:59 h a: b", 2024},
		{"Jan  1 00:00:01 h a: b", 2025},
		{"Dec 31 23:59:59 h a: b", 2024}, // a late sender
		{"Jan  1 00:00:02 h a: b", 2025},
		{"Aug  1 00:00:00 h a: b", 2025}, // silent for months
		{"Jan  1 00:00:02 h a: b", 2026},
	} {
		h := p.Parse([]byte(c.line))
		require.Equal(t, c.want, h.Time.Year(), c.line)
	}
}

func TestTheYearIsTheLatestThatIsNotFarInTheFuture(t *testing.T) {
	for _, c := range []struct {
		line string
		want int
	}{
		{"Dec  9 11:59:59 h a: b", 2026}, // a clock that is ahead
		{"Dec  9 12:01:00 h a: b", 2025},
		{"Feb 29 12:00:00 h a: b", 2024},
	} {
		h := parse(c.line)
		require.Equal(t, c.want, h.Time.Year(), c.line)
	}
}

func TestALineOfTheFutureMovesNoOther(t *testing.T) {
	for _, last := range []time.Time{{}, reference.Add(-time.Hour)} {
		p := Parser{Reference: reference, Last: last}
		for _, c := range []struct{ line, want string }{
			{"Dec  2 09:00:00 web myapp: a clock that was ahead", "2026-12-02T09:00:00Z"},
			{"Nov 25 10:00:00 web sshd[5]: x", "2026-11-25T10:00:00Z"},
			{"Nov 25 10:01:00 web kernel: x", "2026-11-25T10:01:00Z"},
			{"Jan  3 10:01:00 web odd: ahead by more", "2027-01-03T10:01:00Z"},
			{"Nov 25 10:02:00 web kernel: x", "2026-11-25T10:02:00Z"},
		} {
			h := p.Parse([]byte(c.line))
			assert.Equal(t, c.want, h.Time.Format(time.RFC3339), c.line)
		}
		p.Parse([]byte("Dec  2 09:00:00 web myapp: the last line is ahead as well"))
		assert.Equal(t, "2026-11-25T10:02:00Z", p.Last.Format(time.RFC3339))
	}
}

func TestALeapDayIsFoundOverACenturyThatHasNone(t *testing.T) {
	p := Parser{Reference: time.Date(2103, 6, 1, 0, 0, 0, 0, time.UTC)}
	h := p.Parse([]byte("Feb 29 12:00:00 h a: b"))
	assert.Equal(t, "2096-02-29T12:00:00Z", h.Time.Format(time.RFC3339))
}

func TestTheSameMinuteOfAnotherYearIsNotTakenForTheOneBefore(t *testing.T) {
	p := Parser{Reference: reference, Last: time.Date(2024, 11, 20, 0, 0, 0, 0, time.UTC)}
	for _, c := range []struct{ line, want string }{
		{"Nov 25 10:00:00 h a: b", "2024-11-25T10:00:00Z"},
		{"2026-11-25T09:59:00Z h a: written after a change of the format", "2026-11-25T09:59:00Z"},
		{"Nov 25 10:00:01 h a: b", "2026-11-25T10:00:01Z"},
	} {
		h := p.Parse([]byte(c.line))
		assert.Equal(t, c.want, h.Time.Format(time.RFC3339), c.line)
	}
}

func TestWithoutReferenceAYearlessTimeIsUnknown(t *testing.T) {
	p := Parser{}
	h := p.Parse([]byte("Nov  2 03:04:05 web sshd[42]: hello"))
	assert.True(t, h.Time.IsZero())
	assert.Equal(t, "sshd", string(h.Tag))
}

func TestYearlessTimesAreLocalToTheWriter(t *testing.T) {
	p := Parser{Reference: reference, Location: time.FixedZone("", 2*3600)}
	h := p.Parse([]byte("Nov  2 03:04:05 web a: b"))
	assert.Equal(t, "2026-11-02T01:04:05Z", h.Time.UTC().Format(time.RFC3339))
	assert.False(t, h.HasZone)
}

func TestParsingAllocatesNothing(t *testing.T) {
	p := Parser{Reference: reference}
	lines := [][]byte{
		[]byte("Nov  2 03:04:05 web sshd[42]: hello"),
		[]byte("2026-11-02T03:04:05.123456+01:00 web cron[1]: x"),
		[]byte("<34>1 2003-10-11T22:14:15.003Z mx su 77 ID47 - denied"),
	}
	p.Parse(lines[1]) // the offset's Location is made once
	p.Parse(lines[2])
	got := testing.AllocsPerRun(100, func() { p.Parse(lines[0]) })
	assert.Zero(t, got)
	got = testing.AllocsPerRun(100, func() { p.Parse(lines[2]) })
	assert.Zero(t, got)
}

func ExampleParser() {
	p := Parser{Reference: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	h := p.Parse([]byte("Dec 31 23:59:59 web sshd[42]: Accepted publickey for anna"))
	fmt.Printf("%s %s %s %s: %s\n", h.Time.Format(time.RFC3339), h.Host, h.Tag, h.PID, h.Message)
	// Output: 2025-12-31T23:59:59Z web sshd 42: Accepted publickey for anna
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"Nov  2 03:04:05 web sshd[42]: hello", "<34>1 2003-10-11T22:14:15.003Z mx su 77 ID47 [a b=\"c\"] x",
		"2026-11-02T03:04:05.1+01:00 web cron[1]: x", "Nov  2 03:04:05 h last message repeated 2 times",
		"Nov  2 03:04:05 h a: message repeated 2 times: [ x]", "Nov  2 2026 03:04:05: h", "<1>", "kernel: [ 1.2]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		p := Parser{Reference: reference}
		first := p.Parse(line)
		second := p.Parse(line)
		for _, part := range [][]byte{first.Host, first.Tag, first.PID, first.Message, first.Data} {
			if !bytes.Contains(line, part) {
				t.Fatalf("%q is no part of the line", part)
			}
		}
		if first.Events < 1 || first.Events > maxEvents {
			t.Fatalf("events %d", first.Events)
		}
		if first.Time.After(reference.Add(future)) && first.Format == BSD {
			t.Fatalf("time %v is in the future", first.Time)
		}
		if !first.Time.Equal(second.Time) || !bytes.Equal(first.Message, second.Message) {
			t.Fatalf("the same line gave %v then %v", first, second)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, line := range map[string]string{
		"bsd":     "Nov  2 03:04:05 web sshd[42]: Accepted publickey for anna from 192.0.2.7 port 40022 ssh2",
		"iso":     "2026-11-02T03:04:05.123456+01:00 web sshd[42]: Accepted publickey for anna from 192.0.2.7 port 40022 ssh2",
		"rfc5424": "<34>1 2003-10-11T22:14:15.003Z mx sshd 42 - - Accepted publickey for anna from 192.0.2.7 port 40022 ssh2",
	} {
		b.Run(name, func(b *testing.B) {
			p := Parser{Reference: reference}
			b.SetBytes(int64(len(line)))
			raw := []byte(line)
			for b.Loop() {
				p.Parse(raw)
			}
		})
	}
}
