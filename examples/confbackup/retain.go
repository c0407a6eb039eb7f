package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/backup/retain"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

// retain removes old snapshots. It is for the server that keeps the store, and
// wants no identity.
func (j *job) retain(ctx context.Context, c cli.Call) (int, error) {
	return j.with(ctx, func(w *work) (int, error) {
		store, ok := w.repo.Store.(retain.Trash)
		if !ok {
			return 0, cli.Advise(errors.New("this store gives nothing up"), "run it where the store is a directory")
		}
		release, err := w.alone()
		if err != nil {
			return 0, err
		}
		defer release() //nolint:errcheck // the lock ends with the process
		plan, err := retain.Look(ctx, w.repo, retain.Policy{Keep: time.Duration(j.keep) * 24 * time.Hour, Well: j.well}, w.target.Host.Time())
		if err != nil {
			return 0, err
		}
		for _, o := range plan.Oddities {
			if err := c.Say(map[string]any{"odd": o.Seq, "reason": o.Reason, "pinned": plan.Pinned}, "odd", fmt.Sprintf("snapshot %d", o.Seq), o.Reason); err != nil {
				return 0, err
			}
		}
		if plan.Pinned > 0 {
			advice := fmt.Sprintf("snapshot %d stays, until somebody has looked and says -well %d", plan.Pinned, plan.Oddities[len(plan.Oddities)-1].Seq)
			if err := c.Say(nil, advice); err != nil {
				return 0, err
			}
		}
		word := "would be put aside"
		if !j.dry {
			word = "put aside"
			if _, err := plan.Apply(ctx, store); err != nil {
				return 0, err
			}
		}
		object := map[string]any{"snapshots": plan.Snapshots, "packs": len(plan.Packs), "bytes": plan.Bytes, "done": !j.dry}
		return 0, c.Say(object, word, fmt.Sprintf("%d snapshots", len(plan.Snapshots)), fmt.Sprintf("%d packs", len(plan.Packs)), fmt.Sprintf("%d bytes", plan.Bytes))
	})
}
