package aide

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// A Rule is one line that chooses files.
type Rule struct {
	Kind    byte   // '/' chooses, '=' chooses in its own folder alone, '!' and '-' leave out
	Pattern string // regular expression, anchored at the beginning
	Types   string // such as "f,d"; "" is all
	Attrs   Attrs
	File    string
	Line    int

	match *regexp.Regexp
}

// latin1 makes each byte one character, so that expressions match bytes.
func latin1(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < 0x80
	}
	if ascii {
		return s
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

func compile(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile("^(?:" + latin1(pattern) + ")")
}

// matches reports whether the rule matches a path in full; '$' also matches before
// one last newline.
func (r *Rule) matches(name string) bool {
	return r.match.MatchString(name) || strings.HasSuffix(name, "\n") && strings.HasSuffix(r.Pattern, "$") && r.match.MatchString(name[:len(name)-1])
}

// fits reports whether the rule is for files of this type.
func (r *Rule) fits(letter string) bool {
	return r.Types == "" || slices.Contains(strings.Split(r.Types, ","), letter)
}

// letterOf is the type of a file as a restriction has it.
func letterOf(st host.Stat) string {
	return map[uint32]string{
		host.ModeRegular: "f", host.ModeDir: "d", host.ModeSymlink: "l", host.ModeChar: "c", host.ModeBlock: "b", host.ModeFIFO: "p", host.ModeSocket: "s",
	}[st.Type()]
}

// A node holds the rules whose path begins with its own without any doubt.
type node struct {
	equal, selective, negative []*Rule
	sub                        map[string]*node
}

func (c *Config) build() {
	c.root, c.seen = new(node), map[string]Verdict{}
	for i := range c.Rules {
		r := &c.Rules[i]
		n := c.root
		for _, part := range parts(literal(r.Pattern)) {
			if n.sub == nil {
				n.sub = map[string]*node{}
			}
			if n.sub[part] == nil {
				n.sub[part] = new(node)
			}
			n = n.sub[part]
		}
		switch r.Kind {
		case '/':
			n.selective = append(n.selective, r)
		case '=':
			n.equal = append(n.equal, r)
		default:
			n.negative = append(n.negative, r)
		}
	}
}

func parts(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
}

// literal gives the folder that the name of each file begins with which a pattern
// can match, as AIDE takes it: dots are not looked at.
func literal(pattern string) string {
	var b strings.Builder
	slash := 0
scan:
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.IndexByte("(^$?*[", c) >= 0:
			break scan
		case c == '\\':
			if i++; i < len(pattern) {
				b.WriteByte(pattern[i])
			}
		default:
			if c == '/' && i > 0 {
				slash = b.Len()
			}
			b.WriteByte(c)
		}
	}
	return b.String()[:slash]
}

// A Verdict is what the rules say of a path.
type Verdict struct {
	Rule   *Rule // that decided; nil: none
	Chosen bool
	Pruned bool // nothing below is looked at
}

// Verdict asks the rules about a path, and about the folders above it.
func (c *Config) Verdict(name string, st host.Stat) Verdict {
	for dir := path.Dir(name); name != "/"; dir = path.Dir(dir) {
		if c.ofFolder(dir).Pruned {
			return Verdict{Pruned: true}
		}
		if dir == "/" {
			break
		}
	}
	return c.decide(name, letterOf(st))
}

// ofFolder remembers the verdicts of folders, and not of very many.
func (c *Config) ofFolder(dir string) Verdict {
	v, ok := c.seen[dir]
	if !ok {
		if len(c.seen) > 1000 {
			clear(c.seen)
		}
		v = c.decide(dir, "d")
		c.seen[dir] = v
	}
	return v
}

// decide is AIDE's search: from the deepest node up for what chooses, from the
// root down for what leaves out.
func (c *Config) decide(name, letter string) (v Verdict) {
	nodes := []*node{c.root}
	words := parts(path.Dir(name))
	for _, part := range words {
		next := nodes[len(nodes)-1].sub[part]
		if next == nil {
			break
		}
		nodes = append(nodes, next)
	}
	text := latin1(name)
	first := func(list []*Rule) *Rule {
		for _, r := range list {
			if r.matches(text) && r.fits(letter) {
				return r
			}
		}
		return nil
	}
	if len(nodes) == len(words)+1 {
		v.Rule = first(nodes[len(nodes)-1].equal)
	}
	for i := len(nodes) - 1; i >= 0 && v.Rule == nil; i-- {
		v.Rule = first(nodes[i].selective)
	}
	v.Chosen = v.Rule != nil
	for _, n := range nodes {
		if r := first(n.negative); r != nil {
			return Verdict{Rule: r, Pruned: letter == "d" && (r.Kind == '-' || c.Old && r.Types == "")}
		}
	}
	return v
}

// Choose is for integrity.Scanner.
func (c *Config) Choose(name string, st host.Stat) (take, descend bool) {
	v := c.Verdict(name, st)
	return v.Chosen, !v.Pruned
}

// Profile gives the folders below which the rules choose anything.
func (c *Config) Profile() integrity.Profile {
	p := integrity.Profile{Attrs: true, CrossFileSystems: true, Fields: tree.FieldsAll, Rules: c.Digest()}
	for _, r := range c.Rules {
		if r.Kind != '/' && r.Kind != '=' {
			continue
		}
		root := literal(r.Pattern)
		if root == "" {
			root = "/"
		}
		p.Roots = append(p.Roots, path.Clean(root))
	}
	slices.Sort(p.Roots)
	p.Roots = slices.Compact(p.Roots)
	return p
}

// Reported gives a change as AIDE would report it: with the attributes of the rule
// alone. grown reports whether a file's beginning is what all of it was.
func (c *Config) Reported(ch integrity.Change, grown func(path string) bool) (integrity.Change, bool) {
	st := ch.Now.Stat
	if ch.Kind == integrity.Removed {
		st = ch.Was.Stat
	}
	v := c.Verdict(ch.Path, st)
	if v.Rule == nil {
		return ch, true // its rule is gone, or nothing is known of it
	}
	attrs := v.Rule.Attrs
	switch ch.Kind {
	case integrity.Added:
		return ch, !attrs.Has("ANF")
	case integrity.Removed:
		return ch, !attrs.Has("ARF")
	case integrity.Changed:
		ch.Fields &= attrs.Fields()
		if attrs.Has("S") && ch.Was.Stat.Size < ch.Now.Stat.Size {
			ch.Fields &^= tree.FieldSize
		}
		if attrs.Has("growing") && ch.Was.Stat.Size <= ch.Now.Stat.Size {
			ch.Fields &^= tree.FieldSize | tree.FieldMtime | tree.FieldCtime
			if ch.Was.Stat.Size < ch.Now.Stat.Size && (ch.Was.Stat.Size == 0 || grown(ch.Path)) {
				ch.Fields &^= tree.FieldContent
			}
		}
		return ch, ch.Fields != 0
	}
	return ch, true
}
