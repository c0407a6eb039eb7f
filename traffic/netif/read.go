package netif

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
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
	if err := readSys(ctx, h, snap.Interfaces[:min(len(snap.Interfaces), maxInterfaces)]); err != nil {
		return Snapshot{}, fmt.Errorf("interfaces: %w", err)
	}
	snap.Boot, _ = facts.BootID(ctx, h) // without it every fall of a counter is ambiguous
	if up, err := h.ReadFile(ctx, "/proc/uptime", 0); err == nil {
		word, _, _ := strings.Cut(string(up), " ")
		if seconds, err := strconv.ParseFloat(word, 64); err == nil && seconds >= 0 && seconds < 1e10 {
			snap.Booted = snap.Time.Add(-time.Duration(seconds * float64(time.Second)))
		}
	}
	return snap, nil
}

// sysNames are what is read of an interface below /sys/class/net; two links are
// looked at beside them.
var sysNames = [...]string{"ifindex", "iflink", "address", "speed", "operstate", "type", "uevent", "tun_flags"}

const sysAsks = len(sysNames) + 2

// readSys adds what sysfs tells of interfaces, asked for at once. What cannot be
// read there stays unknown: a container often has no such folder. Of ephemeral
// interfaces, of which there may be hundreds, nothing is asked.
func readSys(ctx context.Context, h host.Host, samples []Sample) error {
	var asks []host.Ask
	var of []*Sample
	for i := range samples {
		s := &samples[i]
		if s.ephemeral() || strings.ContainsAny(s.Name, "/\x00") || s.Name == "." || s.Name == ".." {
			continue
		}
		dir := "/sys/class/net/" + s.Name + "/"
		for _, name := range sysNames {
			asks = append(asks, host.Ask{Op: host.OpRead, Name: dir + name, Limit: 4096})
		}
		asks = append(asks, host.Ask{Op: host.OpLstat, Name: dir + "device"}, host.Ask{Op: host.OpLstat, Name: dir + "master"})
		of = append(of, s)
	}
	answers, err := h.BatchAll(ctx, asks)
	if err != nil {
		return err
	}
	for i, s := range of {
		s.fromSys(answers[i*sysAsks : (i+1)*sysAsks])
	}
	return nil
}

func (s *Sample) fromSys(answers []host.Answer) {
	word := map[string]string{}
	for i, name := range sysNames {
		if answers[i].Err == nil {
			word[name] = strings.TrimSpace(string(answers[i].Data))
		}
	}
	s.Index, _ = strconv.Atoi(word["ifindex"]) // zero is: not known
	if link, err := strconv.Atoi(word["iflink"]); err == nil && link != s.Index {
		s.Link = link
	}
	if mac := word["address"]; len(mac) == 17 && mac != "00:00:00:00:00:00" {
		s.MAC = mac
	}
	if megabits, err := strconv.ParseUint(word["speed"], 10, 32); err == nil {
		s.Speed = megabits * 1_000_000
	}
	if state := word["operstate"]; state == "up" || state == "down" {
		s.Up, s.Known = state == "up", true
	}
	device, master := answers[len(sysNames)], answers[len(sysNames)+1]
	s.Kind = kindOf(word["type"], word["uevent"], word["tun_flags"] != "", device.Err == nil)
	if master.Err == nil && master.Stat.Link != "" {
		s.Master = path.Base(master.Stat.Link)
	}
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
	flags := "-ibdn"
	if kernel, err := facts.Uname(ctx, h); err == nil {
		flags += map[string]string{"FreeBSD": "W", "NetBSD": "v"}[kernel.System] // else they cut names
	}
	out, err := h.Query(ctx, "netstat", flags)
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
