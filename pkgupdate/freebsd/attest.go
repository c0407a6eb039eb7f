package freebsd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const filesFormat = "upkeep\t%n\t%v\t%Fs\t%Fp"

// Attest says which package owns each path, and the SHA-256 sum that pkg's database
// has of it; of a link that is as it was shipped, its target. The base system is of no
// package, unless it is made of packages: what none owns gets no entry below its
// folders.
func (m *Manager) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	out, err := m.Host.Query(ctx, "pkg", "query", "-a", filesFormat)
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(out)
	errs := []error{err}
	all := map[string]host.Claim{}
	for _, line := range lines {
		f := strings.SplitN(line, "\t", 5)
		if len(f) != 5 || f[0] != "upkeep" || !validName(f[1]) || !strings.HasPrefix(f[4], "/") {
			errs = append(errs, &pkgupdate.RecordError{Record: "pkg query", Err: fmt.Errorf("line %.80q", line)})
			continue
		}
		claim := host.Claim{Package: "freebsd:" + f[1], Version: f[2], Strength: host.StrengthOwned}
		// The digit before the dollar sign is the kind of sum: 1 is SHA-256.
		if sum, err := hex.DecodeString(strings.TrimPrefix(f[3], "1$")); err == nil && len(sum) == sha256.Size {
			claim.Algorithm, claim.Digest, claim.Strength = "sha256", sum, host.StrengthDatabase
		}
		all[f[4]] = claim
	}
	err = errors.Join(errs...)
	claims := pkgupdate.AttestedBelow("/usr/local", all, paths, err == nil)
	for at, claim := range claims {
		claims[at] = pkgupdate.Settled(ctx, m.Host, at, claim, func(target []byte) []byte { sum := sha256.Sum256(target); return sum[:] })
	}
	return claims, err
}
