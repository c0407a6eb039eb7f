package pushserver_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/pushserver"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

func TestReceiptProvesWhatTheServerTookAndWhen(t *testing.T) {
	keys, own, store := agekey.Folder{Dir: t.TempDir(), Create: true}.Keys(), agekey.Folder{Dir: t.TempDir(), Create: true}.Keys(), &backuptest.Memory{}
	_, err := own.Signer.Sign(nil) // makes the keys
	require.NoError(t, err)
	var log bytes.Buffer
	now := time.Date(2026, 11, 25, 7, 0, 0, 0, time.UTC)
	srv := httptest.NewServer(&pushserver.Server{
		Client: func(*http.Request) (pushserver.Client, bool) {
			return pushserver.Client{Name: "web1", Store: store, Verifier: keys.Verifier, Signer: own.Signer}, true
		},
		Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return now },
	})
	defer srv.Close()
	remote := &pushserver.Remote{URL: srv.URL}
	keys.Server = own.Verifier
	m := hosttest.New(machine)
	r := backup.Repo{Store: remote, Keys: keys, Host: "web1", State: t.TempDir()}
	day := func(text string) backup.Snapshot {
		require.NoError(t, m.WriteFile("/etc/motd", []byte(text), 0o644))
		snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: m.Host()})
		require.NoError(t, err)
		return snap
	}
	first := day("one\n")
	got, file, err := r.Receipt(t.Context(), first.Head())
	require.NoError(t, err)
	assert.Equal(t, first.Head(), got.Snapshot)
	assert.Equal(t, now, got.Time)
	assert.Equal(t, "web1", got.Host)

	// Sent again it has the receipt that was given first.
	now = now.Add(time.Hour)
	name := backup.SnapshotName(1)
	require.NoError(t, remote.Create(t.Context(), name, bytes.NewReader(store.Files[name]), int64(len(store.Files[name]))))
	_, again, err := r.Receipt(t.Context(), first.Head())
	require.NoError(t, err)
	assert.Equal(t, file, again)
	// No client writes one, and one of its own is none.
	forged, err := backup.Receipt{Host: "web1", Time: now, Snapshot: first.Head()}.Seal(keys.Signer)
	require.NoError(t, err)
	require.Error(t, remote.Create(t.Context(), backup.ReceiptName(9), bytes.NewReader(forged), int64(len(forged))))
	assert.Contains(t, log.String(), "not a receipt of this server")
	store.Files[backup.ReceiptName(1)] = forged
	_, _, err = r.Receipt(t.Context(), first.Head())
	require.ErrorIs(t, err, backup.ErrDamaged)
	store.Files[backup.ReceiptName(1)] = file
	_, _, err = r.Receipt(t.Context(), backup.Head{Seq: 1, Digest: strings.Repeat("0", 64)})
	require.ErrorIs(t, err, backup.ErrDamaged, "it is of another snapshot")

	// A server that was killed before the receipt gives it when it is asked.
	second := day("two\n")
	delete(store.Files, backup.ReceiptName(2))
	_, _, err = r.Receipt(t.Context(), second.Head())
	require.NoError(t, err)

	// A number that another snapshot had is taken for ever.
	delete(store.Files, backup.SnapshotName(2))
	other := backup.Repo{Store: remote, Keys: keys, Host: "web1"}
	require.NoError(t, m.WriteFile("/etc/motd", []byte("other\n"), 0o644))
	snap, _, err := commit.Run(t.Context(), other, commit.Source{Host: m.Host()})
	require.NoError(t, err)
	assert.EqualValues(t, 3, snap.Seq)
	assert.EqualValues(t, 4, day("four\n").Seq)
	r.Known = second.Head()
	require.ErrorIs(t, r.CheckKnown(t.Context()), backup.ErrNoSnapshot)
	r.Known = backup.Head{Seq: 1, Digest: second.Digest}
	require.ErrorIs(t, r.CheckKnown(t.Context()), backup.ErrOther)
	r.Known = first.Head()
	require.NoError(t, r.CheckKnown(t.Context()))
}

// The smallest files count as what they take: else a client uses up the inodes of all.
func TestTinyFilesCountAsBlocks(t *testing.T) {
	store, keys := &backuptest.Memory{}, backuptest.Keys()
	srv := httptest.NewServer(&pushserver.Server{
		Client: func(*http.Request) (pushserver.Client, bool) {
			return pushserver.Client{Name: "web1", Store: store, Verifier: keys.Verifier, MaxBytes: 10 << 10}, true
		},
		Log: slog.New(slog.DiscardHandler),
	})
	defer srv.Close()
	var errs []error
	for _, text := range []string{"a", "b", "c"} {
		name := backup.Pack{ID: backup.Digest([]byte(text))}.Name()
		errs = append(errs, (&pushserver.Remote{URL: srv.URL}).Create(t.Context(), name, strings.NewReader(text), 1))
	}
	require.NoError(t, errs[0])
	require.NoError(t, errs[1])
	require.ErrorIs(t, errs[2], syscall.ENOSPC)
	assert.Len(t, store.Files, 2)
}
