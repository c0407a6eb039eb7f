package protocol_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// dialogue plays a server that says first and then, to each line of the client
// that begins with the one side of a pair, the other. A "TLS" in an answer's end
// begins a handshake.
func dialogue(config *tls.Config, first string, pairs ...string) netprobetest.Behaviour {
	return func(conn net.Conn, _ <-chan struct{}) {
		io.WriteString(conn, first)
		in := bufio.NewReader(conn)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			answer := ""
			for i := 0; i < len(pairs); i += 2 {
				if strings.HasPrefix(line, pairs[i]) {
					answer = pairs[i+1]
				}
			}
			text, secure := strings.CutSuffix(answer, "TLS")
			io.WriteString(conn, text)
			if secure {
				c := tls.Server(conn, config)
				if c.HandshakeContext(context.Background()) != nil {
					return
				}
				conn, in = c, bufio.NewReader(c)
				if strings.HasPrefix(first, `"`) {
					io.WriteString(conn, first)
				}
			}
		}
	}
}

// binaryTalk reads n bytes and answers, in turn.
func binaryTalk(turns ...any) netprobetest.Behaviour {
	return func(conn net.Conn, _ <-chan struct{}) {
		for _, turn := range turns {
			switch turn := turn.(type) {
			case int:
				if _, err := io.ReadFull(conn, make([]byte, turn)); err != nil {
					return
				}
			case string:
				io.WriteString(conn, turn)
			}
		}
		io.Copy(io.Discard, conn)
	}
}

const (
	imapCaps  = "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n"
	sieveCaps = "\"IMPLEMENTATION\" \"Pigeonhole\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"
)

func TestEachProtocolSaysWhatIsWrong(t *testing.T) {
	now := time.Now()
	cert, pool, err := netprobetest.Certify(now.Add(-time.Hour), now.AddDate(0, 3, 0), "127.0.0.1")
	require.NoError(t, err)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	for name, c := range map[string]struct {
		url   string
		serve netprobetest.Behaviour
		state netprobe.State
		cause netprobe.Cause
		code  int
	}{
		"imap":              {"imap://?starttls=required", dialogue(config, "* OK x\r\n", "a1", imapCaps, "a2", "a2 OK\r\nTLS", "a3", "* CAPABILITY IMAP4rev1\r\na3 OK\r\n", "a9", "* BYE\r\na9 OK\r\n"), netprobe.OK, "", 0},
		"imap without TLS":  {"imap://?starttls=required", dialogue(config, "* OK x\r\n", "a1", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n"), netprobe.Critical, netprobe.StartTLSMissing, 0},
		"imap PREAUTH":      {"imap://?starttls=required", dialogue(config, "* PREAUTH x\r\n"), netprobe.Critical, netprobe.StartTLSMissing, 0},
		"imap full":         {"imap://", dialogue(config, "* BYE too many connections\r\n"), netprobe.Warning, netprobe.ProtoDefer, 0},
		"imap closed":       {"imap://", dialogue(config, "* BYE go away\r\n"), netprobe.Critical, netprobe.ProtoReject, 0},
		"imap injection":    {"imap://?starttls=required", dialogue(config, "* OK x\r\n", "a1", imapCaps, "a2", "a2 OK\r\na3 OK injected\r\nTLS"), netprobe.Critical, netprobe.ProtoInjection, 0},
		"imap other":        {"imap://", dialogue(config, "+OK POP3\r\n"), netprobe.Critical, netprobe.ProtoSyntax, 0},
		"pop3":              {"pop3://?starttls=required", dialogue(config, "+OK x\r\n", "CAPA", "+OK\r\nSTLS\r\n.\r\n", "STLS", "+OK\r\nTLS", "QUIT", "+OK\r\n"), netprobe.OK, "", 0},
		"pop3 without CAPA": {"pop3://", dialogue(config, "+OK x\r\n", "CAPA", "-ERR unknown\r\n", "QUIT", "+OK\r\n"), netprobe.OK, "", 0},
		"pop3 in use":       {"pop3://", dialogue(config, "-ERR [IN-USE] mailbox\r\n"), netprobe.Warning, netprobe.ProtoDefer, 0},
		"sieve":             {"sieve://?starttls=required", dialogue(config, sieveCaps, "STARTTLS", "OK\r\nTLS", "LOGOUT", "OK\r\n"), netprobe.OK, "", 0},
		"sieve bye":         {"sieve://", dialogue(config, "BYE \"too many connections\"\r\n"), netprobe.Warning, netprobe.ProtoDefer, 0},
		"ftp":               {"ftp://?starttls=required", dialogue(config, "220-hello\r\n dear\r\n220 ready\r\n", "AUTH TLS", "234 go\r\nTLS", "QUIT", "221 bye\r\n"), netprobe.OK, "", 0},
		"ftp full":          {"ftp://", dialogue(config, "421 too many users\r\n"), netprobe.Warning, netprobe.ProtoDefer, 421},
		"ftp without TLS":   {"ftp://?starttls=required", dialogue(config, "220 x\r\n", "AUTH TLS", "530 no\r\n"), netprobe.Critical, netprobe.StartTLSMissing, 530},
		"ftp maybe TLS":     {"ftp://?starttls=optional", dialogue(config, "220 x\r\n", "AUTH TLS", "530 no\r\n", "QUIT", "221 bye\r\n"), netprobe.OK, "", 0},
		"lmtp":              {"lmtp://", dialogue(config, "220 x\r\n", "LHLO", "250-x\r\n250 SIZE\r\n", "QUIT", "221 bye\r\n"), netprobe.OK, "", 250},
		"rcpt taken":        {"smtp://?rcpt=a@b.example", dialogue(config, "220 x\r\n", "EHLO", "250 x\r\n", "MAIL FROM:<>", "250 ok\r\n", "RCPT TO:<a@b.example>", "250 ok\r\n", "RSET", "250 ok\r\n", "QUIT", "221 bye\r\n"), netprobe.OK, "", 250},
		"rcpt refused":      {"smtp://?rcpt=a@b.example", dialogue(config, "220 x\r\n", "EHLO", "250 x\r\n", "MAIL", "250 ok\r\n", "RCPT", "550 5.1.1 nobody\r\n", "QUIT", "221 bye\r\n"), netprobe.Critical, netprobe.ProtoReject, 550},
		"rcpt greylisted":   {"smtp://?rcpt=a@b.example", dialogue(config, "220 x\r\n", "EHLO", "250 x\r\n", "MAIL", "250 ok\r\n", "RCPT", "451 4.7.1 later\r\n", "QUIT", "221 bye\r\n"), netprobe.Warning, netprobe.ProtoDefer, 451},
		"http 100 then 500": {"http://", netprobetest.Say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 Broken\r\n\r\n"), netprobe.Critical, netprobe.ProtoReject, 500},
		"http endless 1xx":  {"http://", netprobetest.Endless("HTTP/1.1 103 Early Hints\r\n\r\n"), netprobe.Critical, netprobe.ProtoSyntax, 0},
		"http 404":          {"http://", netprobetest.Say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), netprobe.Critical, netprobe.ProtoReject, 404},
		"http 404 as asked": {"http:///#status=404", netprobetest.Say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), netprobe.OK, "", 404},
		"http text found":   {"http:///#expect=wel+come", netprobetest.Say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nwel come"), netprobe.OK, "", 200},
		"http text missing": {"http:///#expect=welcome", netprobetest.Say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngone"), netprobe.Critical, netprobe.ProtoUnexpected, 0},
		"http loop":         {"http:///a", netprobetest.Say("HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"), netprobe.Critical, netprobe.ProtoUnexpected, 302},
		"http header bomb": {"http://", func(c net.Conn, stop <-chan struct{}) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			netprobetest.Endless("a: b\r\n")(c, stop)
		}, netprobe.Critical, netprobe.ProtoOversize, 0},
		"ldap":                {"ldap://", binaryTalk(14, "\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x00\x04\x00\x04\x00"), netprobe.OK, "", 0},
		"ldap busy":           {"ldap://", binaryTalk(14, "\x30\x0c\x02\x01\x02\x61\x07\x0a\x01\x33\x04\x00\x04\x00"), netprobe.Warning, netprobe.ProtoDefer, 0},
		"ldap without TLS":    {"ldap://?starttls=required", binaryTalk(31, "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"), netprobe.Critical, netprobe.StartTLSMissing, 0},
		"ldap huge":           {"ldap://", binaryTalk(14, "\x30\x84\x7f\xff\xff\xff"), netprobe.Critical, netprobe.ProtoOversize, 0},
		"postgres":            {"postgres://", binaryTalk(8, "N"), netprobe.OK, "", 0},
		"postgres needs TLS":  {"postgres://?starttls=required", binaryTalk(8, "N"), netprobe.Critical, netprobe.StartTLSMissing, 0},
		"postgres injection":  {"postgres://?starttls=required", binaryTalk(8, "Sx"), netprobe.Critical, netprobe.ProtoInjection, 0},
		"mysql":               {"mysql://", binaryTalk("\x0a\x00\x00\x00\x0a10.11.6\x00xx"), netprobe.OK, "", 0},
		"mysql full":          {"mysql://", binaryTalk("\x17\x00\x00\x00\xff\x10\x04Too many connections"), netprobe.Warning, netprobe.ProtoDefer, 1040},
		"tcp expects":         {"tcp://?send=PING&expect=^PONG", dialogue(config, "", "PING", "hello\r\nPONG 1\r\n"), netprobe.OK, "", 0},
		"tcp rejects at once": {"tcp://?send=PING&expect=^PONG&reject=^NO", dialogue(config, "", "PING", "NO\r\n"), netprobe.Critical, netprobe.ProtoReject, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := listen(t, c.serve)
			scheme, rest, _ := strings.Cut(c.url, "://")
			p, err := netprobe.Parser{Schemes: protocol.Schemes(), Timeout: time.Minute}.Parse(scheme + "://" + addr + rest)
			require.NoError(t, err)
			res := withRoots(p, netprobe.TLSPolicy{Roots: pool}).Probe(t.Context())
			assert.Equal(t, c.state, res.State, "%s\n%v", res.Detail, res.Transcript)
			assert.Equal(t, c.cause, res.Cause, res.Detail)
			if c.code != 0 {
				assert.Equal(t, c.code, res.Code)
			}
			assert.Less(t, res.Took, 30*time.Second, "a definite answer ends the probe at once")
			names := map[netprobe.Phase]bool{}
			for _, p := range res.Phases {
				assert.False(t, names[p.Phase], "the phase %s is there twice", p.Phase)
				names[p.Phase] = true
			}
		})
	}
}

func withRoots(p netprobe.Prober, policy netprobe.TLSPolicy) netprobe.Prober {
	switch p := p.(type) {
	case protocol.IMAP:
		p.Policy = policy
		return p
	case protocol.POP3:
		p.Policy = policy
		return p
	case protocol.Sieve:
		p.Policy = policy
		return p
	case protocol.FTP:
		p.Policy = policy
		return p
	}
	return p
}

func TestCredentialsAreSentInsideVerifiedTLSOnlyAndShownNowhere(t *testing.T) {
	const secret = "hunter2 &secret"
	now := time.Now()
	cert, pool, err := netprobetest.Certify(now.Add(-time.Hour), now.AddDate(0, 3, 0), "127.0.0.1")
	require.NoError(t, err)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	said := make(chan string, 100)
	parrot := func(conn net.Conn, stop <-chan struct{}) {
		io.WriteString(conn, "220 x\r\n")
		in := bufio.NewReader(conn)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			switch {
			case strings.HasPrefix(line, "EHLO"):
				io.WriteString(conn, "250-x\r\n250 STARTTLS\r\n")
			case strings.HasPrefix(line, "STARTTLS"):
				io.WriteString(conn, "220 go\r\n")
				c := tls.Server(conn, config)
				if c.HandshakeContext(context.Background()) != nil {
					return
				}
				conn, in = c, bufio.NewReader(c)
			default:
				said <- line
				fmt.Fprintf(conn, "535 5.7.8 you said %s and %s\r\n", strings.TrimSpace(line), secret)
			}
		}
	}
	p := protocol.SMTP{Addr: listen(t, parrot), User: "bob", Password: secret, Timeout: time.Minute}
	res := p.Probe(t.Context())
	assert.Equal(t, netprobe.StartTLSMissing, res.Cause, "in plain text nothing is sent")
	p.StartTLS = protocol.Required
	p.Policy.AnyIssuer = true
	res = p.Probe(t.Context())
	assert.Equal(t, netprobe.StartTLSMissing, res.Cause, "nor to whom nobody knows, whatever the policy")
	p.Policy.Roots = pool
	res = p.Probe(t.Context())
	assert.Equal(t, netprobe.ProtoReject, res.Cause, res.Detail)
	assert.Equal(t, netprobe.PhaseAuth, res.Phase)
	everything := fmt.Sprintf("%+v", res)
	assert.NotContains(t, everything, "hunter2")
	assert.NotContains(t, everything, "aHVudGVy")
	assert.NotContains(t, everything, "AGJvYgBod")
	assert.Contains(t, everything, "[hidden]")
	for len(said) > 0 {
		if line := <-said; strings.HasPrefix(line, "AUTH") {
			return
		}
	}
	t.Error("no AUTH was ever sent")
}

func TestARedirectIsJudgedByItsGoalUnderTheSameGuard(t *testing.T) {
	goal := listen(t, netprobetest.Say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"))
	start := listen(t, netprobetest.Say("HTTP/1.1 301 Moved\r\nLocation: http://"+goal+"/x\r\nContent-Length: 0\r\n\r\n"))
	p, err := protocol.Parse("http://" + start)
	require.NoError(t, err)
	res := p.Probe(t.Context())
	assert.Equal(t, 502, res.Code)
	assert.Equal(t, netprobe.Critical, res.State)
	assert.Len(t, res.Attempts, 2)

	asked := 0
	once := func(netip.Addr) error {
		if asked++; asked > 2 { // before and after connecting
			return errors.New("no more")
		}
		return nil
	}
	p, err = netprobe.Parser{Schemes: protocol.Schemes(), Net: netprobe.Net{Guard: once}}.Parse("http://" + start)
	require.NoError(t, err)
	res = p.Probe(t.Context())
	assert.Equal(t, netprobe.LocalPolicy, res.Cause, "the guard is asked for each redirect")
	assert.Equal(t, netprobe.Unknown, res.State)
}

// A page that nobody can reach is none, whatever the redirects say of themselves.
func TestARedirectThatLeadsNowhereIsNoPage(t *testing.T) {
	moved := func(to string) string {
		return "HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n"
	}
	for name, c := range map[string]struct{ to, says string }{
		"to itself":           {"/", "more than 5 redirects"},
		"to another protocol": {"ftp://www.example/", "leads to no web server"},
		"to a script":         {"javascript:alert(1)", "leads to no web server"},
		"to no URL":           {"http://[::1", "is no URL"},
		"to no host":          {"http://a..b/", "leads to no web server"},
		"to a bad port":       {"http://127.0.0.1:99999/", "99999"},
	} {
		p, err := protocol.Parse("http://" + listen(t, netprobetest.Say(moved(c.to))))
		require.NoError(t, err)
		res := p.Probe(t.Context())
		assert.NotEqual(t, netprobe.OK, res.State, name)
		assert.Contains(t, res.Detail, c.says, name)
	}
	p, err := protocol.Parse("http://" + listen(t, netprobetest.Say(moved("/"))) + "/#redirects=0")
	require.NoError(t, err)
	assert.Equal(t, netprobe.OK, p.Probe(t.Context()).State, "who asks for the redirect gets it")
}

// What is sent inside TLS is not sent again in the clear, at a word of the server.
func TestARedirectTakesNoSecretOutOfTLS(t *testing.T) {
	heard := make(chan string, 10)
	now := time.Now()
	cert, pool, err := netprobetest.Certify(now.Add(-time.Hour), now.AddDate(0, 3, 0), "127.0.0.1")
	require.NoError(t, err)
	addr := ""
	addr = listen(t, func(conn net.Conn, _ <-chan struct{}) {
		in := bufio.NewReader(conn)
		if first, err := in.Peek(1); err != nil || first[0] == 'G' { // in the clear
			for line, err := in.ReadString('\n'); err == nil && line != "\r\n"; line, err = in.ReadString('\n') {
				heard <- line
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			return
		}
		secure := tls.Server(peeked{conn, in}, &tls.Config{Certificates: []tls.Certificate{cert}})
		bufio.NewReader(secure).ReadString('\n')
		io.WriteString(secure, "HTTP/1.1 302 Found\r\nLocation: http://"+addr+"/\r\nContent-Length: 0\r\n\r\n")
		secure.Close()
	})
	res := protocol.HTTP{
		Addr: addr, TLS: true, Version1: true, Redirects: 2, Header: http.Header{"X-Token": {"sesame"}}, Policy: netprobe.TLSPolicy{Roots: pool},
	}.Probe(t.Context())
	require.Equal(t, netprobe.OK, res.State, res.Detail)
	require.NotEmpty(t, heard)
	for len(heard) > 0 {
		assert.NotContains(t, <-heard, "sesame")
	}
}

// A page that wants to know who asks gets it from a file, inside verified TLS only.
func TestAPageIsAskedForWithWhatAFileProves(t *testing.T) {
	dir, heard := t.TempDir(), make(chan string, 10)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard <- r.Header.Get("Authorization")
		io.WriteString(w, "you are "+r.Header.Get("Authorization"))
	}))
	defer server.Close()
	pass, token := writeFile(t, filepath.Join(dir, "pass"), "sesame\n", 0o600), writeFile(t, filepath.Join(dir, "token"), "t0ken-of-many\n", 0o600)
	authority := writeFile(t, filepath.Join(dir, "ca"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), 0o644)
	at := strings.TrimPrefix(server.URL, "https://")
	for target, want := range map[string]string{
		"https://bob@" + at + "/#expect=you&pass-file=" + pass: "Basic Ym9iOnNlc2FtZQ==",
		"https://" + at + "/#expect=you&token-file=" + token:   "Bearer t0ken-of-many",
	} {
		p, err := protocol.Parse(target + "&ca=" + authority)
		require.NoError(t, err)
		res := p.Probe(t.Context())
		assert.Equal(t, netprobe.OK, res.State, res.Detail)
		assert.Equal(t, want, <-heard)
		for _, secret := range []string{"sesame", "t0ken-of-many", "Ym9iOnNlc2FtZQ"} {
			assert.NotContains(t, fmt.Sprintf("%+v %v", res, p), secret)
		}
		p, err = protocol.Parse(target) // by an authority that nobody knows
		require.NoError(t, err)
		assert.Equal(t, netprobe.Critical, p.Probe(t.Context()).State)
		assert.Empty(t, heard)
	}
}

type peeked struct {
	net.Conn
	in io.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.in.Read(b) }

func TestNTPIsJudgedByItsClock(t *testing.T) {
	for name, c := range map[string]struct {
		leap, stratum byte
		refID         string
		off, age      time.Duration
		forge         bool
		state         netprobe.State
		cause         netprobe.Cause
	}{
		"good":            {0, 2, "", 0, time.Minute, false, netprobe.OK, ""},
		"off by 312 s":    {0, 2, "", 312 * time.Second, time.Minute, false, netprobe.Warning, netprobe.ProtoClock},
		"set a month ago": {0, 2, "", 0, 31 * 24 * time.Hour, false, netprobe.Warning, netprobe.ProtoClock},
		"not set":         {3, 16, "", 0, time.Minute, false, netprobe.Critical, netprobe.ProtoClock},
		"kiss of death":   {3, 0, "RATE", 0, 0, false, netprobe.Warning, netprobe.ProtoDefer},
		"denied":          {3, 0, "DENY", 0, 0, false, netprobe.Critical, netprobe.ProtoReject},
		"forged":          {0, 2, "", 0, time.Minute, true, netprobe.Critical, netprobe.ProtoTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := net.ListenPacket("udp", "127.0.0.1:0")
			require.NoError(t, err)
			defer server.Close()
			go func() {
				buf := make([]byte, 100)
				_, from, err := server.ReadFrom(buf)
				if err != nil {
					return
				}
				answer := make([]byte, 48)
				answer[0], answer[1] = c.leap<<6|4<<3|4, c.stratum
				copy(answer[12:], c.refID)
				copy(answer[24:32], buf[40:48])
				if c.forge {
					answer[24] ^= 1
				}
				now := time.Now().Add(c.off)
				stamp(answer[16:], now.Add(-c.age))
				stamp(answer[32:], now)
				stamp(answer[40:], now)
				server.WriteTo(answer, from)
			}()
			limit := time.Minute
			if c.forge {
				limit = time.Second
			}
			res := protocol.NTP{Addr: server.LocalAddr().String(), Timeout: limit}.Probe(t.Context())
			assert.Equal(t, c.state, res.State, res.Detail)
			assert.Equal(t, c.cause, res.Cause, res.Detail)
		})
	}
}

func stamp(to []byte, at time.Time) {
	binary.BigEndian.PutUint32(to, uint32(at.Unix()+2208988800))
	binary.BigEndian.PutUint32(to[4:], uint32(int64(at.Nanosecond())<<32/1e9))
}

func TestASmallHelloIsTriedWhereABigOneGetsNoAnswer(t *testing.T) {
	now := time.Now()
	cert, pool, err := netprobetest.Certify(now.Add(-time.Hour), now.AddDate(0, 3, 0), "127.0.0.1")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		config *tls.Config
		cause  netprobe.Cause
		words  string
	}{
		"old version": {&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, netprobe.TLSVersion, "TLS 1.1"},
		"big hello": {&tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			for _, curve := range h.SupportedCurves {
				if curve == tls.X25519MLKEM768 {
					h.Conn.Close()
				}
			}
			return &tls.Config{Certificates: []tls.Certificate{cert}}, nil
		}}, netprobe.TLSHelloIntolerant, "small ClientHello"},
	} {
		t.Run(name, func(t *testing.T) {
			addr := listen(t, func(conn net.Conn, _ <-chan struct{}) {
				tls.Server(conn, c.config).HandshakeContext(context.Background()) //nolint:errcheck // the client tells
				io.Copy(io.Discard, conn)
			})
			res := netprobe.TCP{Addr: addr, TLS: true, Policy: netprobe.TLSPolicy{Roots: pool}, Timeout: time.Minute}.Probe(t.Context())
			assert.Equal(t, netprobe.Critical, res.State)
			assert.Equal(t, c.cause, res.Cause, res.Detail)
			assert.Contains(t, res.Detail, c.words)
			require.NotNil(t, res.TLS, "the facts are there though the first handshake failed")
			assert.Len(t, res.Attempts, 2)
		})
	}
}

func TestABareConnectTakesItsLeaveWhereServersComplain(t *testing.T) {
	smtp := &netprobetest.SMTP{}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			smtp.Serve(server, nil)
		}()
		return client, nil
	}
	res := netprobe.TCP{Addr: "192.0.2.1:25", Net: netprobe.Net{Dial: dial}}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.Equal(t, []string{"QUIT"}, smtp.Commands())
}

func TestRetryShowsEveryTry(t *testing.T) {
	n := 0
	p := netprobe.Retry{Prober: flaky(func() netprobe.Result {
		n++
		if n < 3 {
			return netprobe.Result{State: netprobe.Critical, Cause: netprobe.NetTimeout, Attempts: make([]netprobe.Attempt, 1)}
		}
		return netprobe.Result{State: netprobe.OK, Attempts: make([]netprobe.Attempt, 1)}
	}), Times: 5}
	res := p.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State)
	assert.Len(t, res.Attempts, 3)
	definite := netprobe.Retry{Prober: flaky(func() netprobe.Result {
		return netprobe.Result{State: netprobe.Critical, Cause: netprobe.ProtoReject, Attempts: make([]netprobe.Attempt, 1)}
	}), Times: 5}
	assert.Len(t, definite.Probe(t.Context()).Attempts, 1)
}

type flaky func() netprobe.Result

func (f flaky) Probe(context.Context) netprobe.Result { return f() }

func TestNoHeaderThatMayBeSecretIsInTheTranscript(t *testing.T) {
	seen := make(chan http.Header, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		w.Header().Set("X-Echo", r.Header.Get("Authorization")+r.Header.Get("X-Api-Key"))
		w.WriteHeader(http.StatusForbidden)
	}))
	defer srv.Close()
	p := protocol.HTTP{
		Addr: srv.Listener.Addr().String(), Method: http.MethodPost, Body: "word=open-sesame", Status: []string{"200"},
		Header: http.Header{"Authorization": {"Bearer s3cr3t-token"}, "X-Api-Key": {"k-e-y-7"}},
	}
	res := p.Probe(t.Context())
	assert.Equal(t, "Bearer s3cr3t-token", (<-seen).Get("Authorization"))
	require.NotEmpty(t, res.Transcript)
	for _, secret := range []string{"s3cr3t-token", "k-e-y-7", "open-sesame"} {
		assert.NotContains(t, fmt.Sprintf("%v", res), secret)
	}
}

// A server that refuses one thing is told that we leave.
func TestARefusalInTheMiddleIsNoReasonToHangUp(t *testing.T) {
	for target, c := range map[string]struct{ greeting, refuse, bye string }{
		"imap://%s?starttls=required":  {"* OK hello\r\n", "a1 NO [UNAVAILABLE] not now\r\n", "a9 LOGOUT\r\n"},
		"pop3://%s?starttls=required":  {"+OK hello\r\n", "-ERR [SYS/TEMP] not now\r\n", "QUIT\r\n"},
		"sieve://%s?starttls=required": {"\"STARTTLS\"\r\nOK\r\n", "NO \"try again later\"\r\n", "LOGOUT\r\n"},
	} {
		heard := make(chan string, 10)
		addr := listen(t, func(conn net.Conn, _ <-chan struct{}) {
			defer close(heard)
			io.WriteString(conn, c.greeting)
			in := bufio.NewReader(conn)
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				heard <- line
				io.WriteString(conn, c.refuse)
			}
		})
		p, err := protocol.Parse(fmt.Sprintf(target, addr))
		require.NoError(t, err)
		res := p.Probe(t.Context())
		assert.Equal(t, netprobe.ProtoDefer, res.Cause, "%s: %v", target, res.Issues)
		last := ""
		for line := range heard {
			last = line
		}
		assert.Equal(t, c.bye, last, target)
	}
}
