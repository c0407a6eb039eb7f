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
