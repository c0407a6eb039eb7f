package sources

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow"
)

// Dir is where the logs of all supported systems are.
const Dir = "/var/log"

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

// otherDirs hold no logs of text, or such as are read elsewhere.
var otherDirs = [...]string{
	"journal", "private", "installer", "apt", "dist-upgrade", "sysstat", "sa", "anaconda", "old", "archive", "removed_packages", "removed_scripts", "pkgtools", "setup", "packages", "scripts",
	"cups", "btmp", "gdm", "gdm3", "lightdm", "speech-dispatcher", "hp", "ntpstats", "chrony", "atop", "vnstat",
}

// programs are those whose logs have another name than they have.
var programs = map[string]string{
	"postgresql": "postgres", "mysql": "mysqld", "mariadb": "mariadbd", "exim4": "exim", "unattended-upgrades": "unattended-upgrade",
}

// Found is what a look for logs has found.
type Found struct {
	Logs   []string // sorted
	Unread []string // what may be logs and is not read: no text, no rights, or too many
	Left   []string // those of Unread that could be read, were there fewer
}

// Find finds the log files of a system: those that syslog daemons write,
// and other text files in /var/log and its sub-folders whose name is that of a
// log. A link that root made is taken for the file that it names. What has the
// name of a system log and is no file is among them, so that its reading says
// so. Of very many each folder gives its share, first those that are known to the
// caller; nil knows none. A system without that directory has none.
func Find(ctx context.Context, h host.Host, known func(name string) bool) (Found, error) {
	d := discovery{host: h, known: known}
	err := d.run(ctx)
	return Found{d.found, d.unread, d.left}, err
}

// discovery is one look for logs.
type discovery struct {
	host          host.Host
	known         func(name string) bool // was read before; nil: none was
	fronts        []front                // not looked at yet
	logs          []candidate            // of which found are chosen
	found, unread []string
	left          []string // those of unread that could be read, were there fewer
}

func (d *discovery) run(ctx context.Context) error {
	entries, err := d.host.ReadDir(ctx, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	older := follow.Rotated(entries)
	var folders []host.Ask
	for _, st := range entries {
		switch name := path.Join(Dir, st.Name); {
		case st.IsDir() && !slices.Contains(otherDirs[:], st.Name):
			folders = append(folders, host.Ask{Op: host.OpList, Name: name})
		case st.IsDir():
		case slices.Contains(systemLogs[:], st.Name):
			d.found = append(d.found, d.target(ctx, name, st))
		default:
			d.file(ctx, name, st, older)
		}
	}
	err = d.host.Batch(ctx, folders, func(i int, a host.Answer) error {
		d.folder(ctx, folders[i].Name, a)
		return nil
	})
	if err != nil {
		return err
	}
	if err := d.read(ctx); err != nil {
		return err
	}
	chosen, left := fair(d.logs, Max, d.known)
	d.found, d.unread, d.left = append(d.found, chosen...), append(d.unread, left...), left
	slices.Sort(d.found)
	d.found = slices.Compact(d.found)
	return nil
}

// folder takes the logs of one sub-folder. One that may not be listed is named
// as its reading would be.
func (d *discovery) folder(ctx context.Context, dir string, a host.Answer) {
	if a.Err != nil {
		d.unread = append(d.unread, dir)
		return
	}
	older := follow.Rotated(a.List)
	looks := 0
	for _, st := range a.List {
		name := path.Join(dir, st.Name)
		switch {
		case st.IsDir() || older[st.Name] != "":
		case looks >= maxLooks:
			d.unread = append(d.unread, name)
		default:
			d.file(ctx, name, st, older)
			looks++
		}
	}
}

// file takes a file that may be a log, and names what is none.
func (d *discovery) file(ctx context.Context, name string, st host.Stat, older map[string]string) {
	folder := strings.TrimPrefix(strings.TrimPrefix(path.Dir(name), Dir), "/")
	if older[st.Name] != "" || isOther(st.Name) || isAccess(st.Name) && slices.Contains(webDirs[:], folder) {
		return
	}
	target := d.target(ctx, name, st)
	switch {
	case !st.IsRegular() && target == name:
		d.unread = append(d.unread, name)
	case st.IsRegular() && st.Size == 0 && !isLog(st.Name):
	default:
		d.fronts = append(d.fronts, front{name, target, st.Mtime})
	}
}

// target gives the regular file that a link of root names, else the name itself.
func (d *discovery) target(ctx context.Context, name string, st host.Stat) string {
	if !st.IsLink() || !st.Known.Has(host.KnownOwner) || st.UID != 0 {
		return name
	}
	to := st.Link
	if !path.IsAbs(to) {
		to = path.Join(path.Dir(name), to)
	}
	if file, err := d.host.Lstat(ctx, path.Clean(to)); err != nil || !file.IsRegular() {
		return name
	}
	return path.Clean(to)
}

// isLog knows the names of logs that are read.
func isLog(name string) bool {
	for _, end := range []string{".log", "_log", "-log", "mainlog", "rejectlog", "paniclog", ".err"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == "current" || name == "error" || name == "log"
}

// ProgramOf names the program whose log a source is; empty where it is of many.
func ProgramOf(source string) string {
	rest, ok := strings.CutPrefix(source, Dir+"/")
	dir, base, inFolder := strings.Cut(rest, "/")
	switch {
	case !ok || slices.Contains(systemLogs[:], rest):
		return ""
	case strings.HasSuffix(base, "paniclog"):
		return "exim-panic"
	case !inFolder:
		dir = strings.TrimSuffix(rest, ".log")
	}
	return cmp.Or(programs[dir], dir)
}

// webDirs are where the access logs of web servers are, of which their own check reads
// the requests.
var webDirs = [...]string{"", "nginx", "apache2", "httpd", "apache", "lighttpd", "caddy", "traefik", "haproxy"}

// isAccess reports whether a log has requests, one a line: that is no log of trouble.
func isAccess(base string) bool { return strings.Contains(base, "access") }

// isOther leaves out what is read elsewhere.
func isOther(name string) bool {
	return slices.Contains(otherLogs[:], name) || strings.HasPrefix(name, "Xorg.") || strings.Contains(name, "-dpkg.log") ||
		strings.HasPrefix(name, "wtmp") || strings.HasPrefix(name, "btmp")
}

// A front is a file of which the first bytes tell whether it is text.
type front struct {
	name, target string
	changed      int64
}

// read looks at the front of all files, and takes those whose name is that of a log.
func (d *discovery) read(ctx context.Context) error {
	asks := make([]host.Ask, len(d.fronts))
	for i, f := range d.fronts {
		asks[i] = host.Ask{Op: host.OpRead, Name: f.target, Limit: 512}
	}
	return d.host.Batch(ctx, asks, func(i int, a host.Answer) error {
		f := d.fronts[i]
		switch base := path.Base(f.name); {
		case isText(a) && isAccess(base), !isText(a) && isLog(base):
			d.unread = append(d.unread, f.name)
		case !isText(a):
		case isLog(base):
			d.logs = append(d.logs, candidate{f.target, path.Dir(f.name), f.changed})
		case !strings.Contains(base, "README"):
			d.unread = append(d.unread, f.name)
		}
		return nil
	})
}

// isText reports whether the front of a file is text. One that cannot be read is
// taken, so that the missing rights are told.
func isText(a host.Answer) bool {
	if a.Err != nil && !errors.Is(a.Err, host.ErrTruncated) {
		return true
	}
	return bytes.IndexByte(bytes.TrimLeft(a.Data, "\x00"), 0) < 0
}
