package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A day is what happens before the round of seven o'clock, and what the first
// screen says of it: written down before the agent was asked.
type day struct {
	what  string
	act   func(*life)
	first string   // the first sentence of the page
	tells []string // patterns of what stands on the first screen
	news  int      // entries under the headings of what is new
	after func(*life)
}

const (
	firstScreen = 60 // lines
	leftOut     = 2  // of the names of the checks that are not of this world
	columns     = 78
)

// month is the life of a small server in November 2026, by an administrator ann.
var month = []day{
	{what: "the first look", first: "testhost: baseline taken; nothing found"},
	{what: "quiet", first: "testhost: nothing new"},
	{
		what: "ann edits /etc/hosts", act: func(l *life) {
			l.session("/usr/bin/vi /etc/hosts")
			l.append("/etc/hosts", "192.0.2.7 printer\n")
		},
		first: "testhost: 2 notices new", news: 2,
		tells: []string{`/etc/hosts changed`, `\+ ?192\.0\.2\.7 printer`, `ann`},
		after: annReviews,
	},
	{what: "quiet, signed", first: "testhost: nothing new", tells: []string{"since ann signed, Tue 3 Nov"}},
	{
		what: "ann installs two packages", act: func(l *life) {
			l.apt("apt-get install tree rsync", "Install: tree:amd64 (1.0), rsync:amd64 (1.0)", l.build("tree", "1.0"), l.build("rsync", "1.0"))
		},
		first: "testhost: nothing new that needs you; 1 explained", tells: []string{`apt-get install tree rsync`, `ann`},
	},
	{
		what: "a security update is released", act: func(l *life) { l.release("tree", "1.1") },
		first: "testhost: 1 warning new", news: 1, tells: []string{`[Ss]ecurity update of tree`, `apt-get install --only-upgrade tree`},
	},
	{
		what: "and installed", act: func(l *life) {
			l.apt("apt-get upgrade", "Upgrade: tree:amd64 (1.0, 1.1)", l.build("tree", "1.1"))
		},
		first: "testhost: nothing new that needs you; 1 explained", tells: []string{`apt-get upgrade`, `(?s)FIXED.*tree`},
		after: annReviews,
	},
	{
		what: "noise", act: func(l *life) {
			for i := range 60 {
				l.log("/var/log/auth.log", fmt.Sprintf("sshd[%d]: Failed password for root from 198.51.100.%d port %d ssh2", 2000+i, i%9, 40000+i))
			}
			for i := range 400 {
				l.log("/var/log/syslog", fmt.Sprintf("nightly[77]: step %d of the nightly run took %d ms", i, 3*i))
			}
		},
		first: "testhost: ", news: 2, tells: []string{`root`, `nightly`},
	},
	{
		what: "a new administrator", act: func(l *life) {
			l.append("/etc/passwd", "bob:x:1001:1001::/home/bob:/bin/sh\n")
			l.append("/etc/shadow", "bob:$y$j9T$aaaaaa$bbbb:20000:0:99999:7:::\n")
			l.write("/etc/group", "root:x:0:\nsudo:x:27:ann,bob\nbob:x:1001:\n", 0o644)
			l.log("/var/log/auth.log", "useradd[812]: new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/sh, from=/dev/pts/0")
			l.log("/var/log/auth.log", "usermod[813]: add 'bob' to group 'sudo'")
		},
		first: "testhost: 1 warning new; 2 notices still open", news: 1, tells: []string{`bob .*member of sudo`},
	},
	{what: "ann reviews", first: "testhost: nothing new; 1 warning, 2 notices still open", after: annReviews, tells: []string{"bob"}},
	{what: "quiet", first: "testhost: nothing new", tells: []string{"since ann signed, Tue 10 Nov"}},
	{
		what: "the disk fills up", act: func(l *life) { l.write("/srv/small/ballast", strings.Repeat("x", 7900<<10), 0o600) },
		first: "testhost: 1 warning new", news: 1, tells: []string{`/srv/small is 9\d % full`},
	},
	{what: "and stays full", first: "testhost: nothing new; 1 warning still open", tells: []string{`/srv/small`}},
	{
		what: "the disk has room again", act: func(l *life) { l.write("/srv/small/ballast", "x", 0o600) },
		first: "testhost: nothing new", tells: []string{`(?s)FIXED.*/srv/small`},
	},
	{
		what: "an intruder", act: func(l *life) {
			l.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			must(os.Chmod("/usr/bin/find", 0o755|os.ModeSetuid))
			l.append("/etc/passwd", "eve:x:0:0::/root:/bin/sh\n")
			l.append("/etc/shadow", "eve:$y$j9T$cccccc$dddd:20000:0:99999:7:::\n")
		},
		first: "testhost: 1 critical, 2 warnings new", news: 3,
		tells: []string{`/etc/sudoers\.d/zz is new`, `\+ ?eve ALL=\(ALL\) NOPASSWD: ALL`, `/usr/bin/find .*(set-?id|rights of)`, `eve`},
	},
	{
		what: "the disk under /etc is dying", act: func(l *life) { l.calendar.broken = "/etc" },
		first: "testhost: 1 critical still open; 1 warning new; 2 warnings out of sight", news: 1, tells: []string{`NOT FULLY LOOKED AT`, `sudoers\.d/zz`},
	},
	{
		what: "and mended", act: func(l *life) { l.calendar.broken = "" },
		first: "testhost: 1 critical, 2 warnings still open; nothing new", tells: []string{`sudoers\.d/zz`, `/usr/bin/find`},
	},
	{
		what: "ann throws the intruder out", act: func(l *life) {
			must(os.Remove("/etc/sudoers.d/zz"))
			must(os.Chmod("/usr/bin/find", 0o755))
			l.write("/etc/passwd", strings.Replace(l.read("/etc/passwd"), "eve:x:0:0::/root:/bin/sh\n", "", 1), 0o644)
			l.write("/etc/shadow", strings.Replace(l.read("/etc/shadow"), "eve:$y$j9T$cccccc$dddd:20000:0:99999:7:::\n", "", 1), 0o640)
		},
		first: "testhost: nothing new", tells: []string{`(?s)FIXED.*sudoers\.d/zz`},
		after: annReviews,
	},
	{what: "quiet", first: "testhost: nothing new"},
	{what: "an update a day, the first", act: upgrade("rsync", "1.0", "1.1"), first: "testhost: nothing new that needs you; 1 explained", tells: []string{`apt-get upgrade`}},
	{what: "the second", act: upgrade("rsync", "1.1", "1.2"), first: "testhost: nothing new that needs you; 1 explained", tells: []string{`apt-get upgrade`}},
	{what: "the third", act: upgrade("rsync", "1.2", "1.3"), first: "testhost: nothing new that needs you; 1 explained", tells: []string{`apt-get upgrade`}},
	{
		what: "a job that nobody knows", act: func(l *life) { l.write("/etc/cron.d/sync", "*/5 * * * * root /usr/local/bin/sync-it\n", 0o644) },
		first: "testhost: 1 warning new", news: 1, tells: []string{`/etc/cron\.d/sync is new`, `\+.*sync-it`},
		after: func(l *life) {
			l.act(person{by: "ann", until: "30d", comment: "asked bob"}, "ack", "/etc/cron.d/*")
			annReviews(l)
		},
	},
	{what: "quiet, though something is acknowledged", first: "testhost: nothing new", tells: []string{"acknowledged"}},
	{
		what: "the job that was acknowledged changes", act: func(l *life) { l.append("/etc/cron.d/sync", "@reboot root /tmp/.x\n") },
		first: "testhost: 1 warning", news: 1, tells: []string{`/etc/cron\.d/sync`, `acknowledged by ann`, `\+.*/tmp/\.x`},
	},
	{
		what: "bob goes", act: func(l *life) {
			l.write("/etc/passwd", strings.Replace(l.read("/etc/passwd"), "bob:x:1001:1001::/home/bob:/bin/sh\n", "", 1), 0o644)
			l.write("/etc/shadow", strings.Replace(l.read("/etc/shadow"), "bob:$y$j9T$aaaaaa$bbbb:20000:0:99999:7:::\n", "", 1), 0o640)
			l.write("/etc/group", "root:x:0:\nsudo:x:27:ann\n", 0o644)
			must(os.Remove("/etc/cron.d/sync"))
		},
		first: "testhost: 1 notice new; 1 fixed", news: 1, tells: []string{`bob was removed`, `(?s)FIXED.*/etc/cron\.d/sync`},
	},
	{
		what: "the kernel complains", act: func(l *life) {
			l.log("/var/log/syslog", "kernel: [ 1234.5] EXT4-fs error (device sda1): ext4_find_entry:1455: inode #131074: comm nginx: reading directory lblock 0")
		},
		first: "testhost: 1 critical new", news: 1, tells: []string{`sda1|EXT4`},
	},
	{what: "what the kernel said is still open", first: "testhost: 1 critical, 1 notice still open; nothing new", tells: []string{`sda1|EXT4`}},
	{what: "ann signs", first: "testhost: 1 critical, 1 notice still open; nothing new", tells: []string{`(?s)STILL OPEN\n  critical.*NOTICE`}, after: annReviews},
	{what: "quiet", first: "testhost: nothing new", tells: []string{"since ann signed, Sun 29 Nov"}},
}

// TestAMonthOfDays lives a month on a machine of its own, with the real dpkg and
// apt-get, a person who signs on some days, and the agent's own code. The clock
// alone is not the kernel's.
func TestAMonthOfDays(t *testing.T) { liveThrough(t, month) }

// liveThrough lives days, one after the other, and holds each page.
func liveThrough(t *testing.T, days []day) {
	programs := []string{"/usr/bin/sh", "/usr/bin/rm", "/usr/bin/tar", "/usr/bin/cat", "/usr/bin/ln"}
	for _, p := range []string{"apt-get", "apt-config", "apt-cache", "dpkg", "dpkg-deb", "dpkg-query", "dpkg-split", "dpkg-divert"} {
		programs = append(programs, "/usr/bin/"+p)
	}
	for _, p := range []string{"methods/http", "apt-helper"} {
		programs = append(programs, "/usr/lib/apt/"+p)
	}
	for _, p := range programs {
		_, err := os.Stat(p)
		need.That(t, p, err == nil || os.Getenv("UPKEEP_TEST_WORLD") != "")
	}
	tables := map[string]string{}
	for _, name := range []string{"cputable", "ostable", "tupletable"} {
		name = "/usr/share/dpkg/" + name
		if text, err := os.ReadFile(name); err == nil {
			tables[name] = string(text)
		}
	}
	inWorld(t, programs, func(w *world) {
		time.Local = time.UTC
		synctest.Test(t, func(t *testing.T) {
			l := &life{world: w, settings: daily.Defaults()}
			// The kernel's clock and its processes, and until when a release is supported,
			// are not of this world.
			l.settings.LeaveOut = []string{"pkgupdate.lifecycle", "resource.clock", "resource.load", "resource.memory", "integrity.listeners", "netprobe.local"}
			l.until(time.Date(2026, 11, 1, 5, 0, 0, 0, time.UTC))
			l.settle()
			for name, text := range tables {
				l.write(name, text, 0o644)
			}
			for i, d := range days {
				l.live(t, i+1, d)
			}
		})
	})
}

// settle furnishes the world a little more than those of the other tests.
func (l *life) settle() {
	l.write("/var/log/auth.log", "", 0o640)
	l.write("/var/log/dpkg.log", "", 0o644)
	l.write("/var/log/apt/history.log", "", 0o644)
	l.write("/usr/bin/find", "#!/bin/sh\n", 0o755)
	l.write("/usr/local/bin/agent", "#!/bin/sh\n", 0o755)
	l.write("/etc/hosts", "127.0.0.1 localhost\n192.0.2.5 files\n", 0o644)
	for level := range 7 {
		must(os.MkdirAll(fmt.Sprintf("/etc/rc%d.d", level), 0o755))
	}
	for _, dir := range []string{"/etc/systemd/system/multi-user.target.wants", "/etc/init.d", "/etc/default", "/var/lib/dpkg/updates", "/var/lib/dpkg/triggers", "/var/lib/dpkg/parts", "/var/lib/apt/lists/partial", "/var/cache/apt/archives/partial", "/var/log/apt", "/usr/share/dpkg", "/etc/apt/apt.conf.d", "/etc/apt/preferences.d"} {
		must(os.MkdirAll(dir, 0o755))
	}
	l.write("/etc/apt/sources.list", "deb [trusted=yes] http://security.example.net/debian-security bookworm-security main\n", 0o644)
	l.offer("base", "1")
	l.smallDisk(1 << 20)
}

// live lives one day and holds its page against what was written down.
func (l *life) live(t *testing.T, number int, d day) {
	t.Helper()
	l.until(time.Date(2026, 11, number, 6, 40, 0, 0, time.UTC))
	l.refresh()
	if d.act != nil {
		d.act(l)
	}
	l.until(time.Date(2026, 11, number, 7, 0, 0, 0, time.UTC))
	screen, status := l.look()
	if faults := d.faults(screen); len(faults) > 0 {
		t.Errorf("day %d, %s, exit status %d:\n%s\n%s", number, d.what, status, strings.Join(faults, "\n"), screen)
	}
	if d.after != nil {
		d.after(l)
	}
}

var entryLine = regexp.MustCompile(`^  (CRITICAL|WARNING|NOTICE|INFO) `)

// faults says what a page does not keep of a day.
func (d day) faults(text string) (out []string) {
	page := strings.Split(strings.TrimRight(text[:strings.LastIndex(text, "\nReport: ")+1], "\n"), "\n")
	head, _, _ := strings.Cut(text, "\n\n")
	if head = strings.Join(strings.Fields(head), " "); !strings.HasPrefix(head, d.first) {
		out = append(out, fmt.Sprintf("begins with %q, not with %q", head, d.first))
	}
	if len(page) > firstScreen+leftOut {
		out = append(out, fmt.Sprintf("%d lines", len(page)))
	}
	for _, line := range page {
		if utf8.RuneCountInString(line) > columns {
			out = append(out, "too wide: "+line)
		}
	}
	screen := strings.Join(page[:min(len(page), firstScreen)], "\n")
	for _, pattern := range d.tells {
		if !regexp.MustCompile(pattern).MatchString(screen) {
			out = append(out, "does not tell: "+pattern)
		}
	}
	if n := newEntries(page); n != d.news {
		out = append(out, fmt.Sprintf("%d new entries, not %d", n, d.news))
	}
	return out
}

// newEntries counts what stands under the headings of what is new.
func newEntries(page []string) (n int) {
	news := false
	for _, line := range page {
		switch {
		case line != "" && line == strings.ToUpper(line) && line[0] != ' ':
			news = line == "NEW" || line == "WORSE" || line == "UPDATED" || line == "BACK AGAIN"
		case news && entryLine.MatchString(line):
			n++
		}
	}
	return n
}

// act is a verb of the review.
func (l *life) act(who person, args ...string) {
	r := l.round()
	r.person = who
	if out, status := l.ask(r.review, args...); status != 0 && status != exitRefused {
		panic(fmt.Sprintf("review %q: %d: %s", args, status, out))
	}
}

// annReviews is what ann does on the days when she signs.
func annReviews(l *life) {
	l.act(person{by: "ann", comment: "seen"}, "accept", "all")
	l.act(person{by: "ann"}, "sign")
}

// session has ann log in and run one command as root.
func (l *life) session(command string) {
	l.log("/var/log/auth.log", "sshd[4711]: Accepted publickey for ann from 192.0.2.14 port 51234 ssh2: ED25519 SHA256:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ")
	l.log("/var/log/auth.log", "sshd[4711]: pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)")
	l.log("/var/log/auth.log", "sudo:      ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND="+command)
}

// build makes a package with one program and one configuration file.
func (l *life) build(name, version string) string {
	dir := "/tmp/" + name
	l.write(dir+"/DEBIAN/control", fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody <nobody@example.net>\nDescription: a package\n", name, version), 0o644)
	l.write(dir+"/DEBIAN/conffiles", "/etc/"+name+".conf\n", 0o644)
	l.write(dir+"/usr/bin/"+name, "#!/bin/sh\n# "+version+"\n", 0o755)
	l.write(dir+"/etc/"+name+".conf", "version = "+version+"\n", 0o644)
	out, err := exec.Command("dpkg-deb", "-Zgzip", "--root-owner-group", "-b", dir, dir+".deb").CombinedOutput()
	if err != nil {
		panic(string(out))
	}
	must(os.RemoveAll(dir))
	l.offer(name, version)
	l.refresh()
	return dir + ".deb"
}

// apt has dpkg act, and writes the entry of apt's history about it.
func (l *life) apt(command, items string, files ...string) {
	l.dpkg(append([]string{"-i"}, files...)...)
	at := time.Now().UTC().Format("2006-01-02  15:04:05")
	l.append("/var/log/apt/history.log", fmt.Sprintf("\nStart-Date: %s\nCommandline: %s\nRequested-By: ann (1000)\n%s\nEnd-Date: %s\n", at, command, items, at))
}

func upgrade(name, from, to string) func(*life) {
	return func(l *life) {
		l.apt("apt-get upgrade", fmt.Sprintf("Upgrade: %s:amd64 (%s, %s)", name, from, to), l.build(name, to))
	}
}

// release offers a security update, until it is installed.
func (l *life) release(name, version string) {
	l.offer(name, version)
	l.refresh()
}

// offer puts a version into the index, which has each version that was ever built.
func (l *life) offer(name, version string) {
	l.offered += fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: nobody <nobody@example.net>\nFilename: pool/%s.deb\nSize: 1000\nMD5sum: %032d\nDescription: a package\n\n", name, version, name, 0)
}

// refresh writes the index as apt-get update would have fetched it this day.
func (l *life) refresh() {
	const index = "/var/lib/apt/lists/security.example.net_debian-security_dists_bookworm-security_"
	l.write(index+"main_binary-amd64_Packages", l.offered, 0o644)
	now := time.Now().UTC()
	l.write(index+"InRelease", fmt.Sprintf("Origin: Debian\nLabel: Debian-Security\nSuite: oldstable-security\nCodename: bookworm-security\nDate: %s\nValid-Until: %s\nArchitectures: amd64\nComponents: main\nMD5Sum:\n %032d %d main/binary-amd64/Packages\n",
		now.Format(time.RFC1123), now.AddDate(0, 0, 7).Format(time.RFC1123), 0, len(l.offered)), 0o644)
	stamp := "/var/lib/apt/periodic/update-success-stamp"
	l.write(stamp, "", 0o644)
}
