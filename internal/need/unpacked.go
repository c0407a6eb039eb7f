package need

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Unpacked needs Debian packages from a mirror, and unpacks them into a root of
// their own, which it returns: for what cannot be installed beside others, or
// would start a service. What they depend on is not fetched.
func Unpacked(t testing.TB, packages ...string) (root string) {
	t.Helper()
	Root(t)
	apt, dpkg := Program(t, "apt-get"), Program(t, "dpkg")
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} { // for servers that drop their rights
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fetch := exec.Command(apt, append([]string{"-o", "Acquire::Retries=3", "download"}, packages...)...)
	fetch.Dir = dir
	out, err := fetch.CombinedOutput()
	if err != nil {
		t.Logf("%s", out)
	}
	That(t, "a Debian mirror with "+strings.Join(packages, ", "), err == nil)
	files, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil {
		t.Fatal(err)
	}
	root = filepath.Join(dir, "root")
	for _, f := range files {
		if out, err := exec.Command(dpkg, "-x", f, root).CombinedOutput(); err != nil {
			t.Fatalf("dpkg -x %s: %v: %s", f, err, out)
		}
	}
	return root
}
