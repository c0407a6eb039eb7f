package mta_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic/maillog/mta"
)

func record(line string) *logstream.Record {
	var p syslog.Parser
	return &logstream.Record{Header: p.Parse([]byte(line)), Raw: []byte(line)}
}

func ExampleParse() {
	var e mta.Event
	ok := mta.Parse(record("Nov 25 10:00:00 mx postfix/smtp[9]: 4CA1B2: to=<b@example.net>, relay=mx.example.net[198.51.100.1]:25, delay=1.2, delays=0.1/0/0.8/0.3, dsn=5.1.1, status=bounced (no such user)"), &e)
	fmt.Printf("%v %v %s %s %s: %s\n", ok, e.Outcome == mta.Bounced, e.To, e.RelayName(), e.Delay, e.Detail)
	// Output: true true b@example.net mx.example.net 1.2s: no such user
}

// A client chooses its name, its addresses and what a server quotes of them.
func TestWhatAClientChoseIsNoOtherEvent(t *testing.T) {
	for line, want := range map[string]mta.Event{
		"mx postfix/smtpd[1]: 4CA1B2: client=status=sent[192.0.2.7]":                                                                                     {Kind: mta.Accepted, Client: []byte("status=sent[192.0.2.7]")},
		"mx postfix/qmgr[1]: 4CA1B2: from=<a>, size=1, nrcpt=1 (queue active)@x>, size=7, nrcpt=1 (queue active)":                                        {Kind: mta.Sized, Sender: []byte("a>, size=1, nrcpt=1 (queue active)@x"), Size: 7},
		"mx postfix/smtp[1]: 4CA1B2: to=<b>, relay=mx[198.51.100.1]:25, delay=1, dsn=4.0.0, status=deferred (host mx said: 450 x, status=sent (250 ok))": {Kind: mta.Attempt, Outcome: mta.Deferred, To: []byte("b")},
		`mx postfix/smtp[1]: 4CA1B2: to=<"b>, relay=mx, delay=1, status=sent (ok)"@x>, relay=mx, delay=1, dsn=5.0.0, status=bounced (no)`:                {Kind: mta.Attempt, Outcome: mta.Bounced, To: []byte(`"b>, relay=mx, delay=1, status=sent (ok)"@x`)},
		`mx postfix/smtp[1]: 4CA1B2: to=<b@x>, orig_to=<"b\">, relay=mx, status=sent (ok)"@x>, relay=mx, delay=1, dsn=5.0.0, status=bounced (no)`:        {Kind: mta.Attempt, Outcome: mta.Bounced, To: []byte("b@x")},
		`mx smtpd[1]: 3d0c2aa00a1b2c3d smtp failed-command command="X result="250 ok"" result="500 5.5.1 Invalid command"`:                               {Kind: mta.Rejected},
		`mx exim[1]: 1tFabc-000001-2D <= <> H=c [192.0.2.7] P=esmtp SNI="x R=1" S=7 id=x R=1tFabc-000001-2D`:                                             {Kind: mta.Accepted, Client: []byte("c[192.0.2.7]"), Size: 7},
		"mx postfix/cleanup[1]: 4CA1B2: message-id=<x>, status=sent (ok)":                                                                                {Kind: mta.Taken},
		"mx postfix/cleanup[1]: 4CA1B2: warning: header Subject: removed from x[192.0.2.7]; from=<a> to=<b> proto=SMTP helo=<c>":                         {Kind: mta.Warned, Sender: []byte("a"), To: []byte("b")},
		"mx sm-mta[1]: 4AP1aBcD000123: to=<b@x>, delay=00:00:02, relay=mx, dsn=4.0.0, stat=Deferred: stat=Sent (ok)":                                     {Kind: mta.Attempt, Outcome: mta.Deferred},
		`mx sm-mta[1]: 4AP1aBcD000123: to=<"b, stat=Sent"@x>, delay=00:00:02, relay=mx, dsn=4.0.0, stat=Deferred: no`:                                    {Kind: mta.Attempt, Outcome: mta.Deferred, To: []byte(`<"b, stat=Sent"@x>`)},
		`mx sm-mta[1]: 4AP1aBcD000123: to=<b@x>, delay=00:00:02, relay=mx, dsn=5.0.0, reply=550 no, stat=Sent, stat=User unknown`:                        {Kind: mta.Attempt, Outcome: mta.Bounced},
		`mx sm-mta[1]: 4AP1aBcD000123: from=<a@x>, size=7, class=0, nrcpts=1, msgid=<x, relay=y, stat=z>, proto=SMTP, daemon=MTA, relay=c [192.0.2.7]`:   {Kind: mta.Accepted, Sender: []byte("a@x"), Client: []byte("c[192.0.2.7]"), Size: 7},
		`mx smtpd[1]: 3d0c2aa00a1b2c3d mta delivery evpid=b1f20d3a8f6c1a00 from=<a> to=<b> relay="x" result="TempFail" stat="450 result=Ok"`:             {Kind: mta.Attempt, Outcome: mta.Deferred, To: []byte("b")},
		"mx qmail: 1764064800.1 delivery 2: deferral: success:_accepted./":                                                                               {Kind: mta.Attempt, Outcome: mta.Deferred},
		"mx dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=<Login: user=<anna>, method=PLAIN>, rip=192.0.2.7, x":                      {Kind: mta.LoginFailed},
	} {
		var e mta.Event
		require.True(t, mta.Parse(record("Nov 25 10:00:00 "+line), &e), line)
		assert.Equal(t, want.Kind, e.Kind, line)
		assert.Equal(t, want.Outcome, e.Outcome, line)
		for name, pair := range map[string][2][]byte{"client": {want.Client, e.Client}, "sender": {want.Sender, e.Sender}, "to": {want.To, e.To}} {
			if pair[0] != nil {
				assert.Equal(t, string(pair[0]), string(pair[1]), "%s: %s", name, line)
			}
		}
		if want.Size > 0 {
			assert.Equal(t, want.Size, e.Size, line)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"2026-11-25 10:00:00 1tFabc-000001-2D == b@example.net R=dnslookup T=remote_smtp defer (-53): retry",
		"Nov 25 10:00:00 mx sm-mta[2]: 4AP1aBcD000123: to=<b>,<c>, delay=1+00:00:02, relay=mx, dsn=4.0.0, stat=Deferred",
		"Nov 25 10:00:00 mx smtpd[1]: 3d0c2aa00a1b2c3d mta delivery evpid=b1 from=<a> to=<b> result=\"Ok\" stat=\"",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var e mta.Event
		if !mta.Parse(record(line), &e) {
			return
		}
		n := 0
		for to := range e.Recipients() {
			n += len(to) + 1
		}
		require.LessOrEqual(t, n, len(e.To)+1)
	})
}
