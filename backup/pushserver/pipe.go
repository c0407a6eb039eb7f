package pushserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// ServePipe answers the requests that come by a pipe, such as the standard input
// and output of a forced command of ssh, until the pipe ends. Who sends them is
// known by the pipe: Client gets requests without an address.
func (s *Server) ServePipe(ctx context.Context, in io.Reader, out io.Writer) error {
	l := &once{conn: overPipe(in, out, func() {}), ended: make(chan struct{})}
	srv := &http.Server{Handler: s, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			_ = l.Close() // it has no error
		}
	}}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() }) // what is under way breaks off
	defer stop()
	if err := srv.Serve(l); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return ctx.Err()
}

// OverPipe is the http.Client of a Remote whose server is at the other end of a
// pipe, such as of ssh. dial begins one; its writer's Close ends it.
func OverPipe(dial func(context.Context) (io.Reader, io.WriteCloser, error)) *http.Client {
	return &http.Client{Transport: &http.Transport{
		MaxConnsPerHost: 1, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			in, out, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return overPipe(in, out, func() { _ = out.Close() }), nil
		},
	}}
}

// overPipe gives a connection with deadlines over a pipe that has none.
func overPipe(in io.Reader, out io.Writer, end func()) net.Conn {
	near, far := net.Pipe()
	p := &piped{Conn: near}
	go func() {
		_, err := io.Copy(far, in)
		p.ended(err)
		_ = far.Close()
	}()
	go func() {
		_, err := io.Copy(out, far)
		p.ended(err)
		_ = far.Close()
		end()
	}()
	return p
}

// piped tells who reads or writes why the pipe ended.
type piped struct {
	net.Conn
	why atomic.Pointer[error]
}

// ended keeps the first error; that its other end was closed is none.
func (p *piped) ended(err error) {
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		p.why.CompareAndSwap(nil, &err)
	}
}

// said gives why the pipe ended, in place of that it did.
func (p *piped) said(err error) error {
	if why := p.why.Load(); why != nil && (err == io.EOF || err == io.ErrClosedPipe) {
		return *why
	}
	return err
}

func (p *piped) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	return n, p.said(err)
}

func (p *piped) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	return n, p.said(err)
}

// once is a listener with one connection.
type once struct {
	conn  net.Conn
	given sync.Once
	over  sync.Once
	ended chan struct{}
}

func (l *once) Accept() (conn net.Conn, err error) {
	l.given.Do(func() { conn = l.conn })
	if conn != nil {
		return conn, nil
	}
	<-l.ended
	return nil, net.ErrClosed
}

func (l *once) Close() error {
	l.over.Do(func() { close(l.ended) })
	return nil
}

func (l *once) Addr() net.Addr { return l.conn.LocalAddr() }
