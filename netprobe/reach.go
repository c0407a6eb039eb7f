package netprobe

import (
	"context"
	"errors"
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
	Ports   []uint16                                                     // that may be connected to; none: all
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
		d := net.Dialer{KeepAlive: -1} // a probe has a deadline: four system calls less
		return d.DialContext(ctx, network, addr)
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
	if err := errors.Join(n.portAllowed(network, g.dial), n.allowed(g.at)); err != nil {
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

// portAllowed holds a port to the list; ICMP has none.
func (n Net) portAllowed(network, addr string) error {
	if len(n.Ports) == 0 || network == "icmp" {
		return nil
	}
	_, text, err := net.SplitHostPort(addr)
	if port, parseErr := strconv.ParseUint(text, 10, 16); err == nil && parseErr == nil && slices.Contains(n.Ports, uint16(port)) {
		return nil
	}
	return Failf(LocalPolicy, "connect: the port %.10s is not among those that may be connected to", text)
}

// Allowed returns an error where Guard or Ports forbid an address, for what connects
// in another way than a Script.
func (n Net) Allowed(at netip.AddrPort) error {
	return errors.Join(n.portAllowed("tcp", at.String()), n.allowed(at))
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
