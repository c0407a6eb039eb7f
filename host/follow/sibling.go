package follow

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// IsSibling reports whether name is how rotation names an older generation of
// the log file base: base.1, base.0.gz, base-20261102.bz2, base.2026-11-02, and
// for base x.log also x.1.log or x-20261102.log.gz. Both are last components.
func IsSibling(base, name string) bool {
	_, ok := parseSibling(base, name)
	return ok
}

// originals gives the names of which name is a sibling, so that a folder of many files
// need not be compared each with each.
func originals(name string) (bases []string) {
	rest := name
	for _, suffix := range archives {
		rest = strings.TrimSuffix(rest, suffix)
	}
	for i, c := range rest {
		if c != '.' && c != '-' {
			continue
		}
		for _, base := range []string{rest[:i], rest[:i] + ".log"} {
			if IsSibling(base, name) {
				bases = append(bases, base)
			}
		}
	}
	return bases
}

// Rotated gives, of the files of one folder, those that are older generations of
// others there, each with the name of that.
func Rotated(all []host.Stat) map[string]string {
	there := make(map[string]bool, len(all))
	for _, st := range all {
		there[st.Name] = true
	}
	older := map[string]string{}
	for _, st := range all {
		for _, base := range originals(st.Name) {
			if there[base] {
				older[st.Name] = base
			}
		}
	}
	return older
}

// generation is one rotated copy of the followed file.
type generation struct {
	stat   host.Stat
	key    string // the suffix that counts or dates it
	number int    // of a counted one; higher is older
	dated  bool
	pack   string // "", ".gz", ".bz2", or another that File.Openers knows
}

// archives are the suffixes of compressed copies.
var archives = [...]string{".gz", ".bz2", ".xz", ".zst", ".lzma", ".Z", ".lz4"}

func parseSibling(base, name string) (generation, bool) {
	var g generation
	for _, suffix := range archives {
		if rest, ok := strings.CutSuffix(name, suffix); ok {
			name, g.pack = rest, suffix
			break
		}
	}
	suffix, ok := strings.CutPrefix(name, base)
	if !ok {
		stem, isLog := strings.CutSuffix(base, ".log")
		inner, hasLog := strings.CutSuffix(name, ".log")
		if !isLog || !hasLog {
			return g, false
		}
		if suffix, ok = strings.CutPrefix(inner, stem); !ok {
			return g, false
		}
	}
	if len(suffix) < 2 || suffix[0] != '.' && suffix[0] != '-' {
		return g, false
	}
	g.key = suffix[1:]
	return g, g.count(suffix)
}

// count tells numbers from dates, and both from other names.
func (g *generation) count(suffix string) bool {
	if len(g.key) <= 4 && suffix[0] == '.' {
		n, err := strconv.Atoi(g.key)
		g.number = n
		return err == nil && n >= 0 && g.key[0] != '+'
	}
	g.dated = true
	digits := 0
	for _, c := range []byte(g.key) {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c != '-' && c != '_' && c != '.' && c != 'T' && c != ':':
			return false
		}
	}
	return digits >= 8 && isDigits(g.key[:4])
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// siblings picks the generations of name out of its directory, oldest first. An
// archive beside the plain file is being made of it, and is left out.
func siblings(name string, dir []host.Stat) []generation {
	var out []generation
	plain := map[string]bool{}
	base := path.Base(name)
	for _, st := range dir {
		if g, ok := parseSibling(base, st.Name); ok && st.IsRegular() {
			g.stat = st
			out = append(out, g)
			plain[g.key] = plain[g.key] || g.pack == ""
		}
	}
	out = slices.DeleteFunc(out, func(g generation) bool { return g.pack != "" && plain[g.key] })
	slices.SortStableFunc(out, olderFirst(out))
	return out
}

// olderFirst orders by number or date; where a file has both kinds of copies,
// only the modification time can tell.
func olderFirst(all []generation) func(a, b generation) int {
	mixed := slices.ContainsFunc(all, func(g generation) bool { return g.dated != all[0].dated })
	return func(a, b generation) int {
		byTime := cmp.Compare(a.stat.Mtime, b.stat.Mtime)
		switch {
		case mixed:
			return byTime
		case a.dated && a.key != b.key:
			return natural(a.key, b.key)
		case !a.dated && a.number != b.number:
			return cmp.Compare(b.number, a.number)
		}
		return byTime
	}
}

// natural compares texts with the numbers in them by their values: the tenth
// file of a day comes behind the second.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := numberOf(a), numberOf(b)
		n, m := max(len(x), 1), max(len(y), 1)
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		c := cmp.Compare(a[0], b[0])
		if isDigits(a[:1]) && isDigits(b[:1]) {
			c = cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
		}
		if c != 0 {
			return c
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

// numberOf gives the digits at the front of s.
func numberOf(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}
