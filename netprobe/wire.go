package netprobe

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// The budgets of one connection.
const (
	maxLine     = 4 << 10  // bytes of one line
	maxReceived = 64 << 10 // bytes in plain text, and again inside TLS
	maxTLSBytes = 1 << 20  // bytes on the wire of a TLS connection
)

// wire reads lines from a server that is not trusted, and writes commands. All
// its waiting is ended by closing the connection: that works on every net.Conn,
// also on those that have no deadlines.
type wire struct {
	ctx     context.Context
	raw     net.Conn
	in      io.Reader // raw, or the TLS connection on it
	out     io.Writer
	buf     *bufio.Reader
	expired atomic.Bool // a step took longer than it may
	bareLF  bool
}

// newWire takes over conn: when ctx ends it is closed.
func newWire(ctx context.Context, conn net.Conn) (w *wire, release func()) {
	w = &wire{ctx: ctx, raw: conn}
	w.use(conn)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	return w, func() {
		stop()
		conn.Close()
	}
}

func (w *wire) use(conn net.Conn) {
	w.in, w.out = &budget{conn, maxReceived}, conn
	w.buf = bufio.NewReaderSize(w.in, maxLine)
}

// budget is a reader that gives errOversize when more than left bytes come.
type budget struct {
	r    io.Reader
	left int
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errOversize
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// within runs fn and closes the connection when it takes longer than d.
func (w *wire) within(d time.Duration, fn func() error) error {
	timer := time.AfterFunc(d, func() {
		w.expired.Store(true)
		w.raw.Close()
	})
	defer timer.Stop()
	return fn()
}

// explain says of an error that followed our own closing that time was up.
func (w *wire) explain(err error) error {
	if err != nil && (w.expired.Load() || w.ctx.Err() != nil) {
		return errExpired
	}
	return err
}

// readLine gives the next line without its end; it is valid until the next call.
func (w *wire) readLine() ([]byte, error) {
	line, err := w.buf.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errOversize
	}
	if err != nil {
		return nil, w.explain(err)
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1], nil
	}
	w.bareLF = true
	return line, nil
}

func (w *wire) readReply() (Reply, error) {
	var p replyParser
	for {
		line, err := w.readLine()
		if err != nil {
			return p.reply, err
		}
		done, err := p.add(line)
		if done || err != nil {
			return p.reply, err
		}
	}
}

func (w *wire) writeLine(line string) error {
	_, err := io.WriteString(w.out, line+"\r\n")
	return w.explain(err)
}

// startTLS changes to TLS. What a server has sent in plain text behind its
// consent is an injection, because an attacker can have put it there.
func (w *wire) startTLS(ctx context.Context, config *tls.Config) error {
	if w.buf.Buffered() > 0 {
		return fail(ProtoInjection, "%d bytes of plain text follow the reply to STARTTLS", w.buf.Buffered())
	}
	conn := tls.Client(&meteredConn{w.raw, budget{w.raw, maxTLSBytes}}, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return w.explain(err)
	}
	w.use(conn)
	return nil
}

// meteredConn is a connection with a budget for reading.
type meteredConn struct {
	net.Conn
	in budget
}

func (c *meteredConn) Read(p []byte) (int, error) { return c.in.Read(p) }
