package traffictest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
	"github.com/pugetsoundtech/upkeep/traffic/weblog"
)

// people are who must be in no output, by name, address and machine: each too
// long, or with a sign, to stand in a digest's base64 by chance.
var people = []string{"annalena", "bertholdt", "carlotta", "dorothea", "people.example", "203.0.113.9", "db8::"}

const peopleMail = `postfix/smtpd[1]: 4CA1B2: client=dsl-7.people.example[203.0.113.9], sasl_method=PLAIN, sasl_username=carlotta
postfix/qmgr[1]: 4CA1B2: from=<annalena@example.org>, size=100, nrcpt=1 (queue active)
postfix/smtp[1]: 4CA1B2: to=<bertholdt@[203.0.113.9]>, relay=203.0.113.9[203.0.113.9]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host 203.0.113.9[203.0.113.9] said: 550 5.1.1 User annalena at dsl-7.people.example is unknown, 'bertholdt' (2001:db8::77) too (in reply to RCPT TO command))
postfix/lmtp[1]: 4CA1B2: to=<bertholdt@example.org>, relay=[203.0.113.9], delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)
postfix/smtp[1]: 4CA1B2: to=<bertholdt@example.org>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (connect to dsl-7.people.example[2001:db8::77]:25: Connection timed out)
postfix/smtpd[1]: NOQUEUE: reject: RCPT from dsl-7.people.example[203.0.113.9]: 554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked, see https://rbl.example/?ip=203.0.113.9; from=<annalena@example.org> to=<dorothea> proto=SMTP helo=<carlotta>
postfix/smtpd[1]: warning: dsl-7.people.example[203.0.113.9]: SASL LOGIN authentication failed: user carlotta, mailbox "dorothea"
dovecot: lmtp(annalena)<7><x>: Error: user dorothea: home of annalena is 2001:db8::77
sm-mta[1]: 4AP1aBcD000123: from=annalena, size=7, class=0, nrcpts=1, msgid=<x>, proto=SMTP, daemon=MTA, relay=dsl-7.people.example [203.0.113.9]
sm-mta[1]: 4AP1aBcD000123: to=<bertholdt@example.org>, delay=00:00:01, mailer=esmtp, relay=[203.0.113.9] [203.0.113.9], dsn=5.0.0, stat=User bertholdt unknown
qmail: 1764064800.1 info msg 93869: bytes 2343 from <annalena@example.org> qp 18695 uid 7791
qmail: 1764064800.1 starting delivery 2392: msg 93869 to local bertholdt@example.org
smtpd[7]: 72fa538bdc1be6a6 mta delivery evpid=3b65856f50b98f21 from=<annalena@example.org> to=<bertholdt@example.org> rcpt=<-> source="-" relay="203.0.113.9 (dsl-7.people.example)" delay=1s result="Ok" stat="250 ok"
exim[7]: 1tFabc-000001-2D <= annalena@example.org H=dsl-7.people.example [203.0.113.9] P=esmtpsa A=plain:carlotta S=512 id=x@y
annalena: a line of nothing that is known
last message repeated 2 times
postfix/qmgr[1]: 4CA1B3: from=<annalena@example.org>, size=100, nrcpt=1 (queue active)
`

const peopleWeb = `203.0.113.9 - carlotta [25/Nov/2026:10:00:00 +0000] "GET /u/annalena@example.org/x?name=bertholdt HTTP/1.1" 200 5 "https://www.example.org/?who=dorothea" "x"
2001:db8::77 - - [25/Nov/2026:10:00:00 +0000] "GET /.env?bertholdt HTTP/1.1" 404 5 "https://carlotta:dorothea@www.example.org/" "x"
203.0.113.9 - - [25/Nov/2026:10:00:00 +0000] "MAIL FROM:annalena%40example.org" 400 0 "-" "-"
annalena: a line of nothing that is known
203.0.113.9 - carlotta [25/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "http://203.0.113.9:8080/x" "x"
203.0.113.9 - carlotta [25/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "http://[2001:db8::77]/x" "x"
203.0.113.9 - carlotta [25/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"
`

func noneOf(t *testing.T, text, where string) {
	t.Helper()
	for _, name := range people {
		assert.NotContains(t, strings.ToLower(text), name, where)
	}
	assert.Contains(t, text, "p-", where)
}

func TestWithASecretNobodyIsInWhatIsToldOrKept(t *testing.T) {
	secret := traffic.Pseudonyms{Secret: []byte("sixteen bytes, and more")}
	var mail strings.Builder
	for line := range strings.Lines(peopleMail) {
		fmt.Fprintf(&mail, "Nov 25 10:00:00 mx %s", line)
	}
	m := hosttest.New("A server.\n-- machine now=2026-11-25T12:00:00Z --\n-- /etc/localtime absent --\n-- /var/log/ dir complete --\n" +
		"-- /var/log/mail.log --\n" + mail.String() + "-- /var/log/access.log --\n" + peopleWeb)
	for name, a := range map[string]traffic.Analyzer{
		"/var/log/mail.log":   maillog.New(maillog.Options{Seed: 7, Pseudonyms: secret}),
		"/var/log/access.log": weblog.New(weblog.Options{Seed: 7, Pseudonyms: secret}),
	} {
		next, reading, err := traffic.Files{Host: m.Host(), Private: true}.Follow(t.Context(), a, nil, name)
		require.NoError(t, err)
		require.NotZero(t, reading.Lines-reading.Unknown)
		require.NotZero(t, reading.Unknown)
		var told any
		switch a := a.(type) {
		case *maillog.Stats:
			told = a.Report(-1, nil)
			assert.NotEmpty(t, a.Bounces.First(-1))
			assert.NotZero(t, a.Bounces.Get("550 5.1.1 User <> at <> is unknown, '<>' (#<>) too").Count, "%v", a.Bounces.First(-1))
		case *weblog.Stats:
			told = []any{a.Report(-1), a.Peer()}
		}
		text, err := json.Marshal([]any{told, a, next})
		require.NoError(t, err)
		noneOf(t, readable(t, text)+fmt.Sprint(reading.Samples), name)
	}
	for name, c := range map[string]func(host.Host) report.Checker{
		"mail": func(h host.Host) report.Checker {
			return maillog.Mail{Host: h, Sources: []string{"/var/log/mail.log"}, Pseudonyms: secret}
		},
		"web": func(h host.Host) report.Checker {
			return weblog.Web{Host: h, Sources: []string{"/var/log/access.log"}, Pseudonyms: secret}
		},
	} {
		var store reporttest.Store
		for range 2 {
			rep, err := (&suite.Suite{Checks: []report.Checker{c(m.Host())}, Store: &store}).Run(t.Context())
			require.NoError(t, err)
			text, err := json.Marshal(rep)
			require.NoError(t, err)
			noneOf(t, readable(t, text)+kept(t, &store)+" p-", name)
		}
	}
}

func TestASenderWhoSendsFarMoreIsToldByItsPseudonym(t *testing.T) {
	secret := traffic.Pseudonyms{Secret: []byte("sixteen bytes, and more")}
	m := hosttest.New("A server.\n-- machine now=2026-11-25T12:00:00Z --\n-- /etc/localtime absent --\n-- /var/log/ dir complete --\n-- /var/log/mail.log --\n")
	var store reporttest.Store
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for round, n := range []int{20, 900} {
		var b strings.Builder
		for i := range n {
			at := now.Add(-time.Duration(n-i) * time.Minute).Format(time.RFC3339)
			fmt.Fprintf(&b, "%s mx postfix/smtpd[1]: A%d%04d: client=c[203.0.113.9]\n%s mx postfix/qmgr[1]: A%d%04d: from=<annalena@example.org>, size=1, nrcpt=1 (queue active)\n", at, round, i, at, round, i)
		}
		require.NoError(t, m.AppendFile("/var/log/mail.log", []byte(b.String())))
		h := m.Host()
		h.Now = func() time.Time { return now }
		rep, err := (&suite.Suite{Checks: []report.Checker{maillog.Mail{Host: h, Sources: []string{"/var/log/mail.log"}, Pseudonyms: secret}}, Store: &store}).Run(t.Context())
		require.NoError(t, err)
		if now = now.AddDate(0, 0, 2); round == 0 {
			continue
		}
		require.Len(t, rep.Results[0].Findings, 1)
		text, err := json.Marshal(rep)
		require.NoError(t, err)
		noneOf(t, readable(t, text)+kept(t, &store), "the report")
		assert.Regexp(t, `^p-[a-z2-7]{15}@example.org sends`, rep.Results[0].Findings[0].Title)
	}
}

// kept is what the next run is handed.
func kept(t *testing.T, store *reporttest.Store) string {
	t.Helper()
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, saved.Kept)
	var b strings.Builder
	for _, values := range saved.Kept {
		for _, v := range values {
			b.Write(v)
			_, body, _ := strings.Cut(string(v), "{")
			b.WriteString(readable(t, []byte("{"+body)))
		}
	}
	return b.String()
}

// readable is a JSON text with its bytes in base64 beside it, as they are.
func readable(t *testing.T, text []byte) string {
	t.Helper()
	var b strings.Builder
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			b.WriteString(v + " " + decoded(v) + " ")
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for name, e := range v {
				b.WriteString(name + " ")
				walk(e)
			}
		}
	}
	var v any
	require.NoError(t, json.Unmarshal(text, &v))
	walk(v)
	return b.String()
}

func decoded(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(raw)
}
