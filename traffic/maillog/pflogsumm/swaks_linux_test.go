package pflogsumm

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
)

// guardedCF is what a server asks of strangers.
const guardedCF = `mynetworks = 127.0.0.1/32
message_size_limit = 20000
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_helo_restrictions = reject_invalid_helo_hostname
smtpd_client_restrictions = check_client_access cidr:DIR/maps/clients
smtpd_sender_restrictions = check_sender_access texthash:DIR/maps/senders
smtpd_data_restrictions = check_sender_access texthash:DIR/maps/talkers
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = DIR/auth/for-postfix
smtpd_tls_security_level = may
smtpd_tls_cert_file = DIR/maps/cert
smtpd_tls_key_file = DIR/maps/key
smtpd_tls_loglevel = 1
`

// authConf is a Dovecot that only knows who may log in.
const authConf = `base_dir = DIR/auth
state_dir = DIR/auth
log_path = DIR/auth.log
protocols =
ssl = no
auth_mechanisms = plain login cram-md5
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = DIR/maps/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/
}
service auth {
  unix_listener for-postfix {
    mode = 0666
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`

// guard writes what guardedCF names, and starts who knows the passwords.
func (s postfix) guard() {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	form := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"mx.example.org"}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, &form, &form, key.Public(), key)
	require.NoError(s.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(s.t, err)
	for name, text := range map[string]string{
		"cert":         string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		"key":          string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		"users":        "anna:{PLAIN}sesame\n",
		"clients":      "192.0.2.66/32 REJECT known for junk\n",
		"senders":      "full@example.com 450 4.7.1 come back later\n",
		"talkers":      "chatty@example.com REJECT no more of that\n",
		"dovecot.conf": strings.ReplaceAll(authConf, "DIR", s.Dir),
	} {
		require.NoError(s.t, os.WriteFile(filepath.Join(s.Dir, "maps", name), []byte(text), 0o644))
	}
	s.background(need.Program(s.t, "dovecot"), "-F", "-c", filepath.Join(s.Dir, "maps", "dovecot.conf"))
	require.Eventually(s.t, func() bool {
		c, err := net.Dial("unix", filepath.Join(s.Dir, "auth", "for-postfix"))
		if err == nil {
			c.Close()
		}
		return err == nil
	}, time.Minute, 50*time.Millisecond, "nobody knows the passwords")
}

// A conversation is one of swaks with the server, and what it exits with: 0 taken,
// 23 to 26 refused at MAIL, RCPT, DATA or behind it, 28 not let in.
type conversation struct {
	args string
	exit int
}

const stranger = " --xclient-addr 192.0.2.7 --xclient-name mail.example.com"

var conversations = []conversation{
	{"--tls --auth PLAIN --auth-user anna --auth-password sesame --to bob@example.net", 0},
	{"--auth CRAM-MD5 --auth-user anna --auth-password sesame --to bob@example.net" + stranger, 0},
	{"--auth LOGIN --auth-user anna --auth-password wrong --to bob@example.net", 28},
	{"--tls --to bob@example.net", 0},
	{"--to bob@elsewhere.example" + stranger, 24},
	{"--to fwd@example.org" + stranger, 0},
	{"--to bob@example.net --xclient-addr 192.0.2.66", 24},
	{"--to bob@example.net --helo x..y", 24},
	{"--to bob@example.net --from full@example.com", 24},
	{"--to bob@example.net --from chatty@example.com", 25},
	{"--to bad@example.net,bob@example.net", 0},
	{"--to bob@example.net --h-Subject evil", 26},
}

// converse has each conversation once; large is refused for its size.
func (s postfix) converse() {
	s.t.Helper()
	large := filepath.Join(s.Dir, "large")
	require.NoError(s.t, os.WriteFile(large, []byte(strings.Repeat(strings.Repeat("x", 70)+"\n", 600)), 0o644))
	for _, c := range append([]conversation{{"--to bob@example.net --body @" + large, 26}}, conversations...) {
		args := append(strings.Fields(c.args), "--server", s.Addr)
		if !strings.Contains(c.args, "--from") {
			args = append(args, "--from", "dora@example.com")
		}
		if !strings.Contains(c.args, "--helo") {
			args = append(args, "--helo", "client.example.com")
		}
		cmd := exec.Command("swaks", args...)
		out, _ := cmd.CombinedOutput()
		assert.Equal(s.t, c.exit, cmd.ProcessState.ExitCode(), "%s\n%s", c.args, out)
	}
}

// assertConversations holds what the conversations left against what was counted.
func assertConversations(t *testing.T, r maillog.Report) {
	t.Helper()
	counts := func(rows []maillog.Row) map[string]int64 {
		out := map[string]int64{}
		for _, row := range rows {
			out[row.Key] = row.Count
		}
		return out
	}
	assert.Equal(t, map[string]int64{"anna": 2}, counts(r.Users), "who logged in to send")
	assert.Equal(t, map[string]int64{"TLSv1.3": 2}, counts(r.Protocols))
	assert.Equal(t, map[string]int64{
		"454 4.7.1 <>: Relay access denied":                      1,
		"554 5.7.1 <>: Client host rejected: known for junk":     1,
		"501 5.5.2 <>: Helo command rejected: Invalid name":      1,
		"450 4.7.1 <>: Sender address rejected: come back later": 1,
		"554 5.7.1 <>: Sender address rejected: no more of that": 1,
		"554 5.7.1 <>: Recipient address rejected: go away":      2, // one of smtp-source, which then gives up
		"header Subject: evil":                                   2, // so is one of these
	}, counts(r.Rejects))
	complaints := counts(r.Complaints)
	assert.EqualValues(t, 1, complaints["warning: unknown<>: SASL LOGIN authentication failed: (reason unavailable), sasl_username=anna"], complaints)
	assert.NotZero(t, complaints["warning: #: queue file size limit exceeded"], complaints)
	assert.EqualValues(t, 2, counts(r.Clients)["mail.example.com[192.0.2.7]"])
}
