package foreign_test

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/foreign"
	"github.com/pugetsoundtech/upkeep/backup/s3store"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// bucket serves a directory as the manual of S3 says (GetObject, ListObjectsV2),
// below the prefix "daily" of the bucket "b".
func bucket(t *testing.T, dir string) foreign.Place {
	t.Helper()
	type object struct {
		Key          string
		Size         int64
		LastModified time.Time
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := strings.CutPrefix(r.URL.Path, "/b/daily/"); ok && !strings.Contains(name, "..") {
			http.ServeFile(w, r, filepath.Join(dir, name))
			return
		}
		var list struct {
			XMLName  xml.Name `xml:"ListBucketResult"`
			Contents []object
		}
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			st, err := d.Info()
			if err == nil {
				rel, _ := filepath.Rel(dir, name)
				list.Contents = append(list.Contents, object{"daily/" + rel, st.Size(), st.ModTime().UTC()})
			}
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = xml.NewEncoder(w).Encode(list) // who asks sees that it ends
	}))
	t.Cleanup(srv.Close)
	s := &s3store.Store{Endpoint: srv.URL, Bucket: "b", Keys: func() (s3store.Keys, error) { return s3store.Keys{ID: "id", Secret: "secret"}, nil }}
	return foreign.Place{Path: "/", In: "s3:" + srv.URL + "/b/daily", Files: func() host.FS { return &s3store.Files{Store: s, Prefix: "daily"} }}
}

// TestFourVerdictsOfAPrefixInABucket watches what lies in S3 by its list alone, and
// reads it as it reads files.
func TestFourVerdictsOfAPrefixInABucket(t *testing.T) {
	for name, make := range map[string]maker{"restic": restic, "dumps": tarred("shop-%s.tar.gz", "-z")} {
		t.Run(name, func(t *testing.T) {
			if name == "restic" {
				need.Long(t)
				need.Program(t, "restic")
			}
			work := t.TempDir()
			dir, data := make(t, work, files(t, work))
			w := &watcher{place: bucket(t, dir)}
			verdicts(t, w, dir, data, cutOrFlipped, nil)
			require.NoError(t, os.RemoveAll(dir))
			gone := w.rules(t, 4*time.Hour)
			require.True(t, has(gone, "gone"))
			assert.Contains(t, gone[0], w.place.In)
		})
	}
}

// Who can write into a backup that is watched cannot fill the memory of the watcher,
// and what was left out is said.
func TestFaultsWithoutEndAreCounted(t *testing.T) {
	l := life{t: t, dir: t.TempDir()}
	at := time.Now().Add(-time.Hour)
	var list bytes.Buffer
	z := gzip.NewWriter(&list)
	for i := range 2000 {
		fmt.Fprintf(z, "File gone%d\n  Type reg\n  Size 7\n", i)
	}
	require.NoError(t, z.Close())
	l.write("rdiff-backup-data/mirror_metadata.2026-11-25T06:00:00Z.snapshot.gz", at, list.Bytes())
	l.write("rdiff-backup-data/session_statistics."+at.UTC().Format(time.RFC3339)+".data", at, []byte("x"))
	res, err := suite.Collect(t.Context(), foreign.Backups{Host: host.Local(), Places: []foreign.Place{{Path: l.dir}}})
	require.NoError(t, err)
	assert.LessOrEqual(t, len(res.Findings), 500)
	require.NotEmpty(t, res.Problems)
	assert.Contains(t, res.Problems[0].Message, "1500 more faults")
}
