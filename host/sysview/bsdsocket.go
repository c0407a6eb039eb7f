package sysview

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// ParseSockstat reads sockstat(1) -l of FreeBSD and NetBSD. A line is read from
// its right end, since the name of a command may hold blanks:
//
//	USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS         FOREIGN ADDRESS
//	root     sshd       812   3  tcp6   *:22                  *:*
func ParseSockstat(data []byte) ([]Socket, error) {
	var sockets []Socket
	header := false
	for n, line := range lines(data) {
		if strings.HasPrefix(line, "USER ") {
			header = true
			continue
		}
		s, err := parseSockstatLine(strings.Fields(line))
		if err != nil {
			return nil, fmt.Errorf("sockstat line %d: %w", n+1, err)
		}
		if s.Network != "" && s.Local.Port() != 0 {
			sockets = append(sockets, s)
		}
	}
	if !header {
		return nil, errors.New("sockstat: no header")
	}
	return sockets, nil
}

// parseSockstatLine reads one line. Old FreeBSD writes "tcp4 6" for a socket of
// both families, and leaves no blank between a long name and a process number
// of five digits: then the process is not known.
func parseSockstatLine(f []string) (Socket, error) {
	if n := len(f); n > 3 && f[n-3] == "6" {
		f = append(f[:n-3:n-3], f[n-2:]...)
		f[n-4] += "6"
	}
	if len(f) < 6 {
		return Socket{}, errors.New("malformed")
	}
	tail := f[len(f)-3:] // PROTO LOCAL FOREIGN
	s := Socket{Network: networkOf(tail[0])}
	if s.Network == "" {
		return Socket{}, nil // unix, raw, sctp
	}
	if f[0] != "?" {
		s.User = f[0]
	}
	if pid, err := strconv.Atoi(f[len(f)-5]); err == nil && len(f) > 6 {
		s.Process = Process{PID: pid, Name: strings.Join(f[1:len(f)-5], " ")}
	}
	var err error
	s.Local, err = parseBSDAddr(tail[1], strings.Contains(tail[0], "6"))
	return s, err
}

// ParseNetstat reads netstat(1) -an of the BSDs: the sockets of TCP in state
// LISTEN, and those of UDP without a peer. It tells no process.
//
//	Proto   Recv-Q Send-Q  Local Address          Foreign Address        TCP-State
//	tcp          0      0  *.22                   *.*                    LISTEN
//	udp6         0      0  *.514                  *.*
func ParseNetstat(data []byte) ([]Socket, error) {
	var sockets []Socket
	header := false
	for n, line := range lines(data) {
		f := strings.Fields(line)
		header = header || f[0] == "Proto"
		if len(f) < 5 || networkOf(f[0]) == "" {
			continue // other families and their headings
		}
		network := networkOf(f[0])
		if network == "tcp" && f[len(f)-1] != "LISTEN" || network == "udp" && f[4] != "*.*" {
			continue
		}
		local, err := parseBSDAddr(f[3], strings.Contains(f[0], "6"))
		if err != nil {
			return nil, fmt.Errorf("netstat line %d: %w", n+1, err)
		}
		if local.Port() != 0 {
			sockets = append(sockets, Socket{Network: network, Local: local})
		}
	}
	if !header {
		return nil, errors.New("netstat: no header")
	}
	return sockets, nil
}

// ParseFstat reads the sockets without a peer from OpenBSD's fstat(1), with the
// processes that hold them. Whether one of TCP listens, it does not tell.
//
//	USER     CMD          PID   FD MOUNT        INUM  MODE         R/W    SZ|DV
//	root     sshd       75629    3* internet stream tcp 0x0 *:22
//	_unwind  unwind     19822    7* internet6 dgram udp [::1]:53
func ParseFstat(data []byte) ([]Socket, error) {
	var sockets []Socket
	header := false
	for _, line := range lines(data) {
		if strings.HasPrefix(line, "USER ") {
			header = true
		} else if s, ok := parseFstatLine(strings.Fields(line)); ok {
			sockets = append(sockets, s)
		}
	}
	if !header {
		return nil, errors.New("fstat: no header")
	}
	return sockets, nil
}

func parseFstatLine(f []string) (Socket, bool) {
	family := slices.IndexFunc(f, func(word string) bool { return word == "internet" || word == "internet6" })
	if family < 4 || len(f) < family+4 || !strings.HasSuffix(f[family-1], "*") {
		return Socket{}, false // files, and sockets of other families
	}
	rest := f[family+3:] // behind the protocol; the address of a control block may stand first
	if strings.HasPrefix(rest[0], "0x") {
		rest = rest[1:]
	}
	pid, err := strconv.Atoi(f[family-2])
	if err != nil || len(rest) != 1 {
		return Socket{}, false // connected sockets show an arrow and a peer
	}
	local, err := parseBSDAddr(rest[0], f[family] == "internet6")
	s := Socket{Network: networkOf(f[family+2]), Local: local, User: f[0]}
	s.Process = Process{PID: pid, Name: strings.Join(f[1:family-2], " ")}
	return s, err == nil && s.Network != ""
}

// addHolders fills in the processes of sockets from those that hold them: of each
// the one with the lowest number.
func addHolders(sockets, holders []Socket) {
	type place struct {
		network string
		local   netip.AddrPort
	}
	first := map[place]Socket{}
	for _, h := range holders {
		at := place{h.Network, h.Local}
		if known, ok := first[at]; !ok || h.Process.PID < known.Process.PID {
			first[at] = h
		}
	}
	for i := range sockets {
		s := &sockets[i]
		if h, ok := first[place{s.Network, s.Local}]; ok {
			s.Process, s.User = h.Process, h.User
		}
	}
}

func networkOf(proto string) string {
	switch strings.TrimRight(proto, "46") {
	case "tcp":
		return "tcp"
	case "udp":
		return "udp"
	}
	return ""
}

// parseBSDAddr reads host and port that a colon or a dot parts; "*" is any.
func parseBSDAddr(s string, six bool) (netip.AddrPort, error) {
	cut := strings.LastIndexAny(s, ".:")
	if cut < 0 {
		return netip.AddrPort{}, fmt.Errorf("address %.60q: malformed", s)
	}
	name, portText := strings.Trim(s[:cut], "[]"), s[cut+1:]
	port := uint64(0)
	if portText != "*" {
		var err error
		if port, err = strconv.ParseUint(portText, 10, 16); err != nil {
			return netip.AddrPort{}, fmt.Errorf("port of %.60q: malformed", s)
		}
	}
	addr := netip.IPv4Unspecified()
	if six {
		addr = netip.IPv6Unspecified()
	}
	if name != "*" {
		var err error
		if addr, err = netip.ParseAddr(name); err != nil {
			return netip.AddrPort{}, fmt.Errorf("address %.60q: malformed", s)
		}
	}
	return netip.AddrPortFrom(addr, uint16(port)), nil
}
