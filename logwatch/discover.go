package logwatch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/follow"
)

// logDir is where the logs of all supported systems are.
const logDir = "/var/log"

// systemLogs are the names that syslog daemons use.
var systemLogs = [...]string{
	"syslog", "messages", "auth.log", "authlog", "secure", "kern.log", "daemon.log", "daemon", "mail.log", "maillog", "mail.err", "mail.warn", "mail", "userlog",
	"cron", "cron.log", "user.log", "debug", "warn", "localmessages", "security", "xferlog", "sulog", "debug.log", "errors.log",
}

// otherLogs are kept by programs whose work is read elsewhere, or that log what
// their users do rather than what happens to the system.
var otherLogs = [...]string{
	"dpkg.log", "alternatives.log", "bootstrap.log", "fontconfig.log", "dnf.log", "dnf.rpm.log", "dnf.librepo.log", "yum.log", "hawkey.log", "pacman.log",
	"boot.log", "ubuntu-advantage.log", "ubuntu-advantage-timer.log", "cloud-init.log", "cloud-init-output.log", "lastlog", "faillog", "utx.log", "pm-powersave.log",
	"gpu-manager.log", "prelink.log", "vbox-setup.log",
}

// Discover lists the log files of a system: those that syslog daemons write,
// and other text files directly in /var/log whose name ends in ".log". A system
// without that directory has none.
func Discover(ctx context.Context, h host.Host) ([]string, error) {
	entries, err := h.ReadDir(ctx, logDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, st := range entries {
		name := path.Join(logDir, st.Name)
		switch {
		case !st.IsRegular():
		case slices.Contains(systemLogs[:], st.Name):
			out = append(out, name)
		case isOther(st.Name, entries):
		case isText(ctx, h, name):
			out = append(out, name)
		}
	}
	return out, nil
}

// isOther leaves out what is no system log, and rotated copies of one.
func isOther(name string, all []host.Stat) bool {
	if !strings.HasSuffix(name, ".log") || slices.Contains(otherLogs[:], name) || strings.HasPrefix(name, "Xorg.") {
		return true
	}
	return slices.ContainsFunc(all, func(st host.Stat) bool { return st.Name != name && follow.IsSibling(st.Name, name) })
}

// isText looks at the front of a file. One that cannot be read is taken, so
// that the missing rights are told.
func isText(ctx context.Context, h host.Host, name string) bool {
	f, err := h.Open(ctx, name)
	if err != nil {
		return true
	}
	defer f.Close()
	front := make([]byte, 512)
	n, err := io.ReadFull(f, front)
	if n == 0 && err != io.EOF {
		return true
	}
	return bytes.IndexByte(bytes.TrimLeft(front[:n], "\x00"), 0) < 0
}

// zoneOf reads the time zone in which the host's syslog writes.
func zoneOf(ctx context.Context, h host.Host) *time.Location {
	data, err := h.ReadFile(ctx, "/etc/localtime", 64<<10)
	if err != nil {
		return time.UTC
	}
	zone, err := time.LoadLocationFromTZData("local", data)
	if err != nil {
		return time.UTC
	}
	return zone
}
