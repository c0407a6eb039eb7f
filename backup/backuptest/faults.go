package backuptest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync/atomic"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// A Fault is what goes wrong with a call of a Faulty store.
type Fault uint8

// The faults. Of those without an error a List has none, and an Open is only cut.
const (
	Refused Fault = iota // nothing is done, and there is an error
	Unheard              // all is done, and there is an error: the answer was lost
	Hollow               // nothing is done, and there is no error
	Cut                  // half is stored or read, and there is no error
	faults
)

// ErrFault is the error of a fault.
var ErrFault = errors.New("a fault of the store")

// Faulty is a Store of which one call goes wrong. It is for several goroutines.
type Faulty struct {
	backup.Store
	Fault Fault
	At    int64 // the number of the call, from 1; zero: none

	calls atomic.Int64
}

// Reached reports whether the call was made.
func (f *Faulty) Reached() bool { return f.calls.Load() >= f.At }

func (f *Faulty) now() bool { return f.calls.Add(1) == f.At }

// Create is backup.Store.Create.
func (f *Faulty) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	if !f.now() {
		return f.Store.Create(ctx, name, body, size)
	}
	switch f.Fault {
	case Unheard:
		return errors.Join(ErrFault, f.Store.Create(ctx, name, body, size))
	case Hollow:
		return nil
	case Cut:
		return f.Store.Create(ctx, name, io.NewSectionReader(body, 0, size), size/2)
	}
	return ErrFault
}

// Open is backup.Store.Open.
func (f *Faulty) Open(ctx context.Context, name string) (backup.Blob, error) {
	now := f.now()
	if now && f.Fault < Hollow {
		return nil, ErrFault
	}
	b, err := f.Store.Open(ctx, name)
	if now && err == nil && f.Fault == Cut {
		b = half{b}
	}
	return b, err
}

// half is the first half of a blob.
type half struct{ backup.Blob }

func (h half) Size() int64 { return h.Blob.Size() / 2 }

func (h half) ReadAt(p []byte, at int64) (int, error) {
	return io.NewSectionReader(h.Blob, 0, h.Size()).ReadAt(p, at)
}

// List is backup.Store.List.
func (f *Faulty) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	now := f.now()
	return func(yield func(backup.Info, error) bool) {
		if !now || f.Fault != Refused {
			for info, err := range f.Store.List(ctx, prefix) {
				if !yield(info, err) {
					return
				}
			}
		}
		if now && f.Fault < Hollow {
			yield(backup.Info{}, ErrFault)
		}
	}
}

// testFaults lets each call of a commit go wrong in turn, in each way.
func testFaults(ctx context.Context, make func() backup.Store) error {
	for fault := range faults {
		reached := true
		for at := int64(1); reached; at++ {
			store := &Faulty{Store: make(), Fault: fault, At: at}
			if err := testFault(ctx, store); err != nil {
				return fmt.Errorf("fault %d at call %d: %w", fault, at, err)
			}
			reached = store.Reached()
		}
	}
	return nil
}

// testFault commits three times, the second time with a fault: what was said to be
// stored stays, and the last commit is whole.
func testFault(ctx context.Context, faulty *Faulty) error {
	repo, m := backup.Repo{Store: faulty.Store, Keys: Keys()}, hosttest.New(SmallEtc)
	if faulty.Fault < Hollow { // what is remembered here follows what the store says
		var err error
		if repo.State, err = os.MkdirTemp("", "faults-"); err != nil {
			return err
		}
		defer os.RemoveAll(repo.State) //nolint:errcheck // what is left of it hurts nobody
	}
	said := map[uint64]string{}
	for day, store := range []backup.Store{faulty.Store, faulty, faulty.Store} {
		text := fmt.Sprintf("day %d\n", day)
		if err := m.WriteFile("/etc/motd", []byte(text), 0o640); err != nil {
			return err
		}
		repo.Store = store
		s, _, err := commit.Run(ctx, repo, commit.Source{Host: m.Host()})
		switch {
		case err == nil:
			said[s.Seq] = text
		case store != faulty || ctx.Err() != nil:
			return fmt.Errorf("the commit of day %d: %w", day, err)
		case faulty.Fault < Hollow && !errors.Is(err, ErrFault):
			return fmt.Errorf("of the fault is told: %w", err)
		}
	}
	return whole(ctx, repo, said)
}

// whole looks whether the snapshots that were said to be stored are, and no others are
// damaged but such as nobody has said to be.
func whole(ctx context.Context, repo backup.Repo, said map[uint64]string) error {
	for seq, text := range said {
		s, err := repo.Snapshot(ctx, seq)
		if err != nil {
			return err
		}
		got, err := repo.Text(ctx, s, "/etc/motd", 100)
		if err != nil || string(got) != text {
			return fmt.Errorf("snapshot %d has %q for %q: %w", seq, got, text, errors.Join(err, errDiffers))
		}
	}
	v, err := repo.Verify(ctx, backup.VerifyOptions{})
	for _, d := range v.Damage {
		for _, seq := range d.Snapshots {
			if _, is := said[seq]; is {
				err = errors.Join(err, d.Err)
			}
		}
	}
	return err
}
