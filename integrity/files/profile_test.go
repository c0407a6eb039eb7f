package files_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func scanned(t *testing.T, root string, p integrity.Profile) (out []string) {
	t.Helper()
	for e, err := range integrity.Scan(t.Context(), host.Root(root).Files, p, nil) {
		require.NoError(t, err)
		if e.Hashed() {
			out = append(out, e.Path)
		}
	}
	return out
}

func TestTheDailyProfileReadsWhatIsRunAndLoaded(t *testing.T) {
	b := newBox(t, map[string]string{
		"usr/lib/x86_64-linux-gnu/libcrypto.so.3": "", "usr/lib/x86_64-linux-gnu/security/pam_unix.so": "",
		"usr/lib/x86_64-linux-gnu/libc.a": "", "usr/lib/python3/__pycache__/a.pyc": "", "usr/lib/python3/dist-packages/apt/cache.py": "", "usr/lib/python3/dist-packages/apt/__pycache__/cache.cpython-311.pyc": "", "usr/lib/google/x.py": "", "usr/lib/ruby/vendor_ruby/rubygems.rb": "",
		"usr/lib/systemd/system/ssh.service": "", "usr/lib/systemd/system-generators/x": "",
		"usr/lib/sudo/sudoers.so": "", "usr/lib/polkit-1/polkit-agent-helper-1": "",
		"usr/lib64/libz.so.1.2": "", "usr/lib64/doc/a.txt": "", "libexec/ld-elf.so.1": "",
		"usr/local/lib/libm.so": "", "usr/local/lib/node/index.js": "", "usr/local/bin/tool": "",
		"usr/share/doc/x": "",
	})
	b.do(os.Symlink("usr/lib", b.root+"/lib"))
	assert.Equal(t, []string{
		"/libexec/ld-elf.so.1",
		"/usr/lib/polkit-1/polkit-agent-helper-1",
		"/usr/lib/python3/dist-packages/apt/cache.py", "/usr/lib/ruby/vendor_ruby/rubygems.rb", "/usr/lib/sudo/sudoers.so",
		"/usr/lib/systemd/system/ssh.service", "/usr/lib/systemd/system-generators/x",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/security/pam_unix.so",
		"/usr/lib64/libz.so.1.2", "/usr/local/bin/tool", "/usr/local/lib/libm.so",
	}, scanned(t, b.root, integrity.ProfileDaily()))
	assert.Len(t, scanned(t, b.root, integrity.ProfileSystem()), 18)
}

func TestASparseRootTellsOfFilesAndNotOfFolders(t *testing.T) {
	b := newBox(t, map[string]string{"lib/a/x.so": "x", "lib/old/y.so": "y", "lib/a/notes": "n"})
	b.check.Profile = integrity.Profile{Sparse: []string{"/lib"}, Names: []string{"*.so"}}
	b.run()
	b.write("lib/a/x.so", "new")
	b.write("lib/a/notes", "new")
	b.write("lib/new/z.so", "z")
	b.write("lib/new/cache/z.pyc", "z")
	b.do(os.RemoveAll(b.root + "/lib/old"))
	b.do(os.Mkdir(b.root+"/lib/open", 0o755))
	b.do(os.Chmod(b.root+"/lib/open", 0o777))
	_, res := b.run()
	var got []string
	for _, f := range res.Findings {
		got = append(got, f.Rule+" "+f.Subject.Value)
	}
	assert.ElementsMatch(t, []string{
		"integrity.files.changed /lib/a/x.so", "integrity.files.removed /lib/old/y.so",
		"integrity.files.added /lib/new/z.so", "integrity.files.added /lib/open",
	}, got)
	assert.Equal(t, report.OK, res.Status, "the baseline knows what it is of")
	assert.Equal(t, []string{"baseline", "files/lib"}, res.Covered)
}

func TestAProfileThatLooksCloserThanItsBaselineSaysSo(t *testing.T) {
	b := newBox(t, map[string]string{"lib/x.so": "x", "lib/in/data": "d"})
	b.check.Profile = integrity.Profile{Sparse: []string{"/lib"}, Names: []string{"*.so"}}
	b.run()
	b.write("lib/in/data", "d2")
	b.write("lib/x.so", "x2")
	for _, p := range []integrity.Profile{
		{Roots: []string{"/lib"}},
		{Sparse: []string{"/lib"}, Names: []string{"*.so", "data"}},
		{Sparse: []string{"/lib"}, Names: []string{"*.so"}, Roots: []string{"/lib/in"}},
	} {
		b.check.Profile = p
		res, err := suite.Collect(t.Context(), b.check)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"integrity.files.changed", "integrity.files.rules"}, rulesOf(res))
		assert.False(t, slices.ContainsFunc(res.Findings, func(f report.Finding) bool { return f.Subject.Value == "/lib/in/data" }))
		assert.False(t, res.Covers("files/lib/in/data"), p)
	}
}

func TestAMalformedProfileIsRefused(t *testing.T) {
	for _, p := range []integrity.Profile{
		{},
		{Roots: []string{"etc"}},
		{Roots: []string{"/etc/"}},
		{Sparse: []string{"lib"}},
		{Roots: []string{"/etc"}, Names: []string{"["}},
		{Roots: []string{"/etc"}, Exclude: []string{"/["}},
	} {
		assert.Error(t, p.Validate(), p)
	}
	for _, p := range []integrity.Profile{integrity.ProfileEtc(), integrity.ProfileDaily(), integrity.ProfileSystem()} {
		assert.NoError(t, p.Validate())
	}
}

func TestWhatMayComeAndGoIsNoFindingAndItsRightsAre(t *testing.T) {
	const was = quietEtc + "-- /etc/new.d/ dir complete --\n-- /etc/gone.d/ dir complete --\n-- /etc/gone.d/a --\nx\n-- /etc/new.d/kept --\nx\n"
	allow := func(s *files.System) {
		s.Profile.AllowNew, s.Profile.AllowRemoved = []string{"/etc/new.d"}, []string{"/etc/gone.d/*"}
	}
	come := strings.Replace(was, "-- /etc/gone.d/a --\nx\n", "", 1) + "-- /etc/new.d/b --\ny\n"
	assert.Empty(t, day(t, was, come, allow))
	assert.Len(t, day(t, was, come, nil), 2)
	for what, text := range map[string]string{
		"a change":          strings.Replace(was, "kept --\nx", "kept --\ny", 1),
		"a new one there":   was + "-- /etc/gone.d/b --\ny\n",
		"one gone there":    strings.Replace(was, "-- /etc/new.d/kept --\nx\n", "", 1),
		"a program of root": was + "-- /etc/new.d/b mode=04755 --\ny\n",
	} {
		assert.Len(t, day(t, was, text, allow), 1, what)
	}
	p := integrity.Profile{Roots: []string{"/etc"}}
	q := p
	q.AllowNew = []string{"/etc/new.d"}
	words, less := q.RulesChanged(p)
	assert.Equal(t, []string{"the allowance for new files /etc/new.d is new"}, words)
	assert.True(t, less)
	assert.False(t, q.SameRules(p))
	assert.False(t, q.SameBelow("/etc", p))
}
