// Package netprobetest has servers that misbehave on purpose, for tests of
// probers and of what stands on them, and TestProber, which holds a prober to
// the contract of netprobe.Prober.
//
//	srv, err := netprobetest.Listen(netprobetest.Silent)
//	defer srv.Close()
//	res := protocol.SMTP{Addr: srv.Addr(), Timeout: time.Second}.Probe(ctx)
//
// A Server is a real listener on the loopback interface. A Relay is the bad network
// before a good one. The package does not import testing.
package netprobetest

import (
	"io"
	"net"
	"strings"
	"sync"
)

// A Server treats every connection alike until Close.
type Server struct {
	listener net.Listener
	stop     chan struct{}
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// A Behaviour serves one connection. It returns when it is done, or when a
// read or write fails; the server then closes the connection. stop is closed
// when the server closes.
type Behaviour func(conn net.Conn, stop <-chan struct{})

// Listen starts a server on a free port of 127.0.0.1.
func Listen(serve Behaviour) (*Server, error) { return listenAt("127.0.0.1:0", serve) }

func listenAt(addr string, serve Behaviour) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &Server{listener: l, stop: make(chan struct{}), conns: map[net.Conn]bool{}}
	s.running.Go(func() { s.accept(serve) })
	return s, nil
}

// Addr is where the server listens: host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close ends the server and all its connections, and waits for them.
func (s *Server) Close() {
	close(s.stop)
	s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

func (s *Server) accept(serve Behaviour) {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.running.Go(func() {
			defer func() {
				s.mu.Lock()
				delete(s.conns, conn)
				s.mu.Unlock()
				conn.Close()
			}()
			serve(conn, s.stop)
		})
	}
}

// Silent accepts and never says a word.
func Silent(_ net.Conn, stop <-chan struct{}) { <-stop }

// Hangup closes at once.
func Hangup(net.Conn, <-chan struct{}) {}

// Reset ends the connection with a RST.
func Reset(conn net.Conn, _ <-chan struct{}) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) //nolint:errcheck // it is closed anyway
	}
}

// Endless repeats text for as long as somebody reads.
func Endless(text string) Behaviour {
	return func(conn net.Conn, stop <-chan struct{}) {
		block := strings.Repeat(text, max(1, 4096/max(1, len(text))))
		for {
			if _, err := io.WriteString(conn, block); err != nil {
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}
}

// Say sends text, whatever the client says, and waits for the client to go.
func Say(text string) Behaviour {
	return func(conn net.Conn, _ <-chan struct{}) {
		if _, err := io.WriteString(conn, text); err == nil {
			io.Copy(io.Discard, conn) //nolint:errcheck // until the client goes
		}
	}
}
