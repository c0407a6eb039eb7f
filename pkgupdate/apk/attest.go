package apk

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// Attest says which package owns each path, and the SHA-1 sum that apk's database has
// of it. The database does not tell links from files: of a link the sum is that of
// its target's name.
func (m *Manager) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	text, err := m.Host.ReadFile(ctx, database, maxText)
	if err != nil {
		return nil, err
	}
	all := map[string]host.Claim{}
	var errs []error
	for record := range bytes.SplitSeq(text, []byte("\n\n")) {
		errs = append(errs, attestRecord(string(record), all))
	}
	err = errors.Join(errs...)
	claims := pkgupdate.Attested(all, paths, err == nil)
	for at, claim := range claims {
		claims[at] = pkgupdate.Settled(ctx, m.Host, at, claim, func(target []byte) []byte { sum := sha1.Sum(target); return sum[:] })
	}
	return claims, err
}

// attestRecord reads the files of a package: F is a folder, R a file in it, Z its sum,
// M and a the owner and mode of the folder and of the file.
func attestRecord(record string, all map[string]host.Claim) error {
	var claim host.Claim
	var dir, at string
	for line := range strings.Lines(record) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if !ok {
			continue
		}
		switch key {
		case "P":
			if !validName(value) {
				return &pkgupdate.RecordError{Record: database, Err: fmt.Errorf("%.80q is no package name", value)}
			}
			claim = host.Claim{Package: "apk:" + value, Version: claim.Version, Strength: host.StrengthOwned}
		case "V":
			claim.Version = value
		case "F":
			dir, at = path.Join("/", value), path.Join("/", value)
			is := claim
			is.Type, is.Strength = host.ModeDir, host.StrengthDatabase
			all[at] = is
		case "R":
			at = path.Join(dir, value)
			all[at] = claim
		case "M", "a":
			all[at] = owned(all[at], value)
		case "Z":
			all[at] = summed(all[at], value)
		}
	}
	return nil
}

// owned takes "uid:gid:mode".
func owned(claim host.Claim, text string) host.Claim {
	f := strings.Split(text, ":")
	if len(f) < 3 {
		return claim
	}
	if mode, err := strconv.ParseUint(f[2], 8, 32); err == nil {
		claim.Owner, claim.Mode, claim.HasMode = f[0]+":"+f[1], uint32(mode), true
	}
	return claim
}

// summed takes "Q1" and the sum in base 64.
func summed(claim host.Claim, text string) host.Claim {
	coded, ok := strings.CutPrefix(text, "Q1")
	sum, err := base64.StdEncoding.DecodeString(coded)
	if ok && err == nil && len(sum) == sha1.Size {
		claim.Algorithm, claim.Digest, claim.Strength = "sha1", sum, host.StrengthDatabase
	}
	return claim
}
