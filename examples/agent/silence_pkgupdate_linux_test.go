package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// aptPrograms are what apt needs to refresh an index, and to say what it would do.
var aptPrograms = []string{
	"apt-get", "apt-config", "apt-cache", "dpkg",
	"/usr/lib/apt/methods/file", "/usr/lib/apt/methods/copy", "/usr/lib/apt/methods/store", "/usr/lib/apt/apt-helper",
}

// withApt is a day before on which toy 1.0 is installed, and nothing is pending.
func withApt(w *world) {
	w.write("/run/agent.yaml", "leave-out: [pkgupdate.lifecycle]\n", 0o644)
	w.write("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", 0o644)
	for _, dir := range []string{"/var/lib/dpkg/updates", "/var/lib/apt/lists/partial", "/var/cache/apt/archives/partial", "/etc/apt/apt.conf.d", "/etc/apt/preferences.d"} {
		must(os.MkdirAll(dir, 0o755))
	}
	w.write("/etc/apt/apt.conf.d/10root", "APT::Sandbox::User \"root\";\n", 0o644)
	for name, text := range map[string]string{ // apt reads them before all else
		"cputable": "# Version=1.0\namd64\tx86_64\t(amd64|x86_64)\t64\tlittle\n", "ostable": "# Version=2.0\nbase-gnu-linux\tlinux-gnu\tlinux[^-]*(-gnu.*)?\n",
		"tupletable": "# Version=1.0\nbase-gnu-linux-<cpu>\t<cpu>\n",
	} {
		w.write("/usr/share/dpkg/"+name, text, 0o644)
	}
	installToy(w, "install", "1.0")
	w.write("/etc/apt/sources.list", aptSource("bookworm")+aptSource("bookworm-security"), 0o644)
	publishToy(w, "bookworm", "Debian", "1.0")
	publishToy(w, "bookworm-security", "Debian-Security", "1.0")
	w.must("", "apt-get", "update")
}

func aptSource(suite string) string { return "deb [trusted=yes] file:/srv/repo " + suite + " main\n" }

// installToy writes into dpkg's database, with times at which nobody is at work.
func installToy(w *world, want, version string) {
	const base = "Package: base\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
	w.write("/var/lib/dpkg/status", base+"Package: toy\nStatus: "+want+" ok installed\nArchitecture: all\nVersion: "+version+"\n\n", 0o644)
	restDpkg()
}

// rested counts the calls of restDpkg.
var rested int

// restDpkg sets the times of dpkg's database to an hour ago, each time to others: apt
// keeps what it read of a file of the same time and size.
func restDpkg() {
	rested++
	ago := time.Now().Add(-time.Hour + time.Duration(rested)*time.Minute)
	for _, name := range append([]string{"/var/lib/dpkg/status", "/var/lib/dpkg/updates"}, all("/var/lib/dpkg/updates/*")...) {
		must(os.Chtimes(name, ago, ago))
	}
}

func all(pattern string) []string {
	found, err := filepath.Glob(pattern)
	must(err)
	return found
}

// publishToy makes a repository of one suite with one version.
func publishToy(w *world, suite, label, version string) {
	const list = "main/binary-amd64/Packages"
	entry := fmt.Sprintf("Package: toy\nVersion: %s\nArchitecture: all\nMaintainer: Toy <toy@example.org>\nDescription: toy\nFilename: toy_%[1]s_all.deb\nSize: 1\nSHA256: %x\n\n", version, sha256.Sum256([]byte(version)))
	w.write("/srv/repo/dists/"+suite+"/"+list, entry, 0o644)
	now := time.Now().UTC()
	w.write("/srv/repo/dists/"+suite+"/Release", fmt.Sprintf(
		"Origin: Debian\nLabel: %s\nSuite: %s\nCodename: %[2]s\nDate: %s\nValid-Until: %s\nArchitectures: amd64 all\nComponents: main\nSHA256:\n %x %d %s\n",
		label, suite, now.Add(-time.Hour).Format(time.RFC1123), now.AddDate(0, 0, 7).Format(time.RFC1123), sha256.Sum256([]byte(entry)), len(entry), list), 0o644)
}

// changeIndex changes a date of what apt has of the security repository.
func changeIndex(w *world, field string, at time.Time) {
	name := below("/var/lib/apt/lists/*bookworm-security_Release")[0]
	var lines []string
	for line := range strings.Lines(w.read(name)) {
		if strings.HasPrefix(line, field+": ") {
			line = field + ": " + at.UTC().Format(time.RFC1123) + "\n"
		}
		lines = append(lines, line)
	}
	w.write(name, strings.Join(lines, ""), 0o644)
}

func init() {
	aptRow := func(name, line string, act func(w *world)) row {
		return row{name: name, needs: aptPrograms, before: withApt, act: act, line: line}
	}
	silence = append(silence,
		aptRow("an intruder puts an older package index in place of the new one", "The index is older than it was for 1 package source", func(w *world) {
			changeIndex(w, "Date", time.Now().Add(-20*time.Hour))
		}),
		aptRow("nobody fetches the package index any more", "The index is out of date for 1 package source", func(w *world) {
			changeIndex(w, "Valid-Until", time.Now().Add(-time.Minute))
		}),
		aptRow("the list of the security repository is lost", "A list of packages is missing for 1 package source", func(*world) {
			for _, name := range below("/var/lib/apt/lists/*bookworm-security_main_*Packages*") {
				must(os.Remove(name))
			}
		}),
		aptRow("a package index that does not verify is served", "What was fetched last does not verify for 1 package source", func(w *world) {
			w.write("/var/lib/apt/lists/partial/_srv_repo_dists_bookworm-security_InRelease", "tampered\n", 0o644)
		}),
		aptRow("an administrator takes the security repository out", "which pending updates are security fixes is not known", func(w *world) {
			w.write("/etc/apt/sources.list", aptSource("bookworm"), 0o644)
			w.must("", "apt-get", "update")
		}),
		aptRow("an administrator leaves the security repository of the release before", "The security fixes are those of another release in 1 package source", func(w *world) {
			publishToy(w, "bullseye-security", "Debian-Security", "1.0")
			w.write("/etc/apt/sources.list", aptSource("bookworm")+aptSource("bullseye-security"), 0o644)
			w.must("", "apt-get", "update")
		}),
		aptRow("a source is written down whose list nobody fetched", "No index was ever fetched for 1 package source", func(w *world) {
			w.write("/etc/apt/sources.list", aptSource("bookworm")+aptSource("bookworm-security")+aptSource("bookworm-updates"), 0o644)
		}),
		aptRow("an administrator holds a package before its security fix comes", "Security update of toy is on hold: 1.0 is installed, 1.1 has the fix", func(w *world) {
			installToy(w, "hold", "1.0")
			publishToy(w, "bookworm-security", "Debian-Security", "1.1")
			w.must("", "apt-get", "update")
		}),
		aptRow("an administrator pins a package before its security fix comes", "The usual upgrade leaves it out: pinned", func(w *world) {
			w.write("/etc/apt/preferences.d/toy", "Package: toy\nPin: version 1.0\nPin-Priority: 1001\n", 0o644)
			publishToy(w, "bookworm-security", "Debian-Security", "1.1")
			w.must("", "apt-get", "update")
		}),
		aptRow("a point release passes a security fix", "Security update of toy", func(w *world) {
			publishToy(w, "bookworm-security", "Debian-Security", "1.1")
			publishToy(w, "bookworm", "Debian", "1.2")
			w.must("", "apt-get", "update")
		}),
		aptRow("an administrator takes a package from unstable", "1 installed package is of a branch in development: unstable", func(w *world) {
			publishToy(w, "unstable", "Debian", "2.0")
			w.write("/etc/apt/sources.list", aptSource("bookworm")+aptSource("bookworm-security")+aptSource("unstable"), 0o644)
			w.must("", "apt-get", "update")
			installToy(w, "install", "2.0")
		}),
		aptRow("somebody installs an older version behind apt", "toy was downgraded from 1.0 to 0.9", func(w *world) {
			installToy(w, "install", "0.9")
		}),
		aptRow("an update is cut off by a power failure", "An earlier run of apt did not end", func(w *world) {
			w.write("/var/lib/dpkg/updates/0001", "Package: toy\nStatus: install ok unpacked\nArchitecture: all\nVersion: 1.0\n\n", 0o644)
			restDpkg()
		}),
	)
}
