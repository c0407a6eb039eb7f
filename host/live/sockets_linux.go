package live

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The forms of linux/sock_diag.h and linux/inet_diag.h.
const (
	sockDiagByFamily = 20
	headerLength     = 16
	requestLength    = 56
	answerLength     = 72
	stateClosed      = 7 // of a UDP socket without a peer
	stateListens     = 10
)

// Listening gives the sockets of TCP that listen and those of UDP without a peer, as
// the kernel tells them by sock_diag(7), which is another way than /proc/net. The
// error wraps errors.ErrUnsupported where that way does not exist or is closed.
func Listening(ctx context.Context) ([]Socket, error) {
	var out []Socket
	for _, q := range []struct {
		network         string
		protocol, state uint8
	}{{"tcp", unix.IPPROTO_TCP, stateListens}, {"udp", unix.IPPROTO_UDP, stateClosed}} {
		for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			list, err := dump(q.network, family, q.protocol, q.state)
			if err != nil {
				return nil, fmt.Errorf("sockets of this machine, by sock_diag: %w", err)
			}
			out = append(out, list...)
		}
	}
	return out, nil
}

// dump asks for the sockets of one family and protocol.
func dump(network string, family, protocol, state uint8) (out []Socket, err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, unsupported(err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written that could be lost
	// A kernel that does not answer is no reason to wait for ever.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}); err != nil {
		return nil, err
	}
	ask := make([]byte, headerLength+requestLength)
	binary.NativeEndian.PutUint32(ask, uint32(len(ask)))
	binary.NativeEndian.PutUint16(ask[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(ask[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	ask[headerLength], ask[headerLength+1] = family, protocol
	binary.NativeEndian.PutUint32(ask[headerLength+4:], 1<<state)
	if err := unix.Sendto(fd, ask, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, unsupported(err)
	}
	buf := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return nil, err
		}
		list, done, err := messages(buf[:n], network)
		out = append(out, list...)
		if done || err != nil {
			return out, err
		}
	}
}

// unsupported says that an error is one of a kernel or a filter that has no such way.
func unsupported(err error) error {
	for _, known := range []error{unix.ENOENT, unix.EPROTONOSUPPORT, unix.EAFNOSUPPORT, unix.EPERM, unix.EACCES, unix.EINVAL} {
		if errors.Is(err, known) {
			return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
		}
	}
	return err
}

var errMessage = errors.New("malformed message of the kernel")

// messages reads what came at once; done says that it was the last.
func messages(b []byte, network string) (out []Socket, done bool, err error) {
	for len(b) >= headerLength {
		length := int(binary.NativeEndian.Uint32(b))
		if length < headerLength || length > len(b) {
			return out, true, errMessage
		}
		body := b[headerLength:length]
		switch binary.NativeEndian.Uint16(b[4:]) {
		case unix.NLMSG_DONE:
			return out, true, nil
		case unix.NLMSG_ERROR:
			if len(body) < 4 {
				return out, true, errMessage
			}
			return out, true, unsupported(unix.Errno(-int32(binary.NativeEndian.Uint32(body))))
		case sockDiagByFamily:
			if len(body) < answerLength {
				return out, true, errMessage
			}
			out = append(out, socketOf(body, network))
		}
		b = b[min(len(b), (length+3)&^3):]
	}
	return out, false, nil
}

func socketOf(body []byte, network string) Socket {
	addr := netip.AddrFrom4([4]byte(body[8:]))
	if body[0] == unix.AF_INET6 {
		addr = netip.AddrFrom16([16]byte(body[8:]))
	}
	return Socket{
		Network: network, Local: netip.AddrPortFrom(addr, binary.BigEndian.Uint16(body[4:])),
		Inode: uint64(binary.NativeEndian.Uint32(body[68:])), UID: binary.NativeEndian.Uint32(body[64:]),
	}
}
