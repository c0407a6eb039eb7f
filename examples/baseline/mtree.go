package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/mtree"
)

// checkMtree compares with a specification instead of a baseline.
func (o *options) checkMtree(ctx context.Context, h host.Host, c cli.Call) (int, error) {
	root := "/"
	if len(c.Args) > 0 {
		abs, err := filepath.Abs(c.Args[0])
		if err != nil {
			return 0, err
		}
		root = abs
	}
	f, err := os.Open(o.mtree)
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	spec, err := mtree.Read(f, root)
	if err != nil {
		return 0, err
	}
	var t tally
	var counts integrity.Counts
	now := integrity.Scan(ctx, h.Files, integrity.Profile{Roots: []string{root}}, &counts)
	err = integrity.Compare(spec.Stream(), now, tree.FieldsState|tree.FieldNlink|tree.FieldMtime, func(ch integrity.Change) error {
		ch, ok := spec.Reported(ch)
		// A content of which the specification has no digest was never expected.
		if !ok || ch.Kind == integrity.Unknown {
			return nil
		}
		t.count(ch)
		return say(c, ch, "")
	})
	if err == nil && c.JSON {
		err = c.Say(map[string]any{"entries": counts.Entries, "read_bytes": counts.Bytes, "added": t.added, "removed": t.removed, "changed": t.changed, "unknown": t.unknown})
	}
	return t.status(false), errors.Join(err, ctx.Err())
}
