package protocol

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/internal/wire"
)

func (p HTTP) request(s *netprobe.Exchange) (*http.Response, error) {
	req, err := http.NewRequestWithContext(s.Context(), cmp.Or(p.Method, http.MethodGet), "http://"+p.host()+p.Path, strings.NewReader(p.Body))
	if err != nil {
		return nil, netprobe.Failf(netprobe.LocalConfig, "%v", err)
	}
	if p.TLS {
		req.URL.Scheme = "https"
	}
	req.Header.Set("User-Agent", "upkeep-probe")
	req.Header.Set("Accept", "*/*")
	for name, values := range p.Header {
		req.Header[name] = values
	}
	if p.Auth != "" {
		req.Header.Set("Authorization", string(p.Auth))
	}
	if s.Secure() != nil && s.Secure().ConnectionState().NegotiatedProtocol == "h2" {
		return p.second(s, req)
	}
	return p.first(s, req)
}

// second is HTTP/2, which the standard library speaks on our connection.
func (p HTTP) second(s *netprobe.Exchange, req *http.Request) (*http.Response, error) {
	one := &http.Transport{
		DialTLSContext:    func(context.Context, string, string) (net.Conn, error) { return s.Secure(), nil },
		ForceAttemptHTTP2: true, DisableCompression: true, DisableKeepAlives: true, MaxResponseHeaderBytes: maxHead,
	}
	answer, err := one.RoundTrip(req)
	if err != nil {
		if c := netprobe.CauseOf(err); c != netprobe.NetFailed {
			return nil, err
		}
		return nil, netprobe.Failf(netprobe.ProtoSyntax, "no answer of HTTP/2 came: %v", err)
	}
	s.Fact("banner", answer.Proto+" "+answer.Status)
	return answer, nil
}

// first is HTTP/1.1.
func (p HTTP) first(s *netprobe.Exchange, req *http.Request) (*http.Response, error) {
	req.Header.Set("Connection", "close")
	var out bytes.Buffer
	if err := req.Write(&out); err != nil {
		return nil, netprobe.Failf(netprobe.LocalConfig, "%v", err)
	}
	if _, err := s.Write(out.Bytes()); err != nil {
		return nil, err
	}
	for range maxInterim {
		head, code, err := readHead(s)
		if err != nil {
			return nil, err
		}
		if code/100 == 1 && code != http.StatusSwitchingProtocols {
			continue
		}
		answer, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(head), s)), req)
		if err != nil {
			return nil, netprobe.Failf(netprobe.ProtoSyntax, "the head of the answer is not HTTP: %v", err)
		}
		return answer, nil
	}
	return nil, netprobe.Failf(netprobe.ProtoSyntax, "%d interim answers came, and no real one", maxInterim)
}

// readHead reads status line and headers, up to and with the empty line.
func readHead(s *netprobe.Exchange) (head []byte, code int, err error) {
	for range s.MaxLines() {
		line, err := s.ReadLine()
		if err != nil {
			return nil, 0, err
		}
		if head == nil {
			s.Fact("banner", string(line))
			var ok bool
			if code, ok = parseStatusLine(string(line)); !ok {
				return nil, 0, netprobe.Failf(netprobe.ProtoSyntax, "the server sent %.80q, which is no HTTP status line", line)
			}
		}
		head = append(append(head, line...), "\r\n"...)
		switch {
		case len(line) == 0:
			return head, code, nil
		case len(head) > maxHead:
			return nil, 0, wire.ErrOversize
		}
	}
	return nil, 0, netprobe.Failf(netprobe.ProtoOversize, "the answer has more than %d header lines", s.MaxLines())
}

func (p HTTP) host() string {
	if p.Host != "" {
		return p.Host
	}
	return p.Addr
}
