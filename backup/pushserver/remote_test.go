package pushserver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/pushserver"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestRemoteKeepsTheContractOfStores(t *testing.T) {
	assert.NoError(t, backuptest.TestStore(t.Context(), func() backup.Store {
		srv := httptest.NewServer(pushserver.Loose(&backuptest.Memory{}))
		t.Cleanup(srv.Close)
		return &pushserver.Remote{URL: srv.URL, HTTP: srv.Client()}
	}))
}

// A writer counts what one answer has.
type writer struct {
	http.ResponseWriter
	most *int
	all  int
}

func (w *writer) Write(p []byte) (int, error) {
	w.all += len(p)
	*w.most = max(*w.most, w.all)
	return w.ResponseWriter.Write(p)
}

func TestRemoteHoldsAPieceOfALargeFile(t *testing.T) {
	most, loose := 0, pushserver.Loose(&backuptest.Memory{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		loose.ServeHTTP(&writer{ResponseWriter: w, most: &most}, r)
	}))
	defer srv.Close()
	remote := &pushserver.Remote{URL: srv.URL, HTTP: srv.Client()}
	data := bytes.Repeat([]byte("some bytes\n"), 500_000)
	require.NoError(t, remote.Create(t.Context(), "packs/aa/large", bytes.NewReader(data), int64(len(data))))
	got, err := backup.Read(t.Context(), remote, "packs/aa/large", int64(len(data)))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(data, got))
	assert.LessOrEqual(t, most, 1<<20)
}

func TestServerThatLiesAboutRangesIsNotBelieved(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"all": func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"another": func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 5-9/10")
			w.WriteHeader(http.StatusPartialContent)
		},
		"short": func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
		},
		"none": func(w http.ResponseWriter) {
			w.Header().Set("Content-Range", "bytes 0--1/-7")
			w.WriteHeader(http.StatusPartialContent)
		},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			answer(w)
			_, _ = io.WriteString(w, "few")
		}))
		_, err := (&pushserver.Remote{URL: srv.URL, HTTP: srv.Client()}).Open(t.Context(), "packs/aa/x")
		assert.Error(t, err, name)
		srv.Close()
	}
}

func TestClientCommitsOverAPipeAndCannotTakeAway(t *testing.T) {
	keys, store := agekey.Folder{Dir: t.TempDir(), Create: true}.Keys(), &backuptest.Memory{}
	srv := &pushserver.Server{Client: func(*http.Request) (pushserver.Client, bool) {
		return pushserver.Client{Name: "web1", Store: store, Verifier: keys.Verifier, MaxBytes: 1 << 20}, true
	}}
	ended, dialled := make(chan error, 9), atomic.Int64{}
	remote := &pushserver.Remote{URL: "http://pipe", HTTP: pushserver.OverPipe(func(ctx context.Context) (io.Reader, io.WriteCloser, error) {
		dialled.Add(1)
		in, to := io.Pipe()
		from, out := io.Pipe()
		go func() {
			ended <- srv.ServePipe(context.WithoutCancel(ctx), in, out)
			out.Close()
		}()
		return from, to, nil
	})}
	repo, m := backup.Repo{Store: remote, Keys: keys, Host: "web1", State: t.TempDir()}, hosttest.New(machine)
	for i, text := range []string{"one\n", "two\n"} {
		require.NoError(t, m.WriteFile("/etc/motd", []byte(text), 0o644))
		snap, changes, err := commit.Run(t.Context(), repo, commit.Source{Host: m.Host()})
		require.NoError(t, err)
		assert.Len(t, changes, i)
		got, err := repo.Text(t.Context(), snap, "/etc/motd", 100)
		require.NoError(t, err)
		assert.Equal(t, text, string(got))
	}
	v, err := repo.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)

	_, err = backup.Read(t.Context(), remote, "snaps/0000000009", 100)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.EqualValues(t, 1, dialled.Load(), "all by one login")
	require.ErrorIs(t, remote.Create(t.Context(), "snaps/0000000001", strings.NewReader("x"), 1), fs.ErrPermission, "it is not signed")
	require.ErrorIs(t, remote.Create(t.Context(), "../x", strings.NewReader("x"), 1), fs.ErrInvalid)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, remote.Create(ctx, "snaps/0000000003", strings.NewReader("x"), 1), context.Canceled)
	remote.HTTP.CloseIdleConnections()
	require.NoError(t, <-ended, "the end of the pipe ends the server")
}

// A cutter breaks connections by a pipe at the n-th message of those that are counted,
// and so many more from there on.
type cutter struct {
	mu      sync.Mutex
	left    int  // messages to the first one that breaks
	more    int  // connections that break after that one, at their first message
	answers bool // the messages of the server are counted, else those of the client
	half    bool // half of the message still comes through; else nothing of it
	cut     int  // connections that broke
}

// over reports whether a message is one at which its connection breaks.
func (c *cutter) over(answer bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer != c.answers || c.cut > c.more {
		return false
	}
	c.left--
	if c.left > 0 {
		return false
	}
	c.cut++
	return true
}

// A cable is one end of a pipe that may break.
type cable struct {
	io.Reader
	io.WriteCloser
	*cutter
}

var errCut = errors.New("the connection broke")

func (c cable) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if n == 0 || !c.over(true) {
		return n, err
	}
	if !c.half {
		n = 0
	}
	return n / 2, errors.Join(errCut, c.WriteCloser.Close())
}

func (c cable) Write(p []byte) (int, error) {
	if !c.over(false) {
		return c.WriteCloser.Write(p)
	}
	n := 0
	if c.half {
		n, _ = c.WriteCloser.Write(p[:len(p)/2]) // whoever writes sees that it breaks
	}
	return n, errors.Join(errCut, c.WriteCloser.Close())
}

// through gives the client of a server behind a cable that a cutter breaks.
func through(srv *pushserver.Server, c *cutter) *http.Client {
	return pushserver.OverPipe(func(ctx context.Context) (io.Reader, io.WriteCloser, error) {
		in, to := io.Pipe()
		from, out := io.Pipe()
		go func() {
			_ = srv.ServePipe(context.WithoutCancel(ctx), in, out) // its pipe breaks
			_ = in.Close()
			_ = out.Close()
		}()
		both := cable{from, to, c}
		return both, both, nil
	})
}

// TestConnectionThatBreaksAtAnyMessageLeavesNothingHalf breaks the connection of a
// commit at each message of either side, before it and in its middle. One break is
// not noticed; after two in a row the next run makes up for it.
func TestConnectionThatBreaksAtAnyMessageLeavesNothingHalf(t *testing.T) {
	keys := agekey.Folder{Dir: t.TempDir(), Create: true}.Keys()
	step := 6 // every message where everything is tested
	if need.Strict() {
		step = 1
	}
	for way := range 8 {
		cuts := 0
		for at, more := 1+way%step, true; more; at += step {
			c := &cutter{left: at, more: way >> 2, answers: way&1 == 1, half: way&2 == 2}
			what := fmt.Sprintf("at message %d, answers %t, half %t, again %d", at, c.answers, c.half, c.more)
			store := &backuptest.Memory{}
			srv := &pushserver.Server{Log: slog.New(slog.DiscardHandler), Client: func(*http.Request) (pushserver.Client, bool) {
				return pushserver.Client{Name: "web1", Store: store, Verifier: keys.Verifier, Signer: keys.Signer}, true
			}}
			remote := &pushserver.Remote{URL: "http://pipe", HTTP: through(srv, c)}
			repo, m := backup.Repo{Store: remote, Keys: keys, Host: "web1", State: t.TempDir()}, hosttest.New(machine)
			for day, text := range []string{"one\n", "two\n"} {
				require.NoError(t, m.WriteFile("/etc/motd", []byte(text), 0o644))
				snap, _, err := commit.Run(t.Context(), repo, commit.Source{Host: m.Host()})
				if err != nil && c.more > 0 {
					require.False(t, backup.IsDamage(err), "%s: %v", what, err)
					snap, _, err = commit.Run(t.Context(), repo, commit.Source{Host: m.Host()})
				}
				require.NoError(t, err, what)
				require.EqualValues(t, day+1, snap.Seq, what)
				got, err := repo.Text(t.Context(), snap, "/etc/motd", 100)
				if c.more == 0 {
					require.NoError(t, err, what)
					require.Equal(t, text, string(got), what)
				}
			}
			more = c.cut > 0
			cuts += c.cut
			remote.HTTP.CloseIdleConnections()
			repo.Store = store
			v, err := repo.Verify(t.Context(), backup.VerifyOptions{})
			require.NoError(t, err, what)
			require.Empty(t, v.Damage, what)
		}
		assert.Greater(t, cuts, 12/step, "way %d", way)
	}
}

// dead is the end of a pipe to a program that is gone, and why.
type dead struct{ why error }

func (d dead) Read([]byte) (int, error)  { return 0, d.why }
func (d dead) Write([]byte) (int, error) { return 0, d.why }
func (d dead) Close() error              { return nil }

// Whether its end is seen by who reads or by who writes, and before the first word or
// amid a large file.
func TestPipeThatEndsSaysWhyWhoeverSeesIt(t *testing.T) {
	gone := dead{errors.New("Permission denied (publickey)")}
	silent, end := io.Pipe()
	defer end.Close()
	for what, in := range map[string]io.Reader{"both": gone, "who writes": silent} {
		remote := &pushserver.Remote{URL: "http://pipe", HTTP: pushserver.OverPipe(func(context.Context) (io.Reader, io.WriteCloser, error) {
			return in, gone, nil
		})}
		for range 50 {
			_, err := remote.Open(t.Context(), "snaps/0000000001")
			require.ErrorContains(t, err, gone.why.Error(), what)
			large := backup.Held(make([]byte, 1<<20))
			err = remote.Create(t.Context(), "packs/aa/x", large, int64(len(large)))
			require.ErrorContains(t, err, gone.why.Error(), what)
		}
	}
}

// TestRemoteKnowsHowDurableItsServerIs holds what a server states, and what one does
// that states nothing.
func TestRemoteKnowsHowDurableItsServerIs(t *testing.T) {
	ctx, data := t.Context(), []byte("x")
	store := &leveled{Memory: &backuptest.Memory{}}
	keys := backuptest.Keys()
	server := &pushserver.Server{Log: slog.New(slog.DiscardHandler), Client: func(*http.Request) (pushserver.Client, bool) {
		return pushserver.Client{Name: "web1", Store: store, Verifier: keys.Verifier}, true
	}}
	before := false // it is one of the time before servers stated it
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before {
			w = mute{w}
		}
		server.ServeHTTP(w, r)
	}))
	defer srv.Close()
	remote := &pushserver.Remote{URL: srv.URL, HTTP: srv.Client()}
	assert.Equal(t, backup.Unstated, remote.Durability(), "it was not asked yet")
	name := backup.Pack{ID: backup.Digest(data)}.Name()
	for what, call := range map[string]func() error{
		"create": func() error { return remote.Create(ctx, name, bytes.NewReader(data), 1) },
		"open": func() error {
			_, err := backup.Read(ctx, remote, name, 1)
			return err
		},
		"list": func() error {
			for _, err := range remote.List(ctx, "") {
				return err
			}
			return nil
		},
	} {
		for _, level := range []backup.Durability{backup.FileAndDir, backup.FileOnly, backup.Unstated, backup.FileAndDir} {
			store.level, before = level, false
			require.NoError(t, remote.Create(ctx, name, bytes.NewReader(data), 1))
			require.NoError(t, call(), what)
			assert.Equal(t, level, remote.Durability(), what)
		}
		before = true
		require.NoError(t, call(), what)
		assert.Equal(t, backup.Unstated, remote.Durability(), what)
	}
}

// leveled is a store that states how durable it is.
type leveled struct {
	*backuptest.Memory
	level backup.Durability
}

func (l *leveled) Durability() backup.Durability { return l.level }

// mute is a head of an answer without what an older server does not say.
type mute struct{ http.ResponseWriter }

func (m mute) WriteHeader(status int) {
	m.Header().Del("Backup-Durability")
	m.ResponseWriter.WriteHeader(status)
}

func (m mute) Write(p []byte) (int, error) {
	m.Header().Del("Backup-Durability")
	return m.ResponseWriter.Write(p)
}
