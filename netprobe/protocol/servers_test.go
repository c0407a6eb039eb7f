package protocol_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/postfixtest"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// awaitText waits until a server has logged a text so many times.
func awaitText(t *testing.T, log, text string, times int) {
	t.Helper()
	require.Eventually(t, func() bool {
		data, err := os.ReadFile(log)
		return err == nil && strings.Count(string(data), text) >= times
	}, 2*time.Minute, 20*time.Millisecond, text)
}

// openDir is a temporary folder that the users of daemons may enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	return dir
}

// cleanLog holds a server's log against what an impolite client leaves there.
// The connections of awaitPort say nothing, which is why some lines are allowed.
func cleanLog(t *testing.T, name string, allowed ...string) {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		lower := strings.ToLower(line)
		for _, bad := range []string{"error", "lost connection", "improper", "synchronization", "fatal", "refused", "attack"} {
			if !strings.Contains(lower, bad) {
				continue
			}
			fine := false
			for _, a := range allowed {
				fine = fine || strings.Contains(line, a)
			}
			if !fine {
				t.Error(line)
			}
		}
	}
}

func probe(t *testing.T, url string, pool *x509.CertPool) netprobe.Result {
	t.Helper()
	p, err := netprobe.Parser{Schemes: protocol.Schemes(), Timeout: time.Minute}.Parse(url)
	require.NoError(t, err)
	return withRoots(p, netprobe.TLSPolicy{ServerName: "localhost", Roots: pool}).Probe(t.Context())
}

// dovecot runs one of its own below dir and returns its ports by protocol.
func dovecot(t *testing.T, dir, cert, key string) (ports map[string]string, log string) {
	t.Helper()
	need.Root(t)
	program := need.Program(t, "dovecot")
	for _, name := range []string{"dovecot", "dovenull"} {
		_, err := user.Lookup(name)
		need.That(t, "user "+name, err == nil)
	}
	ports = map[string]string{}
	for _, name := range []string{"imap", "imaps", "pop3", "pop3s", "sieve", "lmtp"} {
		ports[name] = need.Port(t)
	}
	log = filepath.Join(dir, "log")
	listener := func(service, name string, secure bool) string {
		tls := ""
		if secure {
			tls = "ssl = yes\n"
		}
		return fmt.Sprintf("  inet_listener %s {\n    address = 127.0.0.1\n    port = %s\n    %s  }\n", service, ports[name], tls)
	}
	writeFile(t, filepath.Join(dir, "users"), "bob:{PLAIN}sesame open::::::\n", 0o644)
	conf := writeFile(t, filepath.Join(dir, "dovecot.conf"), fmt.Sprintf(`base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
protocols = imap pop3 lmtp sieve
ssl = yes
ssl_cert = <%[2]s
ssl_key = <%[3]s
mail_location = maildir:%[1]s/mail/%%u
disable_plaintext_auth = yes
auth_username_format = %%n
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = %[1]s/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=%[1]s/mail/%%u
}
service imap-login {
%[4]s%[5]s}
service pop3-login {
%[6]s%[7]s}
service managesieve-login {
%[8]s}
service lmtp {
%[9]s}
`, dir, cert, key, listener("imap", "imap", false), listener("imaps", "imaps", true), listener("pop3", "pop3", false),
		listener("pop3s", "pop3s", true), listener("sieve", "sieve", false), listener("lmtp", "lmtp", false)), 0o644)
	mail := filepath.Join(dir, "mail")
	require.NoError(t, os.Mkdir(mail, 0o755))
	require.NoError(t, exec.Command("chown", "mail:mail", mail).Run())
	daemon(t, ports["imap"], program, "-F", "-c", conf)
	for _, port := range ports {
		awaitPort(t, port)
	}
	return ports, log
}

func TestDovecotAnswersInEveryProtocolAndLogsNothingBad(t *testing.T) {
	need.Long(t)
	dir := openDir(t)
	cert, key, pool := certFiles(t, dir, time.Now().AddDate(0, 3, 0))
	ports, log := dovecot(t, dir, cert, key)
	pass := writeFile(t, filepath.Join(dir, "pass"), "sesame open\n", 0o600)
	wrong := writeFile(t, filepath.Join(dir, "wrong"), "let me in\n", 0o600)
	for _, c := range []struct {
		url   string
		state netprobe.State
		cause netprobe.Cause
	}{
		{"imap://127.0.0.1:" + ports["imap"] + "?starttls=required", netprobe.OK, ""},
		{"imaps://127.0.0.1:" + ports["imaps"], netprobe.OK, ""},
		{"pop3://127.0.0.1:" + ports["pop3"] + "?starttls=required", netprobe.OK, ""},
		{"pop3s://127.0.0.1:" + ports["pop3s"], netprobe.OK, ""},
		{"sieve://127.0.0.1:" + ports["sieve"] + "?starttls=required", netprobe.OK, ""},
		{"lmtp://127.0.0.1:" + ports["lmtp"], netprobe.OK, ""},
		{"imap://bob@127.0.0.1:" + ports["imap"] + "?starttls=required&pass-file=" + pass, netprobe.OK, ""},
		{"imap://bob@127.0.0.1:" + ports["imap"] + "?pass-file=" + pass, netprobe.Critical, netprobe.StartTLSMissing},
		{"pop3s://bob@127.0.0.1:" + ports["pop3s"] + "?pass-file=" + pass, netprobe.OK, ""},
		{"imaps://bob@127.0.0.1:" + ports["imaps"] + "?pass-file=" + wrong, netprobe.Critical, netprobe.ProtoReject},
	} {
		res := probe(t, c.url, pool)
		assert.Equal(t, c.state, res.State, "%s: %s", c.url, res.Detail)
		assert.Equal(t, c.cause, res.Cause, c.url)
		text := fmt.Sprintf("%+v", res)
		assert.NotContains(t, text, "sesame")
		assert.NotContains(t, text, "let me in")
	}
	cleanLog(t, log, "Disconnected: Too many invalid", "no auth attempts", "auth failed", "Aborted login")
}

func TestVsftpdAnswersWithAndWithoutTLS(t *testing.T) {
	need.Root(t)
	program := need.Program(t, "vsftpd")
	dir := openDir(t)
	cert, key, pool := certFiles(t, dir, time.Now().AddDate(0, 3, 0))
	port := need.Port(t)
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.Mkdir(empty, 0o555))
	conf := writeFile(t, filepath.Join(dir, "vsftpd.conf"), fmt.Sprintf(`listen=YES
listen_address=127.0.0.1
listen_port=%s
background=NO
anonymous_enable=YES
anon_root=%s
secure_chroot_dir=%[2]s
ssl_enable=YES
allow_anon_ssl=YES
rsa_cert_file=%s
rsa_private_key_file=%s
ssl_tlsv1=YES
ssl_ciphers=HIGH
max_clients=1
seccomp_sandbox=NO
xferlog_enable=NO
`, port, empty, cert, key), 0o600)
	daemon(t, port, program, conf)
	var res netprobe.Result
	require.Eventually(t, func() bool { // until the connection of awaitPort is forgotten
		res = probe(t, "ftp://127.0.0.1:"+port+"?starttls=required", pool)
		return res.State == netprobe.OK
	}, time.Minute, 100*time.Millisecond, "the server has room for one")
	assert.True(t, res.TLS != nil && res.TLS.KnownCA)
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		answer := make([]byte, 3)
		_, err = conn.Read(answer)
		return err == nil && string(answer) == "220"
	}, time.Minute, 100*time.Millisecond)
	res = probe(t, "ftp://127.0.0.1:"+port, pool)
	assert.Equal(t, netprobe.ProtoDefer, res.Cause, res.Detail)
	assert.Equal(t, 421, res.Code)
}

func TestOpenSSHShowsItsKey(t *testing.T) {
	need.Root(t)
	sshd, keygen := need.Program(t, "sshd"), need.Program(t, "ssh-keygen")
	dir, port := t.TempDir(), need.Port(t)
	key := filepath.Join(dir, "key")
	require.NoError(t, exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).Run())
	out, err := exec.Command(keygen, "-l", "-f", key+".pub").Output()
	require.NoError(t, err)
	want := strings.Fields(string(out))[1]
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755))
	log := filepath.Join(dir, "log")
	daemon(t, port, sshd, "-D", "-E", log, "-f", "/dev/null", "-h", key, "-o", "ListenAddress=127.0.0.1", "-p", port, "-o", "PidFile="+dir+"/pid")
	res := protocol.SSH{Addr: "127.0.0.1:" + port, Timeout: time.Minute, Key: true}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.Equal(t, []string{want, "ssh-ed25519"}, res.Facts["hostkey"])
	res = protocol.SSH{Addr: "127.0.0.1:" + port, Timeout: time.Minute, HostKey: []string{want}}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	res = protocol.SSH{Addr: "127.0.0.1:" + port, Timeout: time.Minute, HostKey: []string{"SHA256:another"}}.Probe(t.Context())
	assert.Equal(t, netprobe.ProtoHostKey, res.Cause, res.Detail)
	cleanLog(t, log)
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "upkeep_probe", "who names a user is taken for an attacker")
}

func TestNginxSpeaksHTTP2AndOldTLS(t *testing.T) {
	nginx := need.Program(t, "nginx")
	dir := t.TempDir()
	cert, key, pool := certFiles(t, dir, time.Now().AddDate(0, 3, 0))
	second, old, mutual := need.Port(t), need.Port(t), need.Port(t)
	conf := writeFile(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(`daemon off;
pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off;
  ssl_certificate %[2]s; ssl_certificate_key %[3]s;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server { listen 127.0.0.1:%[4]s ssl http2; location / { return 200 "welcome to HTTP"; } location /go { return 302 /; } }
  server { listen 127.0.0.1:%[5]s ssl; ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; return 200; }
  server { listen 127.0.0.1:%[6]s ssl; ssl_verify_client on; ssl_client_certificate %[2]s; return 200; }
}
`, dir, cert, key, second, old, mutual), 0o644)
	daemon(t, second, nginx, "-c", conf, "-p", dir)
	policy := netprobe.TLSPolicy{ServerName: "localhost", Roots: pool}
	ask := func(url string) netprobe.Result {
		p, err := protocol.Parse(url)
		require.NoError(t, err)
		h := p.(protocol.HTTP)
		h.Policy, h.Host, h.Timeout = policy, "localhost", time.Minute
		return h.Probe(t.Context())
	}
	res := ask("https://127.0.0.1:" + second + "/#expect=welcome")
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	assert.Equal(t, "HTTP/2.0 200 OK", res.Facts.Get("banner"))
	res = ask("https://127.0.0.1:" + second + "/#expect=farewell&http=1")
	assert.Equal(t, netprobe.ProtoUnexpected, res.Cause, res.Detail)
	assert.Equal(t, "HTTP/1.1 200 OK", res.Facts.Get("banner"))
	res = ask("https://127.0.0.1:" + mutual + "/")
	assert.Equal(t, 400, res.Code, "nginx says so inside TLS: %s", res.Detail)
	res = ask("https://127.0.0.1:" + old + "/")
	assert.Equal(t, netprobe.TLSVersion, res.Cause, res.Detail)
	require.NotNil(t, res.TLS)
}

// Postscreen says "220-" and waits for clients that talk before their turn.
func TestPostscreenIsWaitedForAndPassed(t *testing.T) {
	need.Long(t)
	server := postfixtest.Server{Dir: t.TempDir(), Screen: true, Main: []string{
		"postscreen_greet_wait = 1s", "postscreen_greet_banner = one moment", "postscreen_greet_action = enforce", "postscreen_access_list =",
	}}
	server.Start(t)
	log := server.Log()
	res := protocol.SMTP{Addr: server.Addr, Timeout: time.Minute}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	awaitText(t, log, "PASS NEW", 1)
	awaitText(t, log, "quit=1", 1)
	cleanLog(t, log)
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "PREGREET")
}

// A bare TCP probe of a mail server is no lost connection in its log.
func TestABareConnectLeavesPostfixPolitely(t *testing.T) {
	need.Long(t)
	server := postfixtest.Server{Dir: t.TempDir()}
	server.Start(t)
	via := netprobe.Net{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Addr)
	}}
	res := netprobe.TCP{Addr: "127.0.0.1:25", Timeout: time.Minute, Net: via}.Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Detail)
	awaitText(t, server.Log(), "quit=1 commands=1", 1)
	cleanLog(t, server.Log())
}
