package mailpath_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/mailpath"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
)

// post is a mail server and the mailbox behind it.
type post struct {
	mu      sync.Mutex
	mail    string // as it was taken
	copies  int    // of it in the mailbox
	after   int    // looks before it is there
	heard   []string
	refuses string // answers DATA so
}

const secret = "correct horse"

func (p *post) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, line)
}

func (p *post) smtp(conn net.Conn, _ <-chan struct{}) {
	io.WriteString(conn, "220 mail.example ESMTP\r\n")
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		p.note(strings.TrimSpace(line))
		switch verb := strings.ToUpper(line[:4]); verb {
		case "EHLO":
			io.WriteString(conn, "250-mail.example\r\n250 AUTH PLAIN\r\n")
		case "AUTH":
			io.WriteString(conn, "235 welcome\r\n")
		case "DATA":
			if p.refuses != "" {
				io.WriteString(conn, p.refuses)
				continue
			}
			io.WriteString(conn, "354 go on\r\n")
			text := "Received: from a by mx.example.org with ESMTP;\r\n Sat, 28 Nov 2026 10:00:05 +0000\r\nReceived: from b by mail.example with ESMTPSA; Sat, 28 Nov 2026 10:00:02 +0000\r\n"
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				text += line
			}
			p.mu.Lock()
			p.mail = text
			p.mu.Unlock()
			io.WriteString(conn, "250 queued\r\n")
		default:
			io.WriteString(conn, "250 ok\r\n")
		}
	}
}

func (p *post) imap(conn net.Conn, _ <-chan struct{}) {
	io.WriteString(conn, "* OK ready\r\n")
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		p.note(strings.TrimSpace(line))
		tag, command, _ := strings.Cut(strings.TrimSpace(line), " ")
		p.mu.Lock()
		switch {
		case strings.HasPrefix(command, "UID SEARCH HEADER X-Upkeep-Loop "):
			token := command[strings.LastIndexByte(command, ' ')+1:]
			if p.after--; p.after < 0 && strings.Contains(p.mail, "X-Upkeep-Loop: "+token+"\r\n") {
				fmt.Fprintf(conn, "* SEARCH%s\r\n", strings.Repeat(" 7", p.copies))
			} else {
				io.WriteString(conn, "* SEARCH\r\n")
			}
		case strings.HasPrefix(command, "UID FETCH 7"):
			header, _, _ := strings.Cut(p.mail, "\r\n\r\n")
			fmt.Fprintf(conn, "* 1 FETCH (UID 7 BODY[HEADER] {%d}\r\n%s\r\n\r\n)\r\n", len(header)+4, header)
		}
		p.mu.Unlock()
		fmt.Fprintf(conn, "%s OK done\r\n", tag)
	}
}

func (p *post) loop(t *testing.T) mailpath.Loop {
	t.Helper()
	now := time.Now()
	ca, err := netprobetest.NewAuthority(now.Add(-2*time.Hour), now.AddDate(10, 0, 0))
	require.NoError(t, err)
	return p.under(t, ca)
}

// under starts both servers with certificates of an authority.
func (p *post) under(t *testing.T, ca *netprobetest.Authority) mailpath.Loop {
	t.Helper()
	cert, err := ca.Certify(time.Now().Add(-time.Hour), time.Now().AddDate(0, 3, 0), "127.0.0.1")
	require.NoError(t, err)
	serve := func(b netprobetest.Behaviour) mailpath.Account {
		srv, err := netprobetest.Listen(func(conn net.Conn, stop <-chan struct{}) {
			b(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}), stop)
		})
		require.NoError(t, err)
		t.Cleanup(srv.Close)
		return mailpath.Account{Addr: srv.Addr(), TLS: true, User: "bob", Password: secret, Policy: netprobe.TLSPolicy{Roots: ca.Pool}}
	}
	return mailpath.Loop{Submit: serve(p.smtp), Mailbox: serve(p.imap), From: "probe@example.net", To: "loop@example.org", Poll: 10 * time.Millisecond, Crit: time.Minute}
}

func TestAURLNamesALoop(t *testing.T) {
	dir := t.TempDir()
	ca, err := netprobetest.NewAuthority(time.Now().Add(-2*time.Hour), time.Now().AddDate(10, 0, 0))
	require.NoError(t, err)
	pass, roots := filepath.Join(dir, "pass"), filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(pass, []byte(secret+"\n"), 0o600))
	require.NoError(t, os.WriteFile(roots, ca.PEM, 0o600))
	p := &post{copies: 1}
	l := p.under(t, ca)
	parser := netprobe.Parser{Schemes: mailpath.Schemes()}
	both := "?from=probe@example.net&to=loop@example.org&ca=" + roots + "&mailbox="
	files := "&pass-file=" + pass + "&mailbox-pass-file=" + pass
	loop, err := parser.Parse("mailloops://bob@" + l.Submit.Addr + both + "imaps://bob@example.org@" + l.Mailbox.Addr + files)
	require.NoError(t, err)
	res := loop.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, "%v", res.Issues)
	assert.NotContains(t, fmt.Sprintf("%+v %+v", loop, res), secret)
	assert.Contains(t, strings.Join(p.heard, "\n"), "EXPUNGE")

	impatient, err := parser.Parse("mailloops://bob@" + l.Submit.Addr + both + "imaps://bob@" + l.Mailbox.Addr + files + "&timeout=1m&late=30s&poll=1m")
	require.NoError(t, err)
	assert.Equal(t, []time.Duration{30 * time.Second, time.Minute}, []time.Duration{impatient.(mailpath.Loop).Warn, impatient.(mailpath.Loop).Crit})
	p.mu.Lock()
	p.copies = 0
	p.mu.Unlock()
	assert.Equal(t, mailpath.Lost, impatient.Probe(t.Context()).Cause, "after its own timeout")

	box := "imaps://bob@mx.example"
	for target, want := range map[string]string{
		"mailloop://mx.example":                                    "is no address of mail",
		"mailloop://mx.example?from=a@b&to=c%3E%0d%0aDATA":         "is no address of mail",
		"mailloop://mx.example/x" + both + box:                     "a path means nothing",
		"mailloop://mx.example" + both:                             "is of the form",
		"mailloop://mx.example" + both + "bob@mx.example":          "is of the form",
		"mailloop://mx.example" + both + "pop3://bob@mx.example":   "is of the form",
		"mailloop://mx.example" + both + "imaps://mx.example":      "is of the form",
		"mailloop://mx.example" + both + "imaps://b:hunter2@mx.ex": "is of the form",
		"mailloop://mx.example" + both + "imaps://b@mx..ex":        "no host name",
		"mailloop://u@mx.example" + both + box + ":70000" + files:  "is no port",
		"mailloop://mx.example" + both + box:                       "use mailbox-pass-file=FILE",
		"mailloop://bob@mx.example" + both + box:                   "use pass-file=FILE",
		"mailloop://mx.example" + both + box + "&late=soon":        "no time such as 30s",
	} {
		_, err := parser.Parse(target)
		if assert.ErrorContains(t, err, want, target) {
			assert.NotContains(t, err.Error(), "hunter2")
		}
	}
	parser.Strangers = true
	_, err = parser.Parse("mailloop://mx.example" + both + box + files)
	assert.ErrorContains(t, err, "names a file of this machine", "no stranger lets mails be sent from here")
}

func TestAMailThatArrivesIsTimedAndDeleted(t *testing.T) {
	p := &post{copies: 1, after: 2}
	res := p.loop(t).Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Issues)
	assert.Equal(t, []string{"mail.example 0s", "mx.example.org 3s"}, res.Facts["hops"])
	assert.Contains(t, p.mail, "Auto-Submitted: auto-generated\r\n")
	heard := strings.Join(p.heard, "\n")
	assert.Contains(t, heard, `m4 UID STORE 7 +FLAGS.SILENT (\Deleted)`)
	assert.Contains(t, heard, "m5 UID EXPUNGE 7")
	assert.NotContains(t, heard, "\nm5 EXPUNGE", "it would delete what others have marked")
	assert.Contains(t, heard, "AUTH PLAIN ")
	assert.NotContains(t, fmt.Sprintf("%+v", res), secret)
	assert.NotContains(t, fmt.Sprintf("%+v", res), "AGJvYgBjb3JyZWN0")
}

func TestALoopSaysWhereTheMailStopped(t *testing.T) {
	for name, c := range map[string]struct {
		post   *post
		change func(*mailpath.Loop)
		state  netprobe.State
		cause  netprobe.Cause
	}{
		"lost":             {&post{copies: 0}, func(l *mailpath.Loop) { l.Poll = l.Crit }, netprobe.Critical, mailpath.Lost},
		"twice":            {&post{copies: 2}, nil, netprobe.Warning, mailpath.Duplicate},
		"late":             {&post{copies: 1, after: 3}, func(l *mailpath.Loop) { l.Warn = time.Millisecond * 15 }, netprobe.Warning, mailpath.Late},
		"refused":          {&post{refuses: "550 5.7.1 no\r\n"}, nil, netprobe.Critical, netprobe.ProtoReject},
		"not now":          {&post{refuses: "451 4.3.0 later\r\n"}, nil, netprobe.Critical, netprobe.ProtoDefer},
		"unknown server":   {&post{}, func(l *mailpath.Loop) { l.Submit.Policy = netprobe.TLSPolicy{} }, netprobe.Critical, netprobe.TLSChain},
		"unknown mailbox":  {&post{}, func(l *mailpath.Loop) { l.Mailbox.Policy = netprobe.TLSPolicy{} }, netprobe.Critical, netprobe.TLSChain},
		"no address":       {&post{}, func(l *mailpath.Loop) { l.To = "a>\r\nRCPT TO:<b" }, netprobe.Unknown, netprobe.LocalConfig},
		"no mailbox there": {&post{}, func(l *mailpath.Loop) { l.Mailbox.Addr = "127.0.0.1:1" }, netprobe.Critical, netprobe.NetRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := c.post.loop(t)
			if c.change != nil {
				c.change(&l)
			}
			res := l.Probe(t.Context())
			assert.Equal(t, c.state, res.State, res.Issues)
			assert.Equal(t, c.cause, res.Cause, res.Detail)
			for _, line := range c.post.heard {
				if strings.HasPrefix(name, "unknown s") {
					assert.NotContains(t, line, "AUTH", "no credentials for whom nobody knows")
				}
			}
		})
	}
}

func TestAMailboxThatIsSilentDoesNotOutlastTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		cert, pool, err := netprobetest.Certify(began.Add(-time.Hour), began.AddDate(0, 3, 0), "127.0.0.1")
		require.NoError(t, err)
		dial := func(_ context.Context, _, addr string) (net.Conn, error) {
			near, far := net.Pipe()
			if addr == "127.0.0.1:465" {
				go (&post{}).smtp(tls.Server(far, &tls.Config{Certificates: []tls.Certificate{cert}}), nil)
			} else {
				go io.Copy(io.Discard, far) //nolint:errcheck // it is silent
			}
			return near, nil
		}
		account := func(port string) mailpath.Account {
			return mailpath.Account{Addr: "127.0.0.1:" + port, TLS: true, User: "bob", Password: secret, Policy: netprobe.TLSPolicy{Roots: pool}}
		}
		l := mailpath.Loop{Submit: account("465"), Mailbox: account("993"), From: "probe@example.net", To: "loop@example.org", Crit: time.Second, Net: netprobe.Net{Dial: dial}}
		assert.Equal(t, netprobe.TLSTimeout, l.Probe(t.Context()).Cause)
		assert.Equal(t, time.Second, time.Since(began), "a look alone may take ten")
	})
}

func ExampleLoop() {
	l := mailpath.Loop{From: "probe@example.net", To: "nobody at all"}
	fmt.Println(l.Probe(context.Background()).Detail)
	// Output: "nobody at all" is no address of mail
}
