package netprobe

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
)

func TestReplyHasAtMostTwoHundredLines(t *testing.T) {
	for lines, want := range map[int]bool{maxReplyLines: true, maxReplyLines + 1: false} {
		_, _, err := ParseReply([]byte(strings.Repeat("220-x\r\n", lines-1) + "220 x\r\n"))
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
		reply, n, err := ParseReply(data)
		if err != nil {
			return
		}
		if n < 4 || n > len(data) || data[n-1] != '\n' || reply.Code < 200 || reply.Code > 559 || len(reply.Lines) == 0 {
			t.Fatalf("%q gives %+v, %d bytes", data, reply, n)
		}
		again, m, err := ParseReply(data[:n])
		if err != nil || m != n || again.Code != reply.Code {
			t.Fatalf("%q: what was taken does not parse alone", data)
		}
		capabilities(reply)
		// The engine must see the same in the stream.
		w := &wire{ctx: context.Background(), buf: bufio.NewReaderSize(&budget{bytes.NewReader(data), maxReceived}, maxLine)}
		if streamed, err := w.readReply(); err == nil && streamed.Code != reply.Code {
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
	f.Add([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dial := func(context.Context, string, string) (net.Conn, error) {
			return &script{in: bytes.NewReader(data)}, nil
		}
		for _, p := range []Prober{
			SMTP{Addr: "a:25", Dial: dial, StartTLS: Optional},
			SSH{Addr: "a:22", Dial: dial},
			HTTP{Addr: "a:80", Dial: dial},
			TCP{Addr: "a:143", Dial: dial, Expect: []string{"* OK"}},
		} {
			res := p.Probe(context.Background())
			if res.Cause == LocalError || (res.State == OK) != (res.Cause == "") {
				t.Fatalf("%T: %+v", p, res)
			}
		}
	})
}

// script is a connection on which the server says what is in store and closes.
type script struct {
	net.Conn
	in io.Reader
}

func (s *script) Read(p []byte) (int, error)  { return s.in.Read(p) }
func (s *script) Write(p []byte) (int, error) { return len(p), nil }
func (s *script) Close() error                { return nil }
func (s *script) RemoteAddr() net.Addr        { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (s *script) LocalAddr() net.Addr         { return s.RemoteAddr() }
