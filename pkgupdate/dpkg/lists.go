package dpkg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

var errForm = errors.New("not in the expected form")

const (
	sumsSuffix = ".md5sums"
	maxOwners  = 500 // names of files in one command
)

// lists looks for the wanted paths in the file lists of all packages and
// reports whether all were read. One command does it in one exchange with a
// remote host. Every list names the root: one for which the command did not
// find even that is read, as are all where there are no commands.
func (d Database) lists(ctx context.Context, a *attestation) (complete bool) {
	entries, err := d.Host.ReadDir(ctx, infoDir)
	if err != nil {
		a.errs = append(a.errs, fmt.Errorf("dpkg file lists: %w", err))
	}
	found, err := d.grep(ctx, a.patterns(), "--line-regexp", "--fixed-strings", "--recursive", "--include=*"+listSuffix, infoDir)
	for _, e := range entries {
		if stem, ok := strings.CutSuffix(e.Name, sumsSuffix); ok {
			a.summed[stem] = true
		}
		stem, ok := strings.CutSuffix(e.Name, listSuffix)
		if !ok {
			continue
		}
		text, searched := found[e.Name]
		if err != nil || !searched {
			var err error
			if text, err = d.Host.ReadFile(ctx, infoDir+"/"+e.Name, maxInfo); err != nil {
				a.errs = append(a.errs, err)
			}
		}
		if ctx.Err() != nil {
			return false
		}
		a.list(stem, text)
	}
	return len(a.errs) == 0
}

// patterns gives, one a line, all names by which lists may call what is wanted.
func (a *attestation) patterns() []byte {
	out := []byte("/.\n")
	add := func(at string) {
		for _, name := range a.layout.names(at) {
			out = append(append(out, name...), '\n')
		}
	}
	for at := range a.wanted {
		add(at)
	}
	for from, d := range a.layout.diverted {
		if a.wanted[d.to] != nil {
			add(from)
		}
	}
	return out
}

// grep gives the lines that match one of patterns, by the base name of the
// file. An error says that not all was searched.
func (d Database) grep(ctx context.Context, patterns []byte, args ...string) (map[string][]byte, error) {
	args = append([]string{"grep", "--text", "--with-filename", "--null", "--file=-"}, args...)
	out, err := d.Host.Run(ctx, host.Command{Args: args, Stdin: bytes.NewReader(patterns), Limit: maxInfo})
	if err == nil && (out.Exit != 1 || len(out.Stdout) > 0 || out.Truncated) { // 1: nothing matches
		err = out.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("grep: %w", err)
	}
	found := map[string][]byte{}
	for line := range bytes.Lines(out.Stdout) {
		file, text, ok := bytes.Cut(line, []byte{0})
		if !ok {
			return nil, fmt.Errorf("grep: line %.80q: %w", line, errForm)
		}
		name := path.Base(string(file))
		found[name] = append(found[name], text...)
	}
	return found, nil
}

// digests reads the sums of the packages that own wanted paths, again by one
// command where it can. A package without sums is normal.
func (d Database) digests(ctx context.Context, a *attestation) {
	var stems []string
	for stem := range a.owners {
		if a.summed[stem] {
			stems = append(stems, stem)
		}
	}
	slices.Sort(stems)
	for chunk := range slices.Chunk(stems, maxOwners) {
		names := make([]string, len(chunk))
		for i, stem := range chunk {
			names[i] = infoDir + "/" + stem + sumsSuffix
		}
		found, err := d.grep(ctx, []byte("\n"), names...)
		for i, stem := range chunk {
			text := found[stem+sumsSuffix]
			if err != nil || len(text) == 0 {
				text = d.optional(ctx, a, names[i])
			}
			a.sums(stem, text)
		}
	}
}
