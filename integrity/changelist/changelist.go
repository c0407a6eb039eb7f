// Package changelist reads changelist(5), the list of files that OpenBSD's
// security(8) looks at every night, as rules for a scan.
//
//	list, err := changelist.Parse(data)
//	scan := integrity.Scanner{Files: h.Files, Profile: list.Profile(), Choose: list.Choose}
//	for e, err := range scan.Entries(ctx, nil) { … }
//
// A line is an absolute path, or a pattern of the shell; a plus sign before it says
// that its content is not to be shown to anybody; # begins a comment. Unlike there,
// '*' also takes names that begin with a dot.
package changelist

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// A List is what one file lists.
type List struct {
	Patterns []string // of path.Match over whole paths
	Secret   []string // those of them whose content is not to be shown
}

// Parse reads a list. The error names the first line that is no absolute clean
// path, or a malformed pattern.
func Parse(data []byte) (List, error) {
	var l List
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		pattern, secret := strings.CutPrefix(text, "+")
		_, err := path.Match(pattern, "")
		if err == nil && (!host.ValidName(pattern) || path.Clean(pattern) != pattern) {
			err = errors.New("no absolute clean path")
		}
		if err != nil {
			return List{}, fmt.Errorf("changelist: line %d: %q: %w", number, text, err)
		}
		l.Patterns = append(l.Patterns, pattern)
		if secret {
			l.Secret = append(l.Secret, pattern)
		}
	}
	return l, nil
}

// Choose is for integrity.Scanner.
func (l List) Choose(name string, _ host.Stat) (take, descend bool) {
	if name == "/" {
		return slices.Contains(l.Patterns, "/"), true
	}
	words := strings.Split(name, "/")
	for _, p := range l.Patterns {
		parts := strings.Split(p, "/")
		if len(words) > len(parts) {
			continue
		}
		// Parse has seen the pattern, so there is no error to lose here.
		hit, _ := path.Match(strings.Join(parts[:len(words)], "/"), name)
		take = take || hit && len(words) == len(parts)
		descend = descend || hit && len(words) < len(parts)
	}
	return take, descend
}

// Profile gives the folders below which anything is listed, and what counts there.
func (l List) Profile() integrity.Profile {
	p := integrity.Profile{Attrs: true, CrossFileSystems: true, Fields: tree.FieldsState | tree.FieldNlink, Rules: l.Digest()}
	for _, pattern := range l.Patterns {
		if meta := strings.IndexAny(pattern, `*?[\`); meta >= 0 {
			pattern = path.Dir(pattern[:meta] + "x")
		}
		p.Roots = append(p.Roots, pattern)
	}
	slices.Sort(p.Roots)
	p.Roots = slices.Compact(p.Roots)
	return p
}

// Digest tells one list from another.
func (l List) Digest() string {
	sum := sha256.Sum256([]byte(strings.Join(l.Patterns, "\n")))
	return "changelist:" + hex.EncodeToString(sum[:16])
}
