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
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/postfixtest"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

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
	}, time.Minute, 50*time.Millisecond)
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
	plain, secure := need.Port(t), need.Port(t)
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
	res := protocol.HTTP{Addr: "127.0.0.1:" + plain, Timeout: time.Minute}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.Equal(t, 404, res.Code)
	policy := netprobe.TLSPolicy{ServerName: "localhost", Roots: pool}
	res = protocol.HTTP{Addr: "127.0.0.1:" + secure, Timeout: time.Minute, TLS: true, Policy: policy}.Probe(t.Context())
	assert.Equal(t, netprobe.ProtoReject, res.Cause, res.Detail)
	assert.Equal(t, 502, res.Code)
	assert.True(t, res.TLS.KnownCA && res.TLS.NameOK)
	res = protocol.HTTP{Addr: "127.0.0.1:" + secure, Timeout: time.Minute}.Probe(t.Context())
	assert.Equal(t, 400, res.Code, "plain HTTP on a TLS port is answered, which discovery relies on")
}

func TestOpenSSHIdentifiesItself(t *testing.T) {
	need.Root(t)
	sshd, keygen := need.Program(t, "sshd"), need.Program(t, "ssh-keygen")
	dir, port := t.TempDir(), need.Port(t)
	key := filepath.Join(dir, "key")
	require.NoError(t, exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).Run())
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755))
	daemon(t, port, sshd, "-D", "-e", "-f", "/dev/null", "-h", key, "-o", "ListenAddress=127.0.0.1", "-p", port, "-o", "PidFile="+dir+"/pid")
	res := protocol.SSH{Addr: "127.0.0.1:" + port, Timeout: time.Minute}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.True(t, strings.HasPrefix(res.Facts.Get("banner"), "SSH-2.0-OpenSSH"), res.Facts.Get("banner"))
}

func TestPostfixIsGreetedPolitely(t *testing.T) {
	need.Long(t)
	dir := t.TempDir()
	cert, key, pool := certFiles(t, dir, time.Now().AddDate(0, 0, 10))
	server := postfixtest.Server{Dir: dir, Main: []string{"smtpd_tls_security_level = may", "smtpd_tls_cert_file = " + cert, "smtpd_tls_key_file = " + key}}
	server.Start(t)
	addr := server.Addr
	res := protocol.SMTP{Addr: addr, Timeout: time.Minute}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.Contains(t, res.Facts["capabilities"], "STARTTLS")
	assert.True(t, strings.HasPrefix(res.Facts.Get("banner"), "mail.example ESMTP"), res.Facts.Get("banner"))
	res = protocol.SMTP{Addr: addr, Timeout: time.Minute, StartTLS: protocol.Required, Policy: netprobe.TLSPolicy{ServerName: "localhost", Roots: pool}}.Probe(t.Context())
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
	awaitText(t, server.Log(), "quit=1", 2)
	cleanLog(t, server.Log())
}

func TestPostfixWithoutTLSLacksStartTLS(t *testing.T) {
	need.Long(t)
	server := postfixtest.Server{Dir: t.TempDir(), Main: []string{"smtpd_tls_security_level = none"}}
	server.Start(t)
	res := protocol.SMTP{Addr: server.Addr, Timeout: time.Minute, StartTLS: protocol.Required}.Probe(t.Context())
	assert.Equal(t, netprobe.StartTLSMissing, res.Cause, res.Detail)
}
