package local_test

import (
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
	"github.com/pugetsoundtech/upkeep/netprobe/local"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// hardened runs an nginx that serves nobody who does not know its names: in
// plain text, inside TLS, with an expired certificate on a third port, and to a
// proxy alone on a fourth.
func hardened(t *testing.T, dir string) (ports []uint16) {
	t.Helper()
	need.Program(t, "nginx")
	for range 4 {
		ports = append(ports, netip.MustParseAddrPort(need.Addr(t)).Port())
	}
	c, _, err := netprobetest.Certify(time.Now().AddDate(0, -3, 0), time.Now().AddDate(0, 0, -2), "www.example")
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, "key": {Type: "PRIVATE KEY", Bytes: key}} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
	conf := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, `daemon off;
pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server { listen 127.0.0.1:%[2]d default_server; return 444; }
  server { listen 127.0.0.1:%[3]d ssl default_server; ssl_reject_handshake on; }
  server { listen 127.0.0.1:%[4]d ssl; ssl_certificate %[1]s/cert; ssl_certificate_key %[1]s/key; return 200; }
  server { listen 127.0.0.1:%[5]d proxy_protocol; return 200; }
}
`, dir, ports[0], ports[1], ports[2], ports[3]), 0o644))
	return ports
}

func TestARealHardenedNginxIsAliveAndItsExpiredCertificateSeen(t *testing.T) {
	dir := t.TempDir()
	ports := hardened(t, dir)
	cmd := exec.Command(need.Program(t, "nginx"), "-c", filepath.Join(dir, "nginx.conf"), "-p", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		cmd.Wait() //nolint:errcheck // it was told to end
	})
	var sockets []sysview.Socket
	for _, port := range ports {
		at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
		require.Eventually(t, func() bool {
			c, err := net.Dial("tcp", at.String())
			if err == nil {
				c.Close()
			}
			return err == nil
		}, time.Minute, 50*time.Millisecond)
		sockets = append(sockets, sysview.Socket{Network: "tcp", Local: at, Process: sysview.Process{PID: cmd.Process.Pid, Name: "nginx"}})
	}
	res, err := suite.Collect(t.Context(), local.Services{Targets: local.Discover(host.Local(), sockets)})
	require.NoError(t, err)
	require.Len(t, res.Findings, 1, res.Findings)
	assert.Equal(t, fmt.Sprintf("https://127.0.0.1:%d (nginx): the certificate expired 2 days ago", ports[2]), res.Findings[0].Title)
	log, err := os.ReadFile(filepath.Join(dir, "error.log"))
	require.NoError(t, err)
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "broken header") {
			continue // that it talks to a proxy alone is known only from its answer
		}
		assert.NotContains(t, line, "[error]", "no line of ours looks like an error")
		assert.NotContains(t, line, "[crit]")
	}
}
