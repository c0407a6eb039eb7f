package agekey_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

func sealed(t *testing.T, f agekey.Folder, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := f.Seal(&out)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestWhatIsSealedIsOpenedByAnyRecipientAndNobodyElse(t *testing.T) {
	customer, service := agekey.Folder{Dir: t.TempDir()}, agekey.Folder{Dir: t.TempDir()}
	var recipients []string
	for _, f := range []agekey.Folder{customer, service} {
		_, err := f.Init()
		require.NoError(t, err)
		keys, err := f.Recipients()
		require.NoError(t, err)
		recipients = append(recipients, keys...)
	}
	writer := agekey.Folder{Dir: t.TempDir()}
	_, err := writer.Init(recipients...)
	require.NoError(t, err)
	data := sealed(t, writer, "root:secret")
	assert.NotContains(t, string(data), "secret")
	_, err = writer.Unseal(bytes.NewReader(data))
	require.ErrorIs(t, err, backup.ErrNoIdentity, "a writer cannot read what it wrote")
	for _, f := range []agekey.Folder{customer, service} {
		r, err := f.Unseal(bytes.NewReader(data))
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, "root:secret", string(text))
	}
	stranger := agekey.Folder{Dir: t.TempDir(), Create: true}
	sealed(t, stranger, "makes its keys")
	_, err = stranger.Unseal(bytes.NewReader(data))
	require.ErrorIs(t, err, backup.ErrNoIdentity)
	_, err = service.Unseal(bytes.NewReader(data[:20]))
	require.ErrorIs(t, err, backup.ErrDamaged)
}

func TestKeysThatAreThereStay(t *testing.T) {
	f := agekey.Folder{Dir: t.TempDir()}
	made, err := f.Init()
	require.NoError(t, err)
	assert.Len(t, made, 4)
	made, err = f.Init()
	require.NoError(t, err)
	assert.Empty(t, made)
	_, err = f.Init("age1other")
	require.ErrorContains(t, err, "is there already")
	_, err = agekey.Folder{Dir: t.TempDir()}.Init("no key")
	require.Error(t, err)
}

func TestSignatureOfAnotherKeyIsDamage(t *testing.T) {
	f, other := agekey.Folder{Dir: t.TempDir(), Create: true}, agekey.Folder{Dir: t.TempDir(), Create: true}
	message := []byte("{}\n")
	good, err := f.Sign(message)
	require.NoError(t, err)
	require.NoError(t, f.Verify(message, good))
	foreign, err := other.Sign(message)
	require.NoError(t, err)
	require.ErrorIs(t, f.Verify(message, foreign), backup.ErrDamaged)
	require.ErrorIs(t, f.Verify([]byte("{ }\n"), good), backup.ErrDamaged)
	err = agekey.Folder{Dir: t.TempDir()}.Verify(message, good)
	require.Error(t, err)
	assert.NotErrorIs(t, err, backup.ErrDamaged, "without a key nobody knows")
}

func TestStockAgeOpensAPack(t *testing.T) {
	age := need.Program(t, "age")
	f := agekey.Folder{Dir: t.TempDir(), Create: true}
	name := filepath.Join(t.TempDir(), "pack")
	require.NoError(t, os.WriteFile(name, sealed(t, f, "hello"), 0o600))
	out, err := exec.Command(age, "-d", "-i", filepath.Join(f.Dir, "identity.txt"), name).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, "hello", string(out))
}

func ExampleFolder_Init() {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	made, err := agekey.Folder{Dir: dir}.Init()
	for _, name := range made {
		fmt.Println(filepath.Base(name))
	}
	fmt.Println(err)
	// Output:
	// identity.txt
	// recipients.txt
	// signing-key
	// signing-key.pub
	// <nil>
}

// What a server signs is taken by its own key, and no snapshot is.
func TestServersKeySignsWhatServersSayAndNoSnapshot(t *testing.T) {
	client, server := agekey.Folder{Dir: t.TempDir(), Create: true}, agekey.Folder{Dir: t.TempDir(), Create: true}
	message := []byte("said\n")
	byServer, err := server.Sign(message)
	require.NoError(t, err)
	own, err := client.Sign(message)
	require.NoError(t, err)
	keys := client.Keys()
	has, err := client.HasServer()
	require.NoError(t, err)
	assert.False(t, has)
	require.NoError(t, keys.Server.Verify(message, own), "who keeps the store himself")
	require.ErrorIs(t, keys.Server.Verify(message, byServer), backup.ErrDamaged)

	public, err := os.ReadFile(filepath.Join(server.Dir, "signing-key.pub"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(client.Dir, "server-key.pub"), public, 0o600))
	require.NoError(t, keys.Server.Verify(message, byServer))
	require.NoError(t, keys.Server.Verify(message, own))
	require.ErrorIs(t, keys.Verifier.Verify(message, byServer), backup.ErrDamaged, "a server makes no snapshot")
	require.ErrorIs(t, keys.Server.Verify([]byte("other\n"), byServer), backup.ErrDamaged)
	require.NoError(t, os.WriteFile(filepath.Join(client.Dir, "server-key.pub"), []byte("no key\n"), 0o600))
	err = keys.Server.Verify(message, byServer)
	require.Error(t, err)
	require.NotErrorIs(t, err, backup.ErrDamaged, "nobody knows")
}

// Who sets up a new machine gives the identity of the lost one, and is told to make keys:
// the only secret key that reads the backups must survive that.
func TestKeysThatAreThereAreNeverReplaced(t *testing.T) {
	old := agekey.Folder{Dir: t.TempDir()}
	_, err := old.Init()
	require.NoError(t, err)
	identity := filepath.Join(old.Dir, "identity.txt")
	was, err := os.ReadFile(identity)
	require.NoError(t, err)
	public, err := os.ReadFile(filepath.Join(old.Dir, "signing-key.pub"))
	require.NoError(t, err)
	signed, err := old.Sign([]byte("of before\n"))
	require.NoError(t, err)

	for _, create := range []bool{false, true} {
		fresh := agekey.Folder{Dir: t.TempDir(), Identity: identity, Create: create}
		require.NoError(t, os.WriteFile(filepath.Join(fresh.Dir, "signing-key.pub"), public, 0o600))
		if !create {
			made, err := fresh.Init()
			require.NoError(t, err)
			assert.NotContains(t, made, identity)
		}
		got, err := fresh.Recipients()
		require.NoError(t, err)
		want, err := old.Recipients()
		require.NoError(t, err)
		assert.Equal(t, want, got, "whoever has the identity reads what is stored from now on")
		now, err := os.ReadFile(identity)
		require.NoError(t, err)
		assert.Equal(t, string(was), string(now))
		require.NoError(t, fresh.Verify([]byte("of before\n"), signed), "what was signed before stays right")
		mine, err := fresh.Sign([]byte("of now\n"))
		require.NoError(t, err)
		require.NoError(t, fresh.Verify([]byte("of now\n"), mine))
	}

	broken := filepath.Join(t.TempDir(), "identity.txt")
	require.NoError(t, os.WriteFile(broken, []byte("AGE-SECRET-KEY-PQ-1XXXX\n"), 0o600))
	_, err = agekey.Folder{Dir: t.TempDir(), Identity: broken}.Init()
	require.ErrorContains(t, err, broken)
	left, err := os.ReadFile(broken)
	require.NoError(t, err)
	assert.Equal(t, "AGE-SECRET-KEY-PQ-1XXXX\n", string(left))
}
