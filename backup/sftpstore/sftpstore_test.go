package sftpstore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/sftpstore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// server runs OpenSSH's own sftp-server behind two pipes.
func server(t *testing.T) func(context.Context) (io.Reader, io.WriteCloser, error) {
	t.Helper()
	const program = "/usr/lib/openssh/sftp-server"
	_, err := os.Stat(program)
	need.That(t, "OpenSSH's sftp-server", err == nil)
	return func(context.Context) (io.Reader, io.WriteCloser, error) {
		cmd := exec.Command(program)
		to, err := cmd.StdinPipe()
		if err != nil {
			return nil, nil, err
		}
		from, err := cmd.StdoutPipe()
		if err != nil {
			return nil, nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, nil, err
		}
		t.Cleanup(func() { _ = to.Close(); _ = cmd.Wait() })
		return from, to, nil
	}
}

func TestStoreOnOpenSSHKeepsTheContract(t *testing.T) {
	dial, base, n := server(t), t.TempDir(), 0
	assert.NoError(t, backuptest.TestStore(t.Context(), func() backup.Store {
		n++
		s := &sftpstore.Store{Dir: filepath.Join(base, fmt.Sprint(n), "not", "there"), Dial: dial}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}))
	left, err := filepath.Glob(filepath.Join(base, "*", "not", "there", "tmp", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestBackupOverOpenSSHIsDurableAndComesBack(t *testing.T) {
	from := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte("one\n"), 0o600))
	s := &sftpstore.Store{Dir: filepath.Join(t.TempDir(), "store"), Dial: server(t)}
	defer s.Close()
	r := backup.Repo{Store: s, Keys: backuptest.Keys(), State: t.TempDir()}
	snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
	require.NoError(t, err)
	assert.Equal(t, backup.FileAndDir, s.Durability())
	text, err := r.Text(t.Context(), snap, filepath.Join(from, "a"), 100)
	require.NoError(t, err)
	assert.Equal(t, "one\n", string(text))
}

// breaking is a connection that breaks at a message, before it is sent or behind it:
// then the server does what it is asked, and nobody hears of it.
type breaking struct {
	io.WriteCloser
	from   io.Closer
	mu     *sync.Mutex
	left   *int
	behind bool
}

var errBroken = errors.New("the connection broke")

func (b breaking) Write(p []byte) (int, error) {
	b.mu.Lock()
	*b.left--
	over := *b.left == 0
	b.mu.Unlock()
	switch {
	case !over:
		return b.WriteCloser.Write(p)
	case !b.behind:
		return 0, errors.Join(errBroken, b.Close())
	}
	n, err := b.WriteCloser.Write(p)
	return n, errors.Join(err, b.from.Close())
}

func TestConnectionThatBreaksAtAnyMessageLeavesNothingHalf(t *testing.T) {
	dial, from := server(t), t.TempDir()
	step := 14 // every message twice where everything is tested
	if need.Strict() {
		step = 1
	}
	broken := true
	for n := 4; broken; n += step {
		var mu sync.Mutex
		at := n / 2
		left := at
		s := &sftpstore.Store{Dir: filepath.Join(t.TempDir(), "store"), Dial: func(ctx context.Context) (io.Reader, io.WriteCloser, error) {
			r, w, err := dial(ctx)
			from, ok := r.(io.Closer)
			require.True(t, ok)
			return r, breaking{w, from, &mu, &left, n%2 == 1}, err
		}}
		r := backup.Repo{Store: s, Keys: backuptest.Writer(), State: t.TempDir()}
		src := commit.Source{Host: host.Local(), Paths: []string{from}}
		require.NoError(t, os.WriteFile(filepath.Join(from, "a"), fmt.Appendf(nil, "at %d\n", at), 0o600))
		_, _, err := commit.Run(t.Context(), r, src)
		if err != nil { // it broke where the library gives no sign of it; the next run makes up for it
			_, _, err = commit.Run(t.Context(), r, src)
		}
		require.NoError(t, err, "at message %d", at)
		mu.Lock()
		broken, left = left <= 0, 1<<30
		mu.Unlock()
		v, err := r.Verify(t.Context(), backup.VerifyOptions{})
		require.NoError(t, err)
		assert.Empty(t, v.Damage)
		_ = s.Close()
	}
}

func TestSilentServerIsLeftWhenTheTimeIsOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dial := server(t)
	s := &sftpstore.Store{Dir: t.TempDir(), Dial: func(ctx context.Context) (io.Reader, io.WriteCloser, error) {
		r, w, err := dial(ctx)
		return &silent{Reader: r, after: 1, cancel: cancel}, w, err
	}}
	err := s.Create(ctx, "snaps/1", strings.NewReader("x"), 1)
	assert.ErrorIs(t, err, context.Canceled)
}

// silent gives nothing any more after some messages, and ends the time.
type silent struct {
	io.Reader
	after  int
	cancel func()
}

func (s *silent) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if s.after--; s.after < -3 {
		s.cancel()
		select {}
	}
	return n, err
}

func ExampleStore() {
	s := &sftpstore.Store{Dir: "/backup/web1"}
	fmt.Println(s, s.Durability())
	// Output: sftp:/backup/web1 not known
}

// halting gives what a server answers up to a message, and of that the half or
// nothing; then the connection is at its end.
type halting struct {
	from io.Reader
	to   io.Closer
	left *int // messages
	half bool
	over bool
	part []byte // of a message that is not read yet
}

func (h *halting) Read(p []byte) (int, error) {
	if h.over && len(h.part) == 0 {
		return 0, errors.Join(io.EOF, h.to.Close())
	}
	if len(h.part) == 0 {
		var size [4]byte
		if _, err := io.ReadFull(h.from, size[:]); err != nil {
			return 0, err
		}
		message := make([]byte, 4+binary.BigEndian.Uint32(size[:]))
		copy(message, size[:])
		if _, err := io.ReadFull(h.from, message[4:]); err != nil {
			return 0, err
		}
		if *h.left--; *h.left == 0 {
			h.over, message = true, message[:len(message)/2]
			if !h.half {
				return h.Read(p)
			}
		}
		h.part = message
	}
	n := copy(p, h.part)
	h.part = h.part[n:]
	return n, nil
}

// Whatever a broken connection looks like to the library, it is no damage of what is
// stored: a commit that took it for one would break the chain.
func TestAnswersThatBreakOffAreNoDamage(t *testing.T) {
	dial, from, dir := server(t), t.TempDir(), filepath.Join(t.TempDir(), "store")
	name := filepath.Join(from, "a")
	src := commit.Source{Host: host.Local(), Paths: []string{from}}
	whole := &sftpstore.Store{Dir: dir, Dial: dial}
	defer whole.Close()
	repo := backup.Repo{Store: whole, Keys: backuptest.Keys()}
	step, written := 41, 0 // every message twice where everything is tested
	if need.Strict() {
		step = 1
	}
	write := func(r backup.Repo) error {
		written++
		require.NoError(t, os.WriteFile(name, fmt.Appendf(nil, "content %d\n", written), 0o600))
		_, _, err := commit.Run(t.Context(), r, src)
		return err
	}
	require.NoError(t, write(repo))
	for what, do := range map[string]func(backup.Repo) error{
		"commit": write,
		"verify": func(r backup.Repo) error {
			v, err := r.Verify(t.Context(), backup.VerifyOptions{})
			assert.Empty(t, v.Damage)
			return err
		},
		"read": func(r backup.Repo) error {
			s, err := r.Latest(t.Context())
			if err == nil {
				_, err = r.Text(t.Context(), s, name, 100)
			}
			return err
		},
	} {
		for n, broke := 4, true; broke; n += step {
			left, copied := n/2, filepath.Join(t.TempDir(), "store") // a list of more takes more messages
			require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
			s := &sftpstore.Store{Dir: copied, Dial: func(ctx context.Context) (io.Reader, io.WriteCloser, error) {
				r, w, err := dial(ctx)
				return &halting{from: r, to: w, left: &left, half: n%2 == 1}, w, err
			}}
			r := repo
			r.Store = s
			if err := do(r); err != nil {
				assert.False(t, backup.IsDamage(err), "%s, message %d: %v", what, n/2, err)
			}
			broke = left <= 0
			_ = s.Close()
			if what != "commit" {
				continue // it has written nothing
			}
			r.Store = &sftpstore.Store{Dir: copied, Dial: dial}
			v, err := r.Verify(t.Context(), backup.VerifyOptions{})
			require.NoError(t, err)
			assert.Empty(t, v.Damage, "%s, message %d", what, n/2)
		}
	}
}
