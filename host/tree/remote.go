package tree

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host"
)

// walkRemote lets the file system walk by itself, and counts.
func walkRemote(ctx context.Context, files host.Walker, root string, o host.WalkOptions, fn func(*host.Entry) error) (counts Counts, err error) {
	err = files.Walk(ctx, root, o, counts.of(fn))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("walk %s: %w", root, err)
	}
	return counts, err
}

// of counts what fn is given.
func (c *Counts) of(fn func(*host.Entry) error) func(*host.Entry) error {
	return func(e *host.Entry) error {
		c.Entries++
		if e.Hashed() && !e.Trusted {
			c.Bytes += e.Size
		}
		return fn(e)
	}
}

// Trees walks several trees together, where the file system does that by itself, and
// reports whether it did; else each is to be walked. They are as host.TreesWalker wants
// them. Each error is as Walk has it.
func Trees(ctx context.Context, files host.FS, roots []string, o host.WalkOptions, fn func(*host.Entry) error) (counts Counts, did bool, err error) {
	all, ok := files.(host.TreesWalker)
	if !ok || len(roots) < 2 {
		return counts, false, nil
	}
	walk, err := all.Trees(ctx, roots, o)
	if err != nil {
		return counts, false, nil // the walk of each finds out what is wrong with which
	}
	if err = walk(ctx, counts.of(fn)); err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("walk: %w", err)
	}
	return counts, true, err
}
