package aide_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/aide"
)

// entry is a regular file with a content.
func entry(name, content string, inode uint64) host.Entry {
	sum := sha256.Sum256([]byte(content))
	return host.Entry{Path: name, Digests: []host.Digest{host.NewDigest("sha256", sum[:])}, Stat: host.Stat{
		Mode: host.ModeRegular | 0o640, Size: int64(len(content)), Ino: inode, Dev: 1, Known: host.KnownMode | host.KnownSize | host.KnownInode,
	}}
}

func packed(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(content))
	require.NoError(t, errors.Join(err, z.Close()))
	return b.String()
}

// The forms are those of aide.conf(5) of 0.18 and of what AIDE 0.18.3 was seen to report.
func TestWhatWasMovedInItsFolderIsNotReported(t *testing.T) {
	const rules = "/l/other f p+sha256+I\n/l/.* f p+i+s+sha256+I+compressed+growing\n/n/.* f p+i+s+sha256\n"
	for name, c := range map[string]struct {
		was, now []host.Entry
		disk     map[string]string
		want     []string
	}{
		"a new name": {was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/b", "x", 1)}},
		"a new name, and another came": {
			was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/a", "y", 2), entry("/l/b", "x", 1)}, want: []string{"added /l/a"},
		},
		"over another": {
			was: []host.Entry{entry("/l/a", "x", 1), entry("/l/b", "y", 2)}, now: []host.Entry{entry("/l/b", "x", 1)}, want: []string{"removed /l/b"},
		},
		"a chain": {was: []host.Entry{entry("/l/a", "x", 1), entry("/l/b", "y", 2)}, now: []host.Entry{entry("/l/b", "x", 1), entry("/l/c", "y", 2)}},
		"grown": {
			was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/b", "xy", 1)}, disk: map[string]string{"l/b": "xy"},
		},
		"grown, and not what it was": {
			was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/b", "zy", 1)}, disk: map[string]string{"l/b": "zy"},
			want: []string{"added /l/b", "removed /l/a"},
		},
		"changed": {was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/b", "z", 1)}, disk: map[string]string{"l/b": "z"}, want: []string{"added /l/b", "removed /l/a"}},
		"packed": {
			was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/a.gz", packed(t, "x"), 2)}, disk: map[string]string{"l/a.gz": packed(t, "x")},
		},
		"packed, with more": {
			was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/a.gz", packed(t, "xy"), 2)}, disk: map[string]string{"l/a.gz": packed(t, "xy")},
			want: []string{"added /l/a.gz", "removed /l/a"},
		},
		"another folder":  {was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/d/a", "x", 1)}, want: []string{"added /l/d/a", "removed /l/a"}},
		"other rules":     {was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/other", "x", 1)}, want: []string{"added /l/other", "removed /l/a"}},
		"nobody asked":    {was: []host.Entry{entry("/n/a", "x", 1)}, now: []host.Entry{entry("/n/b", "x", 1)}, want: []string{"added /n/b", "removed /n/a"}},
		"no longer there": {was: []host.Entry{entry("/l/a", "x", 1)}, now: []host.Entry{entry("/l/b", "xy", 1)}, want: []string{"added /l/b", "removed /l/a", "error"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(dir, "l"), 0o700))
			for name, text := range c.disk {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			conf, err := load(rules, aide.Options{})
			require.NoError(t, err)
			moves := aide.Moves{Config: conf, Files: host.Root(dir).Files}
			require.NoError(t, integrity.Compare(stream(c.was), stream(c.now), tree.FieldsAll, func(ch integrity.Change) error {
				assert.True(t, moves.Take(ch))
				return nil
			}))
			left, errs := moves.Left(t.Context(), func(string) bool { return false })
			var got []string
			for _, ch := range left {
				got = append(got, ch.Kind.String()+" "+ch.Path)
			}
			for range errs {
				got = append(got, "error")
			}
			assert.ElementsMatch(t, c.want, got)
		})
	}
}

func TestWithoutTheAttributesNothingIsHeld(t *testing.T) {
	conf, err := load("/n p+sha256\n", aide.Options{})
	require.NoError(t, err)
	moves := aide.Moves{Config: conf}
	assert.False(t, moves.Take(integrity.Change{Kind: integrity.Added, Path: "/n/a"}))
}
