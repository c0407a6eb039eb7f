package hosttest

import (
	"context"
	"sync/atomic"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Counter counts the calls that go through the host it returns.
type Counter struct {
	Files    atomic.Int64 // calls of Open, Lstat and ReadDir
	Commands atomic.Int64
}

// Wrap returns h with its calls counted. Optional interfaces of h.Files are
// hidden, so the count is that of a host that has none.
func (c *Counter) Wrap(h host.Host) host.Host {
	if h.Files != nil {
		h.Files = countedFS{h.Files, c}
	}
	if h.Exec != nil {
		h.Exec = countedRunner{h.Exec, c}
	}
	return h
}

type countedFS struct {
	fs host.FS
	c  *Counter
}

func (f countedFS) Open(ctx context.Context, name string) (host.File, error) {
	f.c.Files.Add(1)
	return f.fs.Open(ctx, name)
}

func (f countedFS) Lstat(ctx context.Context, name string) (host.Stat, error) {
	f.c.Files.Add(1)
	return f.fs.Lstat(ctx, name)
}

func (f countedFS) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	f.c.Files.Add(1)
	return f.fs.ReadDir(ctx, name)
}

type countedRunner struct {
	r host.Runner
	c *Counter
}

func (r countedRunner) Run(ctx context.Context, c host.Command) (host.Output, error) {
	r.c.Commands.Add(1)
	return r.r.Run(ctx, c)
}
