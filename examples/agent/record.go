package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// record looks once without a memory, and then writes down what was asked and
// answered, for -host replay: and for tests. What only root may read and what is
// no text is left out but for its size and times.
func (r *round) record(ctx context.Context, t *daily.Target, c cli.Call) (int, error) {
	var asked *hosttest.Asked
	t.Host, asked = hosttest.Listen(t.Host)
	dir, err := os.MkdirTemp("", "upkeep-record")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	st, err := cli.OpenState(dir, t.Name, "")
	if err != nil {
		return 0, err
	}
	defer st.Close() //nolint:errcheck // it is removed
	set := r.settings
	set.Backup.Store = "" // it is no backup
	checks, err := t.Checks(st, set)
	if err != nil {
		return 0, err
	}
	for _, check := range checks {
		if _, err := suite.Collect(ctx, check); err != nil {
			return 0, err
		}
	}
	text, err := asked.Record(ctx, "Recorded by agent -record.")
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(r.recordTo, text, 0o600); err != nil {
		return 0, err
	}
	_, err = fmt.Fprintf(c.Stdout, "%s holds what was asked of %s; read it before you hand it on. See it with  agent -host replay:%s\n", r.recordTo, cli.Visible(t.Name), r.recordTo)
	return 0, err
}
