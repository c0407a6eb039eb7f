package follow

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// Each way in which logrotate(8) is set up delivers every line once, whether
// the log is read after each rotation, after each third, or only at the end.
func TestLogrotateLosesAndRepeatsNothing(t *testing.T) {
	program := need.Program(t, "logrotate")
	for _, setup := range []string{
		"create", "copytruncate", "create\ncompress", "create\ncompress\ndelaycompress", "copytruncate\ncompress",
		"create\ndateext\ndateformat -%Y%m%d-SEQ", "copytruncate\ndateext\ndateformat -%Y%m%d-SEQ\ncompress\ndelaycompress", "nocreate\nstart 0", "create\nextension .log\ncompress",
	} {
		for _, every := range []int{1, 3, 7} {
			t.Run(fmt.Sprintf("%s/%d", setup, every), func(t *testing.T) {
				got, want := rotateAndRead(t, program, setup, every)
				assert.Equal(t, want, got)
			})
		}
	}
}

func rotateAndRead(t *testing.T, program, setup string, every int) (got, want []string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	name, conf := filepath.Join(dir, "app.log"), filepath.Join(dir, "conf")
	var c Checkpoint
	for i := range 8 {
		for range 2 {
			line := fmt.Sprintf("line %d of %d", len(want), i)
			want = append(want, line)
			appendTo(t, name, line+"\n")
		}
		if i%every == 0 {
			var lines []string
			var notes []Note
			lines, notes, c = all(t, File{Path: name}, c)
			require.Empty(t, notes)
			got = append(got, lines...)
		}
		if i == 7 {
			break
		}
		// Dates have a grain of seconds; the test is faster.
		write(t, conf, name+" {\nrotate 20\n"+strings.ReplaceAll(setup, "SEQ", fmt.Sprint(100+i))+"\n}\n")
		cmd := exec.Command(program, "-f", "-s", filepath.Join(dir, "state"), conf)
		cmd.Env = []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin"}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	lines, _, _ := all(t, File{Path: name}, c)
	return append(got, lines...), want
}
