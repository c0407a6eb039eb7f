package logs

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A live is a Debian server of its own, on which real programs log: its mounts,
// processes, network and name are private, and end with the process that has them.
type live struct{ *machine }

// TestABusyDayOfRealProgramsIsOneScreen presses a day of Debian's rsyslogd, sshd, sudo, cron,
// postfix and apt into seconds, with its rotation, and plants four troubles in it.
func TestABusyDayOfRealProgramsIsOneScreen(t *testing.T) {
	need.Root(t)
	need.Long(t)
	for _, name := range []string{"rsyslogd", "sshd", "ssh", "sudo", "cron", "crontab", "postfix", "smtp-source", "apt-get", "dpkg-deb", "logrotate", "ip"} {
		need.Program(t, name)
	}
	const inside = "UPKEEP_TEST_LIVE_DAY"
	if os.Getenv(inside) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v", "-test.count=1")
		cmd.Env = append(os.Environ(), inside+"="+t.TempDir())
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
			Pdeathsig:  syscall.SIGKILL,
		}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: "+t.Name(), "the day did not happen")
		t.Logf("%s", out)
		return
	}
	h := host.Root("/")
	l := live{&machine{t: t, dir: "/", check: System{Host: h}}}
	l.furnish(os.Getenv(inside))
	l.serve()
	l.run() // the evening before
	for _, part := range []func(){l.guess, l.work, l.mail, l.rotate, l.install, l.trouble, l.settle} {
		part()
	}

	res := l.run()
	got := titles(res)
	t.Log(got)
	assert.Empty(t, res.Problems)
	for _, want := range []string{
		"critical logwatch.logs.ssh-login-after-guessing: bert logged in over SSH from 198.51.100.66 after many failed logins from there",
		"warning logwatch.logs.sudo-failed: sudo refused bert",
		"warning logwatch.logs.cron-error: A scheduled job could not run",
		"warning logwatch.logs.mail-not-delivered: Mail cannot be put into the boxes of this machine",
		"notice logwatch.logs.unexplained: last wrote a line that no rule explains: the day is over",
	} {
		assert.Contains(t, got, want)
	}
	assert.LessOrEqual(t, strings.Count(got, "\n")+1, screen, got)
	assert.Equal(t, 1, strings.Count(got, "unexplained"), got)
	for _, name := range []string{"syslog", "auth.log", "mail.log", "cron.log"} {
		assert.Greater(t, l.wrote(name, "\n"), 9, name)
		assert.True(t, res.Covers("logs/var/log/"+name), name)
	}
	assert.GreaterOrEqual(t, l.wrote("dpkg.log", "status installed tool"), 2, "by apt")
}

// sh runs a script as root.
func (l live) sh(script string, args ...any) string {
	l.t.Helper()
	out, err := exec.Command("sh", "-ec", fmt.Sprintf(script, args...)).CombinedOutput()
	require.NoError(l.t, err, "%s: %s", script, out)
	return string(out)
}

// daemon starts what ends with the machine.
func (l live) daemon(name string, args ...string) {
	l.t.Helper()
	require.NoError(l.t, exec.Command(need.Program(l.t, name), args...).Start())
}

// furnish makes the machine: copies of the folders that are written to, three users,
// and the networks of all who connect.
func (l live) furnish(dir string) {
	l.t.Cleanup(func() {
		if l.t.Failed() {
			l.t.Log(l.sh("tail -n 40 /var/log/*.log /var/log/syslog"))
		}
	})
	require.NoError(l.t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	require.NoError(l.t, unix.Mount("live", dir, "tmpfs", 0, "size=200m,mode=0755"))
	l.sh(`cd %s
mkdir -p dev/pts dev/shm home run/sshd srv var/lib/dpkg/info var/lib/dpkg/updates var/lib/apt/lists/partial var/cache/apt/archives/partial var/log/apt var/mail var/spool/cron/crontabs var/spool/rsyslog
for n in 'null 1 3' 'zero 1 5' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do set -- $n; mknod -m 666 dev/$1 c $2 $3; done
touch var/lib/dpkg/status; chmod 1730 var/spool/cron/crontabs; chmod 2775 var/mail; chown root:mail var/mail
cp -a /etc etc; cp -a /var/spool/postfix var/spool/postfix; cp -a /var/lib/postfix var/lib/postfix
for d in etc home run srv var/lib/dpkg var/lib/apt var/lib/postfix var/cache/apt var/log var/mail var/spool dev; do mount --bind $d /$d; done
mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts; ln -s pts/ptmx /dev/ptmx; mount -t proc proc /proc
hostname web; echo web >/etc/mailname; echo '127.0.0.1 web localhost' >/etc/hosts; rm -f /etc/cron.*/* /etc/resolv.conf; : >/etc/crontab
ip link set lo up; for n in 203.0.113 192.0.2 198.51.100; do ip route add local $n.0/24 dev lo; done`, dir)
	l.sh(`for u in anna bert www-app; do useradd -m -s /bin/sh $u; echo $u:a-long-secret | chpasswd -c SHA256 -s 1000; done
echo 'anna ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/anna; chmod 440 /etc/sudoers.d/anna
sed -i 's/pam_unix.so nullok/& nodelay/' /etc/pam.d/common-auth
sed -i /pam_limits/d /etc/pam.d/* # a container may not set them
sed -i /imklog/d /etc/rsyslog.conf # the kernel is not private
printf 'PasswordAuthentication yes\nPermitRootLogin no\nUsePAM yes\nMaxStartups 100\n' >/etc/ssh/sshd_config; ssh-keygen -A
mkdir -p ~anna/.ssh; ssh-keygen -q -t ed25519 -N '' -f /srv/key; cp /srv/key.pub ~anna/.ssh/authorized_keys; chown -R anna ~anna/.ssh
printf '#!/bin/sh\necho wrong\n' >/srv/wrong; printf '#!/bin/sh\necho a-long-secret\n' >/srv/right; chmod 755 /srv/wrong /srv/right
postconf -e myhostname=web.example.org 'mydestination=web.example.org, localhost' mynetworks=127.0.0.0/8 inet_protocols=ipv4 'transport_maps=inline:{example.com=smtp:[203.0.113.200]:26}'
postconf -F '*/*/chroot=n'; echo 'postmaster: root' >/etc/aliases; newaliases`)
}

// serve starts what runs on the machine.
func (l live) serve() {
	l.daemon("rsyslogd", "-n", "-iNONE")
	l.until("rsyslogd listens", func() bool { _, err := os.Stat("/dev/log"); return err == nil })
	l.daemon("sshd", "-D")
	l.sh("postfix start")
	for _, port := range []string{"22", "25"} {
		l.until("port "+port+" is served", func() bool {
			c, err := net.Dial("tcp", "127.0.0.1:"+port)
			if err == nil {
				c.Close()
			}
			return err == nil
		})
	}
}

func (l live) until(what string, ok func() bool) {
	l.t.Helper()
	require.Eventually(l.t, ok, time.Minute, 20*time.Millisecond, what)
}

// ssh logs in from an address; a password is what ask prints.
func (l live) ssh(from, user, ask string, more ...string) error {
	cmd := exec.Command("ssh", append([]string{"-F", "none", "-b", from, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "NumberOfPasswordPrompts=6", user + "@192.0.2.1"}, more...)...)
	cmd.Env = append(os.Environ(), "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// guess is what everybody does to a public server.
func (l live) guess() {
	for i := range 8 {
		user := []string{"root", "admin", "oracle", "test"}[i%4]
		require.Error(l.t, l.ssh(fmt.Sprintf("203.0.113.%d", 10+i%6), user, "/srv/wrong", "-o", "PreferredAuthentications=password"))
	}
	for i := range 60 {
		for port, text := range map[string]string{"22": "GET / HTTP/1.1\r\n\r\n", "25": "GET / HTTP/1.1\r\n\r\n"} {
			l.say(fmt.Sprintf("203.0.113.%d", 30+i), port, []string{"", text, "EHLO x\r\n"}[i%3])
		}
	}
}

// say connects, says something, and goes.
func (l live) say(from, port, text string) {
	l.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := d.Dial("tcp", "192.0.2.1:"+port)
	require.NoError(l.t, err)
	defer c.Close()
	_, err = c.Read(make([]byte, 512)) // who speaks before the banner is told as such
	require.NoError(l.t, err)
	_, err = io.WriteString(c, text)
	require.NoError(l.t, err)
	if text != "" {
		_, _ = c.Read(make([]byte, 512)) // it may be put out without an answer
	}
}

// work is what people and cron do.
func (l live) work() {
	for i := range 8 {
		require.NoError(l.t, l.ssh(fmt.Sprintf("192.0.2.%d", 10+i%3), "anna", "/srv/wrong", "-i", "/srv/key", "sudo -u www-app true; sudo id; crontab -l || true"))
	}
	l.sh("su -s /bin/sh -c true postgres 2>/dev/null || su -c true www-app")
	require.NoError(l.t, os.WriteFile("/etc/cron.d/jobs", []byte("@reboot root true\n@reboot www-app cd / && true\n@reboot root test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )\n"), 0o644))
	for i := range 4 {
		l.cron(3 * (i + 1))
	}
}

// cron runs the jobs that are due at a start, until so many have run in all.
func (l live) cron(jobs int) {
	_ = os.Remove("/run/crond.reboot")
	cmd := exec.Command(need.Program(l.t, "cron"), "-f")
	require.NoError(l.t, cmd.Start())
	l.until("cron runs its jobs", func() bool { return l.wrote("auth.log", "pam_unix(cron:session): session closed") >= jobs })
	require.NoError(l.t, cmd.Process.Signal(syscall.SIGTERM))
	_ = cmd.Wait()
	_ = os.Remove("/run/crond.pid")
}

// wrote counts what stands in a log and in its rotated copy.
func (l live) wrote(name, text string) (n int) {
	files, err := filepath.Glob(l.path(name) + "*")
	require.NoError(l.t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(l.t, err)
		n += strings.Count(string(data), text)
	}
	return n
}

// mail is taken, refused, and sent to where nobody answers.
func (l live) mail() {
	l.sh(`smtp-source -s 4 -m 20 -l 900 -f a@example.net -t anna@web.example.org 192.0.2.1:25
for i in 1 2 3; do printf 'Subject: report\n\nall is well\n' | sendmail anna bert x@example.com; done`)
	for i := range 10 {
		from := fmt.Sprintf("203.0.113.%d", 100+i)
		l.say(from, "25", "EHLO x\r\nMAIL FROM:<b@example.net>\r\nRCPT TO:<c@example.com>\r\n")
		l.say(from, "25", "HELO x\r\nMAIL FROM:<b@example.net>\r\nRCPT TO:<nobody-here@web.example.org>\r\n")
	}
	l.until("the mail is delivered", func() bool {
		return l.wrote("mail.log", "status=sent") >= 26 && l.wrote("mail.log", "status=deferred") >= 3
	})
}

// rotate turns the logs as Debian's logrotate does, while their writers go on.
func (l live) rotate() {
	l.sh(`printf '/var/log/*.log /var/log/syslog {\nrotate 4\nmissingok\nsharedscripts\ncompress\ndelaycompress\npostrotate\npkill -HUP rsyslogd\nendscript\n}\n' >/srv/rotate
logrotate -f -s /run/rotated /srv/rotate`)
	l.until("rsyslogd writes to the new logs", func() bool { _, err := os.Stat("/var/log/syslog"); return err == nil })
}

// install adds, upgrades and removes a package of a repository of its own.
func (l live) install() {
	for _, version := range []string{"1.0", "1.1"} {
		l.sh(`rm -rf /srv/p; mkdir -p /srv/p/DEBIAN /srv/p/srv/tool /srv/repo; echo %[1]s >/srv/p/srv/tool/version
printf 'Package: tool\nVersion: %[1]s\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: a tool\n' >/srv/p/DEBIAN/control
dpkg-deb -b /srv/p /srv/repo/tool_%[1]s.deb
{ cat /srv/p/DEBIAN/control; printf 'Filename: ./tool_%[1]s.deb\nSize: %%s\nSHA256: %%s\n' $(stat -c %%s /srv/repo/tool_%[1]s.deb) $(sha256sum /srv/repo/tool_%[1]s.deb | cut -d' ' -f1); } >/srv/repo/Packages
rm -rf /etc/apt/sources.list*; echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list
export DEBIAN_FRONTEND=noninteractive; apt-get -q update; apt-get -qy install tool`, version)
	}
	l.sh("apt-get -qy remove tool")
}

// trouble is what a person must see.
func (l live) trouble() {
	for range 4 {
		require.Error(l.t, l.ssh("198.51.100.66", "bert", "/srv/wrong", "-o", "PubkeyAuthentication=no"))
	}
	require.NoError(l.t, l.ssh("198.51.100.66", "bert", "/srv/right", "-o", "PubkeyAuthentication=no", "echo a-long-secret | sudo -S id; true"))
	l.sh("rm /etc/aliases.db; printf 'Subject: x\n\nx\n' | sendmail anna; printf '61 25 * * * root true\n' >/etc/cron.d/backup")
	require.NoError(l.t, os.WriteFile("/etc/cron.d/jobs", []byte("@reboot root true\n"), 0o644))
	l.cron(13)
}

// settle waits for what is still being written.
func (l live) settle() {
	l.until("postfix misses its aliases", func() bool { return l.wrote("mail.log", "aliases.db") > 0 })
	c, err := net.Dial("unixgram", "/dev/log")
	require.NoError(l.t, err)
	defer c.Close()
	_, err = io.WriteString(c, "<46>"+stamp(time.Now())+" last: the day is over")
	require.NoError(l.t, err)
	l.until("the last line is written", func() bool { return l.wrote("syslog", "the day is over") > 0 })
}
