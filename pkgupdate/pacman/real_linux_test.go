package pacman_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pacman"
)

// A world is a root of pacman with repositories on the disk.
type world struct {
	t        *testing.T
	dir, bin string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	need.Long(t)
	need.Program(t, "vercmp") // it comes with the library that pacman needs
	w := &world{t: t, dir: t.TempDir(), bin: filepath.Join(need.Unpacked(t, "pacman-package-manager"), "usr/bin")}
	require.NoError(t, os.MkdirAll(filepath.Join(w.dir, "root/var/lib/pacman"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(w.dir, "root/var/log"), 0o755))
	w.write("root/etc/pacman.conf", fmt.Sprintf("[options]\nRootDir = %[1]s/root\nDBPath = %[1]s/root/var/lib/pacman\nCacheDir = %[1]s/cache\nLogFile = %[1]s/root/var/log/pacman.log\n"+
		"SigLevel = Never\nArchitecture = x86_64\n[core]\nServer = file://%[1]s/core\n[extra]\nServer = file://%[1]s/extra\n", w.dir))
	return w
}

func (w *world) write(name, text string) {
	w.t.Helper()
	name = filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(w.t, os.WriteFile(name, []byte(text), 0o644))
}

// packed is a tar archive of texts, in this order, compressed.
func packed(t *testing.T, files ...[2]string) string {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	a := tar.NewWriter(z)
	for _, f := range files {
		require.NoError(t, a.WriteHeader(&tar.Header{Name: f[0], Mode: 0o644, Size: int64(len(f[1]))}))
		_, err := a.Write([]byte(f[1]))
		require.NoError(t, err)
	}
	require.NoError(t, a.Close())
	require.NoError(t, z.Close())
	return out.String()
}

// publish makes a repository of one package, with a file that a person edits.
func (w *world) publish(repo, name, ver string) {
	w.t.Helper()
	file := name + "-" + ver + "-any.pkg.tar.gz"
	data := packed(w.t, [2]string{".PKGINFO", fmt.Sprintf("pkgname = %s\npkgver = %s\narch = any\nsize = 10\nbackup = etc/%[1]s.conf\n", name, ver)}, [2]string{"etc/" + name + ".conf", ver})
	w.write(repo+"/"+file, data)
	desc := fmt.Sprintf("%%FILENAME%%\n%s\n\n%%NAME%%\n%s\n\n%%VERSION%%\n%s\n\n%%CSIZE%%\n%d\n\n%%SHA256SUM%%\n%x\n\n%%ARCH%%\nany\n\n", file, name, ver, len(data), sha256.Sum256([]byte(data)))
	w.write(repo+"/"+repo+".db", packed(w.t, [2]string{name + "-" + ver + "/desc", desc}))
}

// Run runs pacman of the unpacked package in the root.
func (w *world) Run(ctx context.Context, c host.Command) (host.Output, error) {
	c.Args = append([]string{filepath.Join(w.bin, c.Args[0]), "--config", filepath.Join(w.dir, "root/etc/pacman.conf")}, c.Args[1:]...)
	return host.Local().Run(ctx, c)
}

func (w *world) pacman(args ...string) error {
	out, err := w.Run(w.t.Context(), host.Command{Args: append([]string{"pacman"}, append(args, "--noconfirm")...)})
	if err == nil {
		err = out.Err()
	}
	return err
}

func (w *world) manager() *pacman.Manager {
	h := host.Root(filepath.Join(w.dir, "root"))
	h.Exec = w
	return &pacman.Manager{Host: h}
}

func TestRealPacmanFromPublishedToInstalled(t *testing.T) {
	w := newWorld(t)
	w.publish("core", "foo", "1.0-1")
	w.publish("extra", "bar", "1:1.0-1")
	require.NoError(t, w.pacman("-Sy"))
	require.NoError(t, w.pacman("-S", "foo", "bar"))
	m := w.manager()
	require.NoError(t, m.Pending(t.Context()).Reason)
	require.Equal(t, pkgupdate.Empty, m.Pending(t.Context()).State)

	w.publish("core", "foo", "1.1-1")
	require.NoError(t, w.pacman("-Syy"))
	a := m.Pending(t.Context())
	require.Len(t, a.Value.Upgrades, 1)
	assert.Equal(t, "1.1-1", a.Value.Upgrades[0].Candidate.String())
	assert.Equal(t, pkgupdate.Unsigned, a.Value.Sources[0].Signature)
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "root/etc/foo.conf"), []byte("mine"), 0o600))
	require.NoError(t, w.pacman("-Su"))
	assert.Equal(t, pkgupdate.Empty, m.Pending(t.Context()).State)
	assert.FileExists(t, filepath.Join(w.dir, "root/etc/foo.conf.pacnew"))
	acts, err := m.History(t.Context(), time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Len(t, acts, 2)
	assert.Equal(t, "foo 1.0-1 1.1-1", acts[1].Events[0].Name+" "+acts[1].Events[0].From+" "+acts[1].Events[0].To)
}

// After a good state a repository fails in each way that there is, and the other one
// vouches for nothing. pacman ends with success in most of them.
func TestRealPacmanThatLacksARepositorySaysNothingIsDueToNobody(t *testing.T) {
	w := newWorld(t)
	w.publish("core", "foo", "1.0-1")
	w.publish("extra", "bar", "1.0-1")
	require.NoError(t, w.pacman("-Sy"))
	require.NoError(t, w.pacman("-S", "foo", "bar"))
	m := w.manager()
	list := filepath.Join(w.dir, "root/var/lib/pacman/sync/core.db")
	good, err := os.ReadFile(list)
	require.NoError(t, err)
	require.Equal(t, pkgupdate.Empty, m.Pending(t.Context()).State)
	old := time.Now().Add(-30 * 24 * time.Hour)
	for name, harm := range map[string]func() error{
		"the list is missing": func() error { return os.Remove(list) },
		"it is garbled":       func() error { return os.WriteFile(list, []byte("x"), 0o600) },
		"it is empty":         func() error { return os.WriteFile(list, nil, 0o600) },
		"it has aged":         func() error { return os.Chtimes(list, old, old) },
	} {
		require.NoError(t, harm())
		a := m.Pending(t.Context())
		assert.Equal(t, pkgupdate.Unknown, a.State, name)
		require.Error(t, a.Reason, name)
		require.NoError(t, os.WriteFile(list, good, 0o600))
		require.NoError(t, os.Chtimes(list, time.Now(), time.Now()))
	}
	require.Equal(t, pkgupdate.Empty, m.Pending(t.Context()).State)

	for _, repo := range []string{"core", "extra"} {
		require.NoError(t, os.Chtimes(filepath.Join(filepath.Dir(list), repo+".db"), old, old))
	}
	require.NoError(t, os.RemoveAll(filepath.Join(w.dir, "core")))
	require.Error(t, w.pacman("-Sy"), "nobody answers")
	a := m.Pending(t.Context())
	assert.Equal(t, pkgupdate.Unknown, a.State, "the attempt is no success")
}

// asUser runs pacman of the world's root as an ordinary user; names in the root, and its
// folder for that user, are where they are on this machine.
type asUser struct{ *world }

func (u asUser) Run(ctx context.Context, c host.Command) (host.Output, error) {
	var args []string
	for _, arg := range c.Args {
		switch {
		case arg == "pacman":
			args = append(args, filepath.Join(u.bin, arg), "--config", filepath.Join(u.dir, "root/etc/pacman.conf"))
		case arg == "pacman-conf":
			args = append(args, filepath.Join(u.bin, arg), "--config", filepath.Join(u.dir, "root/etc/pacman.conf"))
		case strings.HasPrefix(arg, "/mine"), strings.HasPrefix(arg, "/var/lib/pacman"):
			args = append(args, filepath.Join(u.dir, "root", arg))
		default:
			args = append(args, arg)
		}
	}
	c.Args = append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, args...)
	return host.Local().Run(ctx, c)
}

// What was published since the system's own refresh is seen by an ordinary user, and the
// system's lists stay as they are.
func TestRealPacmanRefreshesForAnOrdinaryUser(t *testing.T) {
	w := newWorld(t)
	need.Root(t)
	for _, program := range []string{"fakeroot", "setpriv"} {
		need.Program(t, program)
	}
	w.publish("core", "foo", "1.0-1")
	w.publish("extra", "bar", "1.0-1")
	require.NoError(t, w.pacman("-Sy"))
	require.NoError(t, w.pacman("-S", "foo", "bar"))
	w.publish("core", "foo", "1.1-1")
	list, err := os.ReadFile(filepath.Join(w.dir, "root/var/lib/pacman/sync/core.db"))
	require.NoError(t, err)
	for dir := w.dir; dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755))
	}
	mine := filepath.Join(w.dir, "root/mine")
	require.NoError(t, os.Mkdir(mine, 0o700))
	require.NoError(t, os.Chown(mine, 65534, 65534))
	m := w.manager()
	m.Host.Exec = asUser{w}
	fresh, err := m.Refreshed(t.Context(), "/mine")
	require.NoError(t, err)
	a := fresh.Pending(t.Context())
	require.Len(t, a.Value.Upgrades, 1)
	assert.Equal(t, "1.1-1", a.Value.Upgrades[0].Candidate.String())
	require.ErrorIs(t, a.Reason, pkgupdate.ErrUnclassified)
	assert.Equal(t, pkgupdate.Known, a.Value.Sources[0].State)
	assert.Empty(t, m.Pending(t.Context()).Value.Upgrades)
	now, err := os.ReadFile(filepath.Join(w.dir, "root/var/lib/pacman/sync/core.db"))
	require.NoError(t, err)
	assert.Equal(t, list, now)

	require.NoError(t, os.RemoveAll(filepath.Join(w.dir, "extra")))
	_, err = m.Refreshed(t.Context(), "/mine")
	require.Error(t, err, "a repository is gone")
}
