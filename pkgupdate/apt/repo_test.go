package apt

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A world is a private apt and dpkg in a temporary folder: repositories on the
// disk, a root for dpkg, and a configuration that keeps apt inside.
type world struct {
	t    *testing.T
	dir  string
	conf string // file for APT_CONFIG
}

func newWorld(t *testing.T) *world {
	t.Helper()
	need.Root(t) // dpkg unpacks as root only
	return emptyWorld(t)
}

// emptyWorld is one in which nothing is unpacked, so that anybody can make it.
func emptyWorld(t *testing.T) *world {
	t.Helper()
	for _, program := range []string{"apt-get", "dpkg"} {
		need.Program(t, program)
	}
	w := &world{t: t, dir: t.TempDir()}
	for _, dir := range []string{
		"repo", "root/var/lib/dpkg/updates", "root/var/lib/dpkg/info", "root/var/lib/apt/lists/partial",
		"root/var/lib/apt/periodic", "root/var/log", "root/etc", "cache/archives/partial", "empty",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(w.dir, dir), 0o755))
	}
	w.write("root/var/lib/dpkg/status", "")
	w.write("sources.list", fmt.Sprintf("deb [trusted=yes] file:%[1]s/repo stable main\ndeb [trusted=yes] file:%[1]s/repo stable-security main\n", w.dir))
	w.conf = w.write("apt.conf", fmt.Sprintf(`
Dir::State "%[1]s/root/var/lib/apt";
Dir::State::status "%[1]s/root/var/lib/dpkg/status";
Dir::State::lists "%[1]s/root/var/lib/apt/lists";
Dir::Cache "%[1]s/cache";
Dir::Etc::sourcelist "%[1]s/sources.list";
Dir::Etc::sourceparts "%[1]s/empty";
Dir::Etc::parts "%[1]s/empty";
Dir::Etc::preferencesparts "%[1]s/empty";
APT::Architecture "%[2]s";
APT::Sandbox::User "root";
`, w.dir, w.arch()))
	return w
}

func (w *world) write(name, text string) string {
	w.t.Helper()
	p := filepath.Join(w.dir, name)
	require.NoError(w.t, os.WriteFile(p, []byte(text), 0o644))
	return p
}

func (w *world) run(args ...string) string {
	w.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "APT_CONFIG=" + w.conf, "DEBIAN_FRONTEND=noninteractive"}
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "%v: %s", args, out)
	return string(out)
}

func (w *world) arch() string { return debArch() }

var debArch = sync.OnceValue(func() string {
	out, err := exec.Command("dpkg", "--print-architecture").Output()
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(out))
})

// build makes a package with one file and returns its entry in a list.
func (w *world) build(name, ver string) string {
	w.t.Helper()
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Toy <toy@example.org>\nDescription: toy\n", name, ver)
	data := pkgupdatetest.DebFile(map[string]string{"control": control}, map[string]string{"/usr/share/toys/" + name: name + " " + ver + "\n"})
	file := w.file(name, ver)
	require.NoError(w.t, os.WriteFile(file, data, 0o644))
	return fmt.Sprintf("%sFilename: %s\nSize: %d\nSHA256: %x\n\n", control, filepath.Base(file), len(data), sha256.Sum256(data))
}

func (w *world) file(name, ver string) string {
	return filepath.Join(w.dir, "repo", name+"_"+strings.ReplaceAll(ver, ":", "%3a")+"_all.deb")
}

func (w *world) install(ver string, names ...string) {
	w.t.Helper()
	args := []string{"dpkg", "--root=" + filepath.Join(w.dir, "root"), "--force-not-root", "--force-unsafe-io", "--log=" + filepath.Join(w.dir, "root/var/log/dpkg.log"), "-i"}
	for _, name := range names {
		args = append(args, w.file(name, ver))
	}
	w.run(args...)
}

// publish makes a repository with the entries, dated now.
func (w *world) publish(suite, label, entries string) {
	w.t.Helper()
	dir := "repo/dists/" + suite + "/main/binary-" + w.arch()
	require.NoError(w.t, os.MkdirAll(filepath.Join(w.dir, dir), 0o755))
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, entries)
	require.NoError(w.t, z.Close())
	w.write(dir+"/Packages", entries)
	w.write(dir+"/Packages.gz", packed.String())
	sums := ""
	for name, text := range map[string]string{"Packages": entries, "Packages.gz": packed.String()} {
		sums += fmt.Sprintf(" %x %d main/binary-%s/%s\n", sha256.Sum256([]byte(text)), len(text), w.arch(), name)
	}
	w.write("repo/dists/"+suite+"/Release", fmt.Sprintf("Origin: Toy\nLabel: %s\nSuite: %s\nCodename: %s\nDate: %s\nArchitectures: %s all\nComponents: main\nSHA256:\n%s",
		label, suite, suite, time.Now().UTC().Format(time.RFC1123), w.arch(), sums))
}

// Run runs apt with the private configuration, as the manager asks for it.
func (w *world) Run(ctx context.Context, c host.Command) (host.Output, error) {
	c.Env = append(c.Env, "APT_CONFIG="+w.conf)
	for i, arg := range c.Args {
		if strings.HasPrefix(arg, "/var/lib/dpkg/info") || strings.HasPrefix(arg, listsDir) {
			c.Args[i] = filepath.Join(w.dir, "root", arg)
		}
	}
	return host.Local().Run(ctx, c)
}

func (w *world) manager() *Manager {
	h := host.Root(filepath.Join(w.dir, "root"))
	h.Exec = w
	return &Manager{Host: h}
}

func TestRealPackagesInARealRepositoryFromPublishedToInstalled(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	oldA, newA, fixA := w.build("toy-a", "1.0"), w.build("toy-a", "2.0"), w.build("toy-a", "1.0+fix1")
	oldB, newB := w.build("toy-b", "1.0"), w.build("toy-b", "1:0.5")
	oldC, fixC := w.build("toy-c", "1.0"), w.build("toy-c", "1.0+fix1")
	m := w.manager()
	require.ErrorIs(t, m.Installed(ctx).Reason, pkgupdate.ErrAbsent, "an empty database is no system of dpkg")

	w.publish("stable", "Toy", oldA+oldB+oldC)
	w.publish("stable-security", "Toy", "")
	w.install("1.0", "toy-a", "toy-b", "toy-c")
	require.Len(t, m.Installed(ctx).Value, 3)
	never := m.Pending(ctx)
	assert.ErrorIs(t, never.Reason, pkgupdate.ErrNeverFetched, "apt-get itself says 0 upgraded here")
	assert.Empty(t, never.Value.Upgrades)

	w.run("apt-get", "update")
	none := m.Pending(ctx)
	require.NoError(t, none.Reason)
	assert.Equal(t, pkgupdate.Empty, none.State)

	w.publish("stable", "Toy", newA+newB+oldC)
	w.publish("stable-security", "Toy", fixA+fixC)
	w.run("apt-get", "update")
	some := m.Pending(ctx)
	require.NoError(t, some.Reason)
	assert.Equal(t, "toy-a 1.0 1.0+fix1 security\ntoy-b 1.0 1:0.5 ordinary\ntoy-c 1.0 1.0+fix1 security", names(some.Value))
	assert.Equal(t, []string{"Toy:stable"}, some.Value.Upgrades[0].Origins, "apt names only the newest: the fix is hidden")

	w.hold("toy-c")
	held := m.Pending(ctx)
	require.NoError(t, held.Reason)
	assert.Contains(t, names(held.Value), "toy-c 1.0 1.0+fix1 security held")

	before := m.Installed(ctx).Value
	w.install("2.0", "toy-a")
	changes := pkgupdate.Diff(before, m.Installed(ctx).Value)
	require.Len(t, changes, 1)
	assert.Equal(t, pkgupdate.Upgraded, changes[0].Kind)
	list, err := m.History(ctx, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	events := list[len(list)-1].Events
	last := events[len(events)-1]
	assert.Equal(t, "toy-a 2.0", last.Name+" "+last.To)
	claims, err := m.Attest(ctx, []string{"/usr/share/toys/toy-a", "/usr/share/toys/other"})
	require.NoError(t, err)
	assert.Equal(t, "deb:toy-a 2.0", claims["/usr/share/toys/toy-a"].Package+" "+claims["/usr/share/toys/toy-a"].Version)
	assert.Empty(t, claims["/usr/share/toys/other"].Package)
}

func TestRealUnpackedPackageIsAFaultAsDpkgAuditSays(t *testing.T) {
	w := newWorld(t)
	w.build("toy-a", "1.0")
	root := "--root=" + filepath.Join(w.dir, "root")
	w.run("dpkg", root, "--force-not-root", "--log=/dev/null", "--unpack", w.file("toy-a", "1.0"))
	assert.Contains(t, w.run("dpkg", root, "--audit"), "toy-a")
	m := w.manager()
	assert.ErrorIs(t, m.Audit(t.Context()).Reason, pkgupdate.ErrBusy, "dpkg wrote just now")
	m.Host.Now = func() time.Time { return time.Now().Add(time.Hour) }
	a := m.Audit(t.Context())
	require.NoError(t, a.Reason)
	require.Len(t, a.Value, 1)
	assert.Equal(t, "toy-a unpacked", a.Value[0].Pkg.Name+" "+a.Value[0].What)
	w.run("dpkg", root, "--force-not-root", "--log=/dev/null", "--configure", "-a")
	assert.Equal(t, pkgupdate.Empty, m.Audit(t.Context()).State)
}

// hold sets the selection of a package in the private database.
func (w *world) hold(name string) {
	w.t.Helper()
	cmd := exec.Command("dpkg", "--root="+filepath.Join(w.dir, "root"), "--set-selections")
	cmd.Stdin = strings.NewReader("toy-a install\ntoy-b install\n" + name + " hold\n")
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "%s", out)
}
