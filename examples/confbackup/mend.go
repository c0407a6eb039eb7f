package main

import (
	"context"
	"errors"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/retain"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

// mend looks at every byte without a key, and puts right what it can.
func (j *job) mend(ctx context.Context, c cli.Call) (int, error) {
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
		var from backup.Store
		if j.from != "" {
			other := *j
			other.store = j.from
			opened, end, err := other.openStore(w.state)
			if err != nil {
				return 0, err
			}
			defer end()
			from = opened
		}
		v, err := w.repo.Verify(ctx, backup.VerifyOptions{Level: backup.Bytes})
		if err != nil {
			return 0, err
		}
		done, err := retain.Mend(ctx, w.repo, store, v.Damage, from)
		status := 0
		for _, m := range done {
			words := "put right"
			switch {
			case !m.Whole && m.Aside:
				words, status = "put aside: the next run stores again what the system still has", cli.Failed
			case !m.Whole:
				words, status = "left as it is: no other store has it", cli.Failed
			}
			if err := c.Say(m, m.Name, words); err != nil {
				return 0, err
			}
		}
		if err == nil && len(done) == 0 {
			err = c.Say(map[string]any{"damaged": 0}, "nothing is damaged")
		}
		return status, err
	})
}
