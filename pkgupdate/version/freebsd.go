package version

import (
	"cmp"
	"strings"
)

var freebsd = rule{
	name: "freebsd",
	parse: func(v Version) (Version, string) {
		reason := v.splitFreeBSD()
		return v, reason
	},
	compare: func(a, b Version, _ bool) Order { return orderOf(compareFreeBSD(a, b)) },
}

// splitFreeBSD cuts version[_revision][,epoch], as pkg-version(8) does. A hyphen
// would cut the package's name, so no version has one.
func (v *Version) splitFreeBSD() (reason string) {
	v.upstream = v.text
	if i := strings.LastIndexByte(v.upstream, ','); i >= 0 {
		v.upstream, v.epoch = v.upstream[:i], v.upstream[i+1:]
		if !allDigits(v.epoch) {
			return "epoch is no number"
		}
	}
	if i := strings.LastIndexByte(v.upstream, '_'); i >= 0 && allDigits(v.upstream[i+1:]) {
		v.upstream, v.revision = v.upstream[:i], v.upstream[i+1:]
	}
	return plainReason(v.upstream)
}

// plainReason says what is wrong with a version that is a word without a hyphen.
func plainReason(s string) string {
	if s == "" {
		return "version is empty"
	}
	if !rpmChars(s) {
		return "character that no version has"
	}
	return ""
}

func compareFreeBSD(a, b Version) int {
	if c := compareNumbers(a.epoch, b.epoch); c != 0 {
		return c
	}
	x, y := a.upstream, b.upstream
	for x != "" || y != "" {
		var p, q portPart // of what has ended, or is blocked by a '+': nothing
		blockedX, blockedY := x == "" || x[0] == '+', y == "" || y[0] == '+'
		if !blockedX {
			p, x = nextPortPart(x)
		}
		if !blockedY {
			q, y = nextPortPart(y)
		}
		if blockedX && blockedY {
			x, y = x[min(1, len(x)):], y[min(1, len(y)):]
		}
		if c := p.compare(q); c != 0 {
			return c
		}
	}
	return compareNumbers(a.revision, b.revision)
}

// A portPart is a number, a letter or stage behind it, and the stage's number.
type portPart struct {
	none  int // -2: '*', -1: no number, 0: number
	n     string
	stage int
	noPL  int // -1: a letter without a number behind it
	pl    string
}

func (p portPart) compare(q portPart) int {
	if c := cmp.Compare(p.none, q.none); c != 0 {
		return c
	}
	if c := compareNumbers(p.n, q.n); c != 0 {
		return c
	}
	if c := cmp.Compare(p.stage, q.stage); c != 0 {
		return c
	}
	if c := cmp.Compare(p.noPL, q.noPL); c != 0 {
		return c
	}
	return compareNumbers(p.pl, q.pl)
}

// portStages are the words that have a place of their own before a number's end;
// other words count by their first letter.
var portStages = []struct {
	name  string
	value int
}{{"pl", 0}, {"alpha", 1}, {"beta", 2}, {"pre", 'p' - 'a' + 1}, {"rc", 'r' - 'a' + 1}}

// nextPortPart takes one part off s, with the separators behind it.
func nextPortPart(s string) (p portPart, rest string) {
	switch n := digits(s); {
	case n > 0:
		p.n, s = s[:n], s[n:]
	case s[0] == '*':
		p.none = -2
		s = s[indexOrEnd(s, '+'):]
	default:
		p.none = -1
	}
	if s != "" && isLetter(s[0]) {
		s = p.takeWord(s)
	}
	for s != "" && !isDigit(s[0]) && !isLetter(s[0]) && s[0] != '+' && s[0] != '*' {
		s = s[1:]
	}
	return p, s
}

// takeWord takes the letters at the start of s, and the number behind them. A
// stage behind a number is a part of its own, as if there were a dot.
func (p *portPart) takeWord(s string) string {
	n := letters(s)
	p.stage = int(s[0]|0x20) - 'a' + 1
	if n > 1 {
		for _, st := range portStages {
			if !strings.EqualFold(s[:n], st.name) {
				continue
			}
			if p.none == 0 {
				p.stage = 0
				return s
			}
			p.stage = st.value
		}
	}
	s = s[n:]
	if p.pl = s[:digits(s)]; p.pl == "" {
		p.noPL = -1
	}
	return s[len(p.pl):]
}

func indexOrEnd(s string, c byte) int {
	if i := strings.IndexByte(s, c); i >= 0 {
		return i
	}
	return len(s)
}
