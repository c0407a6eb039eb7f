package local

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// A Target is one service to probe, and what is known of it beforehand.
type Target struct {
	URL      string // scheme://host:port, by which reports name it
	Prober   netprobe.Prober
	Listener string // such as "tcp/0.0.0.0:25"; "": not known
	Process  string // name of the program behind it; "": not known
	Unit     string // of systemd, in which that runs; "": none, or not known

	owner string // who shares the budget of maxOfUser; "": root, or a port that only root may open
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
			URL: scheme + "://" + addr, Listener: "tcp/" + s.Local.String(), Process: s.Process.Name, Unit: s.Process.Unit,
			owner: ownerOf(s),
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

func proberFor(h host.Host, scheme, addr, listener string) netprobe.Prober {
	facts := netprobe.TLSPolicy{AnyName: true, AnyIssuer: true}
	via := netprobe.Net{Dial: dialerFor(h, listener), Now: h.Time}
	switch scheme {
	case "smtp", "submission":
		return protocol.SMTP{Addr: addr, Net: via, StartTLS: protocol.Optional, Policy: facts}
	case "smtps":
		return protocol.SMTP{Addr: addr, Net: via, TLS: true, Policy: facts}
	case "http", "https":
		plain := protocol.HTTP{Addr: addr, Net: via, Policy: facts, Version1: true}
		secure := plain
		secure.TLS = true
		return webServer{plain: plain, secure: secure, tls: scheme == "https"}
	case "imap", "imaps":
		return protocol.IMAP{Addr: addr, Net: via, TLS: scheme == "imaps", StartTLS: protocol.Optional, Policy: facts}
	case "pop3", "pop3s":
		return protocol.POP3{Addr: addr, Net: via, TLS: scheme == "pop3s", StartTLS: protocol.Optional, Policy: facts}
	}
	return protocol.SSH{Addr: addr, Net: via}
}
