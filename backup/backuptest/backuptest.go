// Package backuptest has an in-memory store for tests, and TestStore, which
// holds a store to the contract of backup.Store sentence by sentence.
//
//	err := backuptest.TestStore(ctx, func() backup.Store { return dirstore.Dir(t.TempDir()) })
//
// It does not import testing, so that an agent can try its own store.
package backuptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/backup"
)

// Memory is a store in memory. The zero Memory is empty. Files may be looked at
// and damaged while no call runs.
type Memory struct {
	// Fail, when set, is called before each write and its error is given.
	Fail func(name string) error

	mu    sync.Mutex
	Files map[string][]byte
}

// Create is backup.Store.Create.
func (m *Memory) Create(ctx context.Context, name string, data []byte) error {
	if err := check(ctx, name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, taken := m.Files[name]; taken {
		if !bytes.Equal(old, data) {
			return fmt.Errorf("create %s: %w", name, backup.ErrExists)
		}
		return nil
	}
	if m.Fail != nil {
		if err := m.Fail(name); err != nil {
			return fmt.Errorf("create %s: %w", name, err)
		}
	}
	if m.Files == nil {
		m.Files = map[string][]byte{}
	}
	m.Files[name] = bytes.Clone(data)
	return nil
}

// Read is backup.Store.Read.
func (m *Memory) Read(ctx context.Context, name string, limit int64) ([]byte, error) {
	if err := check(ctx, name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.Files[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("read %s: %w", name, backup.ErrTooLarge)
	}
	return bytes.Clone(data), nil
}

// List is backup.Store.List.
func (m *Memory) List(ctx context.Context, prefix string) ([]backup.Info, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []backup.Info{}
	for name, data := range m.Files {
		if strings.HasPrefix(name, prefix) {
			out = append(out, backup.Info{Name: name, Size: int64(len(data))})
		}
	}
	slices.SortFunc(out, func(a, b backup.Info) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func check(ctx context.Context, name string) error {
	if !backup.ValidName(name) {
		return fmt.Errorf("%.80q: %w", name, fs.ErrInvalid)
	}
	return ctx.Err()
}

// TestStore tries every sentence of backup.Store on empty stores that make
// gives. The error joins all violations.
func TestStore(ctx context.Context, make func() backup.Store) error {
	var errs []error
	for _, c := range []struct {
		name string
		test func(context.Context, backup.Store) error
	}{
		{"a created file is read back", testCreate},
		{"a name is never given other content", testExists},
		{"of two writers one wins", testRace},
		{"what is not there is said so", testAbsent},
		{"a list is sorted, complete and by prefix", testList},
		{"a bad name is refused", testNames},
		{"a cancelled context ends each call", testCancel},
	} {
		if err := c.test(ctx, make()); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
		}
	}
	return errors.Join(errs...)
}

func testCreate(ctx context.Context, s backup.Store) error {
	for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("\x00\xffabc"), 300_000)} {
		name := fmt.Sprintf("packs/aa/%d", len(data))
		if err := s.Create(ctx, name, data); err != nil {
			return err
		}
		got, err := s.Read(ctx, name, int64(len(data)))
		if err != nil || !bytes.Equal(got, data) {
			return fmt.Errorf("%d bytes came back as %d: %w", len(data), len(got), errors.Join(err, errDiffers))
		}
	}
	return nil
}

var errDiffers = errors.New("not what it should be")

func testExists(ctx context.Context, s backup.Store) error {
	first := s.Create(ctx, "snaps/1", []byte("one"))
	again := s.Create(ctx, "snaps/1", []byte("one"))
	other := s.Create(ctx, "snaps/1", []byte("two"))
	if first != nil || again != nil || !errors.Is(other, backup.ErrExists) {
		return fmt.Errorf("create gave %v, the same again %v, other bytes %v", first, again, other)
	}
	if got, err := s.Read(ctx, "snaps/1", 10); err != nil || string(got) != "one" {
		return fmt.Errorf("the content is now %q, %v", got, err)
	}
	return nil
}

func testRace(ctx context.Context, s backup.Store) error {
	const writers = 8
	var errs [writers]error
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { errs[i] = s.Create(ctx, "snaps/7", fmt.Appendf(nil, "writer %d", i)) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, backup.ErrExists):
			return err
		}
	}
	if won != 1 {
		return fmt.Errorf("%d writers of different content won", won)
	}
	return nil
}

func testAbsent(ctx context.Context, s backup.Store) error {
	infos, listErr := s.List(ctx, "")
	_, readErr := s.Read(ctx, "packs/aa/none", 10)
	if listErr != nil || len(infos) != 0 || !errors.Is(readErr, fs.ErrNotExist) {
		return fmt.Errorf("list of an empty store %v, %v; read %v", infos, listErr, readErr)
	}
	if err := s.Create(ctx, "long", []byte("12345")); err != nil {
		return err
	}
	if _, err := s.Read(ctx, "long", 4); !errors.Is(err, backup.ErrTooLarge) {
		return fmt.Errorf("a file beyond the limit gave %v", err)
	}
	return nil
}

func testList(ctx context.Context, s backup.Store) error {
	for _, name := range []string{"snaps/2", "packs/ab/cd", "snaps/10", "packs/aa/cd", "x"} {
		if err := s.Create(ctx, name, []byte(name)); err != nil {
			return err
		}
	}
	for prefix, want := range map[string]string{
		"":       "packs/aa/cd 11 packs/ab/cd 11 snaps/10 8 snaps/2 7 x 1 ",
		"snaps/": "snaps/10 8 snaps/2 7 ", "packs/ab": "packs/ab/cd 11 ", "none/": "",
	} {
		infos, err := s.List(ctx, prefix)
		got := ""
		for _, i := range infos {
			got += fmt.Sprintf("%s %d ", i.Name, i.Size)
		}
		if err != nil || got != want {
			return fmt.Errorf("prefix %q gave %q, %v; want %q", prefix, got, err, want)
		}
	}
	return nil
}

func testNames(ctx context.Context, s backup.Store) error {
	for _, name := range []string{"", "/a", "a/", "a//b", "../a", "a/../b", "A", "a.b", "a\x00", "a/b/c/d/e/f/g", "ü"} {
		create := s.Create(ctx, name, nil)
		_, read := s.Read(ctx, name, 10)
		if !errors.Is(create, fs.ErrInvalid) || !errors.Is(read, fs.ErrInvalid) {
			return fmt.Errorf("name %q: create %v, read %v", name, create, read)
		}
	}
	return nil
}

func testCancel(ctx context.Context, s backup.Store) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	create := s.Create(ctx, "a", nil)
	_, read := s.Read(ctx, "a", 10)
	_, list := s.List(ctx, "")
	for _, err := range []error{create, read, list} {
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("create %v, read %v, list %v", create, read, list)
		}
	}
	return nil
}
