package netprobe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	defaultTimeout = 10 * time.Second
	closeTimeout   = time.Second // for a polite end
	maxDetail      = 1 << 10
	maxBanner      = 512
)

// target is what all probers share.
type target struct {
	addr    string
	timeout time.Duration
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	now     func() time.Time
	tls     TLSPolicy
}

// session is one transaction under way.
type session struct {
	target
	ctx    context.Context // ends with the overall deadline
	caller context.Context
	wire   *wire
	res    Result
}

// errStop ends a script whose issue is already recorded.
var errStop = errors.New("stop")

// probe runs script on a fresh connection and judges.
func (t target) probe(caller context.Context, script func(*session) error) (res Result) {
	if t.timeout <= 0 {
		t.timeout = defaultTimeout
	}
	if t.now == nil {
		t.now = time.Now
	}
	if t.dial == nil {
		t.dial = new(net.Dialer).DialContext
	}
	ctx, cancel := context.WithTimeout(caller, t.timeout)
	defer cancel()
	s := &session{target: t, ctx: ctx, caller: caller}
	s.res.Start = t.now()
	began := time.Now()
	defer func() {
		if v := recover(); v != nil {
			s.note(Unknown, LocalError, s.res.Phase, fmt.Sprintf("the prober failed: %v", v))
		}
		s.res.Took = time.Since(began)
		s.res.judge()
		res = s.res
	}()
	s.run(script)
	return s.res
}

func (s *session) run(script func(*session) error) {
	conn := s.connect()
	if conn == nil {
		return
	}
	w, release := newWire(s.ctx, conn)
	defer release()
	s.wire = w
	if err := script(s); err != nil && !errors.Is(err, errStop) {
		s.record(PhaseConnect, err)
	}
	if w.bareLF {
		s.note(Warning, ProtoBareLF, PhaseBanner, "the server ends lines with LF alone, not with CR LF")
	}
}

func (s *session) connect() (conn net.Conn) {
	s.step(PhaseConnect, func() (err error) { //nolint:errcheck // recorded; conn stays nil
		if _, _, err = net.SplitHostPort(s.addr); err != nil {
			return &failure{state: Unknown, cause: LocalConfig, detail: err.Error()}
		}
		if conn, err = s.dial(s.ctx, "tcp", s.addr); err != nil {
			conn = nil
			if s.ctx.Err() != nil {
				return errExpired
			}
			return err
		}
		s.res.Addr, _ = netip.ParseAddrPort(conn.RemoteAddr().String())
		return nil
	})
	return conn
}

// step times one phase and records its failure as an issue; the error it gives
// then is errStop.
func (s *session) step(phase Phase, fn func() error) error {
	began := time.Now()
	err := fn()
	s.res.Phases = append(s.res.Phases, PhaseTiming{phase, time.Since(began)})
	if err == nil || errors.Is(err, errStop) {
		return err
	}
	s.record(phase, err)
	return errStop
}

func (s *session) record(phase Phase, err error) {
	if s.caller.Err() != nil {
		s.note(Unknown, LocalCancelled, phase, fmt.Sprintf("%s: %v", phase, s.caller.Err()))
		return
	}
	f := failureOf(phase, err)
	s.res.Issues = append(s.res.Issues, Issue{
		State: f.state, Cause: f.cause, Phase: phase, Code: f.code, Enhanced: f.enhanced, Detail: clip(f.detail, maxDetail),
	})
}

func (s *session) note(state State, cause Cause, phase Phase, detail string) {
	s.res.Issues = append(s.res.Issues, Issue{State: state, Cause: cause, Phase: phase, Detail: clip(detail, maxDetail)})
}

// banner keeps the first line that the server says.
func (s *session) banner(line []byte) { s.res.Banner = clip(string(line), maxBanner) }

// handshake is the TLS phase. Its facts and issues are kept whether it succeeds
// or not.
func (s *session) handshake(protocols ...string) error {
	in := newInspector(s.tls, s.addr, s.now())
	err := s.step(PhaseTLS, func() error { return s.wire.startTLS(s.ctx, in.config(protocols...)) })
	s.res.TLS = in.facts
	s.res.Issues = append(s.res.Issues, in.issues...)
	return err
}

// leave says goodbye and waits a bounded time for the answer. What comes of it
// is no verdict on the service.
func (s *session) leave(line string) {
	began := time.Now()
	s.wire.within(closeTimeout, func() error { //nolint:errcheck // a courtesy
		if err := s.wire.writeLine(line); err != nil {
			return err
		}
		_, err := s.wire.readLine()
		return err
	})
	s.res.Phases = append(s.res.Phases, PhaseTiming{PhaseClose, time.Since(began)})
}

// clip cuts s to at most n bytes, not inside a UTF-8 sequence.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// plainWord reports whether s can stand in a command line as one word.
func plainWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}
