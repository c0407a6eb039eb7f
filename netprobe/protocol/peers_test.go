package protocol_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// freePort gives a port of 127.0.0.1 that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// daemon runs a server in the foreground until the test ends, and waits until
// it takes connections.
func daemon(t *testing.T, port string, argv ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		cmd.Wait() //nolint:errcheck // it was told to end
		if t.Failed() {
			t.Logf("%s: %s", argv[0], out.Bytes())
		}
	})
	awaitPort(t, port)
}

func awaitPort(t *testing.T, port string) {
	t.Helper()
	require.Eventually(t, func() bool {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 20*time.Second, 50*time.Millisecond)
}

func writeFile(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), mode))
	return name
}

// certFiles writes a certificate for localhost and its key.
func certFiles(t *testing.T, dir string, to time.Time) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	c, pool, err := netprobetest.Certify(time.Now().AddDate(0, -3, 0), to, "localhost")
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	require.NoError(t, err)
	cert = writeFile(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})), 0o644)
	key = writeFile(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), 0o600)
	return cert, key, pool
}

func TestNginxAnswersWithAndWithoutTLS(t *testing.T) {
	nginx := need.Program(t, "nginx")
	dir := t.TempDir()
	cert, key, pool := certFiles(t, dir, time.Now().AddDate(0, 3, 0))
	plain, secure := freePort(t), freePort(t)
	conf := writeFile(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(`daemon off;
pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server { listen 127.0.0.1:%[2]s; location / { return 404; } }
  server { listen 127.0.0.1:%[3]s ssl; ssl_certificate %[4]s; ssl_certificate_key %[5]s; return 502; }
}
`, dir, plain, secure, cert, key), 0o644)
	daemon(t, plain, nginx, "-c", conf, "-p", dir)
	awaitPort(t, secure)
	res := protocol.HTTP{Addr: "127.0.0.1:" + plain}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.Equal(t, 404, res.Code)
	policy := netprobe.TLSPolicy{ServerName: "localhost", Roots: pool}
	res = protocol.HTTP{Addr: "127.0.0.1:" + secure, TLS: true, Policy: policy}.Probe(t.Context())
	assert.Equal(t, netprobe.ProtoReject, res.Cause, res.Detail)
	assert.Equal(t, 502, res.Code)
	assert.True(t, res.TLS.KnownCA && res.TLS.NameOK)
	res = protocol.HTTP{Addr: "127.0.0.1:" + secure}.Probe(t.Context())
	assert.Equal(t, 400, res.Code, "plain HTTP on a TLS port is answered, which discovery relies on")
}

func TestOpenSSHIdentifiesItself(t *testing.T) {
	need.Root(t)
	sshd, keygen := need.Program(t, "sshd"), need.Program(t, "ssh-keygen")
	dir, port := t.TempDir(), freePort(t)
	key := filepath.Join(dir, "key")
	require.NoError(t, exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).Run())
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755))
	daemon(t, port, sshd, "-D", "-e", "-f", "/dev/null", "-h", key, "-o", "ListenAddress=127.0.0.1", "-p", port, "-o", "PidFile="+dir+"/pid")
	res := protocol.SSH{Addr: "127.0.0.1:" + port}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.True(t, strings.HasPrefix(res.Facts.Get("banner"), "SSH-2.0-OpenSSH"), res.Facts.Get("banner"))
}

// postfix runs an instance of its own, all below dir, with one smtpd.
func postfix(t *testing.T, dir, port string, lines ...string) (logFile string) {
	t.Helper()
	need.Root(t)
	master := need.Program(t, "/usr/lib/postfix/sbin/master")
	_, err := user.Lookup("postfix")
	need.That(t, "user postfix", err == nil)
	config, queue, data := filepath.Join(dir, "config"), filepath.Join(dir, "queue"), filepath.Join(dir, "data")
	for _, d := range []string{config, data, filepath.Join(queue, "pid")} {
		require.NoError(t, os.MkdirAll(d, 0o755))
	}
	for _, d := range []string{"active", "bounce", "corrupt", "defer", "deferred", "hold", "incoming", "maildrop", "private", "public", "trace"} {
		require.NoError(t, os.Mkdir(filepath.Join(queue, d), 0o755))
		require.NoError(t, exec.Command("chown", "postfix", filepath.Join(queue, d)).Run())
	}
	for _, d := range []string{dir, filepath.Dir(dir)} { // its daemons run as user postfix
		require.NoError(t, os.Chmod(d, 0o755))
	}
	require.NoError(t, exec.Command("chown", "postfix", data).Run())
	logFile = filepath.Join(dir, "mail.log")
	writeFile(t, filepath.Join(config, "main.cf"), strings.Join(append([]string{
		"compatibility_level = 3.6", "queue_directory = " + queue, "data_directory = " + data, "config_directory = " + config,
		"myhostname = mail.example", "mydestination =", "inet_interfaces = 127.0.0.1", "inet_protocols = ipv4",
		"maillog_file = " + logFile, "maillog_file_prefixes = " + dir, "alias_maps =", "local_recipient_maps =", "smtputf8_enable = no",
	}, lines...), "\n")+"\n", 0o644)
	front := "inet n - n - - smtpd"
	if strings.Contains(strings.Join(lines, ""), "postscreen_") {
		front = "inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\ndnsblog unix - - n - 0 dnsblog\ntlsproxy unix - - n - 0 tlsproxy"
	}
	writeFile(t, filepath.Join(config, "master.cf"), fmt.Sprintf(`127.0.0.1:%s %s
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`, port, front), 0o644)
	daemon(t, port, master, "-d", "-c", config) // postfix start looks at all of its files first, for seconds
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(logFile)
			t.Log(string(log))
		}
	})
	return logFile
}

func TestPostfixIsGreetedPolitely(t *testing.T) {
	need.Long(t)
	dir, port := t.TempDir(), freePort(t)
	cert, key, pool := certFiles(t, dir, time.Now().AddDate(0, 0, 10))
	log := postfix(t, dir, port, "smtpd_tls_security_level = may", "smtpd_tls_cert_file = "+cert, "smtpd_tls_key_file = "+key)
	addr := "127.0.0.1:" + port
	res := protocol.SMTP{Addr: addr}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.Contains(t, res.Facts["capabilities"], "STARTTLS")
	assert.True(t, strings.HasPrefix(res.Facts.Get("banner"), "mail.example ESMTP"), res.Facts.Get("banner"))
	res = protocol.SMTP{Addr: addr, StartTLS: protocol.Required, Policy: netprobe.TLSPolicy{ServerName: "localhost", Roots: pool}}.Probe(t.Context())
	assert.Equal(t, netprobe.Warning, res.State, res.Detail)
	assert.Equal(t, netprobe.TLSExpiring, res.Cause)
	assert.NotContains(t, res.Facts["capabilities"], "STARTTLS", "what was learned in plain text is forgotten")
	assert.NotEmpty(t, res.Facts["capabilities"])

	tcp := sysview.Sockets(t.Context(), host.Local())[0]
	require.NoError(t, tcp.Err)
	for _, s := range tcp.Sockets {
		if s.Local == netip.MustParseAddrPort(addr) {
			assert.Equal(t, "master", s.Process.Name)
		}
	}
	lines, err := os.ReadFile(log)
	require.NoError(t, err)
	for _, bad := range []string{"lost connection", "improper command pipelining", "SSL_accept error"} {
		for line := range strings.Lines(string(lines)) {
			// The connections of awaitPort say nothing and are lost.
			if strings.Contains(line, bad) && !strings.Contains(line, "lost connection after CONNECT") {
				t.Error(line)
			}
		}
	}
	assert.Contains(t, string(lines), "quit=1")
}

func TestPostfixWithoutTLSLacksStartTLS(t *testing.T) {
	need.Long(t)
	dir, port := t.TempDir(), freePort(t)
	postfix(t, dir, port, "smtpd_tls_security_level = none")
	res := protocol.SMTP{Addr: "127.0.0.1:" + port, StartTLS: protocol.Required}.Probe(t.Context())
	assert.Equal(t, netprobe.StartTLSMissing, res.Cause, res.Detail)
}
