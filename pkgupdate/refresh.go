package pkgupdate

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Refresher can fetch what the sources have for itself, as whoever asks: nothing of
// the system's is touched, and no privilege is needed.
//
//  1. What is fetched is kept below dir, a folder of the system that is made where it is
//     missing and that is the asker's alone; else the error is ErrShared. A manager that
//     can ask without keeping anything makes none.
//  2. The Manager that it gives answers from what was fetched, as of now. An answer does
//     not get better when that is long ago: it ages as that of the system does.
//  3. Where anything could not be fetched or does not verify, the error says so, and there
//     is no Manager.
type Refresher interface {
	Refreshed(ctx context.Context, dir string) (Manager, error)
}

// ErrShared says that others can write to a folder that has to be one's own.
var ErrShared = errors.New("it is not a folder of one's own")

// Private makes a folder, and those below it, and makes sure that it is of the user who
// asks and of nobody else. It gives the number of that user.
func Private(ctx context.Context, h host.Host, dir string, below ...string) (uid uint32, err error) {
	if !path.IsAbs(dir) || path.Clean(dir) != dir || dir == "/" {
		return 0, fmt.Errorf("folder %.200q: %w", dir, ErrShared)
	}
	if _, err := h.Query(ctx, "mkdir", "-p", "-m", "700", dir); err != nil {
		return 0, fmt.Errorf("folder %s: %w", dir, err)
	}
	out, err := h.Query(ctx, "id", "-u")
	if err != nil {
		return 0, fmt.Errorf("whose folder %s has to be: %w", dir, err)
	}
	who, err := strconv.ParseUint(strings.TrimSpace(string(out)), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("id -u: %w", err)
	}
	st, err := h.Lstat(ctx, dir)
	switch {
	case err != nil:
		return 0, err
	case !st.IsDir(), !st.Known.Has(host.KnownOwner), st.UID != uint32(who), st.Perm()&0o22 != 0:
		return 0, fmt.Errorf("folder %s: %w", dir, ErrShared)
	}
	for _, name := range below {
		if _, err := h.Query(ctx, "mkdir", "-p", path.Join(dir, name)); err != nil {
			return 0, fmt.Errorf("folder %s: %w", dir, err)
		}
	}
	return uint32(who), nil
}
