package netprobetest

import (
	"net"
	"sync"
	"time"
)

// A Link is what lies between a client and a server. The zero Link is a good one.
type Link struct {
	Delay time.Duration // before each part goes on, in both directions
	Drip  time.Duration // between two bytes of the server; zero: they come together
	Loss  float64       // share of connections, from 0 to 1, on which nothing goes on and nothing ends
	Cut   int           // bytes of the server after which a connection stalls; zero: it never does
}

// A Relay stands before a server and passes on what comes, as a bad network does
// it. It listens where it was made, so that a client in another network namespace
// can be led to it.
type Relay struct {
	server *Server
	target string

	mu   sync.Mutex
	link Link
	lost float64 // of the connections since Set, in share
}

// NewRelay starts a relay from listen to target, both host:port, over link.
func NewRelay(listen, target string, link Link) (*Relay, error) {
	r := &Relay{target: target, link: link}
	var err error
	r.server, err = listenAt(listen, r.serve)
	return r, err
}

// Addr is where the relay listens: host:port.
func (r *Relay) Addr() string { return r.server.Addr() }

// Close ends the relay and all its connections, and waits for them.
func (r *Relay) Close() { r.server.Close() }

// Set changes the link, for connections that begin later.
func (r *Relay) Set(link Link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.link, r.lost = link, 0
}

// next gives the link of the next connection. What is lost is spread evenly, and
// the same in each run.
func (r *Relay) next() (link Link, lost bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost += r.link.Loss; r.lost >= 1 {
		r.lost--
		return r.link, true
	}
	return r.link, false
}

func (r *Relay) serve(client net.Conn, stop <-chan struct{}) {
	link, lost := r.next()
	if lost {
		<-stop
		return
	}
	server, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	ended := make(chan struct{})
	both.Go(func() {
		pass(server, client, Link{Delay: link.Delay}, stop)
		if half, ok := server.(*net.TCPConn); ok {
			half.CloseWrite() //nolint:errcheck // it may be gone
		}
	})
	both.Go(func() {
		pass(client, server, link, stop)
		client.Close()
		close(ended)
	})
	select { // either ends, and with it the other
	case <-stop:
		server.Close()
	case <-ended:
	}
	both.Wait()
}

// pass brings from one end to the other what link lets through.
func pass(to, from net.Conn, link Link, stop <-chan struct{}) {
	wait := func(d time.Duration) (stopped bool) {
		if d <= 0 {
			return false
		}
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return false
		case <-stop:
			return true
		}
	}
	part := make([]byte, 32<<10)
	if link.Drip > 0 {
		part = part[:1]
	}
	for sent := 0; ; {
		n, err := from.Read(part)
		if link.Cut > 0 && sent+n >= link.Cut {
			to.Write(part[:link.Cut-sent]) //nolint:errcheck // it stalls then
			<-stop
			return
		}
		if n > 0 && (wait(link.Delay+link.Drip) || !write(to, part[:n])) || err != nil {
			return
		}
		sent += n
	}
}

func write(to net.Conn, part []byte) bool {
	_, err := to.Write(part)
	return err == nil
}
