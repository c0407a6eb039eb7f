package pushserver_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
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
)

func TestRemoteKeepsTheContractOfStores(t *testing.T) {
	assert.NoError(t, backuptest.TestStore(t.Context(), func() backup.Store {
		srv := httptest.NewServer(pushserver.Loose(&backuptest.Memory{}))
		t.Cleanup(srv.Close)
		return pushserver.Remote{URL: srv.URL, HTTP: srv.Client()}
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
	remote := pushserver.Remote{URL: srv.URL, HTTP: srv.Client()}
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
		_, err := pushserver.Remote{URL: srv.URL, HTTP: srv.Client()}.Open(t.Context(), "packs/aa/x")
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
	remote := pushserver.Remote{URL: "http://pipe", HTTP: pushserver.OverPipe(func(ctx context.Context) (io.Reader, io.WriteCloser, error) {
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
