package redact

import (
	"regexp"
	"strings"
)

// pattern finds secrets: the first group that takes part in a match is one.
// Without one of its hints, lower-case literals, it cannot match, and no further
// from it than lines and with what, as Near has them; judge, where there is one, reports that
// what was found is none.
type pattern struct {
	hints []string
	lines int
	with  string
	re    *regexp.Regexp
	judge func(f found) bool
	// assigned says that re finds the end of a name, and what is assigned to it is the secret.
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
	{hints: pemEnds, lines: -1, re: regexp.MustCompile(`(?s)-----? ?BEGIN` + pem + `(.*?)(?:-----? ?END` + pem + `|\z)`)},
	{hints: pemEnds, lines: -1, re: regexp.MustCompile(`((?:[A-Za-z0-9+/=]{16,}(?:\s|\\n)*)+)-----END` + pem)},
	{hints: []string{"private-lines"}, lines: -1, re: regexp.MustCompile(`Private-Lines: \d+\s+([A-Za-z0-9+/=\s]+?)(?:\s*\z|\s+Private-)`)}, // PuTTY
	{hints: []string{"private-mac", "private-hash"}, re: regexp.MustCompile(`Private-(?:MAC|Hash): (\w+)`)},
	// The first lines of a key whose markers are elsewhere: PKCS#1 and #8, OpenSSH, and any in base64 once more.
	{hints: []string{"mii"}, re: regexp.MustCompile(`\b(MII[A-Za-z0-9+/]{1,5}IBA[A-Za-z0-9+/=]{20,})`)},
	{hints: []string{"b3blbnnza"}, re: regexp.MustCompile(`(b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=]*)`)},
	{hints: []string{"ls0tls1crudj"}, re: regexp.MustCompile(`(LS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0Eg|BFQyBQ|BPUEVOU1NI|BEU0Eg|BFTkNS)[A-Za-z0-9+/=]*)`)},
	// A path that was cleaned has one slash. An @ or a slash in a password should be escaped and often is not. Digits alone before a slash are a port.
	{hints: []string{":/"}, with: "@", re: regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://?[^/\s:@"'<>]*:(\d*[^/\s"'<>\d?#,][^/\s"'<>]*|\d+|[?#,][^/\s"'<>]*)@`)},
	{hints: []string{":/"}, with: "@", re: regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://?[^/\s:@"'<>]*:(\d*[^/\s"'<>\d?#,@][^\s"'<>@]*)@`)},
	{hints: []string{"authorization"}, lines: 2, re: regexp.MustCompile(`(?i)authorization(?:\\?["'])?[ \t]*[:=]\s*(?:\\?["'])?(?:(?:basic|bearer|digest|negotiate|token)\s+)?([^\s"',;\\]+)`)},
	{hints: []string{"bearer"}, lines: 2, re: regexp.MustCompile(`(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{8,})`), judge: isWord},
	{hints: []string{"cookie"}, re: regexp.MustCompile(`\b(?:Set-)?Cookie: *([\w.-]+=[^\r\n"']+)`)},
	{hints: []string{"curl"}, lines: 2, re: regexp.MustCompile(`\bcurl\b[^\n|]*?\s(?:-[uU]|--user|--proxy-user)[ =]?(?:"[^\s:"]*:([^"\n]+)"|'[^\s:']*:([^'\n]+)'|["']?[^\s:"']*:([^\s"']+))`)},
	{hints: []string{"mysql"}, lines: 2, re: regexp.MustCompile(`\bmysql\w*\b[^\n|;]*?\s-p` + argument)},
	{hints: []string{"mariadb"}, lines: 2, re: regexp.MustCompile(`\bmariadb[\w-]*\b[^\n|;]*?\s-p` + argument)},
	{hints: []string{"sshpass"}, lines: 2, re: regexp.MustCompile(`\bsshpass\b[^\n|;]*?\s-p ?` + argument)},
	{hints: []string{"ldap"}, lines: 2, re: regexp.MustCompile(`\bldap\w+\b[^\n|;]*?\s-w ?` + argument)},
	{hints: []string{"docker"}, lines: 2, re: regexp.MustCompile(`\bdocker\b[^\n|;]*?\slogin\b[^\n|;]*?\s-p ?` + argument)},
	{hints: []string{"chpasswd"}, lines: 3, re: regexp.MustCompile(`\becho ["']?[^\s:"']+:([^\s"'|]+)["']?\s*\|\s*(?:sudo\s+)?chpasswd`)},
	{hints: []string{"redis-cli"}, lines: 2, re: regexp.MustCompile(`\bredis-cli\b[^\n|;]*?\s-a ?` + argument)},
	{hints: []string{"pass", "secret", "token", "api"}, lines: 2, re: regexp.MustCompile(`(?i)\s--?(?:[\w-]*(?:password|passwd|passphrase|secret|token|api-?key)|(?:[\w-]+-)?pass)\d?[ \t]+(?:"([^"\n]+)"|'([^'\n]+)'|["']?([^\s"'-][^\s"']*))`), judge: isWord},
	// An environment of Kubernetes or Compose has name and value side by side.
	assignment("value", 4, `\b(?:name|key)["']?:\s*["']?[\w.-]*(?:`+passNames+`|`+secretNames+`|`+tokenNames+`|`+keyNames+`)["']?\s*,?\s*(?:["']?type["']?:\s*["']?\w*["']?\s*,?\s*)?["']?value`),
	assignment("pass", 0, passNames),
	assignment("pwd", 0, `(?:\b|_)pwd`),
	assignment("pw", 0, `pw`),
	assignment("secret salt", 0, secretNames),
	assignment("token authtok", 0, tokenNames),
	{hints: []string{"key"}, re: regexp.MustCompile(`(?i)key(?:[_-]data)?`), judge: isOtherKey, assigned: true},
	assignment("psk", 1, `(?:^|[^!:+-])\bpsk`),
	{hints: []string{"auth=", "sig=", "signature="}, re: regexp.MustCompile(`[?&](?:auth|sig|signature)=([^\s"'&;#]{6,})`)},
	{hints: []string{"@tcp(", "@unix("}, re: regexp.MustCompile(`[\w.-]+:([^\s"'/]+)@(?:tcp|unix)\(`)},
	{hints: []string{"akia", "asia", "aiza"}, re: regexp.MustCompile(`\b((?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35})\b`)},
	{hints: []string{"eyj"}, re: regexp.MustCompile(`\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)`)},
	{hints: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "k_live_", "npm_"}, re: regexp.MustCompile(`\b((?:gh[pousr]_|github_pat_|sk_live_|rk_live_|npm_)[A-Za-z0-9_]{20,})`)},
	{hints: []string{"glpat-", "xox"}, re: regexp.MustCompile(`\b((?:glpat-|xox[abeoprs]-)[A-Za-z0-9-]{16,})`)},
	{hints: []string{"age-secret", "sg.", "sk-", "hvs.", "dop_v1", "tskey-", "pypi-", "dckr_pat", "xapp-", "whsec_"}, re: regexp.MustCompile(`\b((?:AGE-SECRET-KEY-|SG\.|sk-|hvs\.|dop_v1_|tskey-|pypi-|dckr_pat_|xapp-|whsec_)[A-Za-z0-9_.-]{20,})`)},
	{hints: []string{"pbkdf2", "bcrypt-", "scram-sha"}, re: regexp.MustCompile(`(\$?(?:grub\.pbkdf2|pbkdf2|bcrypt-|SCRAM-SHA)[\w.-]*[$.][./A-Za-z0-9$=,:+-]{20,})`)},
	{hints: []string{"$"}, re: regexp.MustCompile(`(\$[0-9a-zA-Z]{1,8}\$[./A-Za-z0-9$=,+-]{20,})`)},
	{hints: []string{"sha", "md5}", "crypt}"}, re: regexp.MustCompile(`(\{(?:S?SHA\d*|S?MD5|CRYPT)\}[./A-Za-z0-9$=+]{12,})`)},
}

// assignment finds what is assigned to one of the names, in any case.
func assignment(hint string, lines int, names string) pattern {
	return pattern{hints: strings.Fields(hint), lines: lines, re: regexp.MustCompile(`(?i)` + names), judge: isNone, assigned: true}
}
