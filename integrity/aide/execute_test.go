package aide_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/aide"
)

// An included is a configuration that includes files of a folder.
type included struct {
	t    *testing.T
	dir  string
	conf string
}

func newIncluded(t *testing.T, directive string) included {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	in := included{t, filepath.Join(base, "conf.d"), filepath.Join(base, "aide.conf")}
	require.NoError(t, os.Mkdir(in.dir, 0o755))
	require.NoError(t, os.Chmod(in.dir, 0o755))
	require.NoError(t, os.WriteFile(in.conf, []byte("@@x_include_setenv TOP /srv\n"+directive+" "+in.dir+" ^[a-z_]+$ /image\n"), 0o600))
	return in
}

func (in included) script(name, text string, mode os.FileMode) {
	in.t.Helper()
	full := filepath.Join(in.dir, name)
	require.NoError(in.t, os.WriteFile(full, []byte("#!/bin/sh\n"+text+"\n"), 0o600))
	require.NoError(in.t, os.Chmod(full, mode))
}

func (in included) load(execute bool) (*aide.Config, error) {
	return aide.Load(in.t.Context(), host.Local(), in.conf, aide.Options{Execute: execute})
}

func TestExecutablesAreRunOnlyWhenAsked(t *testing.T) {
	in := newIncluded(t, "@@x_include")
	in.script("plain", "/plain p", 0o644)
	in.script("run", `echo "$TOP/ran p"; touch "$0.ran"`, 0o755)
	c, err := in.load(false)
	require.NoError(t, err)
	assert.Equal(t, []string{in.dir + "/run: executable"}, c.Skipped)
	assert.NoFileExists(t, in.dir+"/run.ran")
	require.Len(t, c.Rules, 1)

	c, err = in.load(true)
	require.NoError(t, err)
	assert.Empty(t, c.Skipped)
	assert.FileExists(t, in.dir+"/run.ran")
	require.Len(t, c.Rules, 2)
	assert.Equal(t, "/image/plain", c.Rules[0].Pattern)
	assert.Equal(t, "/image/srv/ran", c.Rules[1].Pattern)
	assert.Equal(t, in.dir+"/run", c.Rules[1].File)
}

func TestWhatOthersCanChangeOrWhatFailsIsNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		spy  func(in included)
		want string
	}{
		"others write it":    {"echo /a p", 0o777, nil, "run is not executed: others can change it"},
		"a group writes it":  {"echo /a p", 0o775, nil, "run is not executed: others can change it"},
		"it fails":           {"echo /a p; exit 3", 0o755, nil, "exit status 3"},
		"it complains":       {"echo /a p; echo oh >&2", 0o755, nil, `it complains: "oh"`},
		"it prints nonsense": {"echo /a p; echo nonsense", 0o755, nil, "run:2:1: neither a rule nor an assignment"},
		"others write its folder": {"echo /a p", 0o755, func(in included) {
			require.NoError(t, os.Chmod(in.dir, 0o777))
		}, "conf.d is not executed: others can change it"},
		"a link": {"echo /a p", 0o755, func(in included) {
			require.NoError(t, os.Rename(in.dir+"/run", in.conf+"-run"))
			require.NoError(t, os.Symlink(in.conf+"-run", in.dir+"/run"))
		}, "run is not executed: others can change it"},
	} {
		t.Run(name, func(t *testing.T) {
			in := newIncluded(t, "@@x_include")
			in.script("run", c.text, c.mode)
			if c.spy != nil {
				c.spy(in)
			}
			_, err := in.load(true)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestAFileOfAnotherUserIsNotExecuted(t *testing.T) {
	if os.Getuid() != 0 {
		return // the next test, of the plain owner, is that of all others
	}
	in := newIncluded(t, "@@x_include")
	in.script("run", "echo /a p", 0o755)
	require.NoError(t, os.Chown(in.dir+"/run", 65534, 0))
	_, err := in.load(true)
	assert.ErrorContains(t, err, "neither of root nor of the one who runs it")
}
