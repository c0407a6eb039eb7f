package netprobe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Target is one service to probe, and what is known of it beforehand.
type Target struct {
	URL      string // scheme://host:port, by which reports name it
	Prober   Prober
	Listener string // such as "tcp/0.0.0.0:25"; "": not known
	Process  string // name of the program behind it; "": not known
}

// service gives the URL of the whole service: what listens on all addresses, of
// IPv4, IPv6 or both, is one service at localhost.
func (t Target) service() string {
	for _, wildcard := range []string{"tcp/0.0.0.0:", wildcard6} {
		if port, ok := strings.CutPrefix(t.Listener, wildcard); ok {
			scheme, _, _ := strings.Cut(t.URL, "://")
			return scheme + "://localhost:" + port
		}
	}
	return t.URL
}

// addr is the host and port of the target.
func (t Target) addr() string {
	_, addr, _ := strings.Cut(t.URL, "://")
	return addr
}

// Services asks whether services answer. Without Targets these are the mail,
// web and ssh services that listen on the observed host, and one that answered
// before and no longer listens is reported as well.
type Services struct {
	Host     host.Host
	Targets  []Target // nil: what is found on the host
	Parallel int      // probes at once; zero: 8
}

// Name returns "netprobe.services".
func (s Services) Name() string { return "netprobe.services" }

// Check probes every target once.
func (s Services) Check(ctx context.Context, rec *report.Recorder) error {
	if s.Targets != nil {
		s.probe(rec, s.Targets)
		rec.Covered(scopeRoot)
		return ctx.Err()
	}
	sockets, err := tcpSockets(ctx, s.Host)
	if err != nil {
		return fmt.Errorf("find services: %w", err)
	}
	targets := Discover(s.Host, sockets)
	kept := rec.Kept(memoryName)
	before, err := loadMemory(kept)
	if err != nil {
		rec.Problem(fmt.Errorf("which services answered last time is not known: %w", err), scopeGone)
	}
	targets = append(targets, s.hidden(before, targets, sockets)...)
	if len(targets) == 0 && kept == nil && allKnown(sockets) {
		// Where there once was a service its end may still wait for a person.
		return report.Skip("no mail, web or ssh service listens here")
	}
	s.gone(rec, before, targets, sockets)
	results := s.probe(rec, targets)
	rec.Metric(report.Metric{Name: "services_probed", Value: report.Count(uint64(len(targets)))})
	rec.Covered(scopeRoot)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	rec.Keep(memoryName, remember(before, targets, results))
	return nil
}

// tcpSockets gives the listening TCP sockets; half a table is an error.
func tcpSockets(ctx context.Context, h host.Host) ([]sysview.Socket, error) {
	for _, table := range sysview.Sockets(ctx, h) {
		if table.Network == "tcp" {
			return table.Sockets, table.Err
		}
	}
	return nil, fmt.Errorf("list tcp sockets: %w", errors.ErrUnsupported)
}

const (
	scopeRoot = "services"
	scopeGone = "services/gone"
)

// probe runs every prober, a few at a time, and records what each showed.
func (s Services) probe(rec *report.Recorder, targets []Target) []Result {
	results := make([]Result, len(targets))
	parallel := s.Parallel
	if parallel <= 0 {
		parallel = 8
	}
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Add(1)
		slots <- struct{}{}
		rec.Go(func(ctx context.Context) error {
			defer wg.Done()
			defer func() { <-slots }()
			results[i] = t.Prober.Probe(ctx)
			return nil
		})
	}
	wg.Wait()
	recordResults(rec, targets, results)
	return results
}

// hidden gives the services that are known from before and whose listener is
// there, but whose program this run may not see.
func (s Services) hidden(before []memory, found []Target, sockets []sysview.Socket) []Target {
	var out []Target
	for _, m := range before {
		if slices.ContainsFunc(found, func(t Target) bool { return t.URL == m.URL }) {
			continue
		}
		for _, sock := range sockets {
			if !sock.Process.Known() && "tcp/"+sock.Local.String() == m.Listener {
				scheme, addr, _ := strings.Cut(m.URL, "://")
				out = append(out, Target{m.URL, proberFor(s.Host, scheme, addr, m.Listener), m.Listener, m.Process})
				break
			}
		}
	}
	return out
}

// gone reports what answered before and does not listen any more; the addresses
// of one service together.
func (s Services) gone(rec *report.Recorder, before []memory, now []Target, sockets []sysview.Socket) {
	var services []string
	lost := map[string][]Target{}
	for _, m := range before {
		if slices.ContainsFunc(now, func(t Target) bool { return t.URL == m.URL }) {
			continue
		}
		t := Target{URL: m.URL, Listener: m.Listener, Process: m.Process}
		if lost[t.service()] == nil {
			services = append(services, t.service())
		}
		lost[t.service()] = append(lost[t.service()], t)
	}
	for _, service := range services {
		rec.Finding(goneFinding(lost[service], now, sockets, s.Host.Time()))
	}
}

// memory is one service that answered.
// memory is one service that answered.
type memory struct {
	URL      string `json:"url"`
	Listener string `json:"listener"`
	Process  string `json:"process,omitempty"`
}

const (
	memoryName  = "answered"
	maxMemories = 1000
)

type memoryFile struct {
	Version  int      `json:"version"`
	Answered []memory `json:"answered"`
}

func loadMemory(data []byte) ([]memory, error) {
	if data == nil {
		return nil, nil
	}
	var f memoryFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	if f.Version != 1 {
		return nil, fmt.Errorf("written in form %d, which this version does not know", f.Version)
	}
	return f.Answered, nil
}

// remember gives the services that have answered, now or before, and still listen.
func remember(before []memory, targets []Target, results []Result) []byte {
	f := memoryFile{Version: 1}
	for i, t := range targets {
		m := memory{t.URL, t.Listener, t.Process}
		answered := results[i].State == OK || results[i].State == Warning ||
			slices.ContainsFunc(before, func(b memory) bool { return b.URL == t.URL })
		if answered && len(f.Answered) < maxMemories {
			f.Answered = append(f.Answered, m)
		}
	}
	data, err := json.Marshal(f)
	if err != nil {
		panic(err) // strings always marshal
	}
	return data
}

// allKnown reports whether the program behind every listener is known, so that
// "no such service" is proven.
func allKnown(sockets []sysview.Socket) bool {
	return !slices.ContainsFunc(sockets, func(s sysview.Socket) bool { return !s.Process.Known() })
}

// Discover gives the targets among listening sockets: what stands on a
// well-known port or belongs to a well-known program. It tells no names, so a
// certificate is judged by its validity alone.
func Discover(h host.Host, sockets []sysview.Socket) []Target {
	var targets []Target
	for _, s := range sockets {
		scheme := schemeOf(s)
		if scheme == "" || s.Local.Addr().IsLinkLocalUnicast() {
			continue
		}
		addr := reach(s.Local).String()
		t := Target{
			URL: scheme + "://" + addr, Listener: "tcp/" + s.Local.String(), Process: s.Process.Name,
		}
		t.Prober = proberFor(h, scheme, addr, t.Listener)
		if !slices.ContainsFunc(targets, func(o Target) bool { return o.URL == t.URL }) {
			targets = append(targets, t)
		}
	}
	return targets
}

// reach gives the address at which to probe what listens on local.
func reach(local netip.AddrPort) netip.AddrPort {
	addr := local.Addr().Unmap()
	switch {
	case addr == netip.IPv4Unspecified():
		addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case addr.IsUnspecified():
		addr = netip.IPv6Loopback()
	}
	return netip.AddrPortFrom(addr, local.Port())
}

// schemeOf guesses the protocol: by the program where it speaks one protocol
// only, else by the port. "" is not probed.
func schemeOf(s sysview.Socket) string {
	switch s.Process.Name {
	case "sshd":
		return "ssh"
	case "openvpn": // likes port 443, and answers nobody without a key
		return ""
	}
	switch s.Local.Port() {
	case 22:
		return "ssh"
	case 25:
		return "smtp"
	case 465:
		return "smtps"
	case 587:
		return "submission"
	case 110:
		return "pop3"
	case 995:
		return "pop3s"
	case 143:
		return "imap"
	case 993:
		return "imaps"
	case 80, 8080:
		return "http"
	case 443:
		return "https"
	}
	// These answer plain HTTP on their TLS ports as well, with a status of 400.
	if s.Process.Name == "nginx" || s.Process.Name == "apache2" {
		return "http"
	}
	return ""
}

// wildcard6 begins the listeners on every address of IPv6.
const wildcard6 = "tcp/[::]:"

// dialerFor reaches a wildcard of IPv6 by way of IPv4 where the system has no
// loopback address of IPv6, as in many containers: such a socket takes both.
func dialerFor(h host.Host, listener string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	if !strings.HasPrefix(listener, wildcard6) {
		return h.Connect
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := h.Connect(ctx, network, addr)
		if !errors.Is(err, syscall.EADDRNOTAVAIL) && !errors.Is(err, syscall.EAFNOSUPPORT) {
			return conn, err
		}
		port := strings.TrimPrefix(listener, wildcard6)
		if conn4, err4 := h.Connect(ctx, network, "127.0.0.1:"+port); err4 == nil {
			return conn4, nil
		}
		return nil, err
	}
}

func proberFor(h host.Host, scheme, addr, listener string) Prober {
	facts := TLSPolicy{AnyName: true, AnyIssuer: true}
	dial := dialerFor(h, listener)
	mail := TCP{Addr: addr, Dial: dial, Now: h.Time, Policy: facts}
	switch scheme {
	case "smtp", "submission":
		return SMTP{Addr: addr, Dial: dial, Now: h.Time, StartTLS: Optional, Policy: facts}
	case "smtps":
		return SMTP{Addr: addr, Dial: dial, Now: h.Time, TLS: true, Policy: facts}
	case "http", "https":
		return HTTP{Addr: addr, Dial: dial, Now: h.Time, TLS: scheme == "https", Policy: facts}
	case "ssh":
		return SSH{Addr: addr, Dial: dial, Now: h.Time}
	case "imap", "imaps":
		mail.Expect, mail.Quit = []string{"* OK", "* PREAUTH"}, "a LOGOUT"
	case "pop3", "pop3s":
		mail.Expect, mail.Quit = []string{"+OK"}, "QUIT"
	}
	mail.TLS = strings.HasSuffix(scheme, "s")
	return mail
}

// problemOf gives the error that a Problem carries, with what a caller can test.
func problemOf(t Target, is Issue) error {
	err := errors.New(is.Detail)
	switch is.Cause {
	case LocalUnsupported:
		err = fmt.Errorf("%s: %w", is.Detail, errors.ErrUnsupported)
	case LocalCancelled:
		err = fmt.Errorf("%s: %w", is.Detail, context.DeadlineExceeded)
	}
	return fmt.Errorf("%s could not be probed: %w", t.URL, err)
}
