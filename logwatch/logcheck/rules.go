package logcheck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/logwatch/internal/ere"
)

// A Level says how much is ignored. The zero Level is Server, as in logcheck.
type Level uint8

// The levels.
const (
	Server Level = iota
	Paranoid
	Workstation
)

// ParseLevel reads the name of a level.
func ParseLevel(name string) (Level, error) {
	switch name {
	case "server":
		return Server, nil
	case "paranoid":
		return Paranoid, nil
	case "workstation":
		return Workstation, nil
	}
	return 0, fmt.Errorf("unknown level %q; there are paranoid, server and workstation", name)
}

// dirs are the directories of rules that ignore, in logcheck's order.
func (l Level) dirs() []string {
	switch l {
	case Paranoid:
		return []string{"ignore.d.paranoid"}
	case Workstation:
		return []string{"ignore.d.workstation", "ignore.d.server", "ignore.d.paranoid"}
	}
	return []string{"ignore.d.server", "ignore.d.paranoid"}
}

// Options say what of a directory is used.
type Options struct {
	Level Level
	// CrackingIgnore uses cracking.ignore.d, as SUPPORT_CRACKING_IGNORE=1 does.
	CrackingIgnore bool
}

// A Layer is what a rule is for.
type Layer uint8

// The layers, by their directories.
const (
	Cracking         Layer = iota // cracking.d
	CrackingIgnore                // cracking.ignore.d
	Violations                    // violations.d
	ViolationsIgnore              // violations.ignore.d
	Ignore                        // ignore.d.*
	layers
)

var layerDirs = [layers]string{Cracking: "cracking.d", CrackingIgnore: "cracking.ignore.d", Violations: "violations.d", ViolationsIgnore: "violations.ignore.d"}

// A Rule is one line of a rule file.
type Rule struct {
	Layer Layer
	Name  string // of its file, without the directory
	File  string // with it
	Line  int
	Text  string
}

// A Bad rule is no expression, or one that is too big. It is not used.
type Bad struct {
	Rule
	Err error
}

// Error names the file, the line and the reason.
func (b *Bad) Error() string { return fmt.Sprintf("%s:%d: %v", b.File, b.Line, b.Err) }

// Unwrap gives the reason.
func (b *Bad) Unwrap() error { return b.Err }

// Rules are the rules of a directory. They are safe for concurrent use.
type Rules struct {
	rules [layers][]Rule
	sets  [layers]*ere.Set
}

// maxFile bounds one rule file.
const maxFile = 16 << 20

// Read reads the rules of a directory such as /etc/logcheck. An error is a
// directory or file that cannot be read, never a bad rule.
func Read(ctx context.Context, h host.Host, dir string, o Options) (*Rules, []*Bad, error) {
	r := &Rules{}
	found := false
	for layer := range layers {
		names := []string{layerDirs[layer]}
		if layer == Ignore {
			names = o.Level.dirs()
		}
		if layer == CrackingIgnore && !o.CrackingIgnore {
			names = nil
		}
		for _, name := range names {
			rules, err := readDir(ctx, h, path.Join(dir, name), layer)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			found = true
			r.rules[layer] = append(r.rules[layer], rules...)
		}
	}
	if !found {
		return nil, nil, fmt.Errorf("%s has no directory of logcheck rules, such as ignore.d.server", dir)
	}
	var bad []*Bad
	for layer := range layers {
		bad = append(bad, r.compile(layer)...)
	}
	return r, bad, nil
}

// compile parses the rules of a layer, a part of them on each processor, and
// keeps those that are expressions.
func (r *Rules) compile(layer Layer) (bad []*Bad) {
	rules := r.rules[layer]
	exprs, errs := make([]*ere.Expr, len(rules)), make([]error, len(rules))
	var all sync.WaitGroup
	part := len(rules)/runtime.GOMAXPROCS(0) + 1
	for from := 0; from < len(rules); from += part {
		all.Go(func() {
			var p ere.Parser
			for i := from; i < min(from+part, len(rules)); i++ {
				exprs[i], errs[i] = p.Parse([]byte(rules[i].Text))
			}
		})
	}
	all.Wait()
	kept := 0
	for i, rule := range rules {
		if errs[i] != nil {
			bad = append(bad, &Bad{rule, errs[i]})
			continue
		}
		rules[kept], exprs[kept] = rule, exprs[i]
		kept++
	}
	r.rules[layer], r.sets[layer] = rules[:kept], ere.NewSet(exprs[:kept])
	return bad
}

// readDir reads the files that run-parts would list.
func readDir(ctx context.Context, h host.Host, dir string, layer Layer) ([]Rule, error) {
	entries, err := h.ReadDir(ctx, dir)
	if err != nil {
		return nil, err
	}
	var out []Rule
	for _, st := range entries {
		if !isRuleName(st.Name) || !st.IsRegular() && !st.IsLink() {
			continue
		}
		text, err := h.ReadFile(ctx, path.Join(dir, st.Name), maxFile)
		if st.IsLink() && errors.Is(err, host.ErrNotRegular) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the rules %s: %w", path.Join(dir, st.Name), err)
		}
		n := 0
		out = slices.Grow(out, bytes.Count(text, []byte("\n"))+1)
		for line := range bytes.Lines(text) {
			n++
			line = bytes.TrimSuffix(line, []byte("\n"))
			if len(trimRight(line)) > 0 && line[0] != '#' {
				out = append(out, Rule{Layer: layer, Name: st.Name, File: path.Join(dir, st.Name), Line: n, Text: string(line)})
			}
		}
	}
	return out, nil
}

// isRuleName takes the names that run-parts takes.
func isRuleName(name string) bool {
	return name != "" && !slices.ContainsFunc([]byte(name), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-'
	})
}

// trimRight cuts the blanks at the end, as logcheck does.
func trimRight(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] >= '\t' && b[len(b)-1] <= '\r') {
		b = b[:len(b)-1]
	}
	return b
}

// Len is how many rules are used.
func (r *Rules) Len() int {
	n := 0
	for _, rules := range r.rules {
		n += len(rules)
	}
	return n
}

// Explain lists the rules that match a line, by layer.
func (r *Rules) Explain(line []byte) []Rule {
	return r.Scanner().Explain(line)
}
