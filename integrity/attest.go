package integrity

import (
	"context"

	"github.com/pugetsoundtech/upkeep/host"
)

// An Attestor says what package databases know of paths: files, links and
// directories. A path without an entry is unknown; an entry without a package is
// owned by none.
type Attestor interface {
	Attest(ctx context.Context, paths []string) (map[string]host.Claim, error)
}

// Contents is an Attestor that says what its database has of the content of
// every package: under names of its own, claims with a package, its version and a digest.
// While the version is the same, so is the digest, or the database was edited.
type Contents interface {
	Contents(ctx context.Context) (map[string]host.Claim, error)
}

// An Offerer is an Attestor that knows which of some installed packages, in their version,
// an index offers whose signature was verified.
type Offerer interface {
	Offered(ctx context.Context, packages []string) (map[string]bool, error)
}
