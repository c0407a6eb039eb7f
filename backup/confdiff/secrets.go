package confdiff

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/redact"
)

// What package redact knows of any text stands before what only configurations
// have: secrets behind a blank, in elements, and in statements.
var spoken = []redact.Near{
	{Hints: []string{"secret key"}, Lines: 2, RE: regexp.MustCompile(`(?i)secret key\r?\n(RW[\w+/=-]+)`)}, // signify
	{
		Hints: []string{"pass", "secret", "token", "psk", "community", "bindpw", "rootpw", "masterauth", "identified ", "apikey", "api-key", "api_key", "key-string", "wireless-key", "_salt"},
		RE: regexp.MustCompile(`(?i)(?:[-_.]pass|\w+pass["']\]|\w*(?:password|passphrase)|_salt|(?:\b|[-_.])(?:passwd|secret|token|psk|(?:ro|rw|trap|sec|auth)?community6?|(?:bind|root)pw|bindpasswd|requirepass|` +
			`masterauth|identified (?:by(?: password)?|(?:with|via) \S+ (?:as|by|using)(?: password)?)|api[-_]?key|key-string|wireless-key))` +
			`(?:["'][ \t]*,[ \t]*|["']?\]?[ \t]*=>?[ \t]*|["']?[ \t]+)(?:(?:\d|clear|md5|log|execute|net)(?:,\w+)*[ \t]+)?` + word),
	},
	{
		Hints: []string{"psk", "community", "bindpw", "rootpw"}, With: ":",
		RE: regexp.MustCompile(`(?i)(?:\b|[-_.])(?:psk|community|bindpw|rootpw)["']?[ \t]*:[ \t]+` + word),
	},
	{ // a name that is no secret for itself: "key = AQBk…", "wep_key0=…", "APP_KEY=base64:…"
		Hints: []string{"key"}, With: "=:,",
		RE: regexp.MustCompile(`(?i)key\d?["']?\]?[ \t]*(?:=>|[=:,])[ \t]*["']?((?:base64:)?[\w+-][\w+/=-]*\d[\w+/=-]*)["']?[ \t\r]*(?:$|[;,)\n])`),
	},
	{
		Hints: []string{"-key", "_key", "server key"},
		RE:    regexp.MustCompile(`(?i)(?:(?:secret|access|auth|authentication|encryption|private|shared)[-_]key|-server key)[ \t]+(?:\d[ \t]+)?` + word),
	},
	{
		Hints: []string{"begin openvpn"}, Lines: -1,
		RE: regexp.MustCompile(`(?s)-----BEGIN OpenVPN [\w -]*[Kk]ey[\w ]*-----(.*?)(?:-----END OpenVPN|\z)`),
	},
	{Hints: []string{"pdo", "mysql"}, RE: regexp.MustCompile(`(?i)\b(?:pdo|mysqli?(?:_connect)?)[ \t]*\([^,()\n]*,[^,()\n]*,[ \t]*["']([^"'«\n]+)`)},
	{Hints: []string{"auth-user-pass>"}, Lines: -1, RE: regexp.MustCompile(`(?s)<auth-user-pass>\s*(.*?)\s*(?:</auth-user-pass>|\z)`)},
	{Hints: []string{"\nv "}, Lines: 3, RE: regexp.MustCompile(`(?im)^pass(?:word|phrase)\r?\nV \d+\r?\n([^\r\n]+)`)}, // Subversion
	{Hints: []string{"kind: secret"}, Lines: -1, RE: regexp.MustCompile(`(?im)^(?:string)?data:[ \t]*\n((?:[ \t]+\S.*\n)*[ \t]+\S.*)`)},
	{Hints: []string{"superusers"}, Lines: -1, RE: regexp.MustCompile(`(?m)^[ \t]*password[ \t]+\S+[ \t]+(\S+)`)}, // GRUB
	{
		Hints: []string{"pass"}, // Erlang
		RE:    regexp.MustCompile(`(?i)pass(?:word|wd)?[ \t]*,[ \t]*(?:<<)?"([^"\n«]+)"`),
	},
	{ // programs and lines whose words have an order
		Hints: []string{"stats ", "stats\t", "allow ", "allow\t", "monitor ", "monitor\t", "_servers", "static:", "sqlconnectinfo", "ldapbinddn", "message-digest-key", "login="},
		RE: regexp.MustCompile(`(?im)(?:^[ \t]*stats[ \t]+auth[ \t]+[^\s:]+:|^[ \t]*allow[ \t]+["']?[^\s:"']+["']?:|^[ \t]*monitor[ \t]+\S+@\S+[ \t]+\d+[ \t]+\S+[ \t]+|` +
			`\b(?:mysql|pgsql|oracle|redis)_servers[ \t]*=[ \t]*(?:[^\s/]*/){2,}[^\s/:]*/|\bstatic:[^\s:]+:|^[ \t]*sqlconnectinfo[ \t]+\S+[ \t]+\S+[ \t]+|` +
			`^[ \t]*ldapbinddn[ \t]+(?:"[^"\n]*"|\S+)[ \t]+|\bmessage-digest-key[ \t]+\d+[ \t]+md5[ \t]+|\blogin=[^\s:]+:)` + word),
	},
	{
		Hints: []string{"ncominguser", "utgoinguser", "basicauth", "chap", "user=", "user ", "user\t", "users ", "users\t", "x25519:", "credentials="},
		RE: regexp.MustCompile(`(?im)(?:^[ \t]*(?:incominguser|outgoinguser|basicauth|chap|chap-mutual)[ \t]+\S+[ \t]+|^[ \t]*user[ \t]*=[ \t]*[^\s:]+:|^[ \t]*users[ \t]+\w+:\w+:|` +
			`\bdescriptor:x25519:|\bcredentials=)` + word),
	},
	{
		Hints: []string{"register", "thin:", "proxy"}, // who and where without a scheme
		RE:    regexp.MustCompile(`(?m)(?:^[ \t]*register[ \t]*=>[ \t]*[^\s:]+:([^@\s«]+)@|\bthin:[\w$#]+/([^\s@"'«]+)@|(?:^|[\s=/"'])[\w.-]+:([^\s"'@:/«]{3,})@[\w.-]+:\d{2,5}\b)`),
	},
	{Hints: []string{" ~", "+@", "allkeys", "allcommands"}, RE: regexp.MustCompile(`(?m)^[ \t]*user[ \t]+\S+[ \t]+(?:[^\n#>]*[ \t])?([>#][^\s].*)$`)}, // Redis
	{ // command lines
		Hints: []string{"smbclient", "lftp", "htpasswd", "ipmitool", "snmp", "mongo", "zip", "7z", "openssl", "ldap"}, Lines: 1, With: "-",
		RE: regexp.MustCompile(`(?:\bsmbclient\b[^\n|;]*?\s-U[ =]?[^\s%]+%|\blftp\b[^\n|;]*?\s-u[ =]?[^\s,]+,|\bhtpasswd\b[^\n|;]*?\s-\w*b\w*[ \t]+\S+[ \t]+\S+[ \t]+|` +
			`\bipmitool\b[^\n|;]*?\s-P ?|\bsnmp\w+\b[^\n|;]*?\s-[cAX] ?|\bmongo\w*\b[^\n|;]*?\s-p[ =]?|\bzip\b[^\n|;]*?\s-P ?|\b7z\w?\b[^\n|;]*?\s-p|` +
			`\bopenssl\b[^\n|;]*?\s-[kK][ \t]+|\w*ldap\w*\b[^\n|;]*?\s-w ?)` + word),
	},
	{
		Hints: []string{"smbget", "net ads", "net rpc", "rpcclient", "rar ", "nsupdate", "dig ", "sqlplus", "freerdp", "rdesktop", "check_snmp", "check_mysql", "check_pgsql", "check_ldap"}, Lines: 1,
		RE: regexp.MustCompile(`(?:\b(?:smbget|net (?:ads|rpc)|rpcclient)\b[^\n|;]*?\s-U[ =]?[^\s%]+%|\brar (?:[^\n|;]*?\s)?-h?p|\b(?:nsupdate\b[^\n|;]*?\s|dig (?:[^\n|;]*?\s)?)-y[ =]?(?:[\w.-]+:){1,2}|` +
			`\bsqlplus\b[^\n|;]*?\s[\w$#]+/|\bx?freerdp\b[^\n|;]*?\s/p:|\brdesktop\b[^\n|;]*?\s-p ?|\bcheck_snmp\w*\b[^\n|;]*?\s-C[ =]?|\bcheck_(?:mysql|pgsql|ldap)\w*\b[^\n|;]*?\s-p[ =]?)` + word),
	},
	{Hints: []string{"sudo", "passwd", "kinit", "cryptsetup", "gpg"}, Lines: 1, RE: regexp.MustCompile(`\b(?:echo|printf)[ \t]+` + word + `[ \t]*\|[ \t]*(?:sudo\b[^\n|;]*\s-S\b|(?:sudo[ \t]+)?(?:passwd|kinit|cryptsetup|smbpasswd|gpg)\b)`)},
	{ // who has the address has the right
		Hints: []string{"hooks.slack.com", "discord", "api.telegram.org", "webhook.office.com", "hc-ping.com"},
		RE:    regexp.MustCompile(`(?i)https?://(?:hooks\.slack\.com/\w+/|(?:\w+\.)?discord(?:app)?\.com/api/webhooks/|api\.telegram\.org/bot|[\w.-]*webhook\.office\.com/\w+/|hc-ping\.com/)([^\s"'<>]+)`),
	},
	{Hints: []string{"://"}, RE: regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://([\w-]{20,}@)`)},
	{Hints: []string{":{"}, RE: regexp.MustCompile(`(?m)^[^:\n]+:\{[A-Za-z0-9.-]+\}([^:\s]+)`)}, // a scheme of Dovecot
	{Hints: []string{"basic", "bearer", "digest"}, RE: regexp.MustCompile(`(?i)\b(?:basic|bearer|digest)[ \t]+([\w+/=.~-]{6,})`)},
	{Hints: []string{"auth"}, RE: regexp.MustCompile(`(?i)"_?auth"[ \t]*:[ \t]*` + word)},
	{Hints: []string{"createuser", "usmuser", "com2sec", "trapsess", "secure_link_md5", "client_send"}, RE: regexp.MustCompile(`(?im)^[ \t]*(?:createuser|usmuser|com2sec6?|trapsess|secure_link_md5|client_send[ \t]*=)[ \t]*(\S.*)$`)},
}

// elements find them in XML.
var elements = []redact.Near{
	{Hints: named, Lines: 2, RE: regexp.MustCompile(`(?i)<` + element + `(?:\s+[\w:.-]+="[^"<>]*")*\s*>` + inside)},
	{Hints: named, Lines: 2, RE: regexp.MustCompile(`(?i)<(?:name|key)>` + element + `</\w+>\s*<\w+>` + inside)},
	{Hints: named, Lines: 2, RE: regexp.MustCompile(`(?i)\b(?:name|key|property)=["']` + element + `["'][^<>«]*?(?:\bvalue=["']([^"'«]+)|[^/<>]?>` + inside + `)`)},
	{Hints: named, Lines: 2, RE: regexp.MustCompile(`(?i)\bvalue=["']([^"'«]+)["']\s+(?:name|key|property)=["']` + element + `["']`)},
}

// word is a value with or without quotes, which stay.
const word = `(?:"([^"\n«]+)"|'([^'\n«]+)'|["']?([^\s;,<>"'«]+|«[^»\n]*»))`

// element is the name of an element, or of a property in one, that has a secret.
const element = `(?:[\w:.-]*(?:password|passwd|passphrase|secret|token|apikey|privatekey)[\w:.-]*|[\w:.-]*(?:pass|pwd|psk|community))`

// inside is what stands in an element.
const inside = `(?:<!\[CDATA\[)?\s*([^<«\s][^<«]*)<`

var named = []string{"pass", "pwd", "psk", "community", "secret", "token", "apikey", "privatekey"}

// plain are words that no secret is: what PAM and switches have behind such names.
var plain = []string{
	"yes", "no", "on", "off", "true", "false", "none", "required", "requisite", "sufficient", "optional", "include", "substack", "{", "[",
}

// text hides the secrets in a text of a configuration.
func (d differ) text(s string) string {
	in, ways := d.redact.In(s), spoken
	if s = in.String(); strings.Contains(s, "</") || strings.Contains(s, "/>") {
		ways = slices.Concat(elements, spoken)
	}
	for _, near := range ways {
		in = d.redact.Hide(in, near, isNone)
	}
	return in.String()
}

// isNone takes what is hidden already, a plain word, and the name of another value, as
// quotes show it: name="…", "name":
func isNone(f redact.Found) bool {
	value := f.Value()
	return strings.Contains(value, "«") || strings.HasPrefix(value, "[") || value == "=" || slices.Contains(plain, strings.ToLower(value)) ||
		strings.HasSuffix(value, "=") && strings.HasPrefix(f.Rest(), `"`) || strings.HasPrefix(f.Rest(), `":`)
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
	case slices.Contains([]string{".secret", ".secrets", ".key", ".psk", ".pass", ".token", ".private", ".cookie"}, path.Ext(base)), stem == "keys" && ext == "":
		return true
	case slices.Contains([]string{"netrc", "pgpass", "chap-secrets", "pap-secrets", "authinfo", "fetchmailrc", "authkeys", "userlist", "htdigest", "mbsyncrc"}, stem), base == "passwd.client", base == "auth.txt", base == "pam_radius_auth.conf", base == "ntp.keys", base == "chrony.keys":
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
