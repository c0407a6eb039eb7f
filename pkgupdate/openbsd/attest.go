package openbsd

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const maxList = 64 << 20 // bytes of one package's list

// Attest says which package owns each path, and what its packing list has of it. The
// base system is of no package: what none owns gets an entry below /usr/local alone.
func (m *Manager) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	installed := m.Installed(ctx)
	all := map[string]host.Claim{}
	name := func(p pkgupdate.Package) string { return database + "/" + fullName(p) + "/+CONTENTS" }
	errs := pkgupdate.Lists(ctx, m.Host, installed.Value, name, maxList, func(p pkgupdate.Package, text []byte) error {
		attestList(string(text), host.Claim{Package: p.ID(), Version: p.Version.String(), Strength: host.StrengthOwned}, all)
		return nil
	})
	err := errors.Join(append(pkgupdate.Limited(errs), installed.Reason)...)
	claims := pkgupdate.AttestedBelow("/usr/local", all, paths, err == nil)
	if len(installed.Value) == 0 && err != nil {
		return nil, fmt.Errorf("whose files are not known: %w", err)
	}
	return claims, err
}

// attestList reads a packing list: names of files, folders with a slash at their end,
// and annotations, of which some are of the file before, and some hold on.
func attestList(text string, claim host.Claim, all map[string]host.Claim) {
	dir, at := "/usr/local", ""
	mode, owner, group := "", "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		word, value, _ := strings.Cut(line, " ")
		switch word {
		case "@cwd":
			dir, at = value, ""
		case "@mode":
			mode = value
		case "@owner":
			owner = value
		case "@group":
			group = value
		case "@sha":
			if sum, err := base64.StdEncoding.DecodeString(value); err == nil && len(sum) == 32 && at != "" {
				is := all[at]
				is.Algorithm, is.Digest, is.Strength = "sha256", sum, host.StrengthDatabase
				all[at] = is
			}
		case "@symlink":
			if at != "" {
				is := all[at]
				is.Type, is.Link, is.HasMode, is.Strength = host.ModeSymlink, value, false, host.StrengthDatabase
				all[at] = is
			}
		case "@bin", "@so", "@lib", "@man", "@info", "@shell", "@font", "@dir", "@static-lib":
			at = own(dir, value, word == "@dir", claim, mode, owner+":"+group, all)
		default:
			if line != "" && line[0] != '@' {
				at = own(dir, line, false, claim, mode, owner+":"+group, all)
			}
		}
	}
}

// own enters a path, and gives it.
func own(dir, name string, isDir bool, claim host.Claim, mode, owner string, all map[string]host.Claim) string {
	at := path.Join(dir, name)
	if n, err := strconv.ParseUint(mode, 8, 32); err == nil {
		claim.Mode, claim.HasMode = uint32(n), true
	}
	if !strings.HasPrefix(owner, ":") && !strings.HasSuffix(owner, ":") {
		claim.Owner = owner
	}
	if isDir || strings.HasSuffix(name, "/") {
		claim.Type, claim.Strength = host.ModeDir, host.StrengthDatabase
	}
	all[at] = claim
	return at
}
