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
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/backup"
)

// SmallEtc is a machine for hosttest.New, with a small /etc.
const SmallEtc = `A machine with a small /etc, written for this test.
-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 mtime=2026-11-01T00:00:00Z --
-- /etc/ dir complete --
-- /etc/passwd --
root:x:0:0::/root:/bin/sh
-- /etc/group --
root:x:0:
-- /etc/motd mode=0640 --
welcome
-- /etc/copy --
welcome
-- "/etc/odd\xff name\n" --
odd
-- /etc/empty --
-- /etc/localtime link=/usr/share/zoneinfo/UTC --
-- /etc/ssh/ dir complete --
-- /etc/ssh/sshd_config --
Port 22
`

// Memory is a store in memory. The zero Memory is empty. Files may be looked at
// and damaged while no call runs.
type Memory struct {
	// Fail, when set, is called before each write and its error is given.
	Fail func(name string) error

	mu    sync.Mutex
	Files map[string][]byte
}

// Durability is that of a store that keeps what it has: what is tested is not the
// loss of the process.
func (m *Memory) Durability() backup.Durability { return backup.FileAndDir }

// Create is backup.Store.Create.
func (m *Memory) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	if err := check(ctx, name); err != nil {
		return err
	}
	data := make([]byte, size)
	if n, err := body.ReadAt(data, 0); n < len(data) {
		return fmt.Errorf("create %s: %w", name, err)
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
	m.Files[name] = data
	return nil
}

// Open is backup.Store.Open.
func (m *Memory) Open(ctx context.Context, name string) (backup.Blob, error) {
	if err := check(ctx, name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.Files[name]
	if !ok {
		return nil, fmt.Errorf("open %s: %w", name, fs.ErrNotExist)
	}
	return blob{bytes.NewReader(bytes.Clone(data))}, nil
}

type blob struct{ *bytes.Reader }

func (blob) Close() error { return nil }

// List is backup.Store.List.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	return func(yield func(backup.Info, error) bool) {
		for _, info := range m.list(prefix) {
			if ctx.Err() != nil {
				break
			}
			if !yield(info, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(backup.Info{}, ctx.Err())
		}
	}
}

func (m *Memory) list(prefix string) []backup.Info {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []backup.Info{}
	for name, data := range m.Files {
		if strings.HasPrefix(name, prefix) {
			out = append(out, backup.Info{Name: name, Size: int64(len(data))})
		}
	}
	slices.SortFunc(out, func(a, b backup.Info) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func check(ctx context.Context, name string) error {
	if !backup.ValidName(name) {
		return fmt.Errorf("%.80q: %w", name, fs.ErrInvalid)
	}
	return ctx.Err()
}

func create(ctx context.Context, s backup.Store, name string, data []byte) error {
	return s.Create(ctx, name, bytes.NewReader(data), int64(len(data)))
}

func list(ctx context.Context, s backup.Store, prefix string) (out []backup.Info, err error) {
	for info, err := range s.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		out = append(out, info)
	}
	return out, nil
}

// TestStore tries every sentence of backup.Store on empty stores that make gives, and
// commits to them while each call in turn goes wrong. The error joins all violations.
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
		{"a file is read by ranges", testRanges},
		{"a body that ends too early makes no file", testShort},
		{"a cancelled context ends each call", testCancel},
	} {
		if err := c.test(ctx, make()); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
		}
	}
	if err := testFaults(ctx, make); err != nil {
		errs = append(errs, fmt.Errorf("a commit of which any call goes wrong loses nothing: %w", err))
	}
	return errors.Join(errs...)
}

func testCreate(ctx context.Context, s backup.Store) error {
	for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("\x00\xffabc"), 300_000)} {
		name := fmt.Sprintf("packs/aa/%d", len(data))
		if err := create(ctx, s, name, data); err != nil {
			return err
		}
		got, err := backup.Read(ctx, s, name, int64(len(data)))
		if err != nil || !bytes.Equal(got, data) {
			return fmt.Errorf("%d bytes came back as %d: %w", len(data), len(got), errors.Join(err, errDiffers))
		}
	}
	return nil
}

func testRanges(ctx context.Context, s backup.Store) error {
	if err := create(ctx, s, "packs/aa/range", []byte("0123456789")); err != nil {
		return err
	}
	b, err := s.Open(ctx, "packs/aa/range")
	if err != nil {
		return err
	}
	defer b.Close()
	part := make([]byte, 4)
	n, err := b.ReadAt(part, 3)
	if n != 4 || string(part) != "3456" || b.Size() != 10 {
		return fmt.Errorf("4 bytes from 3 of %d: %d, %q, %w", b.Size(), n, part, errors.Join(err, errDiffers))
	}
	if n, err := b.ReadAt(part, 8); n != 2 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("at the end: %d bytes, %w", n, errors.Join(err, errDiffers))
	}
	return nil
}

func testShort(ctx context.Context, s backup.Store) error {
	err := s.Create(ctx, "packs/aa/short", bytes.NewReader([]byte("123")), 4)
	if _, open := s.Open(ctx, "packs/aa/short"); err == nil || !errors.Is(open, fs.ErrNotExist) {
		return fmt.Errorf("3 bytes of 4: create %v, open %v", err, open)
	}
	return nil
}

var errDiffers = errors.New("not what it should be")

func testExists(ctx context.Context, s backup.Store) error {
	first := create(ctx, s, "snaps/1", []byte("one"))
	again := create(ctx, s, "snaps/1", []byte("one"))
	other := create(ctx, s, "snaps/1", []byte("two"))
	if first != nil || again != nil || !errors.Is(other, backup.ErrExists) {
		return fmt.Errorf("create gave %v, the same again %v, other bytes %v", first, again, other)
	}
	if got, err := backup.Read(ctx, s, "snaps/1", 10); err != nil || string(got) != "one" {
		return fmt.Errorf("the content is now %q, %v", got, err)
	}
	return nil
}

func testRace(ctx context.Context, s backup.Store) error {
	const writers = 8
	var errs [writers]error
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { errs[i] = create(ctx, s, "snaps/7", fmt.Appendf(nil, "writer %d", i)) })
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
	infos, listErr := list(ctx, s, "")
	_, readErr := backup.Read(ctx, s, "packs/aa/none", 10)
	if listErr != nil || len(infos) != 0 || !errors.Is(readErr, fs.ErrNotExist) {
		return fmt.Errorf("list of an empty store %v, %v; read %v", infos, listErr, readErr)
	}
	if err := create(ctx, s, "long", []byte("12345")); err != nil {
		return err
	}
	if _, err := backup.Read(ctx, s, "long", 4); !errors.Is(err, backup.ErrTooLarge) {
		return fmt.Errorf("a file beyond the limit gave %v", err)
	}
	return nil
}

func testList(ctx context.Context, s backup.Store) error {
	for _, name := range []string{"snaps/2", "packs/ab/cd", "snaps/10", "packs/aa/cd", "x"} {
		if err := create(ctx, s, name, []byte(name)); err != nil {
			return err
		}
	}
	for prefix, want := range map[string]string{
		"":       "packs/aa/cd 11 packs/ab/cd 11 snaps/10 8 snaps/2 7 x 1 ",
		"snaps/": "snaps/10 8 snaps/2 7 ", "packs/ab": "packs/ab/cd 11 ", "none/": "",
	} {
		infos, err := list(ctx, s, prefix)
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
		made := create(ctx, s, name, nil)
		_, read := backup.Read(ctx, s, name, 10)
		if !errors.Is(made, fs.ErrInvalid) || !errors.Is(read, fs.ErrInvalid) {
			return fmt.Errorf("name %q: create %v, read %v", name, made, read)
		}
	}
	return nil
}

func testCancel(ctx context.Context, s backup.Store) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	made := create(ctx, s, "a", nil)
	_, read := backup.Read(ctx, s, "a", 10)
	_, listed := list(ctx, s, "")
	for _, err := range []error{made, read, listed} {
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("create %v, read %v, list %v", made, read, listed)
		}
	}
	return nil
}
