package pkgupdatetest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

func TestADebFileIsWhatDpkgReads(t *testing.T) {
	dpkg := need.Program(t, "dpkg-deb")
	file := filepath.Join(t.TempDir(), "toy.deb")
	data := pkgupdatetest.DebFile(map[string]string{
		"control": "Package: toy\nVersion: 1.0\nArchitecture: all\nMaintainer: Toy <toy@example.org>\nDescription: toy\n",
	}, map[string]string{"/etc/toy": "odd", "/usr/share/toys/toy": "even"})
	require.NoError(t, os.WriteFile(file, data, 0o600))
	out, err := exec.Command(dpkg, "--field", file, "Package", "Version").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, "Package: toy\nVersion: 1.0\n", string(out))
	root := t.TempDir()
	out, err = exec.Command(dpkg, "--extract", file, root).CombinedOutput()
	require.NoError(t, err, "%s", out)
	text, err := os.ReadFile(filepath.Join(root, "usr/share/toys/toy"))
	require.NoError(t, err)
	assert.Equal(t, "even", string(text))
}
