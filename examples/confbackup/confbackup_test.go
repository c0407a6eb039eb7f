package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/backup/pushserver"
	"github.com/pugetsoundtech/upkeep/backup/restore"
	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/examples/internal/stores"
	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// TestMain lets the test's program stand for confbackup at the other end of ssh.
func TestMain(m *testing.M) {
	if os.Getenv("UPKEEP_TEST_SERVE") != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestCommandLine(t *testing.T) {
	clitest.Frame(t, "confbackup", run)
	clitest.Examples(t, run, "-state", t.TempDir())
}

// at runs a verb on a state of its own.
func at(t *testing.T, state string, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	status, stdout, stderr := clitest.Run(t, run, append(args, "-state", state)...)
	require.Equal(t, want, status, "%q: %s%s", args, stdout, stderr)
	return stdout, stderr
}

// keysOf gives the directory of the keys that are in a state, and the name of their system.
func keysOf(t *testing.T, state string) (dir, name string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(state, "*", "backup-keys"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0], filepath.Base(filepath.Dir(found[0]))
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
	require.NoError(t, os.WriteFile(to, data, 0o600))
}

func TestADayOfABackup(t *testing.T) {
	state, from, to := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "new")
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(from, "app.conf"), []byte(text), 0o640))
	}
	_, stderr := at(t, state, 3, "run", from)
	assert.Contains(t, stderr, "make them with confbackup init")
	out, _ := at(t, state, 0, "init")
	assert.Contains(t, out, "identity.txt")
	write("port = 1\npassword = hunter22\n")
	at(t, state, 0, "run", from)
	write("port = 2\npassword = correcthorse\n")
	out, _ = at(t, state, 0, "run", from)
	assert.Contains(t, out, "modified")
	assert.Contains(t, out, "+port = 2")
	assert.NotContains(t, out, "hunter22")
	out, _ = at(t, state, 0, "list")
	assert.Equal(t, 2, strings.Count(out, "snapshot "), out)

	out, _ = at(t, state, 1, "diff")
	assert.Contains(t, out, "+port = 2")
	assert.NotContains(t, out, "hunter22")
	assert.NotContains(t, out, "correcthorse")
	out, _ = at(t, state, 0, "diff", "2", "2")
	assert.Contains(t, out, "no difference")

	file := filepath.Join(from, "app.conf")
	out, _ = at(t, state, 0, "show", "1", file)
	assert.Equal(t, "port = 1\npassword = hunter22\n", out)
	at(t, state, 0, "restore", "-to", to, "latest")
	got, err := os.ReadFile(filepath.Join(to, file))
	require.NoError(t, err)
	assert.Equal(t, "port = 2\npassword = correcthorse\n", string(got))
	out, _ = at(t, state, 0, "restore", "-n", "-to", "/", "1", file)
	assert.Contains(t, out, "stays without -replace")
	out, _ = at(t, state, 0, "restore", "-n", "-replace", "-to", "/", "1", file)
	assert.Contains(t, out, "would be restored: modified")
	assert.Contains(t, out, "+port = 1")
	assert.NotContains(t, out, "correcthorse")
	out, _ = at(t, state, 0, "restore", "-n", "-to", "/", "2", file)
	assert.Contains(t, out, "there as in the snapshot: 1")
	out, _ = at(t, state, 0, "restore", "-n", "-to", t.TempDir(), "2", file)
	assert.Contains(t, out, "would be added")
	at(t, state, 3, "restore", "-to", "/", "1", file)
	at(t, state, 0, "restore", "-replace", "-to", "/", "1", file)
	got, err = os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(got), "port = 1")
	assert.FileExists(t, restore.Options{Keep: ".before-restore"}.Kept(file))

	at(t, state, 0, "verify")
	at(t, state, 0, "verify", "-keyless")
	for level, want := range map[string]string{
		"heads": "with its size", "bytes": "every byte", "contents": "every content", "restore": "are as they were", "live": "compared with the system",
	} {
		out, _ = at(t, state, 0, "verify", "-level", level)
		assert.Contains(t, out, want)
	}
	now, err := os.Stat(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.ToUpper(got), 0o600))
	require.NoError(t, os.Chtimes(file, now.ModTime(), now.ModTime()))
	at(t, state, 0, "run", from)
	require.NoError(t, os.WriteFile(file, got, 0o600))
	require.NoError(t, os.Chtimes(file, now.ModTime(), now.ModTime()))
	out, _ = at(t, state, 3, "verify", "-level", "live")
	assert.Contains(t, out, "neither size nor time tells why")
	_, stderr = at(t, state, 3, "verify", "-level", "restore", "-keyless")
	assert.Contains(t, stderr, "heads and bytes")
	left, err := filepath.Glob(filepath.Join(state, "*", "rehearsal", "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	out, _ = at(t, state, 0, "retain", "-n", "-keep", "1")
	assert.Contains(t, out, "would be put aside")
	assert.Contains(t, out, "0 snapshots")
	stores, err := filepath.Glob(filepath.Join(state, "*", "backup"))
	require.NoError(t, err)
	require.Len(t, stores, 1)
	other := filepath.Join(t.TempDir(), "other")
	require.NoError(t, exec.Command("cp", "-a", stores[0], other).Run())
	spoil(t, state)
	out, _ = at(t, state, 3, "verify", "-keyless")
	assert.Contains(t, out, "damaged")
	out, _ = at(t, state, 0, "mend", "-from", other)
	assert.Contains(t, out, "put right")
	at(t, state, 0, "verify")
	spoil(t, state)
	out, _ = at(t, state, 3, "mend")
	assert.Contains(t, out, "put aside: the next run stores again")
	out, _ = at(t, state, 0, "run", from)
	assert.Contains(t, out, "complete")
	at(t, state, 0, "show", "latest", file)
}

// Who takes away from a store keeps writers out of it, and waits for none: what he has
// looked at must not be needed by a snapshot that comes meanwhile.
func TestNobodyTakesAwayFromAStoreThatIsWrittenInto(t *testing.T) {
	state, from := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte("one"), 0o600))
	at(t, state, 0, "init")
	at(t, state, 0, "run", from)
	stores, err := filepath.Glob(filepath.Join(state, "*", "backup"))
	require.NoError(t, err)
	require.Len(t, stores, 1)
	spoil(t, state)
	release, err := dirstore.Dir(stores[0]).Lock()
	require.NoError(t, err)
	for _, verb := range []string{"retain", "mend", "run"} {
		_, stderr := at(t, state, 3, verb)
		assert.Contains(t, stderr, durable.ErrLocked.Error(), verb)
	}
	packs, err := filepath.Glob(filepath.Join(stores[0], "packs", "*", "*"))
	require.NoError(t, err)
	assert.NotEmpty(t, packs, "nothing was put aside")
	require.NoError(t, release())
	at(t, state, 3, "mend")
	left, err := filepath.Glob(filepath.Join(stores[0], "packs", "*", "*"))
	require.NoError(t, err)
	assert.Empty(t, left, "now it was")
	at(t, state, 0, "retain")
}

// spoil flips a bit of each pack.
func spoil(t *testing.T, state string) {
	t.Helper()
	packs, err := filepath.Glob(filepath.Join(state, "*", "backup", "packs", "*", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, packs)
	for _, name := range packs {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		data[len(data)/2] ^= 1
		require.NoError(t, os.WriteFile(name, data, 0o600))
	}
}

func TestWithoutTheIdentityBackupsGoOnAndNobodyReads(t *testing.T) {
	state, from := t.TempDir(), t.TempDir()
	at(t, state, 0, "init")
	keys, _ := keysOf(t, state)
	away := filepath.Join(t.TempDir(), "identity.txt")
	require.NoError(t, os.Rename(filepath.Join(keys, "identity.txt"), away))
	require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte("one"), 0o600))
	at(t, state, 0, "run", from)
	require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte("two"), 0o600))
	out, _ := at(t, state, 0, "run", from)
	assert.Contains(t, out, "modified", "what changed is known from the local state")
	_, stderr := at(t, state, 3, "show", "latest", filepath.Join(from, "a"))
	assert.Contains(t, stderr, "-identity FILE")
	out, _ = at(t, state, 0, "show", "latest", filepath.Join(from, "a"), "-identity", away)
	assert.Equal(t, "two", out)
	at(t, state, 0, "verify")
}

func TestStoreOnAnotherMachineIsReachedBySSH(t *testing.T) {
	const program = "/usr/lib/openssh/sftp-server"
	_, err := os.Stat(program)
	need.That(t, "OpenSSH's sftp-server", err == nil)
	bin, state, from := t.TempDir(), t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "ssh"), []byte("#!/bin/sh\necho \"$@\" > "+bin+"/args\nexec "+program+"\n"), 0o755))
	t.Setenv("PATH", bin)
	require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte("one"), 0o600))
	store := "sftp://me@backup.example:2222" + filepath.Join(t.TempDir(), "store")
	at(t, state, 0, "init")
	at(t, state, 0, "run", from, "-store", store)
	out, _ := at(t, state, 0, "show", "latest", filepath.Join(from, "a"), "-store", store)
	assert.Equal(t, "one", out)
	at(t, state, 0, "verify", "-store", store)
	args, err := os.ReadFile(filepath.Join(bin, "args"))
	require.NoError(t, err)
	assert.Contains(t, string(args), "-p 2222 -l me -s -- backup.example sftp")
	for _, wrong := range []string{"sftp://me:secret@name/dir", "sftp://-oProxyCommand=x/dir", "ftp://name/dir"} {
		_, stderr := at(t, state, 3, "list", "-store", wrong)
		assert.NotContains(t, stderr, "secret")
	}
}

func TestClientOfAForcedCommandCanOnlyAdd(t *testing.T) {
	bin, state, from, server := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(bin, "ssh"), []byte("#!/bin/sh\nUPKEEP_TEST_SERVE=1 exec "+self+" serve -store "+server+" -client \"$NAME\" $MORE 2>>"+bin+"/log\n"), 0o755))
	t.Setenv("PATH", bin)
	require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte("one"), 0o600))
	at(t, state, 0, "init")
	keys, name := keysOf(t, state)
	t.Setenv("NAME", name)
	at(t, state, 3, "run", from, "-store", "ssh://me@backup.example") // its key is not there
	copyFile(t, filepath.Join(keys, "signing-key.pub"), filepath.Join(server, name, "signing-key.pub"))
	at(t, state, 0, "run", from, "-store", "ssh://me@backup.example")
	out, _ := at(t, state, 0, "show", "latest", filepath.Join(from, "a"), "-store", "ssh://me@backup.example")
	assert.Equal(t, "one", out)
	at(t, state, 0, "verify", "-store", "ssh://me@backup.example")
	_, stderr := at(t, state, 3, "retain", "-store", "ssh://me@backup.example")
	assert.Contains(t, stderr, "gives nothing up")
	assert.FileExists(t, filepath.Join(server, name, "store", "snaps", "0000000001"))
	at(t, t.TempDir(), 3, "serve", "-store", server, "-client", "../x")
	refusesNumbers(t, "ssh://me@backup.example", keys, filepath.Join(server, name, "store"))
	log, err := os.ReadFile(filepath.Join(server, name, "refused.log"))
	require.NoError(t, err)
	assert.Contains(t, string(log), "snapshot 3 where number 2 is next")
	retained(t, state, from, server, name)
	putBack(t, state, from, filepath.Join(server, name, "store"))
}

// refusesNumbers sends a server what its client has signed, with numbers that do not
// follow.
func refusesNumbers(t *testing.T, url, keys, store string) {
	t.Helper()
	sign := agekey.Folder{Dir: keys}
	names, err := filepath.Glob(filepath.Join(store, "snaps", "*"))
	require.NoError(t, err)
	file, err := os.ReadFile(names[len(names)-1])
	require.NoError(t, err)
	newest, err := backup.ParseSnapshot(file, sign)
	require.NoError(t, err)
	for seq, want := range map[uint64]int{newest.Seq: 409, newest.Seq + 2: 412, newest.Seq + 1000: 412, 9_999_999_999: 412} {
		next := newest
		next.Seq, next.Prev = seq, newest.Digest
		body, err := next.Seal(sign)
		require.NoError(t, err)
		opened, end, err := stores.Open(url, "")
		require.NoError(t, err)
		remote := opened.(*pushserver.Remote)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, remote.URL+"/"+backup.SnapshotName(seq), bytes.NewReader(body))
		require.NoError(t, err)
		resp, err := remote.HTTP.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		end()
		assert.Equal(t, want, resp.StatusCode, "%d after %d", seq, newest.Seq)
	}
	now, err := filepath.Glob(filepath.Join(store, "snaps", "*"))
	require.NoError(t, err)
	assert.Equal(t, names, now)
}

// putBack puts a server that gives no receipts back to a time before, and lets it go
// on.
func putBack(t *testing.T, state, from, store string) {
	t.Helper()
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte(text), 0o600))
	}
	write("three")
	at(t, state, 0, "run", from, "-store", "ssh://me@backup.example")
	require.NoError(t, os.Remove(filepath.Join(store, "snaps", "0000000003")))
	write("four")
	out, said := at(t, state, 3, "run", from, "-store", "ssh://me@backup.example")
	assert.Contains(t, out, "the store is not what it was")
	assert.Contains(t, said, "store snapshot 4")
	assert.Contains(t, said, "confbackup serve -used")
	t.Setenv("MORE", "-used 3")
	out, _ = at(t, state, 3, "run", from, "-store", "ssh://me@backup.example")
	assert.Contains(t, out, "the store is not what it was")
	assert.Contains(t, out, "snapshot 4")
	at(t, state, 0, "run", from, "-store", "ssh://me@backup.example")
}

// retained lets the server keep house: it has keys of its own, and the client wants
// to know them.
func retained(t *testing.T, state, from, server, name string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(from, "a"), []byte("two"), 0o600))
	at(t, state, 0, "run", from, "-store", "ssh://me@backup.example")
	first := filepath.Join(server, name, "store", "snaps", "0000000001")
	then := time.Now().Add(-900 * 24 * time.Hour)
	require.NoError(t, os.Chtimes(first, then, then))
	own, here := t.TempDir(), []string{"-store", server, "-client", name}
	at(t, own, 0, "init")
	out, _ := at(t, own, 0, append([]string{"list"}, here...)...)
	assert.Contains(t, out, "snapshot 2")
	at(t, own, 0, append([]string{"verify"}, here...)...)
	_, stderr := at(t, own, 3, append([]string{"show", "latest", "/a"}, here...)...)
	assert.Contains(t, stderr, "no identity", "a server reads nothing")
	out, _ = at(t, own, 0, append([]string{"retain"}, here...)...)
	assert.Contains(t, out, "1 snapshots")
	assert.NoFileExists(t, first)
	at(t, own, 0, append([]string{"verify"}, here...)...)
	out, _ = at(t, state, 3, "verify", "-store", "ssh://me@backup.example")
	assert.Contains(t, out, "by which snapshot 1 went")
	keys, _ := keysOf(t, own)
	public, err := os.ReadFile(filepath.Join(keys, "signing-key.pub"))
	require.NoError(t, err)
	mine := filepath.Join(state, name, "backup-keys", "signing-key.pub")
	text, err := os.ReadFile(mine)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(mine, append(text, public...), 0o600))
	at(t, state, 0, "verify", "-store", "ssh://me@backup.example")
}

func TestWatchSaysWhatIsSpoiled(t *testing.T) {
	state, dir := t.TempDir(), t.TempDir()
	dump := filepath.Join(dir, "shop.sql.gz")
	require.NoError(t, os.WriteFile(dump, []byte("no gzip"), 0o600))
	then := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(dump, then, then))
	out, _ := at(t, state, 3, "watch", dir)
	assert.Contains(t, out, "looked at\t"+dir)
	assert.Contains(t, out, dump+" is spoiled")
	out, _ = at(t, state, 3, "watch", filepath.Join(dir, "none"))
	assert.Contains(t, out, "There is no backup")
}
