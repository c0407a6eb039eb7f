package advisory_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
)

// A signer is a key of GnuPG of its own.
type signer struct {
	t       *testing.T
	home    string
	keyring string
}

func newSigner(t *testing.T) signer {
	t.Helper()
	need.Long(t)
	need.Program(t, "gpgv")
	need.Program(t, "gpgconf")
	s := signer{t: t, home: t.TempDir()}
	s.keyring = filepath.Join(s.home, "trusted.gpg")
	t.Cleanup(func() { exec.Command("gpgconf", "--homedir", s.home, "--kill", "gpg-agent").Run() })
	s.gpg("--passphrase", "", "--quick-gen-key", "feeds@example.org", "ed25519", "sign", "1d")
	s.gpg("--output", s.keyring, "--export")
	return s
}

func (s signer) gpg(args ...string) {
	s.t.Helper()
	out, err := exec.Command(need.Program(s.t, "gpg"), append([]string{"--homedir", s.home, "--batch", "--quiet", "--pinentry-mode", "loopback"}, args...)...).CombinedOutput()
	require.NoError(s.t, err, "%s", out)
}

func TestASignatureIsVerifiedByTheKeysThatAreTrusted(t *testing.T) {
	mine, other := newSigner(t), newSigner(t)
	sum := fmt.Sprintf("%x  DSA\n", sha256.Sum256([]byte(dsaText)))
	write := func(dir, name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		at := now.Add(-time.Hour)
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), at, at))
	}
	inline := func(s signer, dir string) string {
		s.gpg("--output", filepath.Join(dir, "DSA.asc"), "--clearsign", filepath.Join(dir, "DSA"))
		text, err := os.ReadFile(filepath.Join(dir, "DSA.asc"))
		require.NoError(t, err)
		require.NoError(t, os.Remove(filepath.Join(dir, "DSA.asc")))
		return string(text)
	}
	for name, c := range map[string]struct {
		change   func(dir string)
		required bool
		want     pkgupdate.Signature
	}{
		"none":             {func(string) {}, false, pkgupdate.Unsigned},
		"none, and wanted": {func(string) {}, true, pkgupdate.Refused},
		"beside": {func(dir string) {
			mine.gpg("--armor", "--detach-sign", filepath.Join(dir, "DSA"))
		}, true, pkgupdate.Signed},
		"of another key": {func(dir string) {
			other.gpg("--armor", "--detach-sign", filepath.Join(dir, "DSA"))
		}, false, pkgupdate.Refused},
		"of another text": {func(dir string) {
			mine.gpg("--armor", "--detach-sign", filepath.Join(dir, "DSA"))
			write(dir, "DSA", dsaText+"\n")
		}, false, pkgupdate.Refused},
		"of the list": {func(dir string) {
			write(dir, "SHA256SUMS", sum)
			mine.gpg("--armor", "--detach-sign", filepath.Join(dir, "SHA256SUMS"))
		}, true, pkgupdate.Signed},
		"of a list that is another": {func(dir string) {
			write(dir, "SHA256SUMS", sum)
			mine.gpg("--armor", "--detach-sign", filepath.Join(dir, "SHA256SUMS"))
			write(dir, "SHA256SUMS", sum+sum)
		}, false, pkgupdate.Refused},
		"of a list without it": {func(dir string) {
			write(dir, "SHA256SUMS", strings.Repeat("0", 64)+"  other\n")
			mine.gpg("--armor", "--detach-sign", filepath.Join(dir, "SHA256SUMS"))
		}, true, pkgupdate.Refused},
		"within": {func(dir string) { write(dir, "DSA", inline(mine, dir)) }, true, pkgupdate.Signed},
		"within, and more before it": {func(dir string) {
			write(dir, "DSA", "[19 Nov 2026] DSA-9-1 evil\n"+inline(mine, dir))
		}, true, pkgupdate.Refused},
		"within, and more behind it": {func(dir string) {
			write(dir, "DSA", inline(mine, dir)+"[19 Nov 2026] DSA-9-1 evil\n")
		}, false, pkgupdate.Refused},
	} {
		dir := t.TempDir()
		write(dir, "DSA", dsaText)
		c.change(dir)
		f := advisory.Folder{
			FS: os.DirFS(dir), Now: func() time.Time { return now.Add(-9 * 24 * time.Hour) },
			Keys: &advisory.Keys{Host: host.Local(), Dir: dir, Keyrings: []string{mine.keyring}, Required: c.required},
		}
		r, _ := f.Read(t.Context(), bookworm(t, "bash 1"))
		require.Len(t, r.Feeds, 1, name)
		assert.Equal(t, c.want, r.Feeds[0].Signature, "%s: %v", name, r.Feeds[0].Err)
		if c.want == pkgupdate.Refused {
			require.ErrorIs(t, r.Feeds[0].Err, pkgupdate.ErrUnverified, name)
			assert.Equal(t, pkgupdate.Unknown, r.Feeds[0].State)
		}
	}
}

func TestAFeedWhoseSignatureNobodyCanCheckIsUnknown(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "DSA"), []byte(dsaText), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "DSA.asc"), []byte("x"), 0o600))
	h := host.Local()
	h.Exec = nil
	r, _ := advisory.Folder{FS: os.DirFS(dir), Keys: &advisory.Keys{Host: h, Dir: dir}}.Read(t.Context(), bookworm(t, "bash 1"))
	assert.ErrorContains(t, r.Feeds[0].Err, "whether its signature is good is not known")
	assert.Equal(t, pkgupdate.Unknown, r.Feeds[0].State)
}
