package slackware

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// Attest says which package owns each path. pkgtools keep no sums, so of a file no
// more is known; of a folder that it is one, and of a link its target, which stands
// in the script that makes it.
func (m *Manager) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	dir, _, err := pkgupdate.FirstDir(ctx, m.Host, packageDirs...)
	if err != nil {
		return nil, err
	}
	installed := m.Installed(ctx)
	all := map[string]host.Claim{}
	claim := func(p pkgupdate.Package) host.Claim {
		return host.Claim{Package: p.ID(), Version: p.Version.String(), Strength: host.StrengthOwned}
	}
	list := func(p pkgupdate.Package) string { return dir + "/" + fullName(p) }
	script := func(p pkgupdate.Package) string { return path.Dir(dir) + "/scripts/" + fullName(p) }
	errs := pkgupdate.Lists(ctx, m.Host, installed.Value, list, maxText, func(p pkgupdate.Package, text []byte) error {
		attestList(string(text), claim(p), all)
		return nil
	})
	linkErrs := pkgupdate.Lists(ctx, m.Host, installed.Value, script, maxText, func(p pkgupdate.Package, text []byte) error {
		attestLinks(string(text), claim(p), all)
		return nil
	})
	missing := func(err error) bool { return errors.Is(err, fs.ErrNotExist) } // it has no script
	errs = append(errs, slices.DeleteFunc(linkErrs, missing)...)
	err = errors.Join(append(pkgupdate.Limited(errs), installed.Reason)...)
	return pkgupdate.Attested(all, paths, err == nil), err
}

// attestList reads the paths after "FILE LIST:". What ends with ".new" is put in place
// without that ending, if nothing is there.
func attestList(text string, claim host.Claim, all map[string]host.Claim) {
	_, list, _ := strings.Cut(text, "FILE LIST:\n")
	for line := range strings.Lines(list) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line == "./" || strings.HasPrefix(line, "install/") {
			continue
		}
		is := claim
		if strings.HasSuffix(line, "/") {
			is.Type, is.Strength = host.ModeDir, host.StrengthDatabase
		}
		at := path.Join("/", line)
		all[at] = is
		if real, ok := strings.CutSuffix(at, ".new"); ok && strings.HasPrefix(at, "/etc/") {
			all[real] = is
		}
	}
}

var makesLink = regexp.MustCompile(`^\( cd (\S+) ; ln -sf (\S+) (\S+) \)$`)

// attestLinks reads the lines that installpkg's makepkg writes for links:
// "( cd usr/lib64 ; ln -sf libz.so.1.3 libz.so.1 )".
func attestLinks(script string, claim host.Claim, all map[string]host.Claim) {
	for line := range strings.Lines(script) {
		f := makesLink.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if f == nil {
			continue
		}
		is := claim
		is.Type, is.Link, is.Strength = host.ModeSymlink, f[2], host.StrengthDatabase
		all[path.Join("/", f[1], f[3])] = is
	}
}
