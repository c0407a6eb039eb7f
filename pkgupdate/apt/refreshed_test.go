package apt

import (
	"context"
	"fmt"
	"io/fs"
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
)

// picture is all that is below a folder, with the time of each change.
func picture(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all[name] = fmt.Sprint(info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return err
	}))
	return all
}

// beside reads the root of a world, and what is in its folder by its own name.
type beside struct{ w *world }

func (b beside) at(name string) host.FS {
	if strings.HasPrefix(name, b.w.dir) {
		return host.Local().Files
	}
	return host.Root(filepath.Join(b.w.dir, "root")).Files
}

func (b beside) Open(ctx context.Context, name string) (host.File, error) {
	return b.at(name).Open(ctx, name)
}

func (b beside) Lstat(ctx context.Context, name string) (host.Stat, error) {
	return b.at(name).Lstat(ctx, name)
}

func (b beside) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	return b.at(name).ReadDir(ctx, name)
}

// An ordinary user fetches the lists into a folder of his own: what was published since
// the system's own refresh is seen there, and nothing of the system's changes.
func TestRealAptRefreshesForAnOrdinaryUserAndTouchesNothingElse(t *testing.T) {
	need.AsUser(t, func() {
		w, ctx := emptyWorld(t), t.Context()
		old, fix := w.build("toy-a", "1.0"), w.build("toy-a", "1.0+fix1")
		w.write("root/var/lib/dpkg/status", "Package: toy-a\nStatus: install ok installed\nMaintainer: Toy <toy@example.org>\nArchitecture: all\nVersion: 1.0\nDescription: toy\n\n")
		w.publish("stable", "Toy", old)
		w.publish("stable-security", "Toy", "")
		w.run("apt-get", "update")
		m := w.manager()
		require.Equal(t, pkgupdate.Empty, m.Pending(ctx).State)
		w.publish("stable-security", "Toy", fix)
		w.run("sh", "-c", "echo 'APT::Update::Post-Invoke { \"touch "+w.dir+"/root/hooked\"; };' >>"+w.conf)
		before := picture(t, filepath.Join(w.dir, "root"))

		dir := filepath.Join(w.dir, "mine")
		private := &Manager{Host: host.Host{Files: beside{w}, Exec: w}, MaxAge: time.Hour}
		fresh, err := private.Refreshed(ctx, dir)
		require.NoError(t, err)
		some := fresh.Pending(ctx)
		require.NoError(t, some.Reason)
		assert.Equal(t, "toy-a 1.0 1.0+fix1 security", names(some.Value))
		for _, s := range some.Value.Sources {
			assert.WithinDuration(t, time.Now(), s.Fetched, time.Hour, "%s", s.ID)
		}
		assert.Equal(t, pkgupdate.Empty, m.Pending(ctx).State, "what the system has is as old as it was")
		assert.Equal(t, before, picture(t, filepath.Join(w.dir, "root")))

		later := time.Now().Add(2 * time.Hour)
		aged := *fresh.(*Manager)
		aged.Host.Now = func() time.Time { return later }
		assert.Equal(t, pkgupdate.Unknown, aged.Pending(ctx).State)

		require.NoError(t, os.RemoveAll(filepath.Join(w.dir, "repo/dists/stable")))
		none, err := private.Refreshed(ctx, dir)
		require.Error(t, err, "a source is gone")
		assert.Nil(t, none)
		require.NoError(t, os.Chmod(dir, 0o777))
		_, err = private.Refreshed(ctx, dir)
		require.ErrorIs(t, err, pkgupdate.ErrShared)
	})
}
