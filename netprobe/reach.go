package netprobe

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// A Net is how probes reach the network. The zero value is this system's own way.
type Net struct {
	// Dial connects; nil: a net.Dialer. One that is not nil is given names as
	// they stand, unless Resolve is not nil either.
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	Resolve func(ctx context.Context, name string) ([]netip.Addr, error) // nil: the resolver of this system
	Now     func() time.Time                                             // for certificates and stamps; nil: time.Now
	Guard   func(netip.Addr) error                                       // refuses addresses; nil: none. Public is one
	Family  int                                                          // 4 or 6: only addresses of IPv4 or of IPv6; zero: both
	All     bool                                                         // that one of several addresses fails is as bad as that all do
}

// maxAddresses is how many addresses of one name are tried.
const maxAddresses = 16

func (n Net) now() time.Time {
	if n.Now == nil {
		return time.Now()
	}
	return n.Now()
}

func (n Net) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if network == "icmp" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		network, addr = "ip4:icmp", host
		if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
			network = "ip6:ipv6-icmp"
		}
	}
	if n.Dial == nil {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	return n.Dial(ctx, network, addr)
}

// A goal is one address to connect to, and what to connect by where the address
// is left to the dialler.
type goal struct {
	at   netip.AddrPort // invalid: dial knows
	dial string
}

// goals resolves host:port.
func (n Net) goals(ctx context.Context, hostPort string) ([]goal, error) {
	host, text, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, Failf(LocalConfig, "%v", err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 || host == "" {
		return nil, Failf(LocalConfig, "%.200q is no host and port number", hostPort)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		at := netip.AddrPortFrom(ip.Unmap(), uint16(port))
		return []goal{{at, at.String()}}, nil
	}
	if n.Dial != nil && n.Resolve == nil {
		return []goal{{dial: hostPort}}, nil
	}
	addrs, err := n.lookup(ctx, host)
	var out []goal
	for _, ip := range addrs {
		at := netip.AddrPortFrom(ip, uint16(port))
		out = append(out, goal{at, at.String()})
	}
	return out, err
}

func (n Net) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	resolve := n.Resolve
	if resolve == nil {
		resolve = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
	}
	found, err := resolve(ctx, host)
	if err != nil {
		return nil, Failf(resolving(err), "resolve: %v", err)
	}
	var out []netip.Addr
	for _, ip := range found {
		ip = ip.Unmap()
		if ip.IsValid() && (n.Family == 0 || (n.Family == 4) == ip.Is4()) && !slices.Contains(out, ip) && len(out) < maxAddresses {
			out = append(out, ip)
		}
	}
	if len(out) == 0 {
		return nil, Failf(DNSNotFound, "resolve: %.255s has no address that may be used", host)
	}
	return out, nil
}

// connect makes the connection, and says whose fault it is that there is none.
func (n Net) connect(ctx context.Context, network string, g goal) (net.Conn, netip.AddrPort, error) {
	if err := n.allowed(g.at); err != nil {
		return nil, g.at, err
	}
	conn, err := n.dial(ctx, network, g.dial)
	if err != nil {
		if ctx.Err() != nil {
			return nil, g.at, Failf(NetTimeout, "connect: no connection in time")
		}
		cause := connecting(err, func() error { return n.route(ctx, g) })
		return nil, g.at, Failf(cause, "connect: %v", err)
	}
	at := connected(conn, g)
	if err := n.allowed(at); err != nil {
		conn.Close()
		return nil, at, err
	}
	if n.Guard != nil && !at.IsValid() {
		conn.Close()
		return nil, at, Failf(LocalPolicy, "connect: the address that was connected is not known, and so cannot be allowed")
	}
	return conn, at, nil
}

// connected returns where a connection really goes.
func connected(conn net.Conn, g goal) netip.AddrPort {
	text := conn.RemoteAddr().String()
	if ip, err := netip.ParseAddr(text); err == nil { // ICMP has no ports
		return netip.AddrPortFrom(ip.Unmap(), g.at.Port())
	}
	at, _ := netip.ParseAddrPort(text)
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

func (n Net) allowed(at netip.AddrPort) error {
	if n.Guard == nil || !at.IsValid() {
		return nil
	}
	if err := n.Guard(at.Addr()); err != nil {
		return Failf(LocalPolicy, "connect: %v", err)
	}
	return nil
}

// route asks this system for the way to an address: connecting a datagram socket
// sends nothing.
func (n Net) route(ctx context.Context, g goal) error {
	conn, err := n.dial(ctx, "udp", g.dial)
	if err != nil {
		return err
	}
	return conn.Close()
}

// reserved is what no target of a stranger may be, beside what netip knows by name.
var reserved = func() (out []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", // RFC 6890
		"64:ff9b:1::/48", "2001::/32", "fec0::/10", // local translation, Teredo, site-local
	} {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}()

// Public is a Net.Guard for targets that strangers name: it refuses loopback,
// private, link-local (which is where clouds keep their metadata), shared,
// multicast and reserved addresses, also where IPv6 carries them inside.
func Public(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	bad := !ip.IsGlobalUnicast() || ip.IsPrivate() ||
		slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(ip) })
	if bad {
		return fmt.Errorf("the address %s is not public", ip)
	}
	if inner, ok := carried(ip); ok {
		return Public(inner)
	}
	return nil
}

// carried returns the address of IPv4 inside one of NAT64 or 6to4.
func carried(ip netip.Addr) (netip.Addr, bool) {
	if !ip.Is6() {
		return netip.Addr{}, false
	}
	b := ip.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(ip), netip.MustParsePrefix("::/96").Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:])), true
	case netip.MustParsePrefix("2002::/16").Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
