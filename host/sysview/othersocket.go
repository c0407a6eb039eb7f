package sysview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

// The families of sockets that OtherSockets reads, each a Table's Network.
const (
	UDPLite = "udplite"
	Raw     = "raw"    // sees each packet of one protocol of IP
	Packet  = "packet" // sees each packet of an interface
	SCTP    = "sctp"
	Unix    = "unix"  // those that listen under an abstract name, which no file shows
	VSock   = "vsock" // between a virtual machine and what it runs on
)

// otherTables are Linux's tables of the families, below /proc/net: of each two the
// second is that of IPv6.
var otherTables = []struct {
	network string
	files   []string
	parse   func(data []byte) ([]Socket, error)
}{
	{UDPLite, []string{"udplite", "udplite6"}, parseProtocols},
	{Raw, []string{"raw", "raw6"}, parseProtocols},
	{Packet, []string{"packet"}, ParsePacketSockets},
	{SCTP, []string{"sctp/eps"}, ParseSCTPEndpoints},
	{Unix, []string{"unix"}, ParseUnixSockets},
}

// OtherSockets returns a table for each family beside TCP and UDP, from Linux's
// /proc and, for vsock, which has none there, from ss(8). A family that the kernel does not have is empty. Elsewhere the error of each is
// errors.ErrUnsupported.
func OtherSockets(ctx context.Context, h host.Host) []Table {
	tables, err := host.Once(ctx, h, "sysview.other-sockets", func(ctx context.Context) ([]Table, error) {
		return readOthers(ctx, h), nil
	})
	if err != nil {
		return []Table{{Network: Raw, Err: err}}
	}
	return tables
}

func readOthers(ctx context.Context, h host.Host) []Table {
	kernel, err := facts.Uname(ctx, h)
	if err == nil && kernel.System != "Linux" {
		err = errors.ErrUnsupported
	}
	var tables []Table
	if err == nil {
		tables, err = readFamilies(ctx, h)
	}
	if err != nil {
		tables = nil
		for _, from := range otherTables {
			tables = append(tables, Table{Network: from.network, Err: err})
		}
	}
	v := Table{Network: VSock, Err: err}
	if err == nil {
		v.Sockets, v.Err = vsockets(ctx, h)
	}
	tables = append(tables, v)
	if err == nil {
		err = attribute(ctx, h, tables)
	}
	for i := range tables {
		if tables[i].Err == nil {
			tables[i].Err = err
		}
		if tables[i].Err != nil {
			tables[i].Err = fmt.Errorf("%s sockets: %w", tables[i].Network, tables[i].Err)
		}
	}
	return tables
}

// readFamilies reads the tables in /proc in one batch.
func readFamilies(ctx context.Context, h host.Host) ([]Table, error) {
	var tables []Table
	var asks []host.Ask
	var of []int // the table of each ask
	for i, from := range otherTables {
		tables = append(tables, Table{Network: from.network})
		for _, file := range from.files {
			asks, of = append(asks, host.Ask{Op: host.OpRead, Name: "/proc/net/" + file, Limit: maxTable}), append(of, i)
		}
	}
	err := h.Batch(ctx, asks, func(i int, a host.Answer) error {
		t := &tables[of[i]]
		if t.Err != nil || errors.Is(a.Err, fs.ErrNotExist) {
			return nil
		}
		var found []Socket
		if t.Err = a.Err; t.Err == nil {
			found, t.Err = otherTables[of[i]].parse(a.Data)
		}
		t.Sockets = append(t.Sockets, found...)
		return nil
	})
	return tables, err
}

// parseProtocols reads the tables that have the form of UDP's. Where there is no
// port its place has the number of the protocol. The order of bytes does not
// matter: addresses are not kept.
func parseProtocols(data []byte) ([]Socket, error) {
	found, err := ParseProcNet("udp", data, orderOf(""))
	for i := range found {
		found[i].Name = strconv.Itoa(int(found[i].Local.Port()))
	}
	return found, err
}

// rows calls fn with the words of each line behind the head, which has at least n.
func rows(data []byte, n int, fn func(f []string) (Socket, bool, error)) (out []Socket, err error) {
	for i, line := range lines(data) {
		f := strings.Fields(line)
		if i == 0 {
			continue
		}
		if len(f) < n {
			return nil, fmt.Errorf("line %d: malformed", i+1)
		}
		s, ok, err := fn(f)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if ok {
			out = append(out, s)
		}
	}
	return out, nil
}

// owned makes a socket of the numbers of its user and its inode.
func owned(name, uid, inode string) (Socket, bool, error) {
	user, err := strconv.ParseUint(uid, 10, 32)
	ino, inoErr := strconv.ParseUint(inode, 10, 64)
	return Socket{Name: name, UID: uint32(user), HasUID: true, Inode: ino}, true, errors.Join(err, inoErr)
}

// ParsePacketSockets reads Linux's /proc/net/packet: a socket's name is the
// protocol that it sees, in hexadecimal, 0003 for all.
func ParsePacketSockets(data []byte) ([]Socket, error) {
	return rows(data, 9, func(f []string) (Socket, bool, error) { return owned(f[3], f[7], f[8]) })
}

// ParseSCTPEndpoints reads Linux's /proc/net/sctp/eps: a socket's name is its port.
func ParseSCTPEndpoints(data []byte) ([]Socket, error) {
	return rows(data, 8, func(f []string) (Socket, bool, error) { return owned(f[5], f[6], f[7]) })
}

// acceptsConnections is the flag of a socket that listens, see unix_seq_show of
// Linux.
const acceptsConnections = 1 << 16

// ParseUnixSockets reads Linux's /proc/net/unix, and keeps those that listen under
// an abstract name. The user is not told there.
func ParseUnixSockets(data []byte) ([]Socket, error) {
	return rows(data, 7, func(f []string) (Socket, bool, error) {
		flags, err := strconv.ParseUint(f[3], 16, 64)
		if err != nil || flags&acceptsConnections == 0 || len(f) < 8 || f[7][0] != '@' {
			return Socket{}, false, err
		}
		inode, err := strconv.ParseUint(f[6], 10, 64)
		return Socket{Name: f[7], Inode: inode}, true, err
	})
}

// vsockets asks ss(8), which asks the kernel by netlink, where the kernel has the
// family at all.
func vsockets(ctx context.Context, h host.Host) ([]Socket, error) {
	protocols, err := h.ReadFile(ctx, "/proc/net/protocols", maxTable)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Contains(protocols, []byte("VSOCK")) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out, err := h.Run(ctx, host.Command{Args: []string{"ss", "-H", "-l", "-n", "-e", "--vsock"}})
	if err == nil {
		err = out.Err()
	}
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("a system without ss: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, err
	}
	found, err := ParseVSock(out.Stdout)
	if len(found) == 0 && err == nil {
		// Of a kernel that cannot be asked ss shows none, and says nothing.
		if _, err := h.Lstat(ctx, "/sys/module/vsock_diag"); err != nil {
			return nil, fmt.Errorf("a kernel without vsock_diag: %w", errors.ErrUnsupported)
		}
	}
	return found, err
}

// ParseVSock reads what ss -H -l -n -e --vsock prints: a socket's name is its port.
func ParseVSock(data []byte) (out []Socket, err error) {
	for line := range bytes.Lines(data) {
		f := strings.Fields(string(line))
		if len(f) < 5 || !strings.HasPrefix(f[0], "v_") {
			continue
		}
		s := Socket{Name: f[4][strings.LastIndexByte(f[4], ':')+1:]}
		for _, word := range f[5:] {
			if ino, ok := strings.CutPrefix(word, "ino:"); ok {
				if s.Inode, err = strconv.ParseUint(ino, 10, 64); err != nil {
					return nil, fmt.Errorf("vsock: %w", err)
				}
			}
		}
		out = append(out, s)
	}
	return out, nil
}
