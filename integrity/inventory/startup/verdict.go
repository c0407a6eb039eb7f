package startup

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// A verdict is what shows that a service has nothing to do here.
type verdict struct {
	why string // the criterion, as the end of a sentence
	// unneeded reports whether it is met; nil: always. What cannot be read is no
	// reason to say so.
	unneeded func(ctx context.Context, h host.Host) bool
}

const clearText = "it sends passwords in clear text, and ssh does the same without"

// verdicts are by the name of a service, without its ending and instance.
var verdicts = map[string]verdict{
	"telnet": {why: clearText}, "telnetd": {why: clearText}, "rsh": {why: clearText}, "rlogin": {why: clearText}, "rexec": {why: clearText},
	"bluetooth":         {"there is no Bluetooth adapter", empty("/sys/class/bluetooth")},
	"ModemManager":      {"there is no modem, and no serial port on USB", all(none("/dev", "ttyUSB*"), none("/dev", "ttyACM*"), none("/dev", "cdc-wdm*"))},
	"wpa_supplicant":    {"there is no wireless network card", noWireless},
	"iwd":               {"there is no wireless network card", noWireless},
	"cups":              {"no printer is set up in /etc/cups/printers.conf", lacks("/etc/cups/printers.conf", "<Printer")},
	"cups-browsed":      {"no printer is set up in /etc/cups/printers.conf", lacks("/etc/cups/printers.conf", "<Printer")},
	"nfs-server":        {"/etc/exports shares nothing", all(lacks("/etc/exports", "/"), none("/etc/exports.d", "*.exports"))},
	"nfs-kernel-server": {"/etc/exports shares nothing", all(lacks("/etc/exports", "/"), none("/etc/exports.d", "*.exports"))},
	"rpcbind":           {"/etc/exports shares nothing, and /etc/fstab mounts nothing by NFS", all(lacks("/etc/exports", "/"), lacks("/etc/fstab", "nfs"))},
	"iscsid":            {"no iSCSI target is set up in /etc/iscsi/nodes", empty("/etc/iscsi/nodes")},
	"open-iscsi":        {"no iSCSI target is set up in /etc/iscsi/nodes", empty("/etc/iscsi/nodes")},
	"multipathd":        {"/etc/multipath.conf sets no path up", lacks("/etc/multipath.conf", "{")},
	"mdmonitor":         {"there is no software RAID in /proc/mdstat", lacks("/proc/mdstat", "active")},
	"snapd":             {"no snap is installed in /var/lib/snapd/snaps", none("/var/lib/snapd/snaps", "*.snap")},
	"smartd":            {"there is no disk that could tell of its health", noDisk},
	"smartmontools":     {"there is no disk that could tell of its health", noDisk},
	"open-vm-tools":     {"this is no machine of VMware", lacks("/sys/class/dmi/id/sys_vendor", "VMware")},
	"vmtoolsd":          {"this is no machine of VMware", lacks("/sys/class/dmi/id/sys_vendor", "VMware")},
	"qemu-guest-agent":  {"this is no machine of QEMU", lacks("/sys/class/dmi/id/sys_vendor", "QEMU")},
	"autofs":            {"/etc/auto.master names no folder", lacks("/etc/auto.master", "/")},
	"ypbind":            {"no domain is named in /etc/yp.conf", lacks("/etc/yp.conf", "domain")},
}

// all is met where each of its parts is.
func all(parts ...func(context.Context, host.Host) bool) func(context.Context, host.Host) bool {
	return func(ctx context.Context, h host.Host) bool {
		return !slices.ContainsFunc(parts, func(met func(context.Context, host.Host) bool) bool { return !met(ctx, h) })
	}
}

// empty is met where a folder has nothing in it, or is not there.
func empty(dir string) func(context.Context, host.Host) bool { return none(dir, "*") }

// none is met where no name in a folder matches.
func none(dir, pattern string) func(context.Context, host.Host) bool {
	return func(ctx context.Context, h host.Host) bool {
		entries, err := list(ctx, h, dir)
		return err == nil && !slices.ContainsFunc(entries, func(e host.Stat) bool {
			hit, err := path.Match(pattern, e.Name)
			return hit || err != nil
		})
	}
}

// lacks is met where no line of a file that is no comment has a word in it, or
// where there is no such file.
func lacks(file, word string) func(context.Context, host.Host) bool {
	return func(ctx context.Context, h host.Host) bool {
		data, err := h.ReadFile(ctx, file, 1<<20)
		if err != nil {
			return errors.Is(err, fs.ErrNotExist)
		}
		for line := range bytes.Lines(data) {
			text := strings.TrimSpace(string(line))
			if !strings.HasPrefix(text, "#") && strings.Contains(text, word) {
				return false
			}
		}
		return true
	}
}

// noWireless is met where no network card has a folder "wireless" or "phy80211".
func noWireless(ctx context.Context, h host.Host) bool {
	cards, err := list(ctx, h, "/sys/class/net")
	if err != nil || len(cards) == 0 {
		return false
	}
	for _, card := range cards {
		for _, sign := range []string{"/wireless", "/phy80211"} {
			if _, err := h.Lstat(ctx, "/sys/class/net/"+card.Name+sign); !errors.Is(err, fs.ErrNotExist) {
				return false
			}
		}
	}
	return true
}

// noDisk is met where all disks are virtual: their names say so.
func noDisk(ctx context.Context, h host.Host) bool {
	disks, err := list(ctx, h, "/sys/block")
	return err == nil && len(disks) > 0 && !slices.ContainsFunc(disks, func(d host.Stat) bool {
		return strings.HasPrefix(d.Name, "sd") || strings.HasPrefix(d.Name, "nvme") || strings.HasPrefix(d.Name, "hd")
	})
}
