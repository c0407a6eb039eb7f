package apply_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
)

//go:embed testdata/chroot.sh
var buildChroot string

//go:embed testdata/toys.sh
var buildToys string

// chrootBase is a root with dnf, zypper and rpm, unpacked from Debian's packages and
// kept in the user's cache; toy packages and their repository are in its /t.
var chrootBase = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, fmt.Sprintf("upkeep-test-rpm-%.12x", sha256.Sum256([]byte(buildChroot+buildToys))))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(cache, "upkeep-test-rpm-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made) // of a failure; else it is gone
	for _, script := range []string{buildChroot, "exec unshare -m chroot \"$1/root\" /bin/bash -s /t <<'TOYS'\n" + buildToys + "\nTOYS"} {
		cmd := exec.Command("bash", "-s", made)
		cmd.Stdin, cmd.Dir, cmd.Env = strings.NewReader(script), made, host.Environ()
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, out[max(0, len(out)-500):])
		}
	}
	return dir, os.Rename(made, dir)
})

// A jail is a copy of that root for one test.
type jail struct {
	t    *testing.T
	root string
	host.FS
	asked *remembering
}

func newJail(t *testing.T) *jail {
	t.Helper()
	need.Long(t)
	need.Root(t)
	base, err := chrootBase()
	if err != nil {
		t.Log(err)
	}
	need.That(t, "a root with dnf and zypper from Debian's packages", err == nil)
	dir := t.TempDir()
	for _, name := range []string{"upper", "layer", "root"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	root := filepath.Join(dir, "root")
	mount := func(args ...string) bool {
		ok := exec.Command("mount", args...).Run() == nil
		if ok {
			at := args[len(args)-1]
			t.Cleanup(func() { exec.Command("umount", "-l", at).Run() })
		}
		return ok
	}
	// The upper layer is a tmpfs: an overlay takes no other overlay for it.
	need.That(t, "mounting an overlay", mount("-t", "tmpfs", "tmpfs", dir+"/layer") &&
		os.Mkdir(dir+"/layer/u", 0o755) == nil && os.Mkdir(dir+"/layer/w", 0o755) == nil &&
		mount("-t", "overlay", "overlay", "-o", "lowerdir="+base+"/root,upperdir="+dir+"/layer/u,workdir="+dir+"/layer/w", root) &&
		mount("-t", "proc", "proc", root+"/proc"))
	return &jail{t: t, root: root, FS: host.Root(root).Files}
}

func (j *jail) at(name string) host.FS {
	if strings.HasPrefix(name, "/proc") {
		return host.Local().Files
	}
	return j.FS
}

func (j *jail) Open(ctx context.Context, name string) (host.File, error) {
	return j.at(name).Open(ctx, name)
}

func (j *jail) Lstat(ctx context.Context, name string) (host.Stat, error) {
	return j.at(name).Lstat(ctx, name)
}

func (j *jail) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	return j.at(name).ReadDir(ctx, name)
}

// Run runs a command in the root, and looks for it there first.
func (j *jail) Run(ctx context.Context, c host.Command) (host.Output, error) {
	if name := c.Args[0]; !strings.HasPrefix(name, "/") {
		found := false
		for _, dir := range host.SearchPath() {
			_, err := j.Lstat(ctx, dir+"/"+name)
			found = found || err == nil
		}
		if !found {
			return host.Output{}, fmt.Errorf("run %s: %w", name, exec.ErrNotFound)
		}
	}
	c.Args = append([]string{"chroot", j.root}, c.Args...)
	return host.Local().Run(ctx, c)
}

func (j *jail) run(args ...string) string {
	j.t.Helper()
	cmd := exec.Command("chroot", append([]string{j.root}, args...)...)
	cmd.Env = host.Environ()
	out, err := cmd.CombinedOutput()
	require.NoError(j.t, err, "%v: %s", args, out)
	return string(out)
}

func (j *jail) write(name, text string) {
	require.NoError(j.t, os.WriteFile(filepath.Join(j.root, name), []byte(text), 0o644))
}

func (j *jail) read(name string) string {
	data, err := os.ReadFile(filepath.Join(j.root, name))
	require.NoError(j.t, err)
	return string(data)
}

// remembering asks dnf for its lists once, since each start of it takes long and most of
// them change nothing. When its cache does change, a test forgets them. Whether a
// source is fresh is not remembered, nor what dnf would do.
type remembering struct {
	host.Runner
	answers map[string]host.Output
}

func (r *remembering) Run(ctx context.Context, c host.Command) (host.Output, error) {
	key := strings.Join(c.Args, " ")
	if out, ok := r.answers[key]; ok {
		return out, nil
	}
	out, err := r.Runner.Run(ctx, c)
	if err == nil && strings.HasPrefix(key, "dnf -q -C") && !strings.Contains(key, "repolist") {
		r.answers[key] = out
	}
	return out, err
}

// use leaves one front end, with an index that was fetched just now.
func (j *jail) use(front string) apply.Applier {
	j.t.Helper()
	switch front {
	case "dnf":
		j.run("dnf", "-q", "makecache")
	case "zypper":
		require.NoError(j.t, os.Remove(filepath.Join(j.root, "usr/bin/dnf")))
		j.run("zypper", "--non-interactive", "--no-gpg-checks", "refresh")
	}
	j.asked = &remembering{Runner: j, answers: map[string]host.Output{}}
	h := host.Host{Files: j, Exec: j.asked}
	return apply.Applier{Host: h, Manager: &rpm.Manager{Host: h, Family: map[string]string{"dnf": "redhat", "zypper": "suse"}[front]}, Dir: "/var/lib/upkeep/apply", Poll: 50 * time.Millisecond}
}

func (j *jail) versions() map[string]string {
	list := map[string]string{}
	for line := range bytes.Lines([]byte(j.run("rpm", "-qa", "--queryformat", "upkeep %{NAME} %{VERSION}-%{RELEASE}\n"))) {
		if f := strings.Fields(string(line)); len(f) == 3 && f[0] == "upkeep" {
			list[f[1]] = f[2]
		}
	}
	return list
}

var _ pkgupdate.Manager = (*rpm.Manager)(nil)
