package apply_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

// A world is a private apt and dpkg in a temporary folder: a release and its security
// pocket on the disk, a root for dpkg, and a configuration that keeps apt inside.
type world struct {
	t    *testing.T
	dir  string
	conf string // file for APT_CONFIG
	arch string
	jobs string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	need.Long(t)
	for _, program := range []string{"apt-get", "dpkg"} {
		need.Program(t, program)
	}
	need.Root(t) // dpkg unpacks as root only
	w := &world{t: t, dir: t.TempDir()}
	for _, dir := range []string{
		"repo/dists", "root/var/lib/dpkg/updates", "root/var/lib/dpkg/info", "root/var/lib/apt/lists/partial",
		"root/var/log", "root/etc", "root/usr/bin", "root/var/cache/apt/archives/partial", "empty",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(w.dir, dir), 0o755))
	}
	w.jobs = filepath.Join(w.dir, "jobs")
	require.NoError(t, os.Mkdir(w.jobs, 0o700))
	w.write("root/var/lib/dpkg/status", "")
	w.write("sources.list", fmt.Sprintf("deb [trusted=yes] file:%[1]s/repo stable main\ndeb [trusted=yes] file:%[1]s/repo stable-security main\n", w.dir))
	w.arch = strings.TrimSpace(w.run("dpkg", "--print-architecture"))
	w.configure("")
	return w
}

// configure writes apt's configuration, with more at its end.
func (w *world) configure(more string) {
	w.conf = w.write("apt.conf", fmt.Sprintf(`
Dir::State "%[1]s/root/var/lib/apt";
Dir::State::status "%[1]s/root/var/lib/dpkg/status";
Dir::State::lists "%[1]s/root/var/lib/apt/lists";
Dir::Cache "%[1]s/root/var/cache/apt";
Dir::Log "%[1]s/root/var/log";
Dir::Etc::sourcelist "%[1]s/sources.list";
Dir::Etc::sourceparts "%[1]s/empty";
Dir::Etc::parts "%[1]s/empty";
Dir::Etc::main "%[1]s/empty/none";
Dir::Etc::preferencesparts "%[1]s/empty";
DPkg::Options { "--root=%[1]s/root"; "--log=%[1]s/root/var/log/dpkg.log"; "--force-not-root"; "--force-script-chrootless"; "--force-unsafe-io"; };
DPkg::Path "/usr/sbin:/usr/bin:/sbin:/bin";
APT::Architecture "%[2]s";
APT::Sandbox::User "root";
%[3]s`, w.dir, w.arch, more))
}

func (w *world) write(name, text string) string {
	w.t.Helper()
	p := filepath.Join(w.dir, name)
	require.NoError(w.t, os.MkdirAll(filepath.Dir(p), 0o755))
	require.NoError(w.t, os.WriteFile(p, []byte(text), 0o644))
	return p
}

func (w *world) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, name))
	require.NoError(w.t, err)
	return string(data)
}

func (w *world) run(args ...string) string {
	w.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(host.Environ(), "APT_CONFIG="+w.conf, "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	require.NoError(w.t, err, "%v: %s", args, out)
	return string(out)
}

// A toy is a package of the repositories.
type toy struct {
	name, ver string
	control   string            // more fields
	files     map[string]string // by path; those below /etc are configuration files
	script    string            // its postinst
}

// build makes the package and returns its entry in a list.
func (w *world) build(p toy) string {
	w.t.Helper()
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Toy <toy@example.org>\nDescription: toy\n%s", p.name, p.ver, p.control)
	files := map[string]string{"/usr/share/toys/" + p.name: p.name + " " + p.ver + "\n"}
	maps.Copy(files, p.files)
	meta := map[string]string{"/control": control, "/conffiles": ""}
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		if strings.HasPrefix(name, "/etc/") {
			meta["/conffiles"] += name + "\n"
		}
	}
	if p.script != "" {
		meta["/postinst"] = "#!/bin/sh\n" + p.script
	}
	data := pkgupdatetest.DebFile(meta, files)
	w.write(w.file(p.name, p.ver), string(data))
	return fmt.Sprintf("%sFilename: %s\nSize: %d\nSHA256: %x\n\n", control, filepath.Base(w.file(p.name, p.ver)), len(data), sha256.Sum256(data))
}

func (w *world) file(name, ver string) string {
	return "repo/" + name + "_" + strings.ReplaceAll(ver, ":", "%3a") + "_all.deb"
}

// publish makes both repositories, dated now, and fetches them.
func (w *world) publish(stable, security string) {
	w.t.Helper()
	for suite, entries := range map[string]string{"stable": stable, "stable-security": security} {
		list := "main/binary-" + w.arch + "/Packages"
		w.write("repo/dists/"+suite+"/"+list, entries)
		w.write("repo/dists/"+suite+"/Release", fmt.Sprintf("Origin: Toy\nLabel: Toy\nSuite: %[1]s\nCodename: %[1]s\nDate: %[2]s\nArchitectures: %[3]s all\nComponents: main\nSHA256:\n %[4]x %[5]d %[6]s\n",
			suite, time.Now().UTC().Format(time.RFC1123), w.arch, sha256.Sum256([]byte(entries)), len(entries), list))
	}
	w.run("apt-get", "update")
}

// install puts packages of this version in place, with no index fetched for it.
func (w *world) install(ver string, names ...string) {
	w.t.Helper()
	args := []string{"dpkg", "--root=" + w.dir + "/root", "--log=" + w.dir + "/root/var/log/dpkg.log", "--force-not-root", "--force-script-chrootless", "--force-unsafe-io", "-i"}
	for _, name := range names {
		args = append(args, filepath.Join(w.dir, w.file(name, ver)))
	}
	w.run(args...)
}

// Open, Lstat and ReadDir read the private root; processes, locks and jobs are the
// machine's.
func (w *world) at(name string) host.FS {
	if name == "/proc" || strings.HasPrefix(name, "/proc/") || strings.HasPrefix(name, w.dir) {
		return host.Local().Files
	}
	return host.Root(filepath.Join(w.dir, "root")).Files
}

func (w *world) Open(ctx context.Context, name string) (host.File, error) {
	return w.at(name).Open(ctx, name)
}

func (w *world) Lstat(ctx context.Context, name string) (host.Stat, error) {
	return w.at(name).Lstat(ctx, name)
}

func (w *world) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	return w.at(name).ReadDir(ctx, name)
}

// Run runs apt with the private configuration, and df in the private root.
func (w *world) Run(ctx context.Context, c host.Command) (host.Output, error) {
	c.Env = append(c.Env, "APT_CONFIG="+w.conf)
	for i, arg := range c.Args {
		if c.Args[0] == "df" && i == 2 || strings.HasPrefix(arg, "/var/lib/apt/lists/") {
			c.Args[i] = filepath.Join(w.dir, "root", arg)
		}
	}
	return host.Local().Run(ctx, c)
}

// applier has a host that remembers, as that of a run of checks does.
func (w *world) applier() apply.Applier {
	h := host.Host{Files: w, Exec: w}.Remembering()
	return apply.Applier{Host: h, Manager: &apt.Manager{Host: h}, Dir: w.jobs, Poll: 50 * time.Millisecond}
}

func (w *world) versions() map[string]string {
	list := map[string]string{}
	for _, p := range w.applier().Manager.Installed(w.t.Context()).Value {
		list[p.Name] = p.Version.String()
	}
	return list
}

var _ pkgupdate.Manager = (*apt.Manager)(nil)
