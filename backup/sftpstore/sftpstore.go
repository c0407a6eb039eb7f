package sftpstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/sftp"

	"github.com/pugetsoundtech/upkeep/backup"
)

// Store is a directory of an SFTP server. It connects when it is first used.
type Store struct {
	Dir string // on the server; it is made with the first file
	// Dial gives the two ends of a connection to an SFTP server. Closing the
	// writer ends the connection.
	Dial func(ctx context.Context) (io.Reader, io.WriteCloser, error)

	mu      sync.Mutex
	client  *sftp.Client
	durable bool
	made    map[string]bool // directories that are there, durably
}

const (
	fsync    = "fsync@openssh.com"
	hardlink = "hardlink@openssh.com"
	tmpDir   = "tmp"
)

// String is the directory.
func (s *Store) String() string { return "sftp:" + s.Dir }

// Durability is known when the store was used: it is the server's.
func (s *Store) Durability() backup.Durability {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.durable {
		return backup.FileAndDir
	}
	return backup.Unstated
}

// Close ends the connection.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		return nil
	}
	err := s.client.Close()
	s.client = nil
	return err
}

func (s *Store) connect(ctx context.Context) (*sftp.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	from, to, err := s.Dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c, err := sftp.NewClientPipe(from, to)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect: %w", err), to.Close())
	}
	_, s.durable = c.HasExtension(fsync)
	s.client, s.made = c, map[string]bool{}
	return c, nil
}

// drop gives up a connection that is of no use.
func (s *Store) drop(c *sftp.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == c {
		s.client = nil
		go c.Close() //nolint:errcheck // nobody waits for a server that is silent
	}
}

// do makes a call, and once more when the connection broke. A server that does
// not answer is left alone when ctx ends.
func (s *Store) do(ctx context.Context, fn func(*sftp.Client) error) error {
	for try := 1; ; try++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := s.connect(ctx)
		if err != nil {
			return err
		}
		done := make(chan error, 1)
		go func() { done <- fn(c) }()
		select {
		case err = <-done:
		case <-ctx.Done():
			s.drop(c)
			return ctx.Err()
		}
		if !broken(err) {
			return err
		}
		s.drop(c)
		if try == 2 {
			return err
		}
	}
}

func broken(err error) bool {
	return errors.Is(err, sftp.ErrSSHFxConnectionLost) || errors.Is(err, sftp.ErrSSHFxNoConnection) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}

func (s *Store) path(name string) string { return path.Join(s.Dir, name) }

func check(name string) error {
	if !backup.ValidName(name) || strings.HasPrefix(name, tmpDir+"/") {
		return fmt.Errorf("%.80q: %w", name, fs.ErrInvalid)
	}
	return nil
}

// Create is backup.Store.Create.
func (s *Store) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	err := check(name)
	if err == nil {
		err = s.do(ctx, func(c *sftp.Client) error { return s.create(c, name, body, size) })
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	return nil
}

func (s *Store) create(c *sftp.Client, name string, body io.ReaderAt, size int64) error {
	final, tmp := s.path(name), s.path(tmpDir+"/"+strings.ToLower(rand.Text()))
	for _, dir := range []string{path.Dir(tmp), path.Dir(final)} {
		if err := s.mkdir(c, dir); err != nil {
			return err
		}
	}
	err := s.write(c, tmp, io.NewSectionReader(body, 0, size), size)
	if err == nil {
		err = s.publish(c, tmp, final, body, size)
	}
	if err == nil {
		err = s.sync(c, path.Dir(final))
	}
	if gone := c.Remove(tmp); err == nil && !errors.Is(gone, fs.ErrNotExist) {
		err = gone
	}
	return err
}

func (s *Store) write(c *sftp.Client, tmp string, body io.Reader, size int64) error {
	f, err := c.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(body)
	if err == nil {
		err = f.Chmod(0o400)
	}
	if _, can := c.HasExtension(fsync); err == nil && can {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	info, err := c.Lstat(tmp)
	if err == nil && info.Size() != size {
		err = fmt.Errorf("%d bytes of %d: %w", info.Size(), size, io.ErrUnexpectedEOF)
	}
	return err
}

// publish gives a file its name, unless that is taken. A server says of a failure
// only that it is one, so what is there is looked at.
func (s *Store) publish(c *sftp.Client, tmp, final string, body io.ReaderAt, size int64) error {
	var err error
	if _, can := c.HasExtension(hardlink); can {
		err = c.Link(tmp, final)
	} else {
		err = c.Rename(tmp, final) // never replaces either
	}
	if err == nil {
		return nil
	}
	info, statErr := c.Lstat(final)
	if statErr != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != size {
		return backup.ErrExists
	}
	f, err := c.Open(final)
	if err != nil {
		return err
	}
	defer f.Close()
	same, err := equal(f, io.NewSectionReader(body, 0, size))
	if err == nil && !same {
		err = backup.ErrExists
	}
	return err
}

func equal(a, b io.Reader) (bool, error) {
	var left, right [32 << 10]byte
	for {
		n, err := io.ReadFull(a, left[:])
		m, err2 := io.ReadFull(b, right[:])
		if n != m || string(left[:n]) != string(right[:m]) {
			return false, nil
		}
		switch {
		case err == nil && err2 == nil:
		case ended(err) && ended(err2):
			return true, nil
		default:
			return false, errors.Join(err, err2)
		}
	}
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// mkdir makes a directory and those above it, each durable in its parent.
func (s *Store) mkdir(c *sftp.Client, dir string) error {
	s.mu.Lock()
	known := s.made[dir]
	s.mu.Unlock()
	if known || dir == "/" || dir == "." {
		return nil
	}
	info, err := c.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is no directory", dir)
	case errors.Is(err, fs.ErrNotExist):
		if err := s.mkdir(c, path.Dir(dir)); err != nil {
			return err
		}
		if err := c.Mkdir(dir); err != nil {
			if info, statErr := c.Stat(dir); statErr != nil || !info.IsDir() {
				return err // nobody else made it meanwhile
			}
		}
		err = errors.Join(c.Chmod(dir, 0o700), s.sync(c, path.Dir(dir)))
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		s.mu.Lock()
		s.made[dir] = true
		s.mu.Unlock()
		return nil
	}
	return err
}

// sync makes the names in a directory durable, where the server can.
func (s *Store) sync(c *sftp.Client, dir string) error {
	if _, can := c.HasExtension(fsync); !can {
		return nil
	}
	f, err := c.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open is backup.Store.Open.
func (s *Store) Open(ctx context.Context, name string) (backup.Blob, error) {
	err := check(name)
	var b *blob
	if err == nil {
		err = s.do(ctx, func(c *sftp.Client) (err error) {
			b, err = open(c, s.path(name))
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	b.store, b.ctx = s, ctx
	return b, nil
}

func open(c *sftp.Client, name string) (*blob, error) {
	info, err := c.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("no regular file: %w", backup.ErrDamaged)
	}
	f, err := c.Open(name)
	if err != nil {
		return nil, err
	}
	return &blob{file: f, size: info.Size()}, nil
}

type blob struct {
	store *Store
	ctx   context.Context
	file  *sftp.File
	size  int64
}

func (b *blob) Size() int64  { return b.size }
func (b *blob) Close() error { return b.file.Close() }

// ReadAt reads within the time of the context that the file was opened with.
func (b *blob) ReadAt(p []byte, off int64) (n int, err error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	type read struct {
		n   int
		err error
	}
	done := make(chan read, 1)
	into := make([]byte, len(p)) // p is the caller's again when ctx ends
	go func() {
		n, err := b.file.ReadAt(into, off)
		done <- read{n, err}
	}()
	select {
	case r := <-done:
		copy(p, into[:r.n])
		return r.n, r.err
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

// List is backup.Store.List. The time of a file is that of its last change, by
// the server's clock and to the second.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	return func(yield func(backup.Info, error) bool) {
		var all []backup.Info
		err := s.do(ctx, func(c *sftp.Client) (err error) {
			all, err = s.list(ctx, c, "")
			return err
		})
		if err != nil {
			yield(backup.Info{}, fmt.Errorf("list %s: %w", s, err))
			return
		}
		for _, info := range all {
			if strings.HasPrefix(info.Name, prefix) && !yield(info, nil) {
				return
			}
		}
	}
}

// list gives the files of a directory and below, its directories side by side:
// each costs some round trips.
func (s *Store) list(ctx context.Context, c *sftp.Client, dir string) ([]backup.Info, error) {
	entries, err := c.ReadDirContext(ctx, s.path(dir))
	if errors.Is(err, fs.ErrNotExist) && dir == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	const together = 16
	var wg sync.WaitGroup
	slots := make(chan struct{}, together)
	lists, errs := make([][]backup.Info, len(entries)), make([]error, len(entries))
	for i, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case !backup.ValidName(name) || name == tmpDir:
		case e.IsDir():
			slots <- struct{}{}
			wg.Go(func() {
				lists[i], errs[i] = s.list(ctx, c, name)
				<-slots
			})
		default:
			lists[i] = []backup.Info{{Name: name, Size: e.Size(), Time: e.ModTime()}}
		}
	}
	wg.Wait()
	all := slices.Concat(lists...)
	slices.SortFunc(all, func(a, b backup.Info) int { return strings.Compare(a.Name, b.Name) })
	return all, errors.Join(errs...)
}
