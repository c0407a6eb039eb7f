package protocol_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

func TestChronyTellsTheTimeAndThatItHasNone(t *testing.T) {
	need.Long(t)
	root := need.Unpacked(t, "chrony")
	for name, c := range map[string]struct {
		line  string
		state netprobe.State
		cause netprobe.Cause
	}{
		"a clock of its own": {"local stratum 8", netprobe.OK, ""},
		"no clock at all":    {"", netprobe.Critical, netprobe.ProtoClock},
	} {
		t.Run(name, func(t *testing.T) {
			sub := openDir(t)
			l, err := net.ListenPacket("udp", "127.0.0.1:0")
			require.NoError(t, err)
			port := l.LocalAddr().(*net.UDPAddr).Port
			l.Close()
			conf := writeFile(t, filepath.Join(sub, "chrony.conf"), fmt.Sprintf("port %d\ncmdport 0\nbindcmdaddress /\nbindaddress 127.0.0.1\nallow 127.0.0.1\npidfile %s/pid\n%s\n", port, sub, c.line), 0o644)
			cmd := exec.Command(filepath.Join(root, "usr/sbin/chronyd"), "-d", "-x", "-u", "root", "-f", conf)
			require.NoError(t, cmd.Start())
			t.Cleanup(func() {
				cmd.Process.Kill() //nolint:errcheck // it is ours
				cmd.Wait()         //nolint:errcheck // it was killed
			})
			var res netprobe.Result
			require.Eventually(t, func() bool {
				res = protocol.NTP{Addr: fmt.Sprintf("127.0.0.1:%d", port), Timeout: 20 * time.Second}.Probe(t.Context())
				return res.Cause != netprobe.NetRefused
			}, time.Minute, 50*time.Millisecond)
			assert.Equal(t, c.state, res.State, res.Detail)
			assert.Equal(t, c.cause, res.Cause, res.Detail)
		})
	}
}

// users writes a passwd and a group file with more users than there are, the
// first of whom has the number 64900.
func users(t *testing.T, dir string, names ...string) {
	t.Helper()
	for file, form := range map[string]string{"passwd": "%[1]s:x:%[2]d:%[2]d::/:/bin/false\n", "group": "%[1]s:x:%[2]d:\n"} {
		text, err := os.ReadFile("/etc/" + file)
		require.NoError(t, err)
		for i, name := range names {
			text = fmt.Appendf(text, form, name, 64900+i)
		}
		writeFile(t, filepath.Join(dir, file), string(text), 0o644)
	}
}

// apart runs a daemon by a shell in a mount namespace where the users of dir
// are those of the system.
func apart(t *testing.T, dir, port, script string) {
	t.Helper()
	daemon(t, port, need.Program(t, "unshare"), "-m", "sh", "-c", fmt.Sprintf("mount --bind %[1]s/passwd /etc/passwd && mount --bind %[1]s/group /etc/group && %[2]s", dir, script))
}

// Exim refuses clients that talk before their turn, and logs them.
func TestEximIsGreetedInItsTurn(t *testing.T) {
	need.Long(t)
	dir := openDir(t)
	root := need.Unpacked(t, "exim4-daemon-light", "exim4-base", "libidn12")
	port := need.Port(t)
	users(t, dir, "Debian-exim")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "spool"), 0o777))
	require.NoError(t, os.Chmod(filepath.Join(dir, "spool"), 0o777))
	require.NoError(t, exec.Command("chown", "64900", dir, filepath.Join(dir, "spool")).Run())
	conf := writeFile(t, filepath.Join(dir, "exim.conf"), fmt.Sprintf(`primary_hostname = mail.example
spool_directory = %[1]s/spool
log_file_path = %[1]s/%%slog
pid_file_path = %[1]s/pid
keep_environment =
log_selector = +smtp_connection +smtp_protocol_error +smtp_syntax_error
acl_smtp_rcpt = check
tls_advertise_hosts =
begin acl
check:
  accept recipients = postmaster@mail.example
  deny message = nobody of that name
`, dir), 0o644)
	apart(t, dir, port, fmt.Sprintf(`LD_LIBRARY_PATH=%[1]s/usr/lib/x86_64-linux-gnu exec %[1]s/usr/sbin/exim4 -C %[2]s -bdf -oX 127.0.0.1.%[3]s`, root, conf, port))
	p := protocol.SMTP{Addr: "127.0.0.1:" + port, Timeout: time.Minute, HELO: "probe.example", Rcpt: []string{"postmaster@mail.example"}}
	res := p.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	p.Rcpt = []string{"ghost@mail.example"}
	res = p.Probe(t.Context())
	assert.Equal(t, netprobe.ProtoReject, res.Cause, res.Detail)
	assert.Equal(t, netprobe.PhaseRcpt, res.Phase)
	cleanLog(t, filepath.Join(dir, "mainlog"), "rejected RCPT")
}

func TestOpenSMTPDIsGreetedPolitely(t *testing.T) {
	need.Long(t)
	dir := openDir(t)
	root := need.Unpacked(t, "opensmtpd")
	port := need.Port(t)
	users(t, dir, "opensmtpd", "opensmtpq")
	conf := writeFile(t, filepath.Join(dir, "smtpd.conf"), fmt.Sprintf(`listen on 127.0.0.1 port %s hostname mail.example
action "local" maildir "/nonexistent"
match for domain "mail.example" action "local"
`, port), 0o644)
	log := filepath.Join(dir, "log")
	apart(t, dir, port, fmt.Sprintf(`mount -t tmpfs -o mode=711 none /var/spool && mount -t tmpfs -o mode=755 none /var/lib &&
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd && chmod 711 /var/spool/smtpd && exec %s/usr/sbin/smtpd -d -v -f %s >%s 2>&1`, root, conf, log))
	p := protocol.SMTP{Addr: "127.0.0.1:" + port, Timeout: time.Minute, HELO: "probe.example"}
	res := p.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	p.Rcpt = []string{"ghost@elsewhere.example"}
	res = p.Probe(t.Context())
	assert.Equal(t, netprobe.ProtoReject, res.Cause, res.Detail)
	assert.Equal(t, netprobe.PhaseRcpt, res.Phase)
	cleanLog(t, log, "Invalid recipient", "disconnected reason=quit", "reason=disconnect")
}
