package listeners_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/report"
)

// anyPackage owns each file.
func anyPackage(paths ...string) integritytest.Claims {
	claims := integritytest.Claims{"/usr/sbin/sshd": {Package: "deb:openssh-server"}}
	for _, p := range paths {
		claims[p] = host.Claim{Package: "deb:x"}
	}
	return claims
}

// posed is the machine on which process 900 listens as a program, from a file, in a
// control group.
func posed(addr, name, exe, cgroup string) *hosttest.Machine {
	text := strings.NewReplacer("900 (xd)", "900 ("+name+")", "/tmp/xd (deleted)", exe).Replace(small)
	return hosttest.New(text + "-- /proc/net/tcp --\n" + head + ssh + row(addr, "0A", 0, 4712) + "-- /proc/net/udp --\n" + head +
		"-- /proc/900/cgroup --\n0::" + cgroup + "\n-- /usr/ dir complete=tree --\n-- /sbin absent --\n-- /bin absent --\n" +
		"-- /usr/sbin/sshd --\n-- /usr/sbin/vsftpd --\n-- /usr/sbin/mysqld link=mariadbd --\n-- /usr/bin/salt-master --\n")
}

func TestWhatListensInAnUnusualWayIsToldOnTheFirstRun(t *testing.T) {
	const all, loopback = "00000000:115C", "0100007F:115C"
	const place, service = "tcp port 4444 of all IPv4 addresses ", "/system.slice/x.service"
	for what, c := range map[string]struct{ addr, name, exe, cgroup, want string }{
		"a service":                {all, "vsftpd", "/usr/sbin/vsftpd", service, ""},
		"a relay":                  {all, "nc", "/usr/bin/nc.openbsd", service, "nc listens on " + place + "by /usr/bin/nc.openbsd, which passes on to others what it is told to"},
		"one that hides by a name": {all, "cron", "/usr/bin/socat", service, "cron listens on " + place + "by /usr/bin/socat, which passes on to others what it is told to"},
		"in disguise":              {all, "sshd", "/usr/sbin/vsftpd", service, "sshd listens on " + place + "under the name of another program, from /usr/sbin/vsftpd"},
		"as the kernel":            {all, "kworker/0:1", "/usr/sbin/vsftpd", service, "kworker/0:1 listens on " + place + "under the name of a thread of the kernel, from /usr/sbin/vsftpd"},
		"by a link":                {all, "mysqld", "/usr/sbin/mariadbd", service, ""},
		"a script":                 {all, "salt-master", "/usr/bin/python3.11", service, ""},
		"a name of its own":        {all, "worker", "/usr/sbin/vsftpd", service, ""},
		"a name that was cut":      {all, "systemd-resolve", "/usr/lib/systemd/systemd-resolved", service, ""},
		"from a session":           {all, "python3", "/usr/bin/python3.11", "/user.slice/user-0.slice/session-3.scope", "python3 listens on " + place + "from the session of a user, and not as a service"},
		"a user's own manager":     {all, "python3", "/usr/bin/python3.11", "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service", "python3 listens on " + place + "from the session of a user, and not as a service"},
		"forwarded to itself":      {loopback, "sshd", "/usr/sbin/sshd", "/user.slice/user-0.slice/session-3.scope", ""},
		"a machine of its own":     {all, "qemu-system-x86", "/usr/bin/qemu-system-x86_64", "/machine.slice/machine-a.scope", ""},
	} {
		t.Run(what, func(t *testing.T) {
			w := watch(t)
			w.claims = anyPackage(c.exe)
			m := posed(c.addr, c.name, c.exe, c.cgroup)
			for range 2 {
				res := w.look(m)
				if c.want == "" {
					assert.Empty(t, integritytest.Titles(res))
				} else {
					assert.Equal(t, []string{"notice: " + c.want}, integritytest.Titles(res))
				}
				assert.Equal(t, report.OK, res.Status, res.Problems)
			}
		})
	}
}

func TestWhatIsUnusualAndNewIsOneQuestion(t *testing.T) {
	w := watch(t)
	w.claims = anyPackage("/usr/bin/socat")
	m := posed("00000000:115C", "socat", "/usr/bin/socat", "/system.slice/x.service")
	w.look(world(t, ssh, ""))
	assert.Equal(t, []string{"warning: socat listens on tcp port 4444 of all IPv4 addresses and did not before"}, integritytest.Titles(w.look(m)))
	w.accept(m, "integrity.listeners.new")
	assert.Empty(t, integritytest.Titles(w.look(m)))
}

// Whoever removes his program and puts another file in its place is not a program that
// was updated.
func TestAProgramWhoseNameAnotherFileHasIsToldOnTheFirstRun(t *testing.T) {
	m := posed("00000000:115C", "x", "/usr/local/bin/x (deleted)", "/system.slice/x.service")
	require.NoError(t, m.Add("-- /usr/local/bin/x --\nharmless\n"))
	look := func(claim host.Claim) []string {
		w := watch(t)
		w.claims = anyPackage()
		w.claims["/usr/local/bin/x"] = claim
		return integritytest.Titles(w.look(m))
	}
	assert.Equal(t, []string{"notice: x listens on tcp port 4444 of all IPv4 addresses from /usr/local/bin/x, which was replaced since, and which no package owns"}, look(host.Claim{}))
	assert.Empty(t, look(host.Claim{Package: "deb:x"}), "an update replaces files, and another check tells of it")
}

func TestNamesWithoutEndDoNotMakeARunLong(t *testing.T) {
	var tcp, text strings.Builder
	for i := range 600 {
		inode, pid := 10_000+i, 2000+i
		tcp.WriteString(row(fmt.Sprintf("00000000:%04X", pid), "0A", 1000, inode))
		text.WriteString(process{pid: pid, name: "n" + strings.Repeat("x", i%12) + string(rune('a'+i%26)), ticks: 9, inodes: []int{inode}, unit: "x.service"}.text())
	}
	tcp.WriteString(row("00000000:FFFF", "0A", 0, 9999))
	text.WriteString(process{pid: 9000, name: "nsshd", ticks: 9, inodes: []int{9999}, unit: "x.service"}.text() + "-- /usr/sbin/nsshd --\nx\n")
	m := hosttest.New(strings.ReplaceAll(small+text.String(), "link=/usr/sbin/n", "link=/opt/o") + "-- /proc/net/tcp --\n" + head + tcp.String() + "-- /proc/net/udp --\n" + head)
	var check listeners.Sockets
	check.Host = m.Host()
	res := integritytest.Collect(t, kept(t.TempDir(), check))
	assert.Equal(t, report.Partial, res.Status)
	assert.Contains(t, res.Problems[0].Message, "those beyond 4096 were not")
	assert.Equal(t, []string{"notice: nsshd listens on tcp port 65535 of all IPv4 addresses under the name of another program, from /opt/osshd"}, integritytest.Titles(res), "one user crowds out no other")
}
