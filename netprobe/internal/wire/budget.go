package wire

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// A Budget bounds what a peer may cost. A zero field means its default.
type Budget struct {
	Line  int           // bytes of one line or one counted answer; 4 KiB
	Lines int           // lines of one answer; 200
	Total int           // bytes received in plain text, and again inside TLS; 64 KiB
	TLS   int           // bytes on the wire of a TLS connection; 1 MiB
	Grace time.Duration // a line that has begun may take this long at any pace; 5s
	Pace  int           // bytes a second that it must have thereafter; 10
}

func (b Budget) filled() Budget {
	for _, f := range []struct {
		field    *int
		standard int
	}{{&b.Line, 4 << 10}, {&b.Lines, 200}, {&b.Total, 64 << 10}, {&b.TLS, 1 << 20}, {&b.Pace, 10}} {
		if *f.field <= 0 {
			*f.field = f.standard
		}
	}
	if b.Grace <= 0 {
		b.Grace = 5 * time.Second
	}
	return b
}

// The errors of a peer that goes beyond its budget.
var (
	ErrTimeout  = errors.New("no complete answer in time")
	ErrOversize = errors.New("the answer is longer than any sane one")
	ErrSlow     = errors.New("the answer comes more slowly than any sane one")
)

// Injected is the error of StartTLS where so many bytes of plain text stand
// behind the consent to TLS: an attacker can have put them there.
type Injected int

// Error says how many.
func (n Injected) Error() string {
	return fmt.Sprintf("%d bytes of plain text follow the consent to TLS", int(n))
}

// metered is a connection that gives ErrOversize when more than left bytes come.
type metered struct {
	net.Conn
	left int
}

func (m *metered) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, ErrOversize
	}
	n, err := m.Conn.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}
