package confdiff_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/confdiff"
)

func TestSecretsOfEveryKindAreHidden(t *testing.T) {
	const first, second = "Pl4nt3d-S3cret-0815", "0th3r-S3cret-4711x"
	files, later := backuptest.Secrets(first), backuptest.Secrets(second)
	for name, text := range files {
		hidden := string(confdiff.Redact(name, []byte(text), []byte("k")))
		if !strings.Contains(text, "\x00") {
			assert.NotContains(t, hidden, first, name)
			assert.Equal(t, hidden, string(confdiff.Redact(name, []byte(hidden), []byte("k"))), "what was hidden stays as it is")
		}
		for _, sides := range [][2]string{{"", text}, {text, ""}, {text, later[name]}, {text + "# a\n", text + "# b\n"}} {
			lines := of(name, sides[0], sides[1])
			assert.NotContains(t, lines, first, name)
			assert.NotContains(t, lines, second, name)
		}
		assert.NotEqual(t, of(name, text, later[name]), of(name, text, text), "%s: that it was changed is said", name)
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	for name, text := range map[string]string{
		"/etc/pam.d/passwd":        "password required pam_unix.so yescrypt\npassword [success=1 default=ignore] pam_unix.so obscure\n@include common-password\n",
		"/etc/pf.conf":             "pass in on egress proto tcp\npass out quick\n",
		"/etc/nsswitch.conf":       "passwd: files systemd\ngroup: files\nshadow: files\n",
		"/etc/ssh/sshd_config":     "PasswordAuthentication no\nPermitEmptyPasswords no\nKbdInteractiveAuthentication no\n",
		"/etc/services":            "kpasswd 464/tcp\nsecure-mqtt 8883/tcp\n",
		"/etc/login.defs":          "PASS_MAX_DAYS 99999\nENCRYPT_METHOD YESCRYPT\n",
		"/etc/nginx/site.conf":     "auth_basic \"members\";\nauth_basic_user_file /etc/nginx/.htpasswd;\n",
		"/etc/ssl/certs/ca.pem":    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
		"/etc/default/locale":      "LANG=C.UTF-8\n",
		"/etc/apt/sources.list":    "deb https://deb.debian.org/debian bookworm main\n",
		"/etc/sudoers":             "Defaults passwd_tries=3\n%sudo ALL=(ALL:ALL) ALL\n",
		"/etc/postfix/main.cf":     "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd\n",
		"/etc/systemd/system.conf": "#DefaultTimeoutStartSec=90s\n",
	} {
		assert.Equal(t, text, string(confdiff.Redact(name, []byte(text), []byte("k"))), name)
	}
}
