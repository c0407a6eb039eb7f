package protocol_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/postfixtest"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/mailpath"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// post runs a Postfix that hands all mail to a Dovecot, and gives the loop through both.
func post(t *testing.T) (l mailpath.Loop, dir string, logs []string) {
	t.Helper()
	dir = openDir(t)
	cert, key, pool := certFiles(t, dir, time.Now().AddDate(0, 3, 0))
	boxes, front := filepath.Join(dir, "dovecot"), filepath.Join(dir, "postfix")
	for _, d := range []string{boxes, front} {
		require.NoError(t, os.Mkdir(d, 0o755))
	}
	ports, boxLog := dovecot(t, boxes, cert, key)
	server := postfixtest.Server{Dir: front, Main: []string{
		"smtpd_tls_security_level = encrypt", "smtpd_tls_cert_file = " + cert, "smtpd_tls_key_file = " + key,
		"virtual_mailbox_domains = example.org", "virtual_mailbox_maps = static:bob", "virtual_alias_domains =",
		"virtual_transport = lmtp:inet:127.0.0.1:" + ports["lmtp"], "lmtp_host_lookup = native", "mynetworks =", "smtpd_relay_restrictions = reject_unauth_destination",
	}}
	server.Start(t)
	policy := netprobe.TLSPolicy{ServerName: "localhost", Roots: pool}
	return mailpath.Loop{
		Submit:  mailpath.Account{Addr: server.Addr, Policy: policy},
		Mailbox: mailpath.Account{Addr: "127.0.0.1:" + ports["imap"], Policy: policy, User: "bob@example.org", Password: "sesame open"},
		From:    "probe@example.net", To: "bob@example.org", Poll: 200 * time.Millisecond, Crit: time.Minute,
	}, boxes, []string{server.Log(), boxLog}
}

// boxed are the mails that lie in the mailbox.
func boxed(t *testing.T, dir string) (out []string) {
	t.Helper()
	for _, folder := range []string{"new", "cur"} {
		found, err := filepath.Glob(filepath.Join(dir, "mail", "*", folder, "*"))
		require.NoError(t, err)
		out = append(out, found...)
	}
	return out
}

// The mail goes through a real Postfix into a real Dovecot, is found there and
// deleted, and no other is touched.
func TestAMailLoopThroughPostfixAndDovecot(t *testing.T) {
	need.Long(t)
	l, dir, logs := post(t)
	other := l
	other.Mailbox.Addr, other.Crit, other.Poll = "127.0.0.1:1", time.Second, time.Second
	assert.Equal(t, netprobe.NetRefused, other.Probe(t.Context()).Cause, "a mail of another that nobody fetches")
	require.Eventually(t, func() bool { return len(boxed(t, dir)) == 1 }, time.Minute, 50*time.Millisecond)

	res := l.Probe(t.Context())
	require.Equal(t, netprobe.OK, res.State, "%v", res.Issues)
	require.NotEmpty(t, res.Facts["hops"])
	assert.True(t, strings.HasPrefix(res.Facts["hops"][0], "mail.example "), res.Facts["hops"])
	assert.Len(t, boxed(t, dir), 1, "its own is gone, and the other is there")
	text := fmt.Sprintf("%+v", res)
	assert.NotContains(t, text, "sesame")

	wrong := l
	wrong.To = "ghost@elsewhere.example"
	res = wrong.Probe(t.Context())
	assert.Equal(t, netprobe.ProtoReject, res.Cause, "%v", res.Issues)
	wrong = l
	wrong.Mailbox.Password = "let me in"
	res = wrong.Probe(t.Context())
	assert.Equal(t, netprobe.ProtoReject, res.Cause, "%v", res.Issues)
	assert.Equal(t, netprobe.PhaseAuth, res.Phase)
	for _, log := range logs {
		cleanLog(t, log, "auth failed", "no auth attempts", "reject: ", "Disconnected: ")
	}
}

// A mail is written by strangers, and so is what a literal has in it.
func TestWhatIsInsideALiteralIsNoAnswer(t *testing.T) {
	for said, want := range map[string][]string{
		"* 1 FETCH (BODY[HEADER] {14}\r\nm3 NO forged\r\n)\r\nm3 OK done\r\n": {"* 1 FETCH (BODY[HEADER] {14}\r\nm3 NO forged\r\n)"},
		"* 1 FETCH (A {1}\r\n{ B {2}\r\n}))\r\nm3 OK\r\n":                     {"* 1 FETCH (A {1}\r\n{ B {2}\r\n}))"},
		"* SEARCH {}\r\nm3 OK\r\n":                                            {"* SEARCH {}"},
		"* 1 FETCH {99999999}\r\nm3 OK\r\n":                                   nil,
		"* 1 FETCH {-1}\r\nm3 OK\r\n":                                         {"* 1 FETCH {-1}"},
	} {
		var got []string
		res := netprobe.Script{Addr: listen(t, netprobetest.Say(said)), Run: func(s *netprobe.Exchange) (err error) {
			return s.Step(netprobe.PhaseBanner, func() error {
				got, err = protocol.Ask(s, "m3", "FETCH")
				return err
			})
		}}.Probe(t.Context())
		assert.Equal(t, want, got, said)
		if want == nil {
			assert.Equal(t, netprobe.ProtoOversize, res.Cause, said)
		}
	}
}
