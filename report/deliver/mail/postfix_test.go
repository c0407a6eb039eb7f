package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

// certified writes a certificate for localhost with its key into dir.
func certified(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cert.pem"), both, 0o600))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(both[strings.Index(string(both), "-----BEGIN CERT"):]))
	return pool
}

// postfix runs a mail server of its own below dir, which demands TLS and puts
// what it gets into the maildir that is returned.
func postfix(t *testing.T, dir string) (port int, maildir string) {
	t.Helper()
	need.Root(t)
	program := need.Program(t, "postfix")
	owner, err := user.Lookup("postfix")
	need.That(t, "user postfix", err == nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port = l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	uid, err := strconv.Atoi(owner.Uid)
	require.NoError(t, err)
	for _, d := range []string{"config", "queue", "data", "mail"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, d), 0o755))
	}
	for _, d := range []string{dir, filepath.Dir(dir)} { // its daemons run as user postfix
		require.NoError(t, os.Chmod(d, 0o755))
	}
	require.NoError(t, os.Chown(filepath.Join(dir, "data"), uid, -1))
	require.NoError(t, os.Chown(filepath.Join(dir, "mail"), 65534, 65534))
	main := fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
config_directory = %[1]s/config
myhostname = mail.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = %[1]s/mail.log
maillog_file_prefixes = %[1]s
alias_maps =
virtual_mailbox_domains = example.net, example.org
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = %[1]s/cert.pem
`, dir)
	master := fmt.Sprintf(`127.0.0.1:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
`, port)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config/main.cf"), []byte(main), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config/master.cf"), []byte(master), 0o644))
	out, err := exec.Command(program, "-c", dir+"/config", "start").CombinedOutput()
	require.NoError(t, err, string(out))
	t.Cleanup(func() {
		out, err := exec.Command(program, "-c", dir+"/config", "stop").CombinedOutput()
		assert.NoError(t, err, string(out))
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/mail.log")
			t.Log(string(log))
		}
	})
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 20*time.Second, 50*time.Millisecond)
	return port, filepath.Join(dir, "mail/box/new")
}

// A real server takes a mail over STARTTLS and keeps it as it was sent; lines
// that begin with a dot survive, and one that cannot prove its name gets nothing.
func TestPostfixKeepsAMailAsItWasSent(t *testing.T) {
	need.Long(t)
	dir := t.TempDir()
	pool := certified(t, dir)
	port, maildir := postfix(t, dir)
	rep := rendertest.Sample()
	rep.Notices = []string{".", "\r\n.\r\nQUIT", "From here"}
	out := SMTP{Message: message, Host: "localhost", Port: port, Config: &tls.Config{RootCAs: pool, ServerName: "localhost"}}
	require.NoError(t, out.Report(t.Context(), rep))

	untrusted := out
	untrusted.Config = nil
	assert.ErrorContains(t, untrusted.Report(t.Context(), rep), "certificate")
	plain := out
	plain.TLS = Plain
	assert.Error(t, plain.Report(t.Context(), rep), "the server demands TLS")

	var names []string
	require.Eventually(t, func() bool {
		names, _ = filepath.Glob(maildir + "/*")
		return len(names) == 2
	}, 20*time.Second, 100*time.Millisecond, "one for each recipient")
	_, want := parts(t, composed(t, rep))
	for _, name := range names {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		m, got := parts(t, raw)
		assert.Equal(t, want, got)
		assert.Contains(t, m.Header.Get("Received"), "mail.example")
	}
}

func TestPostfixTakesAMailFromItsSendmail(t *testing.T) {
	need.Long(t)
	dir := t.TempDir()
	certified(t, dir)
	_, maildir := postfix(t, dir)
	require.NoError(t, Sendmail{Message: message, Args: []string{"-C", dir + "/config"}}.Report(t.Context(), rendertest.Quiet()))
	require.Eventually(t, func() bool {
		names, _ := filepath.Glob(maildir + "/*")
		return len(names) == 2
	}, 20*time.Second, 100*time.Millisecond)
}
