package confdiff

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/redact"
)

// What package redact knows of any text stands before what only configurations
// have: secrets behind a blank, in elements, and in statements. Each last group is
// a secret; a text without one of the hints has none.
var spoken = []redact.Near{
	{
		Hints: []string{"pass", "secret", "token", "psk", "community", "bindpw", "masterauth", "identified by"},
		RE: regexp.MustCompile(`(?i)(?:[-_.]pass|(?:\b|[-_.])(?:password|passwd|passphrase|secret|token|psk|(?:ro|rw|trap|sec)?community6?|bindpw|bindpasswd|requirepass|masterauth|identified by(?: password)?))["']?` +
			`(?:[ \t]*=[ \t]*|[ \t]+)` + word),
	},
	{
		Hints: []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "privatekey"}, Lines: -1,
		RE: regexp.MustCompile(`(?i)<[\w:.-]*(?:password|passwd|passphrase|secret|token|apikey|privatekey)[\w:.-]*>([^<]+)<`),
	},
	{Hints: []string{"basic", "bearer", "digest"}, RE: regexp.MustCompile(`(?i)\b(?:basic|bearer|digest)[ \t]+([\w+/=.~-]{6,})`)},
	{Hints: []string{"auth"}, RE: regexp.MustCompile(`(?i)"_?auth"[ \t]*:[ \t]*` + word)},
	{Hints: []string{"createuser", "usmuser", "com2sec", "trapsess"}, RE: regexp.MustCompile(`(?im)^[ \t]*(?:createuser|usmuser|com2sec6?|trapsess)[ \t]+(\S.*)$`)},
}

// word is a value with or without quotes, which stay.
const word = `["']?([^\s;,<>"'«]+|«[^»\n]*»)`

// plain are words that no secret is: what PAM and switches have behind such names.
var plain = []string{
	"yes", "no", "on", "off", "true", "false", "none", "required", "requisite", "sufficient", "optional", "include", "substack", "{", "[",
}

// text hides the secrets in a text of a configuration.
func (d differ) text(s string) string {
	s = d.redact.Text(s)
	in := redact.In(s)
	for _, near := range spoken {
		var out strings.Builder
		last := 0
		for _, m := range near.All(in) {
			from, to := m[len(m)-2], m[len(m)-1]
			value := s[from:to]
			if strings.Contains(value, "«") || strings.HasPrefix(value, "[") || slices.Contains(plain, strings.ToLower(value)) {
				continue
			}
			out.WriteString(s[last:from] + d.redact.Mark(value))
			last = to
		}
		if last > 0 {
			s = out.String() + s[last:]
			in = redact.In(s)
		}
	}
	return s
}

// onlySecrets reports whether a file is, by its name, one that has nothing else.
func onlySecrets(name string) bool {
	base := strings.ToLower(path.Base(name))
	for _, dir := range []string{"/secrets/", "/cryptsetup-keys.d/", "/private/"} {
		if strings.Contains(name, dir) {
			return true
		}
	}
	stem, ext, _ := strings.Cut(strings.TrimPrefix(base, "."), ".")
	switch {
	case slices.Contains([]string{"secret", "secrets", "key", "psk", "pass", "token"}, ext):
		return true
	case slices.Contains([]string{"netrc", "pgpass", "sasl_passwd", "chap-secrets", "pap-secrets"}, stem), base == "passwd.client", base == "auth.txt":
		return true
	}
	return slices.Contains([]string{"secret", "secrets", "password", "passwords", "passphrase", "token", "psk"}, stem) && (ext == "" || ext == "txt")
}

// marks puts a mark in place of each line that is no remark.
func (d differ) marks(data []byte) []byte {
	var out strings.Builder
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && !strings.HasPrefix(line, "#") && !isMark(line) {
			line = d.redact.Mark(line)
		}
		out.WriteString(line + "\n")
	}
	return []byte(out.String())
}
