// Package redact replaces secrets in text by keyed fingerprints, so that a
// report shows that a secret changed without showing it. It knows private
// keys, password assignments, authorization headers, user info in URLs, cloud
// and bearer tokens and password hashes. What it does not know it lets through:
// it is the last line of defence, not the first.
package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// A Redactor replaces secrets. The zero Redactor has an empty key: its
// fingerprints are equal on all hosts and can be guessed for weak secrets.
type Redactor struct{ key []byte }

// New makes a Redactor whose fingerprints depend on key.
func New(key []byte) *Redactor { return &Redactor{key: append([]byte(nil), key...)} }

// patterns find secrets; the group named s is the secret itself. hint is a
// literal, lower-case, without which the pattern cannot match.
var patterns = []struct {
	hint string
	re   *regexp.Regexp
}{
	{"-----begin", regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?P<s>.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)`)},
	{"://", regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:(?P<s>[^/\s@]+)@`)},
	{"authorization", regexp.MustCompile(`(?i)authorization["']?\s*[:=]\s*["']?(?:(?:basic|bearer|digest|negotiate|token)\s+)?(?P<s>[^\s"',;]+)`)},
	{"bearer", regexp.MustCompile(`(?i)\bbearer\s+(?P<s>[A-Za-z0-9._~+/=-]{8,})`)},
	{"pass", regexp.MustCompile(`(?i)\b[\w.-]*pass(?:word|wd|phrase)?["']?\s*[:=]\s*["']?(?P<s>[^\s"',;&]+)`)},
	{"secret", regexp.MustCompile(`(?i)\b[\w.-]*secret(?:[_-]?key)?["']?\s*[:=]\s*["']?(?P<s>[^\s"',;&]+)`)},
	{"token", regexp.MustCompile(`(?i)\b[\w.-]*token["']?\s*[:=]\s*["']?(?P<s>[^\s"',;&]+)`)},
	{"key", regexp.MustCompile(`(?i)\b(?:[\w.-]*api[_-]?key|private[_-]?key|presharedkey)["']?\s*[:=]\s*["']?(?P<s>[^\s"',;&]+)`)},
	{"psk", regexp.MustCompile(`(?i)\bpsk\s*=\s*["']?(?P<s>[^\s"']+)`)},
	{"a", regexp.MustCompile(`\b(?P<s>(?:AKIA|ASIA)[A-Z0-9]{16})\b`)},
	{"eyj", regexp.MustCompile(`\b(?P<s>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)`)},
	{"gh", regexp.MustCompile(`\b(?P<s>gh[pousr]_[A-Za-z0-9]{30,})`)},
	{"$", regexp.MustCompile(`(?P<s>\$(?:[0-9a-zA-Z]{1,8})\$[./A-Za-z0-9$=,+-]{20,})`)},
}

// Text returns s with its secrets replaced by «secret:…» marks. A mark is left
// as it is, so redacting twice gives the same text.
func (r *Redactor) Text(s string) string {
	if s == "" {
		return s
	}
	lower := strings.ToLower(s)
	for _, p := range patterns {
		if strings.Contains(lower, p.hint) {
			s = r.replace(s, p.re)
		}
	}
	return s
}

func (r *Redactor) replace(s string, re *regexp.Regexp) string {
	group := 2 * re.SubexpIndex("s")
	var b strings.Builder
	last := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		from, to := m[group], m[group+1]
		if isMark(s, m[0], from) || isModule(s, m[0], s[from:to]) {
			continue
		}
		b.WriteString(s[last:from])
		b.WriteString(r.Mark(s[from:to]))
		last = to
	}
	b.WriteString(s[last:])
	return b.String()
}

// isMark reports whether what was found is a mark or stands in one.
func isMark(s string, match, secret int) bool {
	return strings.HasPrefix(s[secret:], "«secret:") || strings.HasSuffix(s[:match], "«")
}

// isModule takes the words of PAM for what they are: pam_unix(passwd:chauthtok):
func isModule(s string, match int, value string) bool {
	return strings.HasSuffix(s[:match], "(") && strings.HasSuffix(value, "):")
}

// Mark is what stands in place of a secret: the same for the same secret.
func (r *Redactor) Mark(secret string) string {
	var key []byte
	if r != nil {
		key = r.key
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(secret))
	return "«secret:" + hex.EncodeToString(mac.Sum(nil))[:8] + "»"
}
