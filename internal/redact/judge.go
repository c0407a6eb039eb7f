package redact

import (
	"regexp"
	"slices"
	"strings"
)

// Found is a match in its text.
type Found struct {
	text     string
	match    int // where the match begins, and with it the name
	end      int // where the name ends to which a value is assigned
	from, to int // the value
}

// Value is what may be a secret.
func (f Found) Value() string { return f.text[f.from:f.to] }

// Rest is the text behind the value.
func (f Found) Rest() string { return f.text[f.to:] }

// name is what the value is assigned to, with the separator.
func (f Found) name() string { return f.text[f.match:f.from] }

// isWord takes a word of prose: "bearer authentication", "--password option".
func isWord(f Found) bool {
	v := strings.TrimRight(f.Value(), ".,;:)")
	return slices.Contains([]string{"authentication", "authorization", "argument", "argument(s)", "option", "options", "parameter", "flag", "is", "and", "or", "to", "for", "with", "in", "was", "has", "must", "instead", "token", "tokens", "credentials"}, v)
}

// isNone takes what only looks like an assignment of a secret.
func isNone(f Found) bool {
	return noValue.MatchString(f.Value()) || isBlock(f) || isModule(f) || isFile(f) || isError(f) || isProse(f)
}

// secretKeys are the keys whose values are secrets: api_key, but no sort key.
var secretKeys = regexp.MustCompile(`(?i)(?:(?:api|access|account|auth|encryption|master|private|shared|signing)[_-]?key|client[_-]key[_-]data)$`)

func isOtherKey(f Found) bool { return !secretKeys.MatchString(f.text[f.match:f.end]) || isNone(f) }

// noValue has values that hide nothing: "no", stars, one letter, and what stands
// for a value.
var noValue = regexp.MustCompile(`^(?i:true|false|null|nil|none|yes|no|\(none\)|<none>|[^\pL\pN]+|.|\$\{[\w.]*(?::?\?[^}]*)?\}?|\$\(.*|\$\{?\w+\}?/.*|<[\w-]*>?)[,.;\]})]*$`)

// isBlock takes a key on the next line of a YAML file for what it is.
func isBlock(f Found) bool {
	return strings.Contains(f.name(), "\n") && strings.HasSuffix(f.Value(), ":")
}

// isModule takes the words of PAM for what they are: pam_unix(passwd:chauthtok):
func isModule(f Found) bool {
	return strings.HasSuffix(f.text[:f.match], "(") && strings.HasSuffix(f.Value(), "):")
}

// inRoot has the beginnings of file names: private_key = /etc/ssl/private/x.key
var inRoot = regexp.MustCompile(`^(?:file://)?(?:~|/(?:bin|boot|data|dev|etc|home|lib|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var))(?:/|$)`)

func isFile(f Found) bool { return inRoot.MatchString(f.Value()) }

var (
	letters  = regexp.MustCompile(`^[A-Za-z]+(?:[/-][A-Za-z]+)*[,.;:]?$`)
	pathHead = regexp.MustCompile(`(?:^|[\s"'(\x60])(?:~|\.{0,2})/(?:[^\s:"']*/)?\.*$`)
)

// isError takes what a program says of a file: a path that is no relative name,
// a colon, a blank, and words. "open /etc/security/opasswd: permission denied"
// has no secret; "/run/secrets/token:9f3a" has one.
func isError(f Found) bool {
	return strings.HasSuffix(f.name(), ": ") && letters.MatchString(f.Value()) && pathHead.MatchString(f.text[:f.match])
}

// sources are the words of nsswitch.conf: "passwd: files systemd".
var sources = []string{"files", "compat", "db", "dns", "nis", "nisplus", "ldap", "sss", "winbind", "systemd", "hesiod", "cache"}

// isProse takes words that programs of these names say, and names that only end
// like one of a secret.
func isProse(f Found) bool {
	name := strings.ToLower(strings.TrimRight(f.name(), " \t:=\"'\r\n"))
	value, _, _ := strings.Cut(strings.ToLower(f.Value()), " ")
	switch {
	case strings.HasSuffix(name, "bypass"), strings.HasSuffix(name, "compass"), strings.HasSuffix(name, "askpass"), strings.HasSuffix(name, "nopasswd"), strings.HasSuffix(name, "proxy_pass") && strings.HasPrefix(value, "http"):
		return true
	case strings.HasSuffix(f.name(), "PASS: "): // a test that went well
		return true
	case name == "pwd" && value == "unknown": // sudo
		return true
	case name == "token" && strings.HasSuffix(strings.ToLower(f.text[:f.match]), "unexpected "):
		return true
	case name == "passwd" || name == "chpasswd":
		return slices.Contains(sources, value) || strings.HasPrefix(value, "pam_") || value == "password" || value == "all"
	}
	return false
}
