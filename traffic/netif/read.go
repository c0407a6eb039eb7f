package netif

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

const (
	maxTable      = 4 << 20
	maxInterfaces = 1000 // with facts of their own; hosts of containers have many
)

// Read reads the counters of all interfaces: from /proc and /sys where there is
// a /proc/net/dev, else from netstat(1) and sysctl(8).
func Read(ctx context.Context, h host.Host) (Snapshot, error) {
	data, err := h.ReadFile(ctx, "/proc/net/dev", maxTable)
	if errors.Is(err, fs.ErrNotExist) {
		return readBSD(ctx, h)
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("interfaces: %w", err)
	}
	snap := Snapshot{Time: h.Time()}
	if snap.Interfaces, err = ParseProcNetDev(data); err != nil {
		return Snapshot{}, err
	}
	for i := range snap.Interfaces[:min(len(snap.Interfaces), maxInterfaces)] {
		readSys(ctx, h, &snap.Interfaces[i])
	}
	if id, err := h.ReadFile(ctx, "/proc/sys/kernel/random/boot_id", 0); err == nil {
		snap.Boot = strings.TrimSpace(string(id))
	}
	if up, err := h.ReadFile(ctx, "/proc/uptime", 0); err == nil {
		word, _, _ := strings.Cut(string(up), " ")
		if seconds, err := strconv.ParseFloat(word, 64); err == nil && seconds >= 0 && seconds < 1e10 {
			snap.Booted = snap.Time.Add(-time.Duration(seconds * float64(time.Second)))
		}
	}
	return snap, nil
}

// readSys adds what sysfs tells of an interface. What cannot be read there
// stays unknown: a container often has no such folder. Of ephemeral interfaces,
// of which there may be hundreds, nothing is asked.
func readSys(ctx context.Context, h host.Host, s *Sample) {
	if s.ephemeral() || strings.ContainsAny(s.Name, "/\x00") || s.Name == "." || s.Name == ".." {
		return
	}
	dir := "/sys/class/net/" + s.Name + "/"
	read := func(name string) string {
		data, err := h.ReadFile(ctx, dir+name, 4096)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(data))
	}
	s.Index, _ = strconv.Atoi(read("ifindex")) // zero is: not known
	if mac := read("address"); len(mac) == 17 && mac != "00:00:00:00:00:00" {
		s.MAC = mac
	}
	if megabits, err := strconv.ParseUint(read("speed"), 10, 32); err == nil {
		s.Speed = megabits * 1_000_000
	}
	if state := read("operstate"); state == "up" || state == "down" {
		s.Up, s.Known = state == "up", true
	}
	_, err := h.Lstat(ctx, dir+"device")
	s.Kind = kindOf(read("type"), read("uevent"), read("tun_flags") != "", err == nil)
}

// kindOf judges by the hardware type of <linux/if_arp.h> and by DEVTYPE.
func kindOf(hardware, uevent string, tun, device bool) Kind {
	switch {
	case hardware == "772":
		return Loopback
	case strings.Contains(uevent, "DEVTYPE=bridge"):
		return Bridge
	case strings.Contains(uevent, "DEVTYPE=bond"):
		return Bond
	case strings.Contains(uevent, "DEVTYPE=vlan"):
		return VLAN
	case tun, strings.Contains(uevent, "DEVTYPE=wireguard"), hardware == "512", hardware == "65534", hardware == "768", hardware == "776", hardware == "778":
		return Tunnel
	case device:
		return Physical
	case hardware == "":
		return ""
	}
	return Virtual
}

func readBSD(ctx context.Context, h host.Host) (Snapshot, error) {
	out, err := h.Query(ctx, "netstat", "-ibdn")
	if err != nil {
		return Snapshot{}, fmt.Errorf("interfaces: %w", err)
	}
	snap := Snapshot{Time: h.Time()}
	if snap.Interfaces, err = ParseNetstat(out); err != nil {
		return Snapshot{}, err
	}
	if out, err := h.Query(ctx, "sysctl", "-n", "kern.boottime"); err == nil {
		if seconds, ok := ParseBootTime(out); ok {
			snap.Booted = time.Unix(seconds, 0).UTC()
			snap.Boot = "at " + strconv.FormatInt(seconds, 10)
		}
	}
	return snap, nil
}
