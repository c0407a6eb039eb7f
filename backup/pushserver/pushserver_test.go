package pushserver_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/backup/pushserver"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

const machine = "One file.\n-- machine now=2026-11-25T06:00:00Z --\n-- /etc/ dir complete --\n-- /etc/motd --\nwelcome\n"

// history is what a client has: two snapshots.
func history(t *testing.T, keys backup.Keys) map[string][]byte {
	t.Helper()
	store, m := &backuptest.Memory{}, hosttest.New(machine)
	r := backup.Repo{Store: store, Keys: keys, Host: "web1"}
	for _, text := range []string{"one\n", "two\n"} {
		require.NoError(t, m.WriteFile("/etc/motd", []byte(text), 0o644))
		_, _, err := commit.Run(t.Context(), r, commit.Source{Host: m.Host()})
		require.NoError(t, err)
	}
	return store.Files
}

func TestOnlyWhatFollowsIsAddedAndNothingIsTakenAway(t *testing.T) {
	keys := agekey.Folder{Dir: t.TempDir(), Create: true}.Keys()
	foreign := history(t, agekey.Folder{Dir: t.TempDir(), Create: true}.Keys())
	mine, store := history(t, keys), &backuptest.Memory{}
	var log bytes.Buffer
	srv := httptest.NewServer(&pushserver.Server{
		Client: func(r *http.Request) (pushserver.Client, bool) {
			return pushserver.Client{Name: "web1", Store: store, Verifier: keys.Verifier, MaxBytes: 1 << 20}, r.Header.Get("Client") == "web1"
		},
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	defer srv.Close()
	ask := func(client, method, name string, body []byte) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/"+name, bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Client", client)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(text)
	}
	const first, second = "snaps/0000000001", "snaps/0000000002"
	refused := func(want int, client, method, name string, body []byte) {
		t.Helper()
		before, lines := maps.Clone(store.Files), strings.Count(log.String(), "\n")
		status, _ := ask(client, method, name, body)
		assert.Equal(t, want, status, "%s %s", method, name)
		assert.Equal(t, before, store.Files, "%s %s", method, name)
		assert.Greater(t, strings.Count(log.String(), "\n"), lines, "it is logged")
	}
	refused(409, "web1", "PUT", first, mine[first]) // its packs are not here
	for name, data := range mine {
		if strings.HasPrefix(name, "packs/") {
			refused(422, "web1", "PUT", name, append(bytes.Clone(data), 1))
			status, _ := ask("web1", "PUT", name, data)
			require.Equal(t, 201, status)
		}
	}
	refused(409, "web1", "PUT", second, mine[second]) // the first is not here
	refused(403, "web1", "PUT", first, foreign[first])
	refused(403, "web1", "PUT", first, bytes.Replace(mine[first], []byte(`"seq":1`), []byte(`"seq":3`), 1))
	refused(403, "web1", "PUT", second, mine[first])
	refused(403, "web2", "PUT", first, mine[first])
	for _, name := range []string{first, second, first} { // a second time is no harm
		if name == first && store.Files[second] != nil {
			refused(409, "web1", "PUT", name, mine[name])
			continue
		}
		status, _ := ask("web1", "PUT", name, mine[name])
		require.Equal(t, 201, status, name)
	}
	for _, method := range []string{"DELETE", "POST", "PATCH"} {
		refused(403, "web1", method, second, mine[second])
	}
	for _, name := range []string{"", "packs/../snaps/1", "tmp/x", "lock", "snaps/%2e%2e/x"} {
		status, _ := ask("web1", "PUT", name, nil)
		assert.NotEqual(t, 201, status, name)
	}
	refused(403, "web2", "GET", second, nil)
	status, text := ask("web1", "GET", second, nil)
	assert.Equal(t, 200, status)
	assert.Equal(t, string(mine[second]), text)
	v, err := backup.Repo{Store: store, Keys: keys}.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)
	refused(413, "web1", "PUT", "packs/aa/x", make([]byte, 65<<20))
}

// A put back server has its receipts from the client: nobody has to do anything.
func TestServerThatWasPutBackGoesOnByTheReceiptsThatItGave(t *testing.T) {
	keys, own, store := agekey.Folder{Dir: t.TempDir(), Create: true}.Keys(), agekey.Folder{Dir: t.TempDir(), Create: true}, &backuptest.Memory{}
	var log bytes.Buffer
	srv := httptest.NewServer(&pushserver.Server{
		Client: func(*http.Request) (pushserver.Client, bool) {
			return pushserver.Client{Name: "web1", Store: store, Verifier: keys.Verifier, Signer: own}, true
		},
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	defer srv.Close()
	m := hosttest.New(machine)
	r := backup.Repo{Store: &pushserver.Remote{URL: srv.URL}, Keys: keys, Host: "web1", State: t.TempDir()}
	day := func(text string) uint64 {
		require.NoError(t, m.WriteFile("/etc/motd", []byte(text), 0o644))
		snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: m.Host()})
		require.NoError(t, err)
		got, err := r.Text(t.Context(), snap, "/etc/motd", 100)
		require.NoError(t, err)
		assert.Equal(t, text, string(got))
		return snap.Seq
	}
	day("one\n")
	before := maps.Clone(store.Files)
	day("two\n")
	day("three\n")
	require.NoError(t, os.Remove(filepath.Join(r.State, "receipt")), "the client was killed before it had it")
	day("three\n")
	assert.NotContains(t, log.String(), "goes on after")
	store.Files = before
	assert.EqualValues(t, 4, day("four\n"), "the number of what was stored is not used again")
	assert.Contains(t, log.String(), "goes on after numbers that are not here")
	_, err := backup.Read(t.Context(), r.Store, backup.ReceiptName(3), backup.MaxReceipt)
	require.NoError(t, err, "by what it is known stays, and is given")
	clear(store.Files) // it begins anew
	assert.EqualValues(t, 5, day("five\n"))
	v, err := backup.Repo{Store: store, Keys: keys}.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)

	// One that has forgotten all uses no number of a receipt.
	delete(store.Files, backup.SnapshotName(5))
	r.State = ""
	assert.EqualValues(t, 6, day("six\n"))
}

// anew is a snapshot with another number, which the client has signed.
func anew(t *testing.T, keys backup.Keys, file []byte, seq uint64, prev string) []byte {
	t.Helper()
	s, err := backup.ParseSnapshot(file, keys.Verifier)
	require.NoError(t, err)
	s.Seq, s.Prev = seq, prev
	out, err := s.Seal(keys.Signer)
	require.NoError(t, err)
	return out
}

func TestNumbersAreNeitherLeftOutNorUsedAgain(t *testing.T) {
	keys, own := agekey.Folder{Dir: t.TempDir(), Create: true}.Keys(), agekey.Folder{Dir: t.TempDir(), Create: true}
	mine := history(t, keys)
	first, second := mine[backup.SnapshotName(1)], mine[backup.SnapshotName(2)]
	head := backup.Digest(second)
	for _, way := range []string{"port", "pipe"} {
		store, used := &backuptest.Memory{Files: map[string][]byte{}}, uint64(0)
		var log bytes.Buffer
		server := &pushserver.Server{
			Client: func(*http.Request) (pushserver.Client, bool) {
				return pushserver.Client{Name: "web1", Store: store, Verifier: keys.Verifier, Signer: own, Used: used}, true
			},
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		}
		srv := httptest.NewServer(server)
		client := srv.Client()
		if way == "pipe" {
			client = through(server, &cutter{left: 1 << 30})
		}
		put := func(name string, body []byte) int {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL+"/"+name, bytes.NewReader(body))
			require.NoError(t, err)
			resp, err := client.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			return resp.StatusCode
		}
		refused := func(status int, name string, body []byte) {
			t.Helper()
			before, lines := maps.Clone(store.Files), strings.Count(log.String(), "request refused")
			assert.Equal(t, status, put(name, body), "%s by %s", name, way)
			assert.Equal(t, before, store.Files)
			assert.Equal(t, lines+1, strings.Count(log.String(), "request refused"), "it is logged")
		}
		skips := func(from uint64, prev string) {
			t.Helper()
			for _, seq := range []uint64{from, from + 1, from + 1000, 9_999_999_999} {
				refused(412, backup.SnapshotName(seq), anew(t, keys, second, seq, prev))
			}
		}
		for name, data := range mine {
			if strings.HasPrefix(name, "packs/") {
				require.Equal(t, 201, put(name, data))
			}
		}
		skips(2, "") // the first has number 1
		require.Equal(t, 201, put(backup.SnapshotName(1), first))
		require.Equal(t, 201, put(backup.SnapshotName(2), second))
		skips(4, head)
		refused(409, backup.SnapshotName(2), anew(t, keys, second, 2, head))
		refused(409, backup.SnapshotName(1), anew(t, keys, second, 1, head))

		// What a receipt was given for is used, whether it is here or not.
		delete(store.Files, backup.SnapshotName(2))
		refused(409, backup.SnapshotName(2), anew(t, keys, first, 2, backup.Digest(first)))
		require.Equal(t, 201, put(backup.SnapshotName(2), second), "itself it may be again")

		// No client makes receipts, or gives back those of others.
		receipt := func(host string, by backup.Signer) []byte {
			file, err := backup.Receipt{Host: host, Time: time.Now(), Snapshot: backup.Head{Seq: 7, Digest: head}}.Seal(by)
			require.NoError(t, err)
			return file
		}
		refused(403, backup.ReceiptName(7), receipt("web1", keys.Signer))
		refused(403, backup.ReceiptName(7), receipt("web2", own))
		refused(403, backup.ReceiptName(8), receipt("web1", own))
		refused(403, backup.ReceiptName(7), append(receipt("web1", own), make([]byte, backup.MaxReceipt)...))
		refused(409, backup.ReceiptName(2), bytes.Replace(store.Files[backup.ReceiptName(2)], []byte("\n-----END"), []byte("\n\n-----END"), 1))
		skips(4, head)

		used = 6 // the operator says it
		skips(8, head)
		refused(412, backup.SnapshotName(3), anew(t, keys, second, 3, head))
		require.Equal(t, 201, put(backup.SnapshotName(7), anew(t, keys, second, 7, head)))
		assert.Contains(t, log.String(), "goes on after numbers that are not here")
		skips(9, backup.Digest(store.Files[backup.SnapshotName(7)])) // once
		client.CloseIdleConnections()
		srv.Close()
	}
}

// watched looks at the lock of a store while the server looks at what is in it.
type watched struct {
	dirstore.Dir
	mu     *sync.Mutex
	locked *[]error
}

func (w watched) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	release, err := w.Lock()
	if err == nil {
		err = release()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	*w.locked = append(*w.locked, err)
	return w.Dir.List(ctx, prefix)
}

// Each login by ssh has a server of its own: what one has looked at another must not
// change before it is stored, nor fill the room that one has found.
func TestServersOfOneClientTakeOneFileAtATime(t *testing.T) {
	keys, dir := agekey.Folder{Dir: t.TempDir(), Create: true}.Keys(), dirstore.Dir(t.TempDir())
	var mu sync.Mutex
	var locked []error
	srv := httptest.NewServer(&pushserver.Server{
		Client: func(*http.Request) (pushserver.Client, bool) {
			return pushserver.Client{Name: "web1", Store: watched{dir, &mu, &locked}, Verifier: keys.Verifier, MaxBytes: 1 << 20}, true
		},
		Log: slog.New(slog.DiscardHandler),
	})
	defer srv.Close()
	release, err := dir.Lock()
	require.NoError(t, err)
	name, done := backup.Pack{ID: backup.Digest([]byte("x"))}.Name(), make(chan error)
	put := func(ctx context.Context) error {
		return (&pushserver.Remote{URL: srv.URL}).Create(ctx, name, strings.NewReader("x"), 1)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, put(ctx), context.DeadlineExceeded, "another process has the store")
	go func() { done <- put(t.Context()) }()
	mu.Lock()
	assert.Empty(t, locked, "nobody looks before the store is free")
	mu.Unlock()
	require.NoError(t, release())
	require.NoError(t, <-done)
	for _, file := range history(t, keys) {
		_, err := backup.ParseSnapshot(file, keys.Verifier)
		if err != nil {
			continue
		}
		require.Error(t, (&pushserver.Remote{URL: srv.URL}).Create(t.Context(), "snaps/0000000001", bytes.NewReader(file), int64(len(file))), "its packs are not here")
	}
	require.NotEmpty(t, locked)
	for _, err := range locked {
		require.ErrorIs(t, err, durable.ErrLocked, "who looks keeps the others out")
	}
}

// A signed snapshot that nobody reads would stop all that the server does with the
// others: letting old ones go, and telling what is damaged.
func TestSnapshotThatNobodyWouldReadIsRefused(t *testing.T) {
	keys, store := agekey.Folder{Dir: t.TempDir(), Create: true}.Keys(), &backuptest.Memory{}
	srv := httptest.NewServer(&pushserver.Server{
		Client: func(*http.Request) (pushserver.Client, bool) {
			return pushserver.Client{Name: "web1", Store: store, Verifier: keys.Verifier}, true
		},
		Log: slog.New(slog.DiscardHandler),
	})
	defer srv.Close()
	for name, file := range history(t, keys) {
		if strings.HasPrefix(name, "packs/") {
			require.NoError(t, (&pushserver.Remote{URL: srv.URL}).Create(t.Context(), name, bytes.NewReader(file), int64(len(file))))
			continue
		}
		if name != backup.SnapshotName(1) {
			continue
		}
		line, _, _ := bytes.Cut(file, []byte("}\n-----BEGIN"))
		message := append(append(bytes.Clone(line), bytes.Repeat([]byte(" "), backup.MaxSnapshot)...), '}', '\n')
		signature, err := keys.Signer.Sign(message)
		require.NoError(t, err)
		large := append(message, signature...)
		_, err = backup.ParseSnapshot(large, keys.Verifier)
		require.ErrorIs(t, err, backup.ErrTooLarge)
		defer func() {
			require.Error(t, (&pushserver.Remote{URL: srv.URL}).Create(t.Context(), name, bytes.NewReader(large), int64(len(large))))
			assert.Nil(t, store.Files[name])
			require.NoError(t, (&pushserver.Remote{URL: srv.URL}).Create(t.Context(), name, bytes.NewReader(file), int64(len(file))), "with its packs the same is taken")
		}()
	}
}
