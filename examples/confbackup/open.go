package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/stores"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// work is what a verb works with.
type work struct {
	target *cli.Target
	state  *statedir.Dir
	keys   agekey.Folder
	repo   backup.Repo
	close  func()
}

// open opens the system, its state and its store.
func (j *job) open(ctx context.Context) (*work, error) {
	t, err := cli.Open(ctx, j.target)
	if err != nil {
		return nil, err
	}
	w := &work{target: t, close: t.Close}
	if err := j.fill(ctx, w); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (j *job) fill(ctx context.Context, w *work) error {
	name := w.target.Name
	if name == "" {
		system, err := facts.Identify(ctx, w.target.Host)
		if name = system.Hostname; name == "" {
			return fmt.Errorf("the system does not tell its name: %w", err)
		}
	}
	st, err := cli.OpenState(j.state, name, w.target.Machine(ctx))
	if err != nil {
		return err
	}
	w.state = st
	w.close = func() { st.Close(); w.target.Close() } //nolint:errcheck // the lock ends with the process
	w.keys = agekey.Folder{Dir: st.Path("backup-keys"), Identity: j.identity}
	if j.client != "" {
		w.repo, err = j.ofClient(w.keys.Keys())
		return err
	}
	store, closeStore, err := j.openStore(st)
	if err != nil {
		return err
	}
	closeRest := w.close
	w.close = func() { closeStore(); closeRest() }
	w.repo = backup.Repo{Store: store, Keys: w.keys.Keys(), Host: name, State: st.Path(stores.StateName(j.store))}
	if j.of != "" {
		w.repo.Host, w.repo.State = j.of, ""
	}
	return nil
}

// openStore opens the store that -store names.
func (j *job) openStore(st *statedir.Dir) (backup.Store, func(), error) {
	if j.store == "" {
		return dirstore.Dir(st.Path("backup")), func() {}, nil
	}
	store, end, err := stores.Open(j.store, j.access)
	if err != nil {
		return nil, nil, fmt.Errorf("-store: %w", err)
	}
	return store, end, nil
}

// with opens what a verb needs, and asks for keys.
func (j *job) with(ctx context.Context, fn func(*work) (int, error)) (int, error) {
	w, err := j.open(ctx)
	if err != nil {
		return 0, err
	}
	defer w.close()
	if _, err := w.keys.Recipients(); errors.Is(err, fs.ErrNotExist) && j.of == "" {
		return 0, cli.Advise(errors.New("there are no keys yet"), "make them with confbackup init; or say with -of NAME whose backups you want to read")
	}
	if _, err := os.Stat(filepath.Join(w.keys.Dir, "signing-key.pub")); err != nil && j.of != "" {
		return 0, cli.Advise(err, "copy the signing-key.pub of %s there, by which its snapshots are known, and give its identity with -identity FILE", j.of)
	}
	status, err := fn(w)
	if errors.Is(err, backup.ErrNoIdentity) {
		err = cli.Advise(err, "give the secret key of a recipient with -identity FILE")
	}
	return status, err
}

// alone keeps writers out of the store until release.
func (w *work) alone() (release func() error, err error) {
	if l, can := w.repo.Store.(backup.Locker); can {
		return l.Lock()
	}
	return func() error { return nil }, nil
}

// snapshot finds one by number, or the latest.
func (w *work) snapshot(ctx context.Context, name string) (backup.Snapshot, error) {
	if name == "latest" {
		s, err := w.repo.Latest(ctx)
		if seqs, listed := w.repo.Numbers(ctx); err != nil && listed == nil && len(seqs) == 0 {
			err = errNone
		}
		return s, err
	}
	seq, err := strconv.ParseUint(name, 10, 64)
	if err != nil {
		return backup.Snapshot{}, cli.Advise(fmt.Errorf("%q is no snapshot", name), "give a number that confbackup list shows, or latest")
	}
	return w.repo.Snapshot(ctx, seq)
}

func root(dir string) (*os.Root, error) {
	if dir == "" {
		return nil, cli.Advise(errors.New("it is not said where to restore"), "give -to DIRECTORY, which may be empty, or -to / with -replace")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}
