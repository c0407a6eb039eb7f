package dirstore_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// spoilers are ways in which a disk, or somebody, spoils a file.
var spoilers = map[string]func(name string, data []byte) error{
	"a bit is flipped": func(name string, data []byte) error {
		data[len(data)/2] ^= 1
		return rewrite(name, data)
	},
	"it is cut":         func(name string, data []byte) error { return rewrite(name, data[:len(data)-1]) },
	"it is empty":       func(name string, _ []byte) error { return rewrite(name, nil) },
	"it is zeros":       func(name string, data []byte) error { return rewrite(name, make([]byte, len(data))) },
	"it is longer":      func(name string, data []byte) error { return rewrite(name, append(data, 0)) },
	"it is gone":        func(name string, _ []byte) error { return os.Remove(name) },
	"it is a directory": func(name string, _ []byte) error { return errors.Join(os.Remove(name), os.Mkdir(name, 0o700)) },
	"it is a link": func(name string, _ []byte) error {
		return errors.Join(os.Remove(name), os.Symlink("/etc/passwd", name))
	},
	"it is what another one was": func(name string, _ []byte) error { return rewrite(name, []byte(otherFile)) },
}

const otherFile = "{\"v\":2,\"seq\":1}\n-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"

func rewrite(name string, data []byte) error {
	return errors.Join(os.Remove(name), os.WriteFile(name, data, 0o400))
}

// threeDays makes a small store with three snapshots, and gives the contents that
// its file had in each.
func threeDays(t *testing.T, r backup.Repo, from string) []string {
	t.Helper()
	texts := []string{"one", "two", "three"}
	for i, text := range texts {
		require.NoError(t, os.WriteFile(filepath.Join(from, "file"), []byte(text), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(from, fmt.Sprintf("of-day-%d", i)), []byte(text), 0o600))
		_, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
		require.NoError(t, err)
	}
	return texts
}

func TestEveryKindOfDamageToEveryFileStaysWithTheSnapshotsThatNeedIt(t *testing.T) {
	need.Long(t)
	from, whole := t.TempDir(), t.TempDir()
	texts := threeDays(t, backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(whole)}, from)
	healthy := backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(whole)}
	snaps, err := healthy.List(t.Context())
	require.NoError(t, err)
	require.Len(t, snaps, 3)
	needed := map[string][]uint64{}
	for _, s := range snaps {
		needed[backup.SnapshotName(s.Seq)] = []uint64{s.Seq}
		for _, p := range s.Packs {
			needed[p.Name()] = append(needed[p.Name()], s.Seq)
		}
	}
	for name, users := range needed {
		for what, spoil := range spoilers {
			t.Run(what+": "+name, func(t *testing.T) {
				t.Parallel()
				r := spoilt(t, whole, name, spoil)
				// The newest has nobody that follows it: that it is gone is known by what
				// was reported. That the oldest went, its follower tells.
				gone := what == "it is gone" || what == "it is a directory" || what == "it is a link"
				v, err := r.Verify(t.Context(), backup.VerifyOptions{})
				if !(gone && name == backup.SnapshotName(3)) {
					require.NoError(t, err)
					require.Len(t, v.Damage, 1)
					assert.Equal(t, name, v.Damage[0].Name)
					assert.Equal(t, users, v.Damage[0].Snapshots)
				}
				for i, s := range snaps {
					if !slices.Contains(users, s.Seq) {
						assert.Equal(t, texts[i], contentOf(t, r, s.Seq, filepath.Join(from, "file")))
					}
				}
				for _, d := range v.Damage {
					r.Distrust = append(r.Distrust, d.Pack)
				}
				r.Known = snaps[2].Head()
				newest, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from}})
				require.NoError(t, err)
				for i, text := range texts {
					assert.Equal(t, text, contentOf(t, r, newest.Seq, filepath.Join(from, fmt.Sprintf("of-day-%d", i))), "the newest is whole")
				}
			})
		}
	}
}

// spoilt gives a copy of a store in which one file is spoiled.
func spoilt(t *testing.T, whole, name string, spoil func(name string, data []byte) error) backup.Repo {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
	require.NoError(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = os.Chmod(p, 0o700)
		}
		return err
	}))
	path := filepath.Join(dir, name)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, spoil(path, data))
	return backup.Repo{Keys: backuptest.Keys(), Store: dirstore.Dir(dir)}
}

// unlocked is a store that keeps no other writer out, as one on another machine.
type unlocked struct{ backup.Store }

func TestEightWritersAtOnceLoseNothing(t *testing.T) {
	const writers = 8
	store := unlocked{dirstore.Dir(t.TempDir())}
	var from [writers]string
	for i := range from {
		from[i] = t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(from[i], "file"), []byte(from[i]), 0o600))
	}
	var wg sync.WaitGroup
	var seqs [writers]uint64
	for i := range writers {
		wg.Go(func() {
			r := backup.Repo{Keys: backuptest.Keys(), Store: store}
			for range 100 {
				s, _, err := commit.Run(t.Context(), r, commit.Source{Host: host.Local(), Paths: []string{from[i]}})
				if err == nil {
					seqs[i] = s.Seq
					return
				}
				if !assert.ErrorIs(t, err, backup.ErrExists) {
					return
				}
			}
		})
	}
	wg.Wait()
	r := backup.Repo{Keys: backuptest.Keys(), Store: store}
	numbers, err := r.Numbers(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []uint64{1, 2, 3, 4, 5, 6, 7, 8}, numbers, "no number is left out or used twice")
	assert.ElementsMatch(t, numbers, seqs[:])
	v, err := r.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)
	for i, seq := range seqs {
		assert.Equal(t, from[i], contentOf(t, r, seq, filepath.Join(from[i], "file")))
	}
}
