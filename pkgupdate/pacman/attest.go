package pacman

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const maxTree = 64 << 20 // bytes of one package's list, expanded

// Attest says which package owns each path, and what pacman's list of the package
// has of it: sum, mode, owner, and the target of a link. A folder of several packages
// gets the last by name.
func (m *Manager) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	installed := m.Installed(ctx)
	all := map[string]host.Claim{}
	name := func(p pkgupdate.Package) string { return local + "/" + p.Name + "-" + p.Version.String() + "/mtree" }
	errs := pkgupdate.Lists(ctx, m.Host, installed.Value, name, maxTree, func(p pkgupdate.Package, text []byte) error {
		return attestTree(text, host.Claim{Package: p.ID(), Version: p.Version.String(), Strength: host.StrengthOwned}, all)
	})
	err := errors.Join(append(pkgupdate.Limited(errs), installed.Reason)...)
	return pkgupdate.Attested(all, paths, err == nil), err
}

// attestTree reads a list as mtree(5) has it. What /set says holds until the next.
func attestTree(packed []byte, claim host.Claim, all map[string]host.Claim) error {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxTree+1))
	if err != nil {
		return err
	}
	if len(text) > maxTree {
		return host.ErrTruncated
	}
	set := map[string]string{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0][0] == '#':
		case f[0] == "/set":
			keywords(f[1:], set)
		case strings.HasPrefix(f[0], "./"):
			of := map[string]string{}
			for k, v := range set {
				of[k] = v
			}
			keywords(f[1:], of)
			if at := path.Clean("/" + plain(f[0][2:])); !strings.HasPrefix(f[0], "./.") {
				all[at] = attested(claim, of)
			}
		default:
			return fmt.Errorf("line %.80q", line)
		}
	}
	return nil
}

func keywords(words []string, into map[string]string) {
	for _, w := range words {
		if key, value, ok := strings.Cut(w, "="); ok {
			into[key] = value
		}
	}
}

func attested(claim host.Claim, of map[string]string) host.Claim {
	switch of["type"] {
	case "dir":
		claim.Type, claim.Strength = host.ModeDir, host.StrengthDatabase
	case "link":
		claim.Type, claim.Link, claim.Strength = host.ModeSymlink, plain(of["link"]), host.StrengthDatabase
	}
	if mode, err := strconv.ParseUint(of["mode"], 8, 32); err == nil && of["type"] != "link" {
		claim.Mode, claim.HasMode = uint32(mode), true
	}
	if of["uid"] != "" && of["gid"] != "" {
		claim.Owner = of["uid"] + ":" + of["gid"]
	}
	if sum, err := hex.DecodeString(of["sha256digest"]); err == nil && len(sum) == 32 {
		claim.Algorithm, claim.Digest, claim.Strength = "sha256", sum, host.StrengthDatabase
	}
	return claim
}

// plain undoes the octal escapes of mtree: "\040" is a blank.
func plain(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' && i+3 < len(name) {
			if n, err := strconv.ParseUint(name[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(name[i])
	}
	return b.String()
}
