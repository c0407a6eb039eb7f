package apk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const world = "/etc/apk/world"

// repositoryLines gives the words of each line of /etc/apk/repositories: an address, with
// a tag before it, "@edge", where packages are taken from it by that tag alone.
func repositoryLines(text []byte) [][]string {
	var lines [][]string
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 0 && f[0][0] != '#' {
			lines = append(lines, f)
		}
	}
	return lines
}

// branchOf is "edge" where some repositories are of that branch and others are not. A
// repository of this system has no branch.
func branchOf(lines [][]string) string {
	edge, released := "", false
	for _, f := range lines {
		address := f[len(f)-1]
		if branch := pkgupdate.Branch(address, "edge"); branch != "" {
			edge = branch
		} else if strings.Contains(address, "://") {
			released = true
		}
	}
	if !released {
		return ""
	}
	return edge
}

// Strays are the packages that a person asked for by the tag of a repository in
// development, "htop@edge". Which others came from one that has no tag apk does not tell.
func (m *Manager) Strays(ctx context.Context, installed []pkgupdate.Package, sources []pkgupdate.Source) pkgupdate.Answer[[]pkgupdate.Stray] {
	if len(pkgupdate.Branched(sources)) == 0 {
		return pkgupdate.Proven[pkgupdate.Stray](nil, "no repository is of a branch in development", m.Host.Time())
	}
	text, err := m.Host.ReadFile(ctx, repositories, maxText)
	asked, worldErr := m.Host.ReadFile(ctx, world, maxText)
	if errors.Is(worldErr, fs.ErrNotExist) {
		worldErr = nil
	}
	tags := map[string]string{}
	for _, f := range repositoryLines(text) {
		branch := pkgupdate.Branch(f[len(f)-1], "edge")
		switch {
		case branch != "" && f[0][0] == '@':
			tags[f[0][1:]] = branch
		case branch != "":
			err = errors.Join(err, fmt.Errorf("which packages came from %.200s is not known", pkgupdate.PublicURL(f[0])))
		}
	}
	var list []pkgupdate.Stray
	for word := range strings.FieldsSeq(string(asked)) {
		name, tag, _ := strings.Cut(word, "@")
		if i := strings.IndexAny(name, "<>=~"); i >= 0 {
			name = name[:i]
		}
		tag, _, _ = strings.Cut(tag, "=")
		if p, ok := pkgupdate.Find(installed, name); ok && tags[tag] != "" {
			list = append(list, pkgupdate.Stray{Pkg: p, Branch: tags[tag]})
		}
	}
	if err := errors.Join(err, worldErr); err != nil {
		return pkgupdate.Unproven(list, err)
	}
	return pkgupdate.Proven(list, world+" names what is taken by a tag", m.Host.Time())
}
