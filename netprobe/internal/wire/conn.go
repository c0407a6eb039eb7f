package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Conn is one connection under a Budget. It is for one goroutine.
type Conn struct {
	EOL    string // behind every line written; "": CR LF
	BareLF bool   // a line came that ends in LF alone

	ctx     context.Context
	raw     net.Conn
	cur     net.Conn // raw, or the TLS connection on it
	tls     *tls.Conn
	budget  Budget
	left    int // of budget.Total
	buf     []byte
	r, w    int       // what is in buf and not read yet
	first   time.Time // when the first byte of the present answer came
	expired atomic.Bool
	log     transcript
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// New takes over conn: when ctx ends, or with release, it is closed.
func New(ctx context.Context, conn net.Conn, budget Budget) (c *Conn, release func()) {
	c = &Conn{ctx: ctx, raw: conn, cur: conn, budget: budget.filled()}
	c.log.began = time.Now()
	c.left = c.budget.Total
	pooled := buffers.Get().(*[]byte)
	if len(*pooled) < c.budget.Line {
		*pooled = make([]byte, c.budget.Line)
	}
	c.buf = (*pooled)[:c.budget.Line]
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	return c, func() {
		stop()
		c.notify()
		conn.Close()
		c.buf, c.r, c.w = nil, 0, 0
		buffers.Put(pooled)
	}
}

// Raw is the connection itself, as it was handed to New.
func (c *Conn) Raw() net.Conn { return c.raw }

// Detach hands the connection to who reads it in a goroutine of its own: with what
// has come and was not read, under the total budget. The Conn reads no more then.
func (c *Conn) Detach() net.Conn {
	rest := bytes.NewReader(bytes.Clone(c.buf[c.r:c.w]))
	c.r, c.w = 0, 0
	return &detached{Conn: c.raw, in: io.MultiReader(rest, &metered{c.raw, c.left})}
}

type detached struct {
	net.Conn
	in io.Reader
}

func (d *detached) Read(p []byte) (int, error) { return d.in.Read(p) }

// TLS is the TLS connection, or nil in plain text.
func (c *Conn) TLS() *tls.Conn { return c.tls }

// MaxLines is how many lines one answer may have.
func (c *Conn) MaxLines() int { return c.budget.Lines }

// notify tells the peer that no more follows, as TLS wants it.
func (c *Conn) notify() {
	if c.tls != nil && c.ctx.Err() == nil && !c.expired.Load() {
		c.Within(time.Second, c.tls.CloseWrite) //nolint:errcheck // a courtesy
	}
}

// Within runs fn and closes the connection when it takes longer than d.
func (c *Conn) Within(d time.Duration, fn func() error) error {
	timer := time.AfterFunc(d, func() {
		c.expired.Store(true)
		c.raw.Close()
	})
	defer timer.Stop()
	return fn()
}

// explain says of an error that followed our own closing that time was up.
func (c *Conn) explain(err error) error {
	if err != nil && (c.expired.Load() || c.ctx.Err() != nil) {
		return ErrTimeout
	}
	return err
}

// fill reads once more from the peer into buf.
func (c *Conn) fill() error {
	if c.r > 0 {
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	if c.w == len(c.buf) || c.left <= 0 {
		return ErrOversize
	}
	n, err := c.cur.Read(c.buf[c.w:min(len(c.buf), c.w+c.left)])
	c.w += n
	c.left -= n
	switch {
	case n > 0:
		return c.pace()
	case err == nil:
		err = io.ErrNoProgress
	}
	return c.explain(err)
}

func (c *Conn) pace() error {
	now := time.Now()
	if c.first.IsZero() {
		c.first = now
		return nil
	}
	took := now.Sub(c.first)
	if took > c.budget.Grace && float64(c.w) < float64(c.budget.Pace)*took.Seconds() {
		return ErrSlow
	}
	return nil
}

// Pending is what has come of the present answer so far; it is valid until the
// next call.
func (c *Conn) Pending() []byte { return c.buf[c.r:c.w] }

// take hands out n bytes of buf, which are valid until the next call.
func (c *Conn) take(n int) []byte {
	out := c.buf[c.r : c.r+n]
	c.r += n
	c.first = time.Time{}
	return out
}

// ReadUntil gives what comes up to and with delim.
func (c *Conn) ReadUntil(delim string) ([]byte, error) {
	for from := 0; ; {
		if i := bytes.Index(c.buf[c.r+from:c.w], []byte(delim)); i >= 0 {
			out := c.take(from + i + len(delim))
			c.log.add(false, out)
			return out, nil
		}
		from = max(0, c.w-c.r-len(delim)+1)
		if err := c.fill(); err != nil {
			return nil, c.broken(err)
		}
	}
}

// ReadLine gives the next line without its end.
func (c *Conn) ReadLine() ([]byte, error) {
	line, err := c.ReadUntil("\n")
	if err != nil {
		return nil, err
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1], nil
	}
	c.BareLF = true
	return line, nil
}

// ReadN gives the next n bytes; more than a line may have is ErrOversize.
func (c *Conn) ReadN(n int) ([]byte, error) {
	if n < 0 || n > len(c.buf) {
		return nil, ErrOversize
	}
	for c.w-c.r < n {
		if err := c.fill(); err != nil {
			return nil, c.broken(err)
		}
	}
	out := c.take(n)
	c.log.add(false, out)
	return out, nil
}

// Read is for answers that others parse, such as the body of a page. It is under
// the total budget alone, and stands in no transcript.
func (c *Conn) Read(p []byte) (int, error) {
	if c.r == c.w {
		c.first = time.Time{}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	return copy(p, c.take(min(len(p), c.w-c.r))), nil
}

// broken keeps in the transcript what came before an answer broke off.
func (c *Conn) broken(err error) error {
	if c.w > c.r {
		c.log.add(false, c.buf[c.r:c.w])
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
	}
	return err
}

// WriteLine sends one line.
func (c *Conn) WriteLine(line string) error {
	eol := c.EOL
	if eol == "" {
		eol = "\r\n"
	}
	_, err := c.Write([]byte(line + eol))
	return err
}

// Write sends p.
func (c *Conn) Write(p []byte) (int, error) {
	c.log.add(true, p)
	n, err := c.cur.Write(p)
	return n, c.explain(err)
}

// StartTLS changes to TLS, with a fresh budget.
func (c *Conn) StartTLS(config *tls.Config) error {
	if n := c.w - c.r; n > 0 {
		c.log.add(false, c.buf[c.r:c.w])
		return Injected(n)
	}
	conn := tls.Client(&metered{c.raw, c.budget.TLS}, config)
	if err := conn.HandshakeContext(c.ctx); err != nil {
		return c.explain(err)
	}
	c.cur, c.tls, c.left, c.first = conn, conn, c.budget.Total, time.Time{}
	return nil
}
