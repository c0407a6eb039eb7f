package hosttest

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
)

// A dial says what a connection to one address meets.
type dial struct {
	serve   func(net.Conn)
	refused bool
	hang    bool
	err     error
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
	if n := count(d.refused, d.hang, d.err != nil); n != 1 {
		return nil, fmt.Errorf("dial %s: exactly one of refused, hang and error", s.name)
	}
	return d, s.noBody()
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
