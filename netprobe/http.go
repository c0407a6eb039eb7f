package netprobe

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"
)

// HTTP asks a web server for one page and reads the status line of the answer.
// Any status below 500 is an answer: what a page should say is not its
// question.
type HTTP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Now     func() time.Time // for certificates; nil: time.Now

	Host   string // of the request; "": Addr
	TLS    bool
	Policy TLSPolicy
}

// Probe makes one transaction.
func (p HTTP) Probe(ctx context.Context) Result {
	return target{p.Addr, p.Timeout, p.Dial, p.Now, p.Policy}.probe(ctx, p.script)
}

func (p HTTP) script(s *session) error {
	host := p.Host
	if host == "" {
		host = p.Addr
	}
	if !plainWord(host) {
		return &failure{state: Unknown, cause: LocalConfig, detail: "the host name is no single word"}
	}
	if p.TLS {
		if err := s.handshake("http/1.1"); err != nil {
			return err
		}
	}
	return s.step(PhaseRequest, func() error { return request(s, host) })
}

func request(s *session, host string) error {
	err := s.wire.writeLine("GET / HTTP/1.1\r\nHost: " + host + "\r\nUser-Agent: upkeep-probe\r\nAccept: */*\r\nConnection: close\r\n")
	if err != nil {
		return err
	}
	line, err := s.wire.readLine()
	if err != nil {
		return err
	}
	s.banner(line)
	code, ok := parseStatusLine(string(line))
	if !ok {
		return fail(ProtoSyntax, "the server sent %.80q, which is no HTTP status line", line)
	}
	s.res.Code = code
	if code >= 500 {
		f := fail(ProtoReject, "the server answered %.200q", line)
		if code == 503 {
			f.cause = ProtoDefer
		}
		f.code = code
		return f
	}
	return nil
}

// parseStatusLine reads "HTTP/1.1 200 OK" (RFC 9112, section 4).
func parseStatusLine(line string) (code int, ok bool) {
	version, rest, _ := strings.Cut(line, " ")
	if version != "HTTP/1.0" && version != "HTTP/1.1" {
		return 0, false
	}
	digits, _, _ := strings.Cut(rest, " ")
	code, err := strconv.Atoi(digits)
	return code, err == nil && len(digits) == 3 && code >= 100 && code <= 599
}
