package pkgupdate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
)

// OldCode gives the files that programs still run and that were replaced, each by the path
// of what is in its place: a new version of a library may have a file of another name, to
// which the link leads that programs ask for. What was removed is none. Beside an error,
// which names what nobody knows, are the others.
func OldCode(ctx context.Context, h host.Host, view sysview.MappedView) ([]sysview.Outdated, error) {
	var list []sysview.Outdated
	var errs []error
	for _, f := range view.Outdated {
		switch f.Now {
		case sysview.PathReplaced:
			list = append(list, f)
		case sysview.PathGone:
			at, err := successor(ctx, h, f)
			errs = append(errs, err)
			if at != "" {
				f.Path, f.Now = at, sysview.PathReplaced
				list = append(list, f)
			}
		}
	}
	return list, errors.Join(errs...)
}

// successor looks for the library to which libx.so.4 leads where libx.so.4.8.0 is gone; ""
// where there is none.
func successor(ctx context.Context, h host.Host, f sysview.Outdated) (string, error) {
	root := fmt.Sprintf("/proc/%d/root", f.PIDs[0])
	for name := f.Path; ; {
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			return "", nil
		}
		if _, err := strconv.Atoi(name[i+1:]); err != nil {
			return "", nil // .so, or no library
		}
		name = name[:i]
		st, err := h.Lstat(ctx, root+name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return "", fmt.Errorf("what is in place of %s is not known: %w", f.Path, err)
		case st.IsLink() && !strings.Contains(st.Link, "/"):
			return path.Join(path.Dir(name), st.Link), nil
		default:
			return name, nil
		}
	}
}
