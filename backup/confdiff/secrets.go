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
		Hints: []string{"pass", "secret", "token", "psk", "community", "bindpw", "rootpw", "masterauth", "identified by", "api", "key-string", "wireless-key"},
		RE: regexp.MustCompile(`(?i)(?:[-_.]pass|\w+pass["']\]|\w*password|(?:\b|[-_.])(?:passwd|passphrase|secret|token|psk|(?:ro|rw|trap|sec|auth)?community6?|(?:bind|root)pw|bindpasswd|requirepass|` +
			`masterauth|identified by(?: password)?|api[-_]?key|key-string|wireless-key))` +
			`(?:["'][ \t]*,[ \t]*|["']?\]?[ \t]*=>?[ \t]*|["']?[ \t]+)(?:(?:\d|clear|md5|log|execute|net)(?:,\w+)*[ \t]+)?` + word),
	},
	{
		Hints: []string{"psk", "community", "bindpw", "rootpw"},
		RE:    regexp.MustCompile(`(?i)(?:\b|[-_.])(?:psk|community|bindpw|rootpw)["']?[ \t]*:[ \t]+` + word),
	},
	{ // a name that is no secret for itself: "key = AQBk…", "wep_key0=…", "APP_KEY=base64:…"
		Hints: []string{"key"},
		RE:    regexp.MustCompile(`(?i)key\d?["']?\]?[ \t]*(?:=>|[=:,])[ \t]*["']?((?:base64:)?[\w+-][\w+/=-]*\d[\w+/=-]*)["']?[ \t\r]*(?:$|[;,)\n])`),
	},
	{
		Hints: []string{"static key"}, Lines: -1,
		RE: regexp.MustCompile(`(?s)-----BEGIN OpenVPN Static key V\d-----(.*?)(?:-----END OpenVPN Static key V\d-----|\z)`),
	},
	{ // programs and lines whose words have an order
		Hints: []string{"stats", "allow", "monitor", "_servers", "static:", "sqlconnectinfo", "ldapbinddn", "message-digest-key", "login="},
		RE: regexp.MustCompile(`(?im)(?:^[ \t]*stats[ \t]+auth[ \t]+[^\s:]+:|^[ \t]*allow[ \t]+["']?[^\s:"']+["']?:|^[ \t]*monitor[ \t]+\S+@\S+[ \t]+\d+[ \t]+\S+[ \t]+|` +
			`\b(?:mysql|pgsql|oracle|redis)_servers[ \t]*=[ \t]*(?:[^\s/]*/){2,}[^\s/:]*/|\bstatic:[^\s:]+:|^[ \t]*sqlconnectinfo[ \t]+\S+[ \t]+\S+[ \t]+|` +
			`^[ \t]*ldapbinddn[ \t]+(?:"[^"]*"|\S+)[ \t]+|\bmessage-digest-key[ \t]+\d+[ \t]+md5[ \t]+|\blogin=[^\s:]+:)` + word),
	},
	{ // command lines
		Hints: []string{"smbclient", "lftp", "htpasswd", "ipmitool", "snmp", "mongo", "zip", "7z", "openssl", "ldap"},
		RE: regexp.MustCompile(`(?:\bsmbclient\b[^\n|;]*?\s-U[ =]?[^\s%]+%|\blftp\b[^\n|;]*?\s-u[ =]?[^\s,]+,|\bhtpasswd\b[^\n|;]*?\s-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+|` +
			`\bipmitool\b[^\n|;]*?\s-P ?|\bsnmp\w+\b[^\n|;]*?\s-[cAX] ?|\bmongo\w*\b[^\n|;]*?\s-p[ =]?|\bzip\b[^\n|;]*?\s-P ?|\b7z\w?\b[^\n|;]*?\s-p|` +
			`\bopenssl\b[^\n|;]*?\s-[kK][ \t]+|\w*ldap\w*\b[^\n|;]*?\s-w ?)` + word),
	},
	{ // who has the address has the right
		Hints: []string{"hooks.slack.com", "discord", "api.telegram.org", "webhook.office.com", "hc-ping.com"},
		RE:    regexp.MustCompile(`(?i)https?://(?:hooks\.slack\.com/\w+/|(?:\w+\.)?discord(?:app)?\.com/api/webhooks/|api\.telegram\.org/bot|[\w.-]*webhook\.office\.com/\w+/|hc-ping\.com/)([^\s"'<>]+)`),
	},
	{Hints: []string{"://"}, RE: regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://([\w-]{20,}@)`)},
	{Hints: []string{":{"}, RE: regexp.MustCompile(`(?m)^[^:\n]+:\{[A-Za-z0-9.-]+\}([^:\s]+)`)}, // a scheme of Dovecot
	{
		Hints: []string{"pass", "pwd", "psk", "community", "secret", "token", "apikey", "privatekey"}, Lines: -1,
		RE: regexp.MustCompile(`(?i)<(?:[\w:.-]*(?:password|passwd|passphrase|secret|token|apikey|privatekey)[\w:.-]*|[\w:.-]*(?:pass|pwd|psk|community))>([^<]+)<`),
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
			if strings.Contains(value, "«") || strings.HasSuffix(s[:m[0]], "«") || strings.HasPrefix(value, "[") || slices.Contains(plain, strings.ToLower(value)) {
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
	dir, base := path.Split(strings.ToLower(name))
	for _, dir := range []string{"/secrets/", "/cryptsetup-keys.d/", "/private/"} {
		if strings.Contains(name, dir) {
			return true
		}
	}
	stem, ext, _ := strings.Cut(strings.TrimPrefix(base, "."), ".")
	switch {
	case slices.Contains([]string{".secret", ".secrets", ".key", ".psk", ".pass", ".token", ".private"}, path.Ext(base)), stem == "keys" && ext == "":
		return true
	case slices.Contains([]string{"netrc", "pgpass", "chap-secrets", "pap-secrets", "authinfo", "fetchmailrc"}, stem), base == "passwd.client", base == "auth.txt", base == "pam_radius_auth.conf", base == "ntp.keys", base == "chrony.keys":
		return true
	case dir == "/etc/pam.d/" || ext != "" && ext != "txt" && ext != "md5":
		return false
	}
	return slices.ContainsFunc([]string{"secret", "password", "passwords", "passphrase", "passwd", "token", "psk"}, func(word string) bool {
		return stem == word || strings.HasSuffix(stem, word) || strings.HasPrefix(stem, word+"_") || strings.HasPrefix(stem, word+"-") || stem == word+"s"
	})
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
