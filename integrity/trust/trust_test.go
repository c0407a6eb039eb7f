package trust

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

func TestAContentIsTrustedOnlyWhereNothingMayHaveChangedIt(t *testing.T) {
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC).UnixNano()
	e := host.Entry{Path: "/usr/bin/x", Stat: host.Stat{
		Mode: host.ModeRegular | 0o755, Dev: 0x801, Ino: 7, Size: 3, Mtime: day - 9, Ctime: day - 8, Known: knownForTrust | host.KnownBtime,
	}}
	tr := trust{before: day, devices: []uint64{0x801}}
	trusted := func(now, was host.Entry) bool { // some are read by chance
		for range 200 {
			if tr.same(&now, &was) {
				return true
			}
		}
		return false
	}
	assert.True(t, trusted(e, e))
	for name, change := range map[string]func(*host.Entry){
		"size":            func(e *host.Entry) { e.Stat.Size++ },
		"mtime":           func(e *host.Entry) { e.Stat.Mtime++ },
		"ctime":           func(e *host.Entry) { e.Stat.Ctime++ },
		"birth":           func(e *host.Entry) { e.Stat.Btime++ },
		"inode":           func(e *host.Entry) { e.Stat.Ino++ },
		"device":          func(e *host.Entry) { e.Stat.Dev++ },
		"owner":           func(e *host.Entry) { e.Stat.UID++ },
		"mode":            func(e *host.Entry) { e.Stat.Mode ^= 1 },
		"ctime not known": func(e *host.Entry) { e.Stat.Known &^= host.KnownCtime },
	} {
		now := e
		change(&now)
		assert.False(t, trusted(now, e), name)
	}
	for name, change := range map[string]func(*host.Entry){
		"as old as the baseline": func(e *host.Entry) { e.Stat.Ctime = day },
		"setuid":                 func(e *host.Entry) { e.Stat.Mode |= host.ModeSetUID },
		"configuration":          func(e *host.Entry) { e.Path = "/etc/x" },
		"a module of PAM":        func(e *host.Entry) { e.Path = "/usr/lib/aarch64-linux-gnu/security/pam_unix.so" },
		"the loader":             func(e *host.Entry) { e.Path = "/lib/ld-linux-x86-64.so.2" },
		"a network's disk":       func(e *host.Entry) { e.Stat.Dev = 0x2a },
	} {
		both := e
		change(&both)
		assert.False(t, trusted(both, both), name)
	}
}

func TestATrustingScanReadsTheBaselineWhileItIsCompared(t *testing.T) {
	root := t.TempDir()
	for i := range 3000 {
		dir := filepath.Join(root, fmt.Sprintf("d%02d", i%30))
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s%04d", strings.Repeat("x", 60), i)), nil, 0o644))
	}
	h, name := host.Local(), filepath.Join(t.TempDir(), "b")
	p := integrity.Profile{Roots: []string{root + "/d03", root + "/d07", root}, Attrs: true}
	require.NoError(t, integrity.CreateBaseline(name, integrity.Head{Created: h.Time().Add(time.Hour), Profile: p}, integrity.Scan(t.Context(), h.Files, p, nil)))
	b, err := integrity.OpenBaseline(name)
	require.NoError(t, err)
	defer b.Close()
	var counts integrity.Counts
	scan := func() {
		counts = integrity.Counts{}
		require.NoError(t, integrity.Compare(b.Entries(), Scan(t.Context(), h, b, integrity.Pace{}, &counts), tree.FieldsAll, func(c integrity.Change) error {
			return fmt.Errorf("%v %s", c.Kind, c.Path)
		}))
	}
	scan()
	assert.EqualError(t, counts.Full, "it is the first time")
	assert.Zero(t, counts.Trusted)
	scan()
	assert.NoError(t, counts.Full)
	assert.Equal(t, int64(3031), counts.Entries)
	st, err := os.Stat(name)
	require.NoError(t, err)
	assert.Less(t, st.Size()/counts.Entries, int64(90), "bytes an entry")
	if len(devices(t.Context(), h)) > 0 {
		assert.Positive(t, counts.Trusted)
	}
}

func TestTimesProveNothingAfterTheClockWasSet(t *testing.T) {
	name := filepath.Join(t.TempDir(), "trust")
	c := clock{Root: "r", Boot: "b", Since: 1000}
	require.Error(t, c.follows(name))
	var none atomic.Bool
	read := func(forged bool) {
		none.Store(forged)
		for range c.keep(func(func(host.Entry, error) bool) {}, &none, &integrity.Counts{}, name) {
			t.Fatal("an entry")
		}
	}
	read(true)
	require.Error(t, c.follows(name), "a content that differs under its old times is read each time")
	read(false)
	require.NoError(t, c.follows(name))
	for want, now := range map[string]clock{
		"the baseline was another one":     {"other", "b", 1000},
		"the machine was restarted":        {"r", "other", 1000},
		"the clock was set by 60 seconds":  {"r", "b", 1060},
		"the clock was set by -60 seconds": {"r", "b", 940},
	} {
		assert.EqualError(t, now.follows(name), want)
	}
	assert.NoError(t, clock{"r", "b", 1001}.follows(name))
	require.NoError(t, os.WriteFile(name, []byte("x"), 0o600))
	require.Error(t, c.follows(name))
}

func TestAContentThatDiffersUnderItsOldTimesIsNotTrusted(t *testing.T) {
	var forged atomic.Bool
	was := host.NewDigest("sha256", make([]byte, 32))
	u := &unforged{was, &forged}
	require.NoError(t, u.End(&host.Entry{Digests: []host.Digest{was}}, nil))
	assert.False(t, forged.Load())
	require.NoError(t, u.End(&host.Entry{Digests: []host.Digest{host.NewDigest("sha256", append(make([]byte, 31), 1))}}, nil))
	assert.True(t, forged.Load())
}
