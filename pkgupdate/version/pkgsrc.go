package version

import (
	"cmp"
	"path"
	"strings"
)

var pkgsrc = rule{
	name: "pkgsrc",
	parse: func(v Version) (Version, string) {
		v.upstream = v.text
		return v, plainReason(v.text)
	},
	compare: func(a, b Version, _ bool) Order { return orderOf(compareDewey(a.text, b.text)) },
}

// compareDewey is the order of pkg_install(1): numbers, and words of fixed
// values, one after the other; what is missing is 0, and the package's own
// revision (nb) decides last.
func compareDewey(a, b string) int {
	x, y := dewey{rest: a}, dewey{rest: b}
	for x.rest != "" || y.rest != "" || x.letter != "" || y.letter != "" {
		p, q := x.next(), y.next()
		if c := cmp.Compare(p.word, q.word); c != 0 {
			return c
		}
		if c := compareNumbers(p.n, q.n); c != 0 {
			return c
		}
	}
	return compareNumbers(x.revision, y.revision)
}

// dewey reads the components of a version.
type dewey struct {
	rest     string
	letter   string // the number of a letter, whose dot was given
	revision string // behind nb
}

// deweyPart is a number, or a word that stands before all of them.
type deweyPart struct {
	word int
	n    string
}

var deweyWords = []struct {
	name  string
	value int
}{{"alpha", -3}, {"beta", -2}, {"pre", -1}, {"rc", -1}, {"pl", 0}, {"_", 0}, {".", 0}}

var alphabet = [...]string{
	"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24", "25", "26",
}

// next gives the next component, and 0 behind the end.
func (d *dewey) next() deweyPart {
	if d.letter != "" {
		p := deweyPart{n: d.letter}
		d.letter = ""
		return p
	}
	for d.rest != "" {
		if n := digits(d.rest); n > 0 {
			p := deweyPart{n: d.rest[:n]}
			d.rest = d.rest[n:]
			return p
		}
		for _, w := range deweyWords {
			if len(d.rest) >= len(w.name) && strings.EqualFold(d.rest[:len(w.name)], w.name) {
				d.rest = d.rest[len(w.name):]
				return deweyPart{word: w.value}
			}
		}
		if after, ok := strings.CutPrefix(d.rest, "nb"); ok {
			d.revision = after[:digits(after)]
			d.rest = after[len(d.revision):]
			continue
		}
		c := d.rest[0]
		d.rest = d.rest[1:]
		if isLetter(c) {
			d.letter = alphabet[c|0x20-'a']
			return deweyPart{}
		}
	}
	return deweyPart{}
}

// maxAlternates bounds the expansion of a pattern.
const maxAlternates = 1000

// MatchPkgsrc reports whether the package name-version fits a pattern of pkgsrc:
// "name>=1.0<2.0", "name-1.*", "{a,b}-[0-9]*", "name-1.0nb1". A pattern that is
// none, or has too many alternatives, is path.ErrBadPattern.
func MatchPkgsrc(pattern, pkg string) (bool, error) {
	left := maxAlternates
	return matchPkgsrc(pattern, pkg, &left)
}

func matchPkgsrc(pattern, pkg string, left *int) (bool, error) {
	if *left--; *left < 0 {
		return false, path.ErrBadPattern
	}
	open := strings.IndexByte(pattern, '{')
	if open < 0 {
		return matchPlain(pattern, pkg)
	}
	end := closing(pattern[open:])
	if end < 0 {
		return false, path.ErrBadPattern
	}
	for _, alternative := range alternatives(pattern[open+1 : open+end]) {
		ok, err := matchPkgsrc(pattern[:open]+alternative+pattern[open+end+1:], pkg, left)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// closing gives the place of the brace that closes the one at the start of s.
func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// alternatives cuts at the commas that stand in no brace.
func alternatives(s string) []string {
	var out []string
	depth, from := 0, 0
	for i := range len(s) {
		switch {
		case s[i] == '{':
			depth++
		case s[i] == '}':
			depth--
		case s[i] == ',' && depth == 0:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
}

// matchPlain matches a pattern without alternatives.
func matchPlain(pattern, pkg string) (bool, error) {
	i := strings.LastIndexByte(pkg, '-')
	op := strings.IndexAny(pattern, "<>=!")
	if op < 0 || i < 0 {
		return path.Match(pattern, pkg)
	}
	if pattern[:op] != pkg[:i] {
		return false, nil
	}
	for limits := pattern[op:]; limits != ""; {
		n := len(limits) - len(strings.TrimLeft(limits, "<>=!"))
		holds, known := deweyOperators[limits[:n]]
		limits = limits[n:]
		end := strings.IndexAny(limits, "<>=!")
		if end < 0 {
			end = len(limits)
		}
		if !known || end == 0 {
			return false, path.ErrBadPattern
		}
		if !holds(compareDewey(pkg[i+1:], limits[:end])) {
			return false, nil
		}
		limits = limits[end:]
	}
	return true, nil
}

var deweyOperators = map[string]func(c int) bool{
	"<":  func(c int) bool { return c < 0 },
	"<=": func(c int) bool { return c <= 0 },
	">":  func(c int) bool { return c > 0 },
	">=": func(c int) bool { return c >= 0 },
	"==": func(c int) bool { return c == 0 },
	"!=": func(c int) bool { return c != 0 },
}
