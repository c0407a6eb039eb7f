package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A held security fix goes from the report through the plan into the system, with the
// real apt and dpkg of a machine of its own: the hold stays, what was done is verified,
// and how to take it back is on record.
func TestAHeldSecurityFixIsInstalledAndOnRecord(t *testing.T) {
	programs := []string{"/usr/lib/apt/methods/file", "/usr/lib/apt/methods/copy", "/usr/lib/apt/methods/store", "/usr/lib/apt/apt-helper"}
	for _, p := range []string{
		"sh", "rm", "tar", "cat", "mkdir", "mv", "mktemp", "sync", "setsid",
		"apt-get", "apt-config", "apt-cache", "apt-mark", "dpkg", "dpkg-deb", "dpkg-query", "dpkg-split",
	} {
		programs = append(programs, "/usr/bin/"+p)
	}
	for _, p := range programs {
		_, err := os.Stat(p)
		need.That(t, p, err == nil || os.Getenv("UPKEEP_TEST_WORLD") != "")
	}
	tables := map[string]string{}
	for _, name := range []string{"cputable", "ostable", "tupletable"} {
		text, err := os.ReadFile("/usr/share/dpkg/" + name)
		if err == nil {
			tables["/usr/share/dpkg/"+name] = string(text)
		}
	}
	inWorld(t, programs, func(w *world) {
		for name, text := range tables {
			w.write(name, text, 0o644)
		}
		w.hold("toy", "top")
		screen := w.screen()
		assert.Contains(t, flat(screen), "Security update of toy is on hold: 1.0 is installed, 1.1 has the fix")

		out, status := w.run("fix", "pkgupdate.updates.security-held")
		assert.Zero(t, status, out)
		assert.Contains(t, out, "upgrade toy:all 1.0 to 1.1")
		assert.Contains(t, out, "upgrade top:all 1.0 to 1.1")
		assert.Equal(t, 1, strings.Count(out, "Add -apply to do it."), "both are one plan")
		assert.Contains(t, w.read("/var/lib/dpkg/status"), "Version: 1.0\n", "a plan does nothing")

		out, status = w.run("fix", "-apply", "-by", "ann", "pkgupdate.updates.security-held")
		assert.Zero(t, status, out)
		assert.Contains(t, out, "done")
		assert.Contains(t, out, "to undo it: apt-get install --allow-downgrades top:all=1.0+ toy:all=1.0+\n")
		assert.Contains(t, w.read("/usr/share/toy"), "1.1")
		assert.Contains(t, w.read("/usr/share/top"), "1.1")
		assert.Contains(t, w.read("/var/lib/dpkg/status"), "Status: hold ok installed", "the hold stays")
		var log strings.Builder
		must(filepath.WalkDir(w.state(), func(name string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				log.WriteString(w.read(name))
			}
			return err
		}))
		for _, want := range []string{fixedKind, `"by":"ann"`, "toy:all=1.0+"} {
			assert.Contains(t, log.String(), want, "the record")
		}
		assert.Contains(t, flat(w.screen()), "FIXED", "it is told")
		out, status = w.run("fix", "-apply", "-by", "ann", "pkgupdate.updates.security-held")
		assert.NotZero(t, status, "there is no such finding any more: %s", out)
	})
}

// A service that failed, one that nothing needs and a log without rotation are mended
// by the commands of their findings: planned, done, looked at, told, and taken back.
func TestWhatIsMendedIsVerifiedToldAndCanBeTakenBack(t *testing.T) {
	programs := []string{"/usr/bin/sh", "/usr/bin/cat", "/usr/bin/rm", "/usr/bin/ln", "/usr/bin/touch", "/usr/bin/test", "/usr/bin/awk", "/usr/bin/grep"}
	for _, p := range programs {
		_, err := os.Stat(p)
		need.That(t, p, err == nil || os.Getenv("UPKEEP_TEST_WORLD") != "")
	}
	inWorld(t, programs, func(w *world) {
		w.services()
		w.write("/etc/logrotate.conf", "include /etc/logrotate.d\n", 0o644)
		must(os.MkdirAll("/etc/logrotate.d", 0o755))
		w.write("/var/log/toy.log", strings.Repeat("toy\n", 1<<19), 0o640)
		const only = "resource.services,integrity.services,logwatch.rotation"
		w.run("-only", only)
		for _, c := range []struct{ sel, plan, mended string }{
			{"shy.service", "do      systemctl restart -- shy.service", "test ! -s /run/failed"},
			{"integrity.services.not-needed", "do      systemctl disable -- bluetooth.service", "test ! -h " + wanted + " && test ! -e /run/runs"},
			{"/var/log/toy.log", "verify  logrotate -d /etc/logrotate.d/toy", "grep -q '/var/log/toy.log {' /etc/logrotate.d/toy"},
		} {
			out, status := w.run("fix", c.sel)
			assert.Zero(t, status, out)
			assert.Contains(t, out, c.plan)
			assert.Error(t, exec.Command("sh", "-c", c.mended).Run(), "a plan does nothing: %s", c.sel)
			if c.sel == "shy.service" {
				out, status = w.run("fix", "-apply", "-by", "ann", c.sel)
				assert.NotZero(t, status)
				assert.Contains(t, out, "done, but it did not help", "its cause is still there")
				w.write("/run/ready", "", 0o644)
			}
			out, status = w.run("fix", "-apply", "-by", "ann", c.sel)
			assert.Zero(t, status, out)
			w.must("", "sh", "-c", c.mended)
			told, _ := w.run("-only", only)
			assert.Contains(t, told, "FIXED", c.sel)
			w.takeBack(out)
		}
		w.must("", "sh", "-c", "test -h "+wanted+" && test -e /run/runs && test ! -e /etc/logrotate.d/toy")
		out, _ := w.run("review", "list")
		assert.Contains(t, out, "bluetooth.service", "what was taken back is open again at the next look")
	})
}

const wanted = "/etc/systemd/system/multi-user.target.wants/bluetooth.service"

// services gives the world a service manager with one service that fails until it is
// ready, and one that has nothing to do here.
func (w *world) services() {
	must(os.MkdirAll("/run/systemd/system", 0o755))
	must(os.MkdirAll(filepath.Dir(wanted), 0o755))
	must(os.Symlink("/usr/lib/systemd/system/bluetooth.service", wanted))
	w.write("/run/runs", "", 0o644)
	w.write("/run/failed", "shy.service loaded failed failed Shy\n", 0o644)
	w.answers("/usr/bin/systemctl", `case "$*" in
list-units*) cat /run/failed ;;
show*) ;;
"restart -- shy.service") test ! -e /run/ready || rm /run/failed; touch /run/failed ;;
"status --no-pager -- shy.service") test ! -s /run/failed ;;
"disable -- bluetooth.service") rm `+wanted+` ;;
"enable -- bluetooth.service") ln -s /usr/lib/systemd/system/bluetooth.service `+wanted+` ;;
"stop -- bluetooth.service") rm /run/runs ;;
"start -- bluetooth.service") touch /run/runs ;;
*) exit 1 ;;
esac`)
	w.answers("/usr/sbin/logrotate", `test "$1" = -d && grep -q . "$2"`)
}

// takeBack runs the commands that the agent said take back what it did.
func (w *world) takeBack(said string) {
	for line := range strings.Lines(said) {
		if command, ok := strings.CutPrefix(line, "to undo it: "); ok {
			w.must("", "sh", "-c", command)
		}
	}
}

// hold installs packages, holds them, and publishes a security fix of each.
func (w *world) hold(names ...string) {
	w.write("/run/agent.yaml", "leave-out: [pkgupdate.lifecycle, resource.load, resource.memory]\n", 0o644)
	w.write("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", 0o644)
	for _, name := range []string{"ldconfig", "start-stop-daemon", "diff"} { // dpkg wants them to be there
		w.write("/usr/sbin/"+name, "#!/bin/sh\n", 0o755)
	}
	for _, dir := range []string{
		"/var/lib/dpkg/updates", "/var/lib/dpkg/triggers", "/var/lib/dpkg/parts", "/var/lib/apt/lists/partial",
		"/var/cache/apt/archives/partial", "/var/log/apt", "/etc/apt/apt.conf.d", "/etc/apt/preferences.d",
	} {
		must(os.MkdirAll(dir, 0o755))
	}
	w.write("/etc/apt/sources.list", "deb [trusted=yes] file:/srv/repo bookworm-security main\n", 0o644)
	w.write("/etc/apt/apt.conf.d/10root", "APT::Sandbox::User \"root\";\n", 0o644)
	var entry string
	for _, name := range names {
		old, _ := buildToy(w, name, "1.0")
		w.must("", "dpkg", "-i", old)
		w.must(name+" hold\n", "dpkg", "--set-selections")
		_, fixed := buildToy(w, name, "1.1")
		entry += fixed
	}
	const list = "main/binary-amd64/Packages"
	w.write("/srv/repo/dists/bookworm-security/"+list, entry, 0o644)
	now := time.Now().UTC()
	w.write("/srv/repo/dists/bookworm-security/Release", fmt.Sprintf(
		"Origin: Debian\nLabel: Debian-Security\nSuite: oldstable-security\nCodename: bookworm-security\nDate: %s\nValid-Until: %s\nArchitectures: amd64 all\nComponents: main\nSHA256:\n %x %d %s\n",
		now.Format(time.RFC1123), now.AddDate(0, 0, 7).Format(time.RFC1123), sha256.Sum256([]byte(entry)), len(entry), list), 0o644)
	w.must("", "apt-get", "update")
}

// buildToy makes a package with one file, and its entry in a list.
func buildToy(w *world, name, version string) (file, entry string) {
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Toy <toy@example.org>\nDescription: toy\n", name, version)
	w.write("/tmp/"+name+"/DEBIAN/control", control, 0o644)
	w.write("/tmp/"+name+"/usr/share/"+name, version+"\n", 0o644)
	file = "/srv/repo/" + name + "_" + version + "_all.deb"
	must(os.MkdirAll("/srv/repo", 0o755))
	w.must("", "dpkg-deb", "-Znone", "--root-owner-group", "-b", "/tmp/"+name, file)
	data := w.read(file)
	return file, fmt.Sprintf("%sFilename: %s_%s_all.deb\nSize: %d\nSHA256: %x\n\n", control, name, version, len(data), sha256.Sum256([]byte(data)))
}

// must runs a command of the world.
func (w *world) must(stdin string, args ...string) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Env = strings.NewReader(stdin), append(os.Environ(), "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%q: %v: %s", args, err, out))
	}
}
