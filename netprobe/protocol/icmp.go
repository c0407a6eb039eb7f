package protocol

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// ICMP sends one echo request and waits for its reply. It is a reference, of
// whether there is a way to a host, and says nothing of its services. Connecting
// takes the right to open a raw socket.
type ICMP struct {
	Addr    string        // host:port, of which the port is not used; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net
}

// Probe makes one transaction.
func (p ICMP) Probe(ctx context.Context) netprobe.Result {
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Network: "icmp", Run: p.script}.Probe(ctx)
}

func (p ICMP) script(s *netprobe.Exchange) error {
	return s.Step(netprobe.PhaseRequest, func() error {
		v6 := s.Result.Addr.Addr().Is6()
		request := echo(v6)
		began := time.Now()
		if _, err := s.Write(request); err != nil {
			return err
		}
		for { // the socket hears the answers to others too, until time is up
			buf := make([]byte, 1500)
			n, err := s.Read(buf)
			if err != nil {
				return err
			}
			if answers(buf[:n], request, v6) {
				s.Fact("rtt", time.Since(began).String())
				return nil
			}
		}
	})
}

const (
	echoRequest4, echoReply4 = 8, 0
	echoRequest6, echoReply6 = 128, 129
)

// echo makes a request with an identifier and a content that nobody can guess.
func echo(v6 bool) []byte {
	p := make([]byte, 8+16)
	rand.Read(p[4:6]) //nolint:errcheck // it never fails
	rand.Read(p[8:])  //nolint:errcheck // it never fails
	p[0], p[7] = echoRequest4, 1
	if v6 {
		p[0] = echoRequest6 // the kernel adds the checksum
		return p
	}
	binary.BigEndian.PutUint16(p[2:], checksum(p))
	return p
}

// checksum is that of the Internet (RFC 1071).
func checksum(p []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(p); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// answers reports whether packet is the reply to request. Over IPv4 a raw socket
// shows the header of IP before it.
func answers(packet, request []byte, v6 bool) bool {
	reply := byte(echoReply6)
	if !v6 {
		reply = echoReply4
		if len(packet) > 20 && packet[0]>>4 == 4 {
			packet = packet[min(len(packet), int(packet[0]&15)*4):]
		}
	}
	return len(packet) >= len(request) && packet[0] == reply && string(packet[4:len(request)]) == string(request[4:])
}

func buildICMP(u netprobe.URL) (netprobe.Prober, error) {
	return ICMP{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net}, u.Bare()
}
