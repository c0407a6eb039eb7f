package hosttest_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A mutant is a file system with one fault.
type mutant struct {
	host.FS
	open    func(ctx context.Context, name string) (host.File, error)
	lstat   func(ctx context.Context, name string) (host.Stat, error)
	readDir func(ctx context.Context, name string) ([]host.Stat, error)
}

func (m mutant) Open(ctx context.Context, name string) (host.File, error) {
	if m.open != nil {
		return m.open(ctx, name)
	}
	return m.FS.Open(ctx, name)
}

func (m mutant) Lstat(ctx context.Context, name string) (host.Stat, error) {
	if m.lstat != nil {
		return m.lstat(ctx, name)
	}
	return m.FS.Lstat(ctx, name)
}

func (m mutant) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	if m.readDir != nil {
		return m.readDir(ctx, name)
	}
	return m.FS.ReadDir(ctx, name)
}

// TestKitFindsEachFault has one fault for each sentence of host.FS.
func TestKitFindsEachFault(t *testing.T) {
	need.Long(t)
	tree := hosttest.Tree{Name: "/t"}
	good := hosttest.New(tree.Text())
	for name, c := range map[string]struct {
		sentence string
		fs       mutant
	}{
		"relative names": {"FS 1", mutant{lstat: func(ctx context.Context, name string) (host.Stat, error) {
			return good.Lstat(ctx, "/"+strings.Trim(name, "\x00"))
		}}},
		"a missing directory is empty": {"FS 2", mutant{readDir: func(ctx context.Context, name string) ([]host.Stat, error) {
			list, err := good.ReadDir(ctx, name)
			if errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
			return list, err
		}}},
		"what lies below a file is no absence": {"FS 2", mutant{lstat: func(ctx context.Context, name string) (host.Stat, error) {
			if strings.HasPrefix(name, "/t/file/") {
				return host.Stat{}, syscall.ENOTDIR
			}
			return good.Lstat(ctx, name)
		}}},
		"no rights look like a missing file": {"FS 2", mutant{open: func(ctx context.Context, name string) (host.File, error) {
			f, err := good.Open(ctx, name)
			if errors.Is(err, fs.ErrPermission) {
				err = fs.ErrNotExist
			}
			return f, err
		}}},
		"links are not followed": {"FS 3", mutant{open: func(ctx context.Context, name string) (host.File, error) {
			if st, err := good.Lstat(ctx, name); err == nil && st.IsLink() {
				return nil, host.ErrNotRegular
			}
			return good.Open(ctx, name)
		}}},
		"lstat follows": {"FS 4", mutant{lstat: func(ctx context.Context, name string) (host.Stat, error) {
			st, err := good.Lstat(ctx, name)
			if err == nil && st.IsLink() {
				st.Mode, st.Link = host.ModeRegular|0o644, ""
			}
			return st, err
		}}},
		"an entry is lost": {"FS 5", mutant{readDir: func(ctx context.Context, name string) ([]host.Stat, error) {
			list, err := good.ReadDir(ctx, name)
			return list[:max(0, len(list)-1)], err
		}}},
		"names without stats": {"FS 5", mutant{readDir: func(ctx context.Context, name string) ([]host.Stat, error) {
			list, err := good.ReadDir(ctx, name)
			for i := range list {
				list[i] = host.Stat{Name: list[i].Name}
			}
			return list, err
		}}},
		"not sorted": {"FS 5", mutant{readDir: func(ctx context.Context, name string) ([]host.Stat, error) {
			list, err := good.ReadDir(ctx, name)
			if len(list) > 1 {
				list[0], list[1] = list[1], list[0]
			}
			return list, err
		}}},
		"a listing is cut at a thousand": {"FS 5", mutant{readDir: func(ctx context.Context, name string) ([]host.Stat, error) {
			list, err := good.ReadDir(ctx, name)
			return list[:min(len(list), 1000)], err
		}}},
		"it panics": {"FS 4", mutant{lstat: func(ctx context.Context, name string) (host.Stat, error) {
			if name == "/t/fifo" {
				panic("odd file")
			}
			return good.Lstat(ctx, name)
		}}},
		"a context is not heeded": {"FS 6", mutant{lstat: func(_ context.Context, name string) (host.Stat, error) {
			return good.Lstat(context.Background(), name)
		}}},
	} {
		c.fs.FS = good
		assert.ErrorContains(t, hosttest.TestFS(t.Context(), c.fs, tree), c.sentence+":", name)
	}
}

func TestKitFindsACallThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tree := hosttest.Tree{Name: "/t"}
		good := hosttest.New(tree.Text())
		release := make(chan struct{})
		defer close(release)
		blocking := mutant{FS: good, open: func(ctx context.Context, name string) (host.File, error) {
			if name == "/t/fifo" {
				<-release
			}
			return good.Open(ctx, name)
		}}
		err := hosttest.TestFS(t.Context(), blocking, tree)
		assert.ErrorContains(t, err, "FS 3: open fifo does not end")
		assert.ErrorContains(t, err, "FS 3: open fifo does not heed its context")
	})
}

type runFunc func(ctx context.Context, c host.Command) (host.Output, error)

func (f runFunc) Run(ctx context.Context, c host.Command) (host.Output, error) { return f(ctx, c) }

// TestRunnerKitFindsEachFault has one fault for each sentence of host.Runner.
func TestRunnerKitFindsEachFault(t *testing.T) {
	need.Long(t)
	good := hosttest.New(hosttest.RunnerText())
	for name, c := range map[string]struct {
		sentence string
		run      runFunc
	}{
		"a shell sees the words": {"Runner 1", func(ctx context.Context, c host.Command) (host.Output, error) {
			out, err := good.Run(ctx, c)
			out.Stdout = bytes.ReplaceAll(out.Stdout, []byte("$HOME"), []byte("/"))
			return out, err
		}},
		"any failure means not found": {"Runner 2", func(ctx context.Context, c host.Command) (host.Output, error) {
			out, err := good.Run(ctx, c)
			if err != nil {
				err = exec.ErrNotFound
			}
			return out, err
		}},
		"the caller's environment": {"Runner 3", func(ctx context.Context, c host.Command) (host.Output, error) {
			out, err := good.Run(ctx, c)
			if c.Args != nil && c.Args[0] == "env" {
				out.Stdout = append(out.Stdout, "USER=me\n"...)
			}
			return out, err
		}},
		"no standard input": {"Runner 4", func(ctx context.Context, c host.Command) (host.Output, error) {
			c.Stdin = nil
			return good.Run(ctx, c)
		}},
		"an exit status is an error": {"Runner 5", func(ctx context.Context, c host.Command) (host.Output, error) {
			out, err := good.Run(ctx, c)
			if err == nil {
				err = out.Err()
			}
			return out, err
		}},
		"the deadline ends as a result": {"Runner 6", func(ctx context.Context, c host.Command) (host.Output, error) {
			out, err := good.Run(ctx, c)
			if errors.Is(err, context.DeadlineExceeded) {
				return host.Output{Exit: -1, Signal: "killed"}, nil
			}
			return out, err
		}},
		"what changes the system is ended": {"Runner 6", func(ctx context.Context, c host.Command) (host.Output, error) {
			c.Mutates = false
			return good.Run(ctx, c)
		}},
		"what changes the system is ended, and said to run": {"Runner 6", func(ctx context.Context, c host.Command) (host.Output, error) {
			if strings.Contains(strings.Join(c.Args, " "), "kill -s") {
				return host.Output{Exit: 1}, nil
			}
			return good.Run(ctx, c)
		}},
		"it panics": {"Runner 3", func(ctx context.Context, c host.Command) (host.Output, error) {
			if len(c.Env) > 0 {
				panic("odd environment")
			}
			return good.Run(ctx, c)
		}},
		"no limit": {"Runner 7", func(ctx context.Context, c host.Command) (host.Output, error) {
			c.Limit = 0
			return good.Run(ctx, c)
		}},
		"an error names no command": {"Runner 8", func(ctx context.Context, c host.Command) (host.Output, error) {
			out, err := good.Run(ctx, c)
			if errors.Is(err, exec.ErrNotFound) {
				err = exec.ErrNotFound
			}
			return out, err
		}},
	} {
		assert.ErrorContains(t, hosttest.TestRunner(t.Context(), c.run), c.sentence+":", name)
	}
}
