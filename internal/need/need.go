// Package need declares what a test needs beyond a Go toolchain. A test whose
// prerequisite is missing is skipped by these functions and no others; with
// UPKEEP_STRICT=1 the skip is a failure, unless the prerequisite is on the
// printed list of what the strict machine cannot provide.
package need

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

// cannot lists what the strict machine (Debian 12, root, no second kernel) may be
// unable to provide, each with the reason. Every such skip is printed.
var cannot = map[string]string{
	"a loop device":    "it may be a container, which has none",
	"FUSE":             "it may be a container, which has no /dev/fuse",
	"FUSE on a device": "its kernel may lack fuseblk",
}

// Declared lists the prerequisites that the strict machine cannot provide, each
// with the reason.
func Declared() []string {
	var out []string
	for name, reason := range cannot {
		out = append(out, name+": "+reason)
	}
	slices.Sort(out)
	return out
}

// Strict reports whether missing prerequisites fail.
func Strict() bool { return os.Getenv("UPKEEP_STRICT") == "1" }

// Long says that a test takes longer than a newcomer wants to wait: it runs where
// everything is tested, with UPKEEP_STRICT=1.
func Long(t testing.TB) {
	t.Helper()
	if !Strict() {
		t.Skip("skip: takes long, and runs with UPKEEP_STRICT=1")
	}
}

// Root needs the rights of root.
func Root(t testing.TB) {
	t.Helper()
	That(t, "root", os.Geteuid() == 0)
}

// Program needs an installed program and returns its path.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		for _, dir := range []string{"/usr/sbin/", "/sbin/", "/usr/local/sbin/", "/usr/lib/nagios/plugins/", "/usr/lib/openssh/"} {
			if _, statErr := os.Stat(dir + name); statErr == nil {
				return dir + name
			}
		}
	}
	That(t, "program "+name, err == nil)
	return path
}

// That needs a condition which the test found out itself.
func That(t testing.TB, name string, ok bool) {
	t.Helper()
	if ok {
		return
	}
	if reason, known := cannot[name]; known {
		t.Skipf("declared skip: needs %s: %s", name, reason)
	}
	if Strict() {
		t.Fatalf("strict: needs %s", name)
	}
	t.Skipf("skip: needs %s", name)
}
