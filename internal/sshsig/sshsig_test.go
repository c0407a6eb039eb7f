package sshsig_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/sshsig"
)

const namespace = "test@upkeep"

func keys(t *testing.T) (ssh.Signer, []ssh.PublicKey, []byte, []byte) {
	t.Helper()
	private, public, err := sshsig.NewKey("who signs")
	require.NoError(t, err)
	signer, err := sshsig.ParseKey(private)
	require.NoError(t, err)
	trusted, err := sshsig.ParsePublic(public)
	require.NoError(t, err)
	require.Len(t, trusted, 1)
	return signer, trusted, private, public
}

func TestSignatureFitsItsMessageNamespaceAndKeyAlone(t *testing.T) {
	signer, trusted, _, _ := keys(t)
	_, others, _, _ := keys(t)
	armored, err := sshsig.Sign(signer, namespace, strings.NewReader("one"))
	require.NoError(t, err)
	key, err := sshsig.Verify(armored, namespace, strings.NewReader("one"), append(others, trusted...))
	require.NoError(t, err)
	assert.Equal(t, trusted[0].Marshal(), key.Marshal())

	_, err = sshsig.Verify(armored, namespace, strings.NewReader("two"), trusted)
	assert.ErrorIs(t, err, sshsig.ErrMismatch)
	_, err = sshsig.Verify(armored, "other@upkeep", strings.NewReader("one"), trusted)
	assert.ErrorIs(t, err, sshsig.ErrMismatch)
	_, err = sshsig.Verify(armored, namespace, strings.NewReader("one"), others)
	assert.ErrorIs(t, err, sshsig.ErrUnknownKey)
	_, err = sshsig.Verify(armored, namespace, strings.NewReader("one"), nil)
	assert.ErrorIs(t, err, sshsig.ErrUnknownKey)
}

func TestEveryFlippedByteIsRefused(t *testing.T) {
	signer, trusted, _, _ := keys(t)
	armored, err := sshsig.Sign(signer, namespace, strings.NewReader("one"))
	require.NoError(t, err)
	for i := range armored {
		bad := bytes.Clone(armored)
		bad[i] ^= 1
		if _, err := sshsig.Verify(bad, namespace, strings.NewReader("one"), trusted); err == nil && !sameText(bad, armored) {
			t.Errorf("byte %d of the signature can be flipped", i)
		}
	}
	for _, bad := range [][]byte{nil, []byte("x"), armored[:len(armored)/2], append(bytes.Clone(armored), "more"...), bytes.Repeat([]byte("x"), 1<<20)} {
		_, err := sshsig.Verify(bad, namespace, strings.NewReader("one"), trusted)
		assert.ErrorIs(t, err, sshsig.ErrForm)
	}
}

// sameText reports whether two armors differ in white space only.
func sameText(a, b []byte) bool {
	return bytes.Equal(bytes.Join(bytes.Fields(a), nil), bytes.Join(bytes.Fields(b), nil))
}

func TestReadErrorsAreNoSignature(t *testing.T) {
	signer, trusted, _, _ := keys(t)
	broken := errors.New("broken")
	_, err := sshsig.Sign(signer, namespace, iotest.ErrReader(broken))
	assert.ErrorIs(t, err, broken)
	armored, err := sshsig.Sign(signer, namespace, strings.NewReader("one"))
	require.NoError(t, err)
	_, err = sshsig.Verify(armored, namespace, iotest.ErrReader(broken), trusted)
	assert.ErrorIs(t, err, broken)
	_, err = sshsig.Sign(signer, "", strings.NewReader("one"))
	assert.Error(t, err)
}

// Stock ssh-keygen verifies what we sign, and we verify what it signs.
func TestOpenSSHAgrees(t *testing.T) {
	keygen := need.Program(t, "ssh-keygen")
	signer, trusted, private, public := keys(t)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		return path
	}
	armored, err := sshsig.Sign(signer, namespace, strings.NewReader("message\n"))
	require.NoError(t, err)
	cmd := exec.Command(keygen, "-Y", "verify", "-f", write("allowed", append([]byte("us "), public...)), "-I", "us", "-n", namespace, "-s", write("sig", armored))
	cmd.Stdin = strings.NewReader("message\n")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))

	cmd = exec.Command(keygen, "-Y", "sign", "-f", write("key", private), "-n", namespace)
	cmd.Stdin = strings.NewReader("theirs\n")
	theirs, err := cmd.Output()
	require.NoError(t, err)
	_, err = sshsig.Verify(theirs, namespace, strings.NewReader("theirs\n"), trusted)
	require.NoError(t, err)
}

func FuzzVerify(f *testing.F) {
	private, _, err := sshsig.NewKey("fuzz")
	require.NoError(f, err)
	signer, err := sshsig.ParseKey(private)
	require.NoError(f, err)
	armored, err := sshsig.Sign(signer, namespace, strings.NewReader("one"))
	require.NoError(f, err)
	f.Add(armored)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := sshsig.Verify(data, namespace, strings.NewReader("one"), nil); err == nil {
			t.Error("verified with no trusted key")
		}
	})
}
