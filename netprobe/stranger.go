package netprobe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// namesFile reports whether an option names a file of this machine, whose content the
// probe would use, or send.
func namesFile(option string) bool { return option == "ca" || strings.HasSuffix(option, "-file") }

// strange makes a URL safe that a stranger wrote: it may name what is public and
// serves a known protocol, and none of the files of this machine.
func (p Parser) strange(u *URL) error {
	if !p.Strangers {
		return nil
	}
	for name, values := range u.Options {
		if namesFile(name) {
			return errors.New(name + " names a file of this machine, and has no place in the target of a stranger")
		}
		if strings.IndexFunc(strings.Join(values, ""), unicode.IsControl) >= 0 {
			return fmt.Errorf("%.40s has control characters, such as the end of a line, behind which a second command may stand", name)
		}
	}
	if u.Net.Guard == nil {
		u.Net.Guard = p.reachable
	}
	if len(u.Net.Ports) == 0 {
		u.Net.Ports = p.ports()
	}
	network := "tcp"
	if u.Scheme == "icmp" {
		network = u.Scheme
	}
	if f := u.Net.portAllowed(network, u.Addr); f != nil {
		return errors.New(strings.TrimPrefix(f.Error(), "connect: "))
	}
	return nil
}

// reachable refuses what no stranger may reach: a public address of this machine too,
// by which its own services are reached from the inside.
func (p Parser) reachable(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	if slices.ContainsFunc(p.Allow, func(n netip.Prefix) bool { return n.Contains(ip) }) {
		return nil
	}
	if err := Public(ip); err != nil {
		return err
	}
	ours, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("whether the address %s is one of this machine is not known: %w", ip, err)
	}
	if isOne(ip, ours) {
		return fmt.Errorf("the address %s is one of this machine", ip)
	}
	return nil
}

func isOne(ip netip.Addr, addrs []net.Addr) bool {
	return slices.ContainsFunc(addrs, func(a net.Addr) bool {
		own, err := netip.ParsePrefix(a.String())
		return err == nil && own.Addr().Unmap() == ip
	})
}

// ports are the usual ones of the protocols that the parser knows, and those that
// web and mail servers have beside them.
func (p Parser) ports() []uint16 {
	out := []uint16{25, 80, 443, 465, 587, 8080, 8443}
	for _, s := range p.All() {
		if port, err := strconv.ParseUint(s.Port, 10, 16); err == nil && s.Name != "icmp" && !slices.Contains(out, uint16(port)) {
			out = append(out, uint16(port))
		}
	}
	return out
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
