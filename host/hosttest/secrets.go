package hosttest

import (
	"crypto/rand"
	pathpkg "path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/redact"
)

// secretFiles hold nothing that a recorded machine needs, by the last component
// of their names; each also with "-" or "~" behind it, as tools keep the copy of
// before. A "*" stands for any bytes.
var secretFiles = []string{
	"shadow", "gshadow", "master.passwd", "spwd.db", "opasswd", "*_key", "id_*", "*.key", "*.keytab", "*.p12", "*.pfx",
	"*.kdbx", "*.gpg", ".pgpass", ".my.cnf", ".netrc", ".htpasswd", "htpasswd", "redact.key",
	"*.secret", "secrets", "chap-secrets", "pap-secrets", "sasldb2", "credentials", "random-seed", "environ",
}

// secretFolders have such files only.
var secretFolders = []string{"/etc/ssl/private/", "/etc/pki/tls/private/", "/etc/wireguard/", "/.gnupg/", "/proc/keys"}

// WithoutSecrets returns a Spec.Filter that leaves the content of files out which
// hold passwords or private keys, and replaces in all others, and in what commands
// print, what looks like a secret by a mark. What it does not know it lets through:
// read the text before you give it away.
func WithoutSecrets() func(name string, content []byte) ([]byte, bool) {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	redactor := redact.New(key)
	return func(name string, content []byte) ([]byte, bool) {
		if strings.HasPrefix(name, "/") && isSecret(name) {
			return nil, false
		}
		return []byte(redactor.Text(string(content))), true
	}
}

func isSecret(name string) bool {
	if slices.ContainsFunc(secretFolders, func(dir string) bool { return strings.Contains(name+"/", dir) }) {
		return true
	}
	base := strings.TrimRight(pathpkg.Base(name), "-~")
	return slices.ContainsFunc(secretFiles, func(pattern string) bool {
		matches, err := pathpkg.Match(pattern, base)
		return err == nil && matches
	})
}
