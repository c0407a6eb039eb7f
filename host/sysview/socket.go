package sysview

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

// maxTable bounds the tables that the kernel prints, in bytes.
const maxTable = 16 << 20

// A Socket waits for others: a TCP socket that listens, or a UDP socket that
// is not connected.
type Socket struct {
	Network string // "tcp" or "udp"
	Local   netip.AddrPort
	Name    string // of the other families: port, protocol or abstract name; see OtherSockets
	UID     uint32 // of who opened it; see HasUID
	HasUID  bool
	User    string // login name, where the system told that instead
	Inode   uint64 // Linux's name of the socket; zero elsewhere and for the kernel's own
	Process Process
}

// A Table is what was read of one network: its sockets that wait for others, by
// address and once for each program, which then is its oldest process, or the
// reason why they are not known. A socket whose process this user may not see
// has a zero Process.
type Table struct {
	Network string // "tcp" or "udp"
	Sockets []Socket
	Err     error
	Hidden  bool // some processes may not be looked into: an older one may hold a socket, too
}

// Sockets returns the tables of TCP and of UDP, in this order, once for a host
// that remembers: for all checks of a run they are those of one moment.
func Sockets(ctx context.Context, h host.Host) []Table {
	filled, err := host.Once(ctx, h, "sysview.sockets", func(ctx context.Context) ([]Table, error) {
		return readTables(ctx, h)
	})
	return finished(filled, err)
}

// finished gives the tables to a caller, who may change them. After an error of
// the host none of them is known.
func finished(tables []Table, err error) []Table {
	if err != nil {
		tables = []Table{{Network: "tcp", Err: err}, {Network: "udp", Err: err}}
	}
	out := make([]Table, len(tables))
	for i, t := range tables {
		if t.Err != nil {
			t.Err = fmt.Errorf("%s sockets: %w", t.Network, t.Err)
		}
		t.Sockets = inOrder(slices.Clone(t.Sockets))
		out[i] = t
	}
	return out
}

func inOrder(sockets []Socket) []Socket {
	slices.SortStableFunc(sockets, func(a, b Socket) int {
		return cmp.Or(a.Local.Compare(b.Local), cmp.Compare(a.Process.Name, b.Process.Name), cmp.Compare(a.Process.Uptime, b.Process.Uptime))
	})
	return slices.CompactFunc(sockets, func(a, b Socket) bool {
		return a.Local == b.Local && a.Process.Name == b.Process.Name
	})
}

// readTables reads the tables of the whole machine. The error is that of the
// host, or of a system whose tables nobody can read.
func readTables(ctx context.Context, h host.Host) ([]Table, error) {
	kernel, err := facts.Uname(ctx, h)
	if err != nil {
		return nil, err
	}
	if kernel.System == "Linux" {
		return linuxTables(ctx, h, kernel, "/proc/net/")
	}
	tables := []Table{{Network: "tcp"}, {Network: "udp"}}
	switch kernel.System {
	case "FreeBSD", "DragonFly":
		err = query(ctx, h, tables, ParseSockstat, "sockstat", "-46l")
	case "NetBSD":
		err = query(ctx, h, tables, ParseSockstat, "sockstat", "-46ln")
	case "OpenBSD":
		err = openbsdSockets(ctx, h, tables)
	default:
		err = query(ctx, h, tables, ParseNetstat, "netstat", "-an")
	}
	return tables, err
}

// linuxTables reads the two tables of each folder and the processes behind the
// sockets.
func linuxTables(ctx context.Context, h host.Host, kernel facts.Kernel, dirs ...string) ([]Table, error) {
	tables, err := procTables(ctx, h, dirs, orderOf(kernel.Machine))
	if err != nil {
		return nil, err
	}
	return tables, attribute(ctx, h, tables)
}

func query(ctx context.Context, h host.Host, tables []Table, parse func([]byte) ([]Socket, error), args ...string) error {
	out, err := h.Query(ctx, args...)
	if err != nil {
		return err
	}
	all, err := parse(out)
	for i := range tables {
		for _, s := range all {
			if s.Network == tables[i].Network {
				tables[i].Sockets = append(tables[i].Sockets, s)
			}
		}
	}
	return err
}

// openbsdSockets asks netstat what waits, and fstat who holds it.
func openbsdSockets(ctx context.Context, h host.Host, tables []Table) error {
	if err := query(ctx, h, tables, ParseNetstat, "netstat", "-an"); err != nil {
		return err
	}
	out, err := h.Query(ctx, "fstat")
	if err != nil {
		return err
	}
	holders, err := ParseFstat(out)
	for _, t := range tables {
		addHolders(t.Sockets, holders)
	}
	return err
}

// procTables reads Linux's tables in the folders in one batch. A kernel without
// IPv6 has only the first of each two.
func procTables(ctx context.Context, h host.Host, dirs []string, order binary.ByteOrder) ([]Table, error) {
	var tables []Table
	var asks []host.Ask
	for _, dir := range dirs {
		tables = append(tables, Table{Network: "tcp"}, Table{Network: "udp"})
		for _, name := range []string{"tcp", "tcp6", "udp", "udp6"} {
			asks = append(asks, host.Ask{Op: host.OpRead, Name: dir + name, Limit: maxTable})
		}
	}
	err := h.Batch(ctx, asks, func(i int, a host.Answer) error {
		t := &tables[i/2]
		if t.Err != nil || errors.Is(a.Err, fs.ErrNotExist) && i%2 == 1 {
			return nil
		}
		t.Err = a.Err
		if a.Err == nil {
			var found []Socket
			found, t.Err = ParseProcNet(t.Network, a.Data, order)
			t.Sockets = append(t.Sockets, found...)
		}
		if t.Err != nil {
			t.Sockets, t.Err = nil, fmt.Errorf("%s: %w", asks[i].Name, t.Err)
		}
		return nil
	})
	return tables, err
}

// orderOf gives the byte order of a machine that Linux names so.
func orderOf(machine string) binary.ByteOrder {
	switch machine {
	case "s390", "s390x", "ppc", "ppc64", "mips", "mips64", "sparc", "sparc64", "parisc", "parisc64", "m68k":
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// ParseProcNet reads Linux's /proc/net/tcp, tcp6, udp or udp6, and keeps the
// sockets that wait for others. Addresses stand there as hexadecimal words in
// the byte order of the machine.
func ParseProcNet(network string, data []byte, order binary.ByteOrder) ([]Socket, error) {
	waiting := "0A" // TCP_LISTEN of include/net/tcp_states.h
	if network == "udp" {
		waiting = "07" // TCP_CLOSE: not connected
	}
	header := true
	var sockets []Socket
	for n, line := range lines(data) {
		if header {
			header = false
			continue
		}
		f := strings.Fields(line)
		if len(f) < 10 {
			return nil, fmt.Errorf("line %d: malformed", n+1)
		}
		if f[3] != waiting {
			continue
		}
		s, err := parseProcNetLine(f, order)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		s.Network = network
		sockets = append(sockets, s)
	}
	if header {
		return nil, errors.New("empty table")
	}
	return sockets, nil
}

func parseProcNetLine(f []string, order binary.ByteOrder) (Socket, error) {
	local, err := parseHexAddr(f[1], order)
	if err != nil {
		return Socket{}, err
	}
	uid, err := strconv.ParseUint(f[7], 10, 32)
	if err != nil {
		return Socket{}, err
	}
	inode, err := strconv.ParseUint(f[9], 10, 64)
	return Socket{Local: local, UID: uint32(uid), HasUID: true, Inode: inode}, err
}

func parseHexAddr(s string, order binary.ByteOrder) (netip.AddrPort, error) {
	words, portText, ok := strings.Cut(s, ":")
	raw, err := hex.DecodeString(words)
	if !ok || err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("address %.60q: malformed", s)
	}
	port, err := strconv.ParseUint(portText, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %.60q: malformed", s)
	}
	for i := 0; i < len(raw); i += 4 {
		order.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr, uint16(port)), nil
}

// Ephemeral returns the first and last port that the system gives to sockets
// which did not ask for one.
func Ephemeral(ctx context.Context, h host.Host) (first, last uint16, err error) {
	data, err := h.ReadFile(ctx, "/proc/sys/net/ipv4/ip_local_port_range", 0)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = sysctlPorts(ctx, h)
	}
	if err == nil {
		_, err = fmt.Sscan(string(data), &first, &last)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("ephemeral ports: %w", err)
	}
	return first, last, nil
}

func sysctlPorts(ctx context.Context, h host.Host) ([]byte, error) {
	kernel, err := facts.Uname(ctx, h)
	if err != nil {
		return nil, err
	}
	switch kernel.System {
	case "NetBSD":
		return h.Query(ctx, "sysctl", "-n", "net.inet.ip.anonportmin", "net.inet.ip.anonportmax")
	case "OpenBSD":
		return h.Query(ctx, "sysctl", "-n", "net.inet.ip.portfirst", "net.inet.ip.portlast")
	case "Linux":
		return nil, errors.ErrUnsupported // without /proc nothing tells it
	}
	return h.Query(ctx, "sysctl", "-n", "net.inet.ip.portrange.first", "net.inet.ip.portrange.last")
}
