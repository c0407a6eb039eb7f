package apt

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
)

// memory is a Keeper in memory.
type memory struct{ data []byte }

func (k *memory) Load() ([]byte, error) {
	if k.data == nil {
		return nil, fs.ErrNotExist
	}
	return k.data, nil
}

func (k *memory) Store(data []byte) error { k.data = data; return nil }

func TestAKeptAnswerIsTheSameAndAsksNothing(t *testing.T) {
	m := keeping(t)
	first := askedOnce()
	want := first.pending
	need.That(t, "an apt of this machine that is at rest and looks where it usually does", first.kept.data != nil)
	var count hosttest.Counter
	m.Host = count.Wrap(host.Local())
	got := m.Pending(t.Context())
	assert.Equal(t, want.State, got.State)
	assert.Equal(t, want.Value.Upgrades, got.Value.Upgrades)
	assert.Len(t, got.Value.Sources, len(want.Value.Sources))
	assert.Equal(t, first.orphans.Value, m.Orphans(t.Context(), first.installed).Value)
	assert.Zero(t, count.Commands.Load(), "nothing was asked")
}

// Whatever the answer depends on makes it forgotten, each by itself; the times do not.
func TestAKeptAnswerIsForgottenWhenAnythingChanges(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	lists := listsDir + "/deb.example.org_dists_stable_"
	files := append([]string{
		"/etc/apt/apt.conf.d/50x", "/etc/apt/sources.list.d/x.list", "/etc/apt/preferences.d/x", "/etc/dpkg/dpkg.cfg.d/x",
		lists + "InRelease", lists + "main_binary-amd64_Packages", lists + "main_binary-amd64_Packages.lz4", lists + "Release.gpg",
	}, sayFiles...)
	for _, name := range files {
		write(name, "Package: a\n")
	}
	write(dpkg.JournalDir+"/x", "")
	m := &Manager{Host: host.Root(root)}
	digest := func() string {
		d, err := m.dependencies(t.Context())
		require.NoError(t, err)
		return d
	}
	before := digest()
	for _, name := range files {
		long := filepath.Join(root, name)
		require.NoError(t, os.Chtimes(long, time.Unix(1, 0), time.Unix(1, 0)))
		assert.Equal(t, before, digest(), "the time of %s", name)
		st, err := os.Stat(long)
		require.NoError(t, err)
		write(name, "Package: b\n") // of the same length
		require.NoError(t, os.Chtimes(long, st.ModTime(), st.ModTime()))
		assert.NotEqual(t, before, digest(), name)
		require.NoError(t, os.Remove(long))
		assert.NotEqual(t, before, digest(), "%s is gone", name)
		write(name, "Package: a\n")
	}
	write("/etc/apt/sources.list.d/y.list", "")
	assert.NotEqual(t, before, digest(), "a new file")
	write("/etc/apt/apt.conf.d/60y", "#include /root/x\n")
	_, err := m.dependencies(t.Context())
	require.ErrorIs(t, err, errOpen)
	write("/etc/apt/apt.conf.d/60y", "")
	write(dpkg.JournalDir+"/0001", "")
	_, err = m.dependencies(t.Context())
	require.ErrorIs(t, err, errOpen, "dpkg was interrupted, and its database is not all")
}

// In a world whose configuration names other folders nothing is kept.
func TestNothingIsKeptWhereAptLooksElsewhere(t *testing.T) {
	w := newWorld(t)
	one := w.build("toy-a", "1.0")
	w.publish("stable", "Toy", one)
	w.publish("stable-security", "Toy", "")
	w.install("1.0", "toy-a")
	w.run("apt-get", "update")
	m := w.manager()
	kept := &memory{}
	m.Kept = kept
	require.Equal(t, pkgupdate.Empty, m.Pending(t.Context()).State)
	assert.Nil(t, kept.data)
}

func TestADamagedMemoryIsNoAnswer(t *testing.T) {
	m := live(t)
	for _, data := range []string{"", "{", `{"on":"x","outputs":{"apt-get":"AA=="}}`, "null"} {
		m.Kept = &memory{[]byte(data)}
		r, _ := m.recall(t.Context())
		_, ok := r.said.answer([]string{"apt-get"})
		assert.False(t, ok, data)
	}
}

func BenchmarkKeptPending(b *testing.B) {
	m := live(b)
	m.Kept = &memory{}
	m.Pending(b.Context())
	for b.Loop() {
		m.Pending(b.Context())
	}
}
