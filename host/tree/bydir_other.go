//go:build !linux

package tree

import (
	"context"

	"github.com/pugetsoundtech/upkeep/host"
)

func opensDirs(host.FS) bool { return false }

// openRoot gives the reader of the directory at which a walk begins.
func openRoot(_ context.Context, files host.FS, root string, st host.Stat) (reader, host.Stat, error) {
	return byPath{files, root}, st, nil
}
