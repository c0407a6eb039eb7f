package protocol

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/netprobe"
)

// NTP asks a time server for the time (RFC 5905). That the two clocks differ is
// a Warning: the answer does not tell which of them is wrong.
type NTP struct {
	Addr    string        // host:port; required
	Timeout time.Duration // whole probe; zero means 10s
	Net     netprobe.Net

	MaxOffset time.Duration // by which the clocks may differ; zero: 1s
}

// Probe makes one transaction.
func (p NTP) Probe(ctx context.Context) netprobe.Result {
	return netprobe.Script{Addr: p.Addr, Timeout: p.Timeout, Net: p.Net, Network: "udp", Run: p.script}.Probe(ctx)
}

// An ntpPacket is what a server answers.
type ntpPacket struct {
	leap, mode, stratum byte
	refID               string
	reference           time.Time // when its clock was last set
	origin              [8]byte   // the nonce of the request
	received, sent      time.Time
}

const ntpSize = 48

// parseNTP reads the header; extensions behind it are no matter.
func parseNTP(b []byte) (p ntpPacket, err error) {
	if len(b) < ntpSize {
		return p, fmt.Errorf("an answer of %d bytes is no time", len(b))
	}
	p.leap, p.mode, p.stratum = b[0]>>6, b[0]&7, b[1]
	p.refID = strings.TrimRight(string(b[12:16]), "\x00")
	p.reference = ntpTime(b[16:24])
	copy(p.origin[:], b[24:32])
	p.received, p.sent = ntpTime(b[32:40]), ntpTime(b[40:48])
	return p, nil
}

// ntpTime reads a time stamp: seconds since 1900, of which 2036 begins anew.
func ntpTime(b []byte) time.Time {
	seconds, fraction := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
	if seconds == 0 && fraction == 0 {
		return time.Time{}
	}
	if seconds < 1<<31 {
		seconds += 1 << 32
	}
	return time.Unix(seconds-2208988800, fraction*1e9>>32)
}

func (p NTP) script(s *netprobe.Exchange) error {
	return s.Step(netprobe.PhaseRequest, func() error {
		request := make([]byte, ntpSize)
		request[0] = 4<<3 | 3 // version 4, client
		if _, err := rand.Read(request[40:]); err != nil {
			return netprobe.Failf(netprobe.LocalError, "no random number: %v", err)
		}
		sent := s.Now()
		began := time.Now()
		if _, err := s.Write(request); err != nil {
			return err
		}
		for range 8 { // what answers another question is not ours
			buf := make([]byte, 1024)
			n, err := s.Read(buf)
			if err != nil {
				return err
			}
			answer, err := parseNTP(buf[:n])
			if err != nil {
				return netprobe.Failf(netprobe.ProtoSyntax, "%v", err)
			}
			if answer.mode == 4 && string(answer.origin[:]) == string(request[40:]) {
				return p.judge(s, answer, sent, sent.Add(time.Since(began)))
			}
		}
		return netprobe.Failf(netprobe.ProtoSyntax, "the server answers, and never what was asked")
	})
}

func (p NTP) judge(s *netprobe.Exchange, a ntpPacket, sent, came time.Time) error {
	s.Fact("stratum", strconv.Itoa(int(a.stratum)))
	if a.stratum == 0 {
		switch a.refID {
		case "RATE":
			return netprobe.Warnf(netprobe.ProtoDefer, "the server is asked too often (RATE)")
		case "DENY", "RSTR":
			return netprobe.Failf(netprobe.ProtoReject, "the server refuses to answer (%s)", a.refID)
		}
		return netprobe.Failf(netprobe.ProtoClock, "the server has no time (%.4q)", a.refID)
	}
	offset := (a.received.Sub(sent) + a.sent.Sub(came)) / 2
	s.Fact("offset", strconv.FormatFloat(offset.Seconds(), 'f', 6, 64))
	limit := p.MaxOffset
	if limit <= 0 {
		limit = time.Second
	}
	switch age := a.sent.Sub(a.reference); {
	case a.leap == 3 || a.stratum >= 16:
		return netprobe.Failf(netprobe.ProtoClock, "the server's own clock is not set by any other (stratum %d)", a.stratum)
	case a.sent.IsZero() || a.received.IsZero():
		return netprobe.Failf(netprobe.ProtoClock, "the server says no time")
	case !a.reference.IsZero() && age > 24*time.Hour:
		s.Fact("age", strconv.FormatFloat(age.Seconds(), 'f', 0, 64))
		return netprobe.Warnf(netprobe.ProtoClock, "the server's clock was last set %s ago", prose.Duration(age))
	case offset.Abs() > limit:
		return netprobe.Warnf(netprobe.ProtoClock, "its clock and the one here differ by %s", prose.Duration(offset.Abs()))
	}
	return nil
}

func buildNTP(u netprobe.URL) (netprobe.Prober, error) {
	p := NTP{Addr: u.Addr, Timeout: u.Timeout, Net: u.Net}
	if text := u.Get("offset"); text != "" {
		var err error
		if p.MaxOffset, err = time.ParseDuration(text); err != nil || p.MaxOffset <= 0 {
			return nil, errors.New("offset is no time such as 500ms")
		}
	}
	return p, u.Bare()
}
