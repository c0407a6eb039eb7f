package signature_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/signature"
	"github.com/pugetsoundtech/upkeep/internal/sshsig"
)

func TestOneSignatureIsOfAllTheBaselinesInAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd [name]")
	require.NoError(t, os.Mkdir(dir, 0o700))
	_, err := signature.StatementOf(dir)
	require.ErrorIs(t, err, integrity.ErrNoBaseline)
	var all []*integrity.Baseline
	add := func(year int) *integrity.Baseline {
		t.Helper()
		b, err := baseline(dir, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		t.Cleanup(func() { b.Close() })
		all = append(all, b)
		return b
	}
	add(2025)
	add(2026)
	private, public, err := sshsig.NewKey("ann")
	require.NoError(t, err)
	otherKey, other, err := sshsig.NewKey("eve")
	require.NoError(t, err)
	verify := func(want string) {
		t.Helper()
		for _, b := range all {
			if err := signature.Verify(b, public); want == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, want)
			}
		}
	}
	verify("not signed")
	require.NoError(t, signature.SignAll(dir, private))
	verify("")
	assert.ErrorContains(t, signature.Verify(all[0], other), "not the one that was signed")

	later := add(2027)
	assert.ErrorContains(t, signature.Verify(later, public), "does not name it")
	text, err := os.ReadFile(filepath.Join(dir, signature.All))
	require.NoError(t, err)
	now, err := signature.StatementOf(dir)
	require.NoError(t, err)
	assert.NotEqual(t, text, now)
	require.NoError(t, os.WriteFile(filepath.Join(dir, signature.All), now, 0o600)) // without a signature of it
	verify("not the one that was signed")
	require.NoError(t, signature.SignAll(dir, otherKey))
	verify("not the one that was signed")

	require.NoError(t, signature.Sign(all[0], private)) // one of its own is enough
	assert.NoError(t, signature.Verify(all[0], public))
	assert.Error(t, signature.Verify(later, public))
	require.NoError(t, signature.SignAll(dir, private))
	verify("")

	require.NoError(t, os.Truncate(later.Path, 100))
	_, err = signature.StatementOf(dir)
	assert.ErrorIs(t, err, integrity.ErrDamaged, "nobody signs what nobody can read")
}
