package pkgsrc

import (
	"context"
	"encoding/hex"
	"errors"
	"path"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const maxList = 64 << 20 // bytes of one package's list

// Attest says which package owns each path, and the MD5 sum or the link's target that
// its packing list has. The base system is of no package: what none owns gets an entry
// below /usr/pkg alone.
func (m *Manager) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	dir, _, err := pkgupdate.FirstDir(ctx, m.Host, databases...)
	if err != nil {
		return nil, err
	}
	installed := m.Installed(ctx)
	all := map[string]host.Claim{}
	name := func(p pkgupdate.Package) string { return dir + "/" + p.Name + "-" + p.Version.String() + "/+CONTENTS" }
	errs := pkgupdate.Lists(ctx, m.Host, installed.Value, name, maxList, func(p pkgupdate.Package, text []byte) error {
		attestList(string(text), host.Claim{Package: p.ID(), Version: p.Version.String(), Strength: host.StrengthOwned}, all)
		return nil
	})
	err = errors.Join(append(pkgupdate.Limited(errs), installed.Reason)...)
	claims := pkgupdate.AttestedBelow("/usr/pkg", all, paths, err == nil)
	return claims, err
}

// attestList reads a packing list: names of files below the last @cwd, each with
// comments that hold its sum or its target.
func attestList(text string, claim host.Claim, all map[string]host.Claim) {
	dir, at, ignore := "/usr/pkg", "", false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		word, value, _ := strings.Cut(line, " ")
		kind, of, _ := strings.Cut(value, ":")
		switch {
		case word == "@cwd":
			dir, at = value, ""
		case word == "@ignore": // the next is the package's own
			ignore = true
		case word == "@pkgdir", word == "@dirrm":
			is := claim
			is.Type, is.Strength = host.ModeDir, host.StrengthDatabase
			all[path.Join(dir, value)] = is
		case word == "@comment" && at != "" && kind == "MD5":
			if sum, err := hex.DecodeString(of); err == nil && len(sum) == 16 {
				is := all[at]
				is.Algorithm, is.Digest, is.Strength = "md5", sum, host.StrengthDatabase
				all[at] = is
			}
		case word == "@comment" && at != "" && kind == "Symlink":
			is := all[at]
			is.Type, is.Link, is.Strength = host.ModeSymlink, of, host.StrengthDatabase
			all[at] = is
		case line != "" && line[0] != '@':
			if at = ""; !ignore {
				at = path.Join(dir, line)
				all[at] = claim
			}
			ignore = false
		}
	}
}
