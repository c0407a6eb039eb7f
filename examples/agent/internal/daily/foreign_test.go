package daily

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/capture"
	"github.com/pugetsoundtech/upkeep/backup/s3store"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

func TestForeignBackupMayLieInABucket(t *testing.T) {
	var p Place
	for _, bad := range []string{"s3:", "s3:/srv", "s3:https://me:secret@s3.example/b"} {
		err := p.UnmarshalText([]byte(bad))
		require.ErrorIs(t, err, s3store.ErrName, bad)
		assert.NotContains(t, err.Error(), "secret")
	}
	require.NoError(t, p.UnmarshalText([]byte("s3:https://s3.example/backups/web1")))
	got := foreignPlaces([]ForeignBackup{{Path: "/srv/backup", Source: "/srv"}, {Path: p, Access: "/etc/upkeep/access"}})
	require.Len(t, got, 2)
	assert.Nil(t, got[0].Files)
	assert.Equal(t, "/srv/backup", got[0].Path)
	assert.Equal(t, []string{"/", "s3:https://s3.example/backups/web1"}, []string{got[1].Path, got[1].In})
	files, ok := got[1].Files().(*s3store.Files)
	require.True(t, ok)
	assert.Equal(t, []string{"backups", "web1"}, []string{files.Store.Bucket, files.Prefix})
	_, err := files.Store.Keys()
	require.ErrorContains(t, err, "/etc/upkeep/access")
}

func TestAgentRehearsesItsBackup(t *testing.T) {
	set := Defaults()
	target, err := Open(t.Context(), "root:"+t.TempDir(), nil)
	require.NoError(t, err)
	defer target.Close()
	found := false
	checks, err := target.Checks(new(statedir.Dir), set)
	require.NoError(t, err)
	for _, c := range checks {
		if conf, ok := c.(capture.Configuration); ok {
			found = true
			assert.NotEmpty(t, conf.Rehearsals)
		}
	}
	assert.True(t, found)
}
