package hosttest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// A dial says what a connection to one address meets: serve, when it is neither
// refused nor hangs nor fails.
type dial struct {
	serve    func(net.Conn)
	greeting []byte // of a serve that the text describes
	refused  bool
	hang     bool
	err      error
}

// connect works on a nil d: the address is not listed.
func (d *dial) connect(ctx context.Context) (net.Conn, error) {
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case d == nil:
		return nil, ErrUnlisted
	case d.refused:
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case d.hang:
		<-ctx.Done()
		return nil, ctx.Err()
	case d.err != nil:
		return nil, d.err
	}
	client, server := net.Pipe()
	go d.serve(server)
	return client, nil
}

func parseDial(s *section) (*dial, error) {
	d := &dial{}
	var err error
	if d.refused, err = s.flag("refused"); err != nil {
		return nil, err
	}
	if d.hang, err = s.flag("hang"); err != nil {
		return nil, err
	}
	if d.err, err = s.errorAttr("error"); err != nil {
		return nil, err
	}
	if fails := count(d.refused, d.hang, d.err != nil); fails > 0 {
		if fails > 1 {
			return nil, fmt.Errorf("dial %s: one of refused, hang and error at most", s.name)
		}
		return d, s.noBody()
	}
	if d.greeting, err = greetingOf(s); err != nil {
		return nil, err
	}
	d.serve = greet(d.greeting)
	return d, nil
}

// greetingOf reads what a server says. With crlf its lines end as those of most
// protocols do.
func greetingOf(s *section) ([]byte, error) {
	crlf, err := s.flag("crlf")
	if err != nil {
		return nil, err
	}
	body, err := s.content()
	if err == nil && crlf {
		body = bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n"))
	}
	return body, err
}

// plainLines is the inverse of crlf, where each line of the greeting ends so.
func plainLines(greeting []byte) (lines []byte, crlf bool) {
	lines = bytes.ReplaceAll(greeting, []byte("\r\n"), []byte("\n"))
	pairs := len(greeting) - len(lines)
	if pairs == 0 || bytes.Count(lines, []byte("\n")) != pairs || bytes.Contains(lines, []byte("\r")) {
		return greeting, false
	}
	return lines, true
}

// greet says greeting to a client, and reads and drops what that one says until
// it closes: both at once, since a client may speak first and a pipe holds nothing.
func greet(greeting []byte) func(net.Conn) {
	return func(conn net.Conn) {
		defer conn.Close()
		if len(greeting) > 0 {
			go conn.Write(greeting)
		}
		io.Copy(io.Discard, conn)
	}
}

func count(flags ...bool) (n int) {
	for _, f := range flags {
		if f {
			n++
		}
	}
	return n
}

type textAddr struct{ network, addr string }

func (a textAddr) Network() string { return a.network }
func (a textAddr) String() string  { return a.addr }
