package protocol

import (
	"bytes"
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/internal/wire"
)

func TestReplyHasAtMostTwoHundredLines(t *testing.T) {
	for lines, want := range map[int]bool{maxReplyLines: true, maxReplyLines + 1: false} {
		_, _, err := parseReply([]byte(strings.Repeat("220-x\r\n", lines-1) + "220 x\r\n"))
		if (err == nil) != want {
			t.Errorf("%d lines: %v", lines, err)
		}
	}
}

func FuzzReply(f *testing.F) {
	for _, seed := range []string{"220 a\r\n", "250-a\r\n250 b\r\n", "220\n", "554 5.7.1 x\r\nrest", "2500 x\r\n", "250-a\r\n220 b\r\n", "\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		reply, n, err := parseReply(data)
		if err != nil {
			return
		}
		if n < 4 || n > len(data) || data[n-1] != '\n' || reply.Code < 200 || reply.Code > 559 || len(reply.Lines) == 0 {
			t.Fatalf("%q gives %+v, %d bytes", data, reply, n)
		}
		again, m, err := parseReply(data[:n])
		if err != nil || m != n || again.Code != reply.Code {
			t.Fatalf("%q: what was taken does not parse alone", data)
		}
		capabilities(reply)
		// The engine must see the same in the stream.
		w, release := wire.New(context.Background(), &conversation{in: bytes.NewReader(data)}, wire.Budget{})
		defer release()
		if streamed, err := readReply(w); err == nil && streamed.Code != reply.Code {
			t.Fatalf("%q: %d from bytes, %d from the stream", data, reply.Code, streamed.Code)
		}
	})
}

func FuzzStatusLine(f *testing.F) {
	f.Add("HTTP/1.1 200 OK")
	f.Add("HTTP/1.0 404")
	f.Add("HTTP/1.1 +20 x")
	f.Fuzz(func(t *testing.T, line string) {
		if code, ok := parseStatusLine(line); ok && (code < 100 || code > 599) {
			t.Fatalf("%q gives %d", line, code)
		}
	})
}

// FuzzTranscript feeds whole conversations to every prober: each must end with
// a verdict, within the budget.
func FuzzTranscript(f *testing.F) {
	f.Add([]byte("220 a\r\n250-b\r\n250 STARTTLS\r\n220 go\r\n"))
	f.Add([]byte("SSH-2.0-x\r\n"))
	f.Add([]byte("* OK x\r\n* X {3}\r\nabc {1}\r\n}\r\na1 OK\r\n"))
	f.Add([]byte("HTTP/1.1 302 Found\r\nLocation: //[::1%25/\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dial := func(context.Context, string, string) (net.Conn, error) {
			return &conversation{in: bytes.NewReader(data)}, nil
		}
		for _, p := range []netprobe.Prober{
			SMTP{Addr: "a:25", Net: netprobe.Net{Dial: dial}, StartTLS: Optional},
			SSH{Addr: "a:22", Net: netprobe.Net{Dial: dial}},
			HTTP{Addr: "a:80", Net: netprobe.Net{Dial: dial}},
			netprobe.TCP{Addr: "a:143", Net: netprobe.Net{Dial: dial}, Expect: []string{"* OK"}},
			SMTP{Addr: "a:25", Net: netprobe.Net{Dial: dial}, Rcpt: []string{"a@b.example"}},
			IMAP{Addr: "a:143", Net: netprobe.Net{Dial: dial}, StartTLS: Optional},
			POP3{Addr: "a:110", Net: netprobe.Net{Dial: dial}, StartTLS: Optional},
			Sieve{Addr: "a:4190", Net: netprobe.Net{Dial: dial}, StartTLS: Required},
			FTP{Addr: "a:21", Net: netprobe.Net{Dial: dial}, StartTLS: Optional},
			LDAP{Addr: "a:389", Net: netprobe.Net{Dial: dial}, StartTLS: Optional},
			Postgres{Addr: "a:5432", Net: netprobe.Net{Dial: dial}, StartTLS: Optional},
			MySQL{Addr: "a:3306", Net: netprobe.Net{Dial: dial}},
			SSH{Addr: "a:22", Net: netprobe.Net{Dial: dial}, Key: true},
			HTTP{Addr: "a:80", Net: netprobe.Net{Dial: dial}, Redirects: 2, Expect: regexp.MustCompile("x")},
			NTP{Addr: "192.0.2.1:123", Net: netprobe.Net{Dial: dial}},
		} {
			res := p.Probe(context.Background())
			if res.Cause.Local() || (res.State == netprobe.OK) != (res.Cause == "") {
				t.Fatalf("%T: %+v", p, res)
			}
		}
	})
}

// A conversation is a connection on which the server says what is in store and closes.
type conversation struct {
	net.Conn
	in io.Reader
}

func (s *conversation) Read(p []byte) (int, error)  { return s.in.Read(p) }
func (s *conversation) Write(p []byte) (int, error) { return len(p), nil }
func (s *conversation) Close() error                { return nil }
func (s *conversation) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
}
func (s *conversation) LocalAddr() net.Addr { return s.RemoteAddr() }
