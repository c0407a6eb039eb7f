package aide

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/internal/automaton"
)

// A Rule is one line that chooses files.
type Rule struct {
	Kind    byte   // '/' chooses, '=' chooses in its own folder alone, '!' and '-' leave out
	Pattern string // regular expression, anchored at the beginning
	Types   string // such as "f,d"; "" is all
	Attrs   Attrs
	File    string
	Line    int

	node *node
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

// A node is a folder at which the rules hang whose path begins with its own without
// any doubt.
type node struct {
	depth int
	sub   map[string]*node
}

// build puts the expressions of all rules together, so that what a path costs does
// not depend on how many there are.
func (c *Config) build() (err error) {
	var expressions []string
	for _, r := range c.Rules {
		expressions = append(expressions, r.Pattern)
	}
	if c.set, err = automaton.New(expressions); err != nil {
		return err
	}
	c.root, c.folders = new(node), map[string]*folder{}
	for i := range c.Rules {
		r := &c.Rules[i]
		n := c.root
		for _, part := range parts(literal(r.Pattern)) {
			if n.sub == nil {
				n.sub = map[string]*node{}
			}
			if n.sub[part] == nil {
				n.sub[part] = &node{depth: n.depth + 1}
			}
			n = n.sub[part]
		}
		r.node = n
	}
	return nil
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

// A folder is what the rules can still say of what is in it.
type folder struct {
	behind *automaton.State // its path and a slash
	nodes  []*node          // from the root on, as far as there are any on the way
	depth  int
	pruned bool // it, or one above it
}

// mostFolders are remembered at once: a walk needs those above the last path.
const mostFolders = 1000

// folder gives that of a path, by the one above it.
func (c *Config) folder(dir string) *folder {
	if f := c.folders[dir]; f != nil {
		return f
	}
	if len(c.folders) > mostFolders {
		clear(c.folders)
	}
	f := &folder{behind: c.set.Start().Next("/"), nodes: []*node{c.root}}
	if dir == "/" {
		f.pruned = c.decide(f, "", "d").Pruned
	} else {
		above, base := c.folder(path.Dir(dir)), path.Base(dir)
		f = &folder{behind: above.behind.Next(base + "/"), nodes: above.nodes, depth: above.depth + 1}
		if last := above.nodes[len(above.nodes)-1]; last.depth == above.depth && last.sub[base] != nil {
			f.nodes = append(slices.Clip(f.nodes), last.sub[base])
		}
		f.pruned = above.pruned || c.decide(above, base, "d").Pruned
	}
	c.folders[dir] = f
	return f
}

// Verdict asks the rules about a path, and about the folders above it.
func (c *Config) Verdict(name string, st host.Stat) Verdict {
	f, base := c.folder(path.Dir(name)), path.Base(name)
	switch {
	case name == "/":
		base = ""
	case f.pruned:
		return Verdict{Pruned: true}
	}
	return c.decide(f, base, letterOf(st))
}

// decide is AIDE's search: from the deepest node up for what chooses, from the
// root down for what leaves out. In a node the first rule counts.
func (c *Config) decide(f *folder, base, letter string) (v Verdict) {
	var equal, selective, negative *Rule
	pruned := false // AIDE 0.18 asks each rule about the folders above a path
	for _, r := range c.matching(f, base) {
		d := r.node.depth
		if d >= len(f.nodes) || f.nodes[d] != r.node || !r.fits(letter) {
			continue
		}
		pruned = pruned || c.Old && r.Kind == '!' && r.Types == ""
		switch {
		case r.Kind == '=':
			if equal == nil && d == f.depth {
				equal = r
			}
		case r.Kind == '/':
			if selective == nil || d > selective.node.depth {
				selective = r
			}
		case negative == nil || d < negative.node.depth:
			negative = r
		}
	}
	if negative != nil {
		return Verdict{Rule: negative, Pruned: letter == "d" && (negative.Kind == '-' || pruned)}
	}
	v.Rule = cmp.Or(equal, selective)
	v.Chosen = v.Rule != nil
	return v
}

// matching gives the rules that match a name in a folder in full, in their order;
// '$' also matches before one last newline.
func (c *Config) matching(f *folder, base string) (out []*Rule) {
	matches := slices.Clone(f.behind.Next(base).Matches())
	if line, ok := strings.CutSuffix(base, "\n"); ok {
		for _, i := range f.behind.Next(line).Matches() {
			if strings.HasSuffix(c.Rules[i].Pattern, "$") && !slices.Contains(matches, i) {
				matches = append(matches, i)
			}
		}
		slices.Sort(matches)
	}
	for _, i := range matches {
		out = append(out, &c.Rules[i])
	}
	return out
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
