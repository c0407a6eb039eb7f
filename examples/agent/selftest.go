package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/managers"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/review/reviewtest"
)

// A trial is one thing that this machine has to do as the programs count on.
type trial struct {
	name string
	try  func(ctx context.Context) error
}

// tryAll is -selftest: it runs the conformance kits where the state is kept, and
// with this machine's commands.
func (r *round) tryAll(ctx context.Context, c cli.Call) (status int, err error) {
	t, err := daily.Open(ctx, r.settings.Host, r.wrap)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	st, err := cli.OpenState(r.settings.State, t.Name, t.Machine(ctx))
	if err != nil {
		return 0, err
	}
	defer st.Close() //nolint:errcheck // the lock ends with the process
	dir := st.Path("selftest")
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, one := range append(trials(t, dir), managerTrials(ctx, t, r.settings)...) {
		failed := one.try(ctx)
		words := []string{"ok", one.name}
		if failed != nil {
			status, words = exitUnknown, []string{"FAILED", one.name, cli.Line(failed)}
		}
		if err := c.Say(map[string]any{"trial": one.name, "ok": failed == nil, "error": fmt.Sprint(failed)}, words...); err != nil {
			return 0, err
		}
	}
	return status, nil
}

// trials keep their files below dir, in folders of their own.
func trials(t *daily.Target, dir string) []trial {
	n := 0
	fresh := func() string {
		n++
		name := filepath.Join(dir, fmt.Sprint(n))
		os.MkdirAll(name, 0o700) //nolint:errcheck // the store says so
		return name
	}
	list := []trial{
		{"commands are run, bounded and ended", func(ctx context.Context) error { return hosttest.TestRunner(ctx, t.Host.Exec) }},
		{"reports are stored whole or not at all", func(ctx context.Context) error {
			return reporttest.TestStore(ctx, func() memory.Store { return memory.FileStore{Dir: fresh()} })
		}},
		{"what people do is kept in order", func(ctx context.Context) error {
			return reviewtest.TestStore(ctx, func() review.Store { return review.FileStore{Name: filepath.Join(fresh(), logName)} })
		}},
		{"backups are written once and never changed", func(ctx context.Context) error {
			return backuptest.TestStore(ctx, func() backup.Store { return dirstore.Dir(fresh()) })
		}},
	}
	if t.Local {
		list = append(list, trial{"files of every kind are read as they are", func(ctx context.Context) error { return tryFiles(ctx, t.Host.Files, fresh()) }})
	}
	return list
}

// tryFiles plants files of every kind in dir, and reads them.
func tryFiles(ctx context.Context, files host.FS, dir string) error {
	tree, err := hosttest.Plant(dir, dir)
	if err != nil {
		return err
	}
	defer os.Chmod(filepath.Join(dir, "locked"), 0o700) //nolint:errcheck // so that it can be removed
	return hosttest.TestFS(ctx, files, tree)
}

// managerTrials are those of the package managers that the system has.
func managerTrials(ctx context.Context, t *daily.Target, set daily.Settings) (list []trial) {
	for _, m := range managers.For(t.Host, t.Facts, set.Packages.MaxIndexAge) {
		if installed := m.Installed(ctx); errors.Is(installed.Reason, pkgupdate.ErrAbsent) {
			continue
		}
		list = append(list, trial{m.Info().ID + " says what is installed and what is pending", func(ctx context.Context) error { return pkgupdatetest.TestManager(ctx, m) }})
	}
	return list
}
