package signature_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/signature"
	"github.com/pugetsoundtech/upkeep/internal/sshsig"
)

// baseline makes one of no files, at this time.
func baseline(dir string, created time.Time) (*integrity.Baseline, error) {
	name := filepath.Join(dir, created.Format("2006")+".baseline")
	head := integrity.Head{Created: created, Profile: integrity.ProfileEtc()}
	if err := integrity.CreateBaseline(name, head, func(func(host.Entry, error) bool) {}); err != nil {
		return nil, err
	}
	return integrity.OpenBaseline(name)
}

func TestASignatureIsOfOneBaselineByOneKey(t *testing.T) {
	dir := t.TempDir()
	b, err := baseline(dir, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	defer b.Close()
	private, public, err := sshsig.NewKey("ann")
	require.NoError(t, err)
	_, other, err := sshsig.NewKey("eve")
	require.NoError(t, err)
	assert.ErrorIs(t, signature.Verify(b, public), signature.ErrNone)
	require.NoError(t, signature.Sign(b, private))
	assert.NoError(t, signature.Verify(b, public))
	assert.ErrorContains(t, signature.Verify(b, other), "not the one that was signed")

	keys := filepath.Join(dir, "keys")
	verify := signature.By(keys)
	assert.ErrorContains(t, verify(b), "keys that may sign")
	require.NoError(t, os.WriteFile(keys, public, 0o600))
	assert.NoError(t, verify(b))

	require.NoError(t, os.Rename(signature.Path(b.Path), signature.Path(b.Path)+".kept"))
	require.NoError(t, unix.Mkfifo(signature.Path(b.Path), 0o600))
	assert.ErrorContains(t, signature.Verify(b, public), "no regular file", "nobody waits for a writer")
	require.NoError(t, os.Rename(signature.Path(b.Path)+".kept", signature.Path(b.Path)))

	later, err := baseline(dir, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	defer later.Close()
	require.NoError(t, os.Rename(signature.Path(b.Path), signature.Path(later.Path)))
	assert.ErrorContains(t, signature.Verify(later, public), "not the one that was signed")
}

func ExampleVerify() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	b, err := baseline(dir, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	defer b.Close()
	private, public, err := sshsig.NewKey("ann")
	if err != nil {
		panic(err)
	}
	fmt.Println(errors.Is(signature.Verify(b, public), signature.ErrNone))
	fmt.Println(signature.Sign(b, private))
	fmt.Println(signature.Verify(b, public))
	// Output:
	// true
	// <nil>
	// <nil>
}
