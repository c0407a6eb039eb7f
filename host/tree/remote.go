package tree

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host"
)

// walkRemote lets the file system walk by itself, and counts.
func walkRemote(ctx context.Context, files host.Walker, root string, o host.WalkOptions, fn func(*host.Entry) error) (counts Counts, err error) {
	err = files.Walk(ctx, root, o, func(e *host.Entry) error {
		counts.Entries++
		if e.Hashed() && !e.Trusted {
			counts.Bytes += e.Size
		}
		return fn(e)
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("walk %s: %w", root, err)
	}
	return counts, err
}
