package version

import (
	"cmp"
	"slices"
	"strings"
)

var apk = rule{
	name: "apk",
	parse: func(v Version) (Version, string) {
		v.upstream = v.text
		for d := (apkReader{rest: v.text}); ; {
			t := d.next()
			if t.kind == apkBad {
				return v, "not digits{.digits}[letter]{_suffix[digits]}[~hash][-rN]"
			}
			if t.kind == apkEnd {
				return v, ""
			}
		}
	},
	compare: func(a, b Version, _ bool) Order { return orderOf(compareAPK(a.text, b.text)) },
}

// The kinds of tokens, in the order in which they may follow each other: of two
// versions that are alike so far, the one that goes on with the earlier kind is newer.
const (
	apkFirst = iota
	apkDigit
	apkLetter
	apkSuffix
	apkSuffixNumber
	apkHash
	apkRevision
	apkEnd
	apkBad
)

type apkToken struct {
	kind   int
	text   string
	suffix int // of apkSuffix: negative before a release
}

var (
	apkBefore = []string{"alpha", "beta", "pre", "rc"}
	apkAfter  = []string{"cvs", "svn", "git", "hg", "p"}
)

// apkReader reads a version token by token.
type apkReader struct {
	rest string
	last int
	open bool
}

func (r *apkReader) next() apkToken {
	t := r.token()
	r.last, r.open = t.kind, true
	if t.kind != apkEnd && t.kind != apkBad {
		r.rest = r.rest[len(t.text):]
		if t.kind == apkDigit || t.kind == apkSuffix || t.kind == apkHash {
			r.rest = r.rest[1:] // the dot, '_' or '~'
		}
		if t.kind == apkRevision {
			r.rest = r.rest[2:]
		}
	}
	return t
}

func (r *apkReader) token() apkToken {
	s, bad := r.rest, apkToken{kind: apkBad}
	switch {
	case !r.open:
		if n := digits(s); n > 0 {
			return apkToken{kind: apkFirst, text: s[:n]}
		}
		return bad
	case s == "":
		return apkToken{kind: apkEnd}
	case isDigit(s[0]) && r.last == apkSuffix:
		return apkToken{kind: apkSuffixNumber, text: s[:digits(s)]}
	case s[0] == '.' && r.last <= apkDigit && digits(s[1:]) > 0:
		return apkToken{kind: apkDigit, text: s[1 : 1+digits(s[1:])]}
	case s[0] >= 'a' && s[0] <= 'z' && r.last <= apkDigit:
		return apkToken{kind: apkLetter, text: s[:1]}
	case s[0] == '_' && r.last <= apkSuffixNumber:
		return suffixToken(s[1:])
	case s[0] == '~' && r.last < apkHash && hexDigits(s[1:]) > 0:
		return apkToken{kind: apkHash, text: s[1 : 1+hexDigits(s[1:])]}
	case strings.HasPrefix(s, "-r") && r.last < apkRevision && allDigits(s[2:]):
		return apkToken{kind: apkRevision, text: s[2:]}
	}
	return bad
}

func suffixToken(s string) apkToken {
	word := s[:letters(s)]
	if i := slices.Index(apkBefore, word); i >= 0 {
		return apkToken{apkSuffix, word, i - len(apkBefore)}
	}
	if i := slices.Index(apkAfter, word); i >= 0 {
		return apkToken{apkSuffix, word, i + 1}
	}
	return apkToken{kind: apkBad}
}

func hexDigits(s string) int {
	n := 0
	for n < len(s) && (isDigit(s[n]) || s[n] >= 'a' && s[n] <= 'f') {
		n++
	}
	return n
}

func compareAPK(a, b string) int {
	x, y := apkReader{rest: a}, apkReader{rest: b}
	for {
		p, q := x.next(), y.next()
		if p.kind != q.kind {
			return apkLonger(p, q)
		}
		if p.kind == apkEnd {
			return 0
		}
		if c := p.compare(q); c != 0 {
			return c
		}
	}
}

// apkLonger decides between versions that are alike up to tokens of two kinds.
func apkLonger(p, q apkToken) int {
	switch {
	case p.kind == apkSuffix && p.suffix < 0:
		return -1
	case q.kind == apkSuffix && q.suffix < 0:
		return 1
	}
	return cmp.Compare(q.kind, p.kind)
}

// compare compares two tokens of one kind. A number behind a dot that begins with
// a zero is a fraction, and is compared as text.
func (t apkToken) compare(u apkToken) int {
	switch {
	case t.kind == apkSuffix:
		return cmp.Compare(t.suffix, u.suffix)
	case t.kind == apkLetter, t.kind == apkHash, t.kind == apkDigit && (t.text[0] == '0' || u.text[0] == '0'):
		return strings.Compare(t.text, u.text)
	}
	return compareNumbers(t.text, u.text)
}
