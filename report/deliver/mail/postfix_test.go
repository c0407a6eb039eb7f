package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/postfixtest"
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
	require.NoError(t, os.Mkdir(filepath.Join(dir, "mail"), 0o755))
	s := postfixtest.Server{Dir: dir, Main: []string{
		"virtual_mailbox_domains = example.net, example.org", "virtual_mailbox_base = " + dir + "/mail", "virtual_mailbox_maps = static:box/",
		"virtual_uid_maps = static:65534", "virtual_gid_maps = static:65534",
		"smtpd_tls_security_level = encrypt", "smtpd_tls_chain_files = " + dir + "/cert.pem",
	}}
	s.Start(t)
	require.NoError(t, os.Chown(filepath.Join(dir, "mail"), 65534, 65534))
	_, text, err := net.SplitHostPort(s.Addr)
	require.NoError(t, err)
	port, err = strconv.Atoi(text)
	require.NoError(t, err)
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
	}, time.Minute, 100*time.Millisecond, "one for each recipient")
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
	}, time.Minute, 100*time.Millisecond)
}
