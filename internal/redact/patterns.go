package redact

import (
	"regexp"
	"strings"
)

// pattern finds secrets; judge, where there is one, reports that what was found is none.
type pattern struct {
	Near
	judge func(f Found) bool
	// assigned says that RE finds the end of a name, and what is assigned to it is the secret.
	assigned bool
}

// argument is one of a command line; blanks may be in it in quotes alone.
const argument = `(?:"([^"\n]+)"|'([^'\n]+)'|["']?([^\s"']+))`

// The ends of names that a secret is assigned to; what stands before them is
// found by nameStart, as a pattern that begins with anything is slow.
const (
	passNames   = `pass(?:[-_]?word|wd|phrase|code)?`
	secretNames = `(?:secret(?:(?:[_-]?access)?[_-]?key(?:[_-]?base)?)?|[_-]salt|passwordsalt)`
	tokenNames  = `(?:token|authtok)`
	keyNames    = `(?:(?:api|access|account|auth|encryption|master|private|shared|signing)[_-]?key)`
)

// pem is the middle of a marker around a private key.
const pem = ` [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-----?`

// pemEnds are what each such marker ends with.
var pemEnds = []string{"private key-", "private key -", "private key block"}

// patterns go from those that take much to those that take little.
var patterns = []pattern{
	{Near: Near{Hints: pemEnds, Lines: -1, RE: regexp.MustCompile(`(?s)-----? ?BEGIN` + pem + `(.*?)(?:-----? ?END` + pem + `|\z)`)}},
	{Near: Near{Hints: pemEnds, Lines: -1, RE: regexp.MustCompile(`((?:[A-Za-z0-9+/=]{16,}(?:\s|\\n)*)+)-----END` + pem)}},
	{Near: Near{Hints: []string{"private-lines"}, Lines: -1, RE: regexp.MustCompile(`Private-Lines: \d+\s+([A-Za-z0-9+/=\s]+?)(?:\s*\z|\s+Private-)`)}}, // PuTTY
	{Near: Near{Hints: []string{"private-mac", "private-hash"}, RE: regexp.MustCompile(`Private-(?:MAC|Hash): (\w+)`)}},
	// The first lines of a key whose markers are elsewhere: PKCS#1 and #8, OpenSSH, and any in base64 once more.
	{Near: Near{Hints: []string{"mii"}, RE: regexp.MustCompile(`\b(MII[A-Za-z0-9+/]{1,5}IBA[A-Za-z0-9+/=]{20,})`)}},
	{Near: Near{Hints: []string{"b3blbnnza"}, RE: regexp.MustCompile(`(b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=]*)`)}},
	{Near: Near{Hints: []string{"ls0tls1crudj"}, RE: regexp.MustCompile(`(LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0Eg|BFQyBQ|BPUEVOU1NI|BEU0Eg|BFTkNS)[A-Za-z0-9+/=]*)`)}},
	// A path that was cleaned has one slash. An @ or a slash in a password should be escaped and often is not. Digits alone before a slash are a port.
	{Near: Near{Hints: []string{":/"}, With: "@", RE: regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://?[^/\s:@"'<>]*:(\d*[^/\s"'<>\d?#,][^/\s"'<>]*|\d+|[?#,][^/\s"'<>]*)@`)}},
	{Near: Near{Hints: []string{":/"}, With: "@", RE: regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://?[^/\s:@"'<>]*:(\d*[^/\s"'<>\d?#,@][^\s"'<>@]*)@`)}},
	{Near: Near{Hints: []string{"authorization"}, Lines: 2, RE: regexp.MustCompile(`(?i)authorization(?:\\?["'])?[ \t]*[:=]\s*(?:\\?["'])?(?:(?:basic|bearer|digest|negotiate|token)\s+)?([^\s"',;\\]+)`)}},
	{Near: Near{Hints: []string{"bearer"}, Lines: 2, RE: regexp.MustCompile(`(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{8,})`)}, judge: isWord},
	{Near: Near{Hints: []string{"cookie"}, RE: regexp.MustCompile(`\b(?:Set-)?Cookie: *([\w.-]+=[^\r\n"']+)`)}},
	{Near: Near{Hints: []string{"curl"}, Lines: 2, RE: regexp.MustCompile(`\bcurl\b[^\n|]*?\s(?:-[uU]|--user|--proxy-user)[ =]?(?:"[^\s:"]*:([^"\n]+)"|'[^\s:']*:([^'\n]+)'|["']?[^\s:"']*:([^\s"']+))`)}},
	{Near: Near{Hints: []string{"mysql"}, Lines: 2, RE: regexp.MustCompile(`\bmysql\w*\b[^\n|;]*?\s-p` + argument)}},
	{Near: Near{Hints: []string{"mariadb"}, Lines: 2, RE: regexp.MustCompile(`\bmariadb[\w-]*\b[^\n|;]*?\s-p` + argument)}},
	{Near: Near{Hints: []string{"sshpass"}, Lines: 2, RE: regexp.MustCompile(`\bsshpass\b[^\n|;]*?\s-p ?` + argument)}},
	{Near: Near{Hints: []string{"ldap"}, Lines: 2, RE: regexp.MustCompile(`\bldap\w+\b[^\n|;]*?\s-w ?` + argument)}},
	{Near: Near{Hints: []string{"docker"}, Lines: 2, RE: regexp.MustCompile(`\bdocker\b[^\n|;]*?\slogin\b[^\n|;]*?\s-p ?` + argument)}},
	{Near: Near{Hints: []string{"chpasswd"}, Lines: 3, RE: regexp.MustCompile(`\becho ["']?[^\s:"']+:([^\s"'|]+)["']?\s*\|\s*(?:sudo\s+)?chpasswd`)}},
	{Near: Near{Hints: []string{"redis-cli"}, Lines: 2, RE: regexp.MustCompile(`\bredis-cli\b[^\n|;]*?\s-a ?` + argument)}},
	{Near: Near{Hints: []string{"pass", "secret", "token", "api"}, Lines: 2, RE: regexp.MustCompile(`(?i)\s--?(?:[\w-]*(?:password|passwd|passphrase|secret|token|api-?key)|(?:[\w-]+-)?pass)\d?[ \t]+(?:"([^"\n]+)"|'([^'\n]+)'|["']?([^\s"'-][^\s"']*))`)}, judge: isWord},
	// An environment of Kubernetes or Compose has name and value side by side.
	assignment("value", 4, `\b(?:name|key)["']?:\s*["']?[\w.-]*(?:`+passNames+`|`+secretNames+`|`+tokenNames+`|`+keyNames+`)["']?\s*,?\s*(?:["']?type["']?:\s*["']?\w*["']?\s*,?\s*)?["']?value`),
	assignment("pass", 0, passNames),
	assignment("pwd", 0, `(?:\b|_)pwd`),
	assignment("pw", 0, `pw`),
	assignment("secret salt", 0, secretNames),
	assignment("token authtok", 0, tokenNames),
	{Near: Near{Hints: []string{"key"}, RE: regexp.MustCompile(`(?i)key(?:[_-]data)?`)}, judge: isOtherKey, assigned: true},
	assignment("psk", 1, `(?:^|[^!:+-])\bpsk`),
	{Near: Near{Hints: []string{"auth=", "sig=", "signature="}, RE: regexp.MustCompile(`[?&](?:auth|sig|signature)=([^\s"'&;#]{6,})`)}},
	{Near: Near{Hints: []string{"@tcp(", "@unix("}, RE: regexp.MustCompile(`[\w.-]+:([^\s"'/]+)@(?:tcp|unix)\(`)}},
	{Near: Near{Hints: []string{"akia", "asia", "aiza"}, RE: regexp.MustCompile(`\b((?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35})\b`)}},
	{Near: Near{Hints: []string{"eyj"}, RE: regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)`)}},
	{Near: Near{Hints: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "k_live_", "npm_"}, RE: regexp.MustCompile(`\b((?:gh[pousr]_|github_pat_|sk_live_|rk_live_|npm_)[A-Za-z0-9_]{20,})`)}},
	{Near: Near{Hints: []string{"glpat-", "xox"}, RE: regexp.MustCompile(`\b((?:glpat-|xox[abeoprs]-)[A-Za-z0-9-]{16,})`)}},
	{Near: Near{Hints: []string{"age-secret", "sg.", "sk-", "hvs.", "dop_v1", "tskey-", "pypi-", "dckr_pat", "xapp-", "whsec_"}, RE: regexp.MustCompile(`\b((?:AGE-SECRET-KEY-|SG\.|sk-|hvs\.|dop_v1_|tskey-|pypi-|dckr_pat_|xapp-|whsec_)[A-Za-z0-9_.-]{20,})`)}},
	{Near: Near{Hints: []string{"pbkdf2", "bcrypt-", "scram-sha"}, RE: regexp.MustCompile(`(\$?(?:grub\.pbkdf2|pbkdf2|bcrypt-|SCRAM-SHA)[\w.-]*[$.][./A-Za-z0-9$=,:+-]{20,})`)}},
	{Near: Near{Hints: []string{"$"}, RE: regexp.MustCompile(`(\$[0-9a-zA-Z]{1,8}\$[./A-Za-z0-9$=,+-]{20,})`)}},
	{Near: Near{Hints: []string{"sha", "md5}", "crypt}"}, RE: regexp.MustCompile(`(\{(?:S?SHA\d*|S?MD5|CRYPT)\}[./A-Za-z0-9$=+]{12,})`)}},
}

// assignment finds what is assigned to one of the names, in any case.
func assignment(hint string, lines int, names string) pattern {
	return pattern{Near: Near{Hints: strings.Fields(hint), Lines: lines, RE: regexp.MustCompile(`(?i)` + names)}, judge: isNone, assigned: true}
}
