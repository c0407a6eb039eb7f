// Package redact replaces secrets in text by keyed fingerprints, so that a
// report shows that a secret changed without showing it. It knows private
// keys, password assignments, authorization headers, user info in URLs,
// passwords on well-known command lines, cloud and bearer tokens and password
// hashes. What it does not know it lets through: it is the last line of
// defence, not the first.
package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// A Redactor replaces secrets. The zero Redactor has an empty key: its
// fingerprints are equal on all hosts and can be guessed for weak secrets.
type Redactor struct{ key []byte }

// New makes a Redactor whose fingerprints depend on key.
func New(key []byte) *Redactor { return &Redactor{key: append([]byte(nil), key...)} }

// Text returns s with its secrets replaced by «secret:…» marks. A mark is left
// as it is, so redacting twice gives the same text.
func (r *Redactor) Text(s string) string {
	return r.In(s).String()
}

// In prepares what Text returns, to look for more in it.
func (r *Redactor) In(s string) *Haystack {
	in := In(s)
	for _, p := range patterns {
		in = r.hide(in, p)
	}
	return in
}

// Hide puts marks in place of what near finds: the first group that takes part in a
// match, unless judge reports that it is none.
func (r *Redactor) Hide(in *Haystack, near Near, judge func(Found) bool) *Haystack {
	return r.hide(in, pattern{Near: near, judge: judge})
}

func (r *Redactor) hide(in *Haystack, p pattern) *Haystack {
	var b strings.Builder
	s, last := in.text, 0
	for _, m := range p.All(in) {
		if m[1] <= last {
			continue
		}
		f := secretOf(s, m)
		if p.assigned {
			if f.from, f.to = assigned(s, m[1]); f.from >= f.to {
				continue
			}
			f.match, f.end = nameStart(f), m[1]
		}
		if f.from < last || isMark(s, f.match, f.from) || p.judge != nil && p.judge(f) {
			continue
		}
		b.WriteString(s[last:f.from])
		b.WriteString(r.Mark(s[f.from:f.to]))
		last = f.to
	}
	if last == 0 {
		return in
	}
	b.WriteString(s[last:])
	return In(b.String())
}

// secretOf is the first group that takes part in a match.
func secretOf(s string, m []int) Found {
	for i := 2; i < len(m); i += 2 {
		if m[i] >= 0 {
			return Found{text: s, match: m[0], from: m[i], to: m[i+1]}
		}
	}
	return Found{text: s, match: m[0], from: m[1], to: m[1]}
}

// nameStart is where the name begins whose end was matched.
func nameStart(f Found) int {
	at := f.match
	for at > 0 && isNameByte(f.text[at-1]) {
		at--
	}
	for at < f.match && (f.text[at] == '.' || f.text[at] == '-') {
		at++
	}
	return at
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

// isMark reports whether what was found is a mark or stands in one.
func isMark(s string, match, secret int) bool {
	return strings.HasPrefix(s[secret:], "«secret:") || strings.HasSuffix(s[:match], "«")
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
