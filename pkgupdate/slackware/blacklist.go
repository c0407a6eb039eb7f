package slackware

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const blacklist = "/etc/slackpkg/blacklist"

// A held is what slackpkg leaves alone.
type held []*regexp.Regexp

// has reports whether one of the lines that name a package, of the mirror or as installed,
// is on the list: slackpkg leaves all of that name alone then.
func (h held) has(lines []string) bool {
	return slices.ContainsFunc(h, func(e *regexp.Regexp) bool { return slices.ContainsFunc(lines, e.MatchString) })
}

// lineOf is a package as slackpkg lists what is installed.
func lineOf(p pkgupdate.Package) string {
	ver, build, _ := strings.Cut(p.Version.String(), "-")
	return strings.Join([]string{"local", p.Name, ver, p.Arch, build, fullName(p), "/var/log/packages"}, " ")
}

var (
	part   = regexp.MustCompile(`^(extra|pasture|patches|slackware(?:64)?|testing)/$`)
	series = regexp.MustCompile(`^([^/]+)/$`)
)

// blacklist reads its expressions as slackpkg does: each is a whole field of a line, or a
// part of the mirror, or a series of the main one.
func (m *Manager) blacklist(ctx context.Context) (held, error) {
	text, err := m.Host.ReadFile(ctx, blacklist, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("what slackpkg leaves alone is not known: %w", err)
	}
	var list held
	var errs []error
	for line := range strings.Lines(string(text)) {
		word := strings.TrimSpace(line)
		if word == "" || word[0] == '#' {
			continue
		}
		expr := " " + word + " "
		if f := part.FindStringSubmatch(word); f != nil {
			expr = "^" + f[1] + " "
		} else if f := series.FindStringSubmatch(word); f != nil {
			expr = `\./slackware(64)?/` + f[1] + "$"
		}
		e, err := regexp.CompilePOSIX(expr)
		if err != nil {
			errs = append(errs, &pkgupdate.RecordError{Record: blacklist, Err: err})
			continue
		}
		list = append(list, e)
	}
	return list, errors.Join(pkgupdate.Limited(errs)...)
}
