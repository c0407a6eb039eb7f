package advisory_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
)

// made gives random data of debsecan, a status file of dpkg, and the same packages.
func made(t *testing.T, r *rand.Rand) (data, status string, packages []string) {
	versions := []string{"1.0-1", "1.0-1+deb12u1", "1.0~rc1-1", "1:0.5-1", "2.0-1", "1.10-1", "1.9-2", "1.0-1.1"}
	pick := func() string { return versions[r.IntN(len(versions))] }
	var holes, records, st strings.Builder
	for i := range 60 {
		fmt.Fprintf(&holes, "CVE-2026-%d,,text, with commas\n", 1000+i)
	}
	for range 300 {
		kind, name, other := " ", fmt.Sprintf("source%d", r.IntN(20)), make([]string, r.IntN(3))
		if r.IntN(3) == 0 {
			kind, name = "B", fmt.Sprintf("alone%d", r.IntN(10))
		}
		for i := range other {
			other[i] = pick()
		}
		unstable := pick()
		if r.IntN(4) == 0 {
			unstable = ""
		}
		fmt.Fprintf(&records, "%s,%d,%s%c%c%c,%s,%s\n", name, r.IntN(60), kind, " LMH"[r.IntN(4)], " R?"[r.IntN(3)], " F"[r.IntN(2)], unstable, strings.Join(other, " "))
	}
	// The peer does not look for the name of a package whose source has any record.
	for i := range 30 {
		name, v, source, sv := fmt.Sprintf("pkg%d", i), pick(), fmt.Sprintf("source%d", r.IntN(20)), pick()
		if i < 10 {
			name, source = fmt.Sprintf("alone%d", i), "other"
		}
		fmt.Fprintf(&st, "Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\nSource: %s (%s)\n\n", name, v, source, sv)
		packages = append(packages, fmt.Sprintf("%s %s amd64 %s %s", name, v, source, sv))
	}
	return "VERSION 1\n" + holes.String() + "\n" + records.String() + "\nsource0,pkg0\n\n", st.String(), packages
}

// The peer reads the same data, and the same packages.
func TestDebsecanSaysTheSame(t *testing.T) {
	peer := need.Program(t, "debsecan")
	for seed := range uint64(3) {
		data, status, packages := made(t, rand.New(rand.NewPCG(seed, 1)))
		dir := t.TempDir()
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		_, err := w.Write([]byte(data))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.NoError(t, os.WriteFile(filepath.Join(dir, "bookworm"), z.Bytes(), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".status"), []byte(status), 0o644))
		out, err := exec.CommandContext(t.Context(), peer, "--suite", "bookworm", "--source", "file://"+dir, "--status", filepath.Join(dir, ".status"), "--format", "simple").Output()
		require.NoError(t, err)
		want := strings.Split(strings.TrimSpace(string(out)), "\n")
		r, err := advisory.ReadFolder(t.Context(), os.DirFS(dir), bookworm(t, packages...))
		require.NoError(t, err)
		require.NoError(t, r.Feeds[0].Err)
		var got []string
		for _, m := range r.Matches {
			got = append(got, m.ID+" "+m.Pkg.Name)
		}
		slices.Sort(want)
		slices.Sort(got)
		assert.NotEmpty(t, got)
		assert.Equal(t, slices.Compact(want), slices.Compact(got), "seed %d", seed)
	}
}
