package live

import "net/netip"

// A Socket is one that waits for others, as the kernel tells it.
type Socket struct {
	Network string // "tcp" or "udp"
	Local   netip.AddrPort
	Inode   uint64
	UID     uint32 // of who opened it
}
