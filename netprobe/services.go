package netprobe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

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
	before, err := loadMemory(rec.Kept(memoryName))
	if err != nil {
		rec.Problem(fmt.Errorf("which services answered last time is not known: %w", err), scopeGone)
	}
	targets = append(targets, s.hidden(before, targets, sockets)...)
	if len(targets) == 0 && len(before) == 0 && err == nil && allKnown(sockets) {
		return report.Skip("no mail, web or ssh service listens here")
	}
	s.gone(rec, before, targets)
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
	for i, t := range targets {
		recordResult(rec, t, results[i])
	}
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
				out = append(out, Target{m.URL, proberFor(s.Host, scheme, addr), m.Listener, m.Process})
				break
			}
		}
	}
	return out
}

// gone reports what answered before and does not listen any more.
func (s Services) gone(rec *report.Recorder, before []memory, now []Target) {
	for _, m := range before {
		if slices.ContainsFunc(now, func(t Target) bool { return t.URL == m.URL }) {
			continue
		}
		rec.Finding(report.Finding{
			Rule: ruleGone, Subject: report.Attr{Key: report.Target, Value: m.URL}, Scope: scopeGone,
			Title:    fmt.Sprintf("%s no longer listens%s", m.URL, behind(m.Process)),
			Detail:   "It listened and answered when it was last looked at, and nothing listens there now.",
			Evidence: where(m.Listener, m.Process),
			First:    s.Host.Time(),
		})
	}
}

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
			Prober: proberFor(h, scheme, addr),
		}
		if !slices.ContainsFunc(targets, func(o Target) bool { return o.URL == t.URL }) {
			targets = append(targets, t)
		}
	}
	return targets
}

// reach gives the address at which to probe what listens on local.
func reach(local netip.AddrPort) netip.AddrPort {
	switch addr := local.Addr(); {
	case addr == netip.IPv4Unspecified():
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), local.Port())
	case addr.IsUnspecified():
		return netip.AddrPortFrom(netip.IPv6Loopback(), local.Port())
	}
	return local
}

// schemeOf guesses the protocol: by the program where it speaks one protocol
// only, else by the port. "" is not probed.
func schemeOf(s sysview.Socket) string {
	if s.Process.Name == "sshd" {
		return "ssh"
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

func proberFor(h host.Host, scheme, addr string) Prober {
	facts := TLSPolicy{AnyName: true, AnyIssuer: true}
	mail := TCP{Addr: addr, Dial: h.Connect, Now: h.Time, Policy: facts}
	switch scheme {
	case "smtp", "submission":
		return SMTP{Addr: addr, Dial: h.Connect, Now: h.Time, StartTLS: Optional, Policy: facts}
	case "smtps":
		return SMTP{Addr: addr, Dial: h.Connect, Now: h.Time, TLS: true, Policy: facts}
	case "http", "https":
		return HTTP{Addr: addr, Dial: h.Connect, Now: h.Time, TLS: scheme == "https", Policy: facts}
	case "ssh":
		return SSH{Addr: addr, Dial: h.Connect, Now: h.Time}
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
