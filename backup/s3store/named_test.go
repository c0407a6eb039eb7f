package s3store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/s3store"
)

func TestBucketIsNamedByAnURL(t *testing.T) {
	s, prefix, err := s3store.Named("https://s3.example:9000/backups/web1/db/?region=eu-1", nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"https://s3.example:9000", "backups", "eu-1", "web1/db"}, []string{s.Endpoint, s.Bucket, s.Region, prefix})
	for _, name := range []string{"", "/srv", "https://s3.example", "https://s3.example/", "ftp://s3.example/b", "https://me:secret@s3.example/b", "https://me:secret@s3.example/b%zz"} {
		_, _, err := s3store.Named(name, nil)
		require.ErrorIs(t, err, s3store.ErrName, name)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func TestAccessKeyIsReadFromAFileThatNobodyElseReads(t *testing.T) {
	name := filepath.Join(t.TempDir(), "credentials")
	write := func(text string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		require.NoError(t, os.Chmod(name, mode))
	}
	write("[default]\naws_access_key_id = AKIA\naws_secret_access_key=s/=\n[other]\naws_access_key_id = X\n", 0o600)
	got, err := s3store.ReadKeys(name)
	require.NoError(t, err)
	assert.Equal(t, s3store.Keys{ID: "AKIA", Secret: "s/="}, got)
	write("aws_access_key_id = AKIA\n", 0o600)
	_, err = s3store.ReadKeys(name)
	require.ErrorContains(t, err, "aws_secret_access_key")
	write("aws_access_key_id = AKIA\naws_secret_access_key=s\n", 0o640)
	_, err = s3store.ReadKeys(name)
	require.ErrorContains(t, err, "chmod 600")
	_, err = s3store.ReadKeys(name + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}
