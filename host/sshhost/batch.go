package sshhost

import (
	"context"

	"github.com/pugetsoundtech/upkeep/host"
)

// ReadFiles reads many files in few exchanges: Batch with one limit for all (zero:
// 1 MiB), by name.
func (c *Client) ReadFiles(ctx context.Context, names []string, limit int64, fn func(name string, st host.Stat, data []byte, err error) error) error {
	asks := make([]host.Ask, len(names))
	for i, name := range names {
		asks[i] = host.Ask{Op: host.OpRead, Name: name, Limit: limit}
	}
	return files{c}.Batch(ctx, asks, func(i int, a host.Answer) error {
		return fn(names[i], a.Stat, a.Data, a.Err)
	})
}
