package sftpstore_test

import (
	"context"
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
