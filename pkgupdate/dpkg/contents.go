package dpkg

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// Contents says what the database has of the content of each package that is properly
// installed: under the package's own name a digest of its list of sums, and under that
// name, a blank and a path the sum of a configuration file. As long as the version of a
// package is the same, so is all of this. The error says what could not be read.
func (d Database) Contents(ctx context.Context) (map[string]host.Claim, error) {
	text, _, err := d.status(ctx)
	if err != nil {
		return nil, err
	}
	installed, odd := ParseStatus(text)
	installed = slices.DeleteFunc(installed, func(p pkgupdate.Package) bool { return p.Fault != "" })
	sums, err := d.sumsOf(ctx, installed)
	if err != nil {
		return nil, err
	}
	out := map[string]host.Claim{}
	ids := map[[2]string]string{}
	for i, p := range installed {
		ids[[2]string{p.Name, p.Arch}] = p.ID()
		out[p.ID()] = host.Claim{Package: p.ID(), Version: p.Version.String(), Algorithm: "sha256", Digest: sums[i], Strength: host.StrengthDatabase}
	}
	for _, c := range parseConffiles(text) {
		if id, ok := ids[[2]string{c.Package, c.Arch}]; ok {
			out[id+" "+c.Path] = owned{claim: host.Claim{Package: id, Version: out[id].Version}}.withDigest(c.MD5).claim
		}
	}
	return out, odd
}

// sumsOf gives a digest of the list of sums of each package: of nothing where it has none.
func (d Database) sumsOf(ctx context.Context, installed []pkgupdate.Package) ([][]byte, error) {
	entries, err := d.Host.ReadDir(ctx, infoDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("dpkg sums: %w", err)
	}
	there := map[string]bool{}
	for _, e := range entries {
		there[e.Name] = true
	}
	sums := make([][]byte, len(installed))
	var asks []host.Ask
	var of []int
	for i, p := range installed {
		none := sha256.Sum256(nil)
		sums[i] = none[:]
		for _, stem := range []string{p.Name, p.Name + ":" + p.Arch} {
			if there[stem+sumsSuffix] {
				asks, of = append(asks, host.Ask{Op: host.OpRead, Name: infoDir + "/" + stem + sumsSuffix, Limit: maxInfo}), append(of, i)
			}
		}
	}
	err = d.Host.Batch(ctx, asks, func(n int, a host.Answer) error {
		h := sha256.New()
		h.Write(sums[of[n]])
		h.Write(a.Data)
		sums[of[n]] = h.Sum(nil)
		if a.Err != nil {
			return fmt.Errorf("dpkg sums: %s: %w", strings.TrimPrefix(asks[n].Name, infoDir+"/"), a.Err)
		}
		return nil
	})
	return sums, err
}
