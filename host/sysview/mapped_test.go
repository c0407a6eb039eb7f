package sysview_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// after documentation (proc(5)): two processes run a libssl that an update has
// replaced, one a program that was removed, and nobody may look into the fourth.
const updated = `After an update.
-- /proc/ dir complete --
-- /proc/10/maps --
55d0c0000000-55d0c0010000 r-xp 00001000 fe:01 100                        /usr/sbin/nginx
7f0000000000-7f0000010000 r--p 00000000 fe:01 200                        /usr/lib/libssl.so.3 (deleted)
7f0000010000-7f0000020000 r-xp 00010000 fe:01 200                        /usr/lib/libssl.so.3 (deleted)
7f0000020000-7f0000030000 r-xp 00020000 fe:01 200                        /usr/lib/libssl.so.3 (deleted)
7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]
7ffd00100000-7ffd00102000 r-xp 00000000 00:00 0                          [vdso]
-- /proc/10/root/usr/lib/libssl.so.3 --
new
-- /proc/11/maps --
7f0000010000-7f0000020000 r-xp 00010000 fe:01 200                        /usr/lib/libssl.so.3 (deleted)
-- /proc/12/maps --
55d0c0000000-55d0c0010000 r-xp 00001000 00:2a 7                          /tmp/a b\012c (deleted)
55d0c0020000-55d0c0030000 rwxp 00000000 00:05 9                          /dev/zero (deleted)
55d0c0040000-55d0c0050000 r--s 00000000 00:01 5                          /memfd:data (deleted)
-- /proc/12/root/ dir complete=tree --
-- /proc/13/maps error=permission --
-- /proc/14/maps --
odd
7f0000010000-7f0000020000 r-xp 00010000 fe:01 200                        /usr/lib/libssl.so.3 (deleted)
`

func TestFilesThatAreRunWithoutANameAreTold(t *testing.T) {
	view, err := sysview.OutdatedFiles(t.Context(), hosttest.New(updated).Host())
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(sysview.MappedView{
		Outdated: []sysview.Outdated{
			{Path: "/dev/zero", File: sysview.FileID{Dev: 5, Ino: 9}, Now: sysview.PathGone, PIDs: []int{12}},
			{Path: "/tmp/a b\nc", File: sysview.FileID{Dev: 0x2a, Ino: 7}, Now: sysview.PathGone, PIDs: []int{12}},
			{Path: "/usr/lib/libssl.so.3", File: sysview.FileID{Dev: 0xfe01, Ino: 200}, Now: sysview.PathReplaced, PIDs: []int{10, 11, 14}},
		},
		Unread: []int{13, 14},
	}, view))
}

func TestWhatNobodyCouldReadIsNoCleanSystem(t *testing.T) {
	_, err := sysview.OutdatedFiles(t.Context(), host.Host{})
	assert.Error(t, err)
}

// sleeper starts a copy of cat that waits for its input.
func sleeper(t *testing.T) (cmd *exec.Cmd, program string) {
	t.Helper()
	data, err := os.ReadFile(need.Program(t, "cat"))
	require.NoError(t, err)
	program = filepath.Join(t.TempDir(), "sleeper")
	require.NoError(t, os.WriteFile(program, data, 0o755))
	cmd = exec.Command(program)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { in.Close(); cmd.Wait() }) //nolint:errcheck // it only waits
	_, err = in.Write([]byte("\n"))
	require.NoError(t, err)
	_, err = io.ReadFull(out, make([]byte, 1))
	require.NoError(t, err)
	return cmd, program
}

func TestThisMachineShowsAProgramThatWasReplacedWhileItRan(t *testing.T) {
	need.That(t, "Linux", runtime.GOOS == "linux")
	cmd, program := sleeper(t)
	st, err := host.Local().Lstat(t.Context(), program)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program+".new", []byte("new"), 0o755))
	require.NoError(t, os.Rename(program+".new", program))
	h := host.Local()
	view, err := sysview.OutdatedFiles(t.Context(), h)
	require.NoError(t, err)
	i := slices.IndexFunc(view.Outdated, func(o sysview.Outdated) bool { return o.Path == program })
	require.GreaterOrEqual(t, i, 0, "%+v", view)
	assert.Equal(t, sysview.PathReplaced, view.Outdated[i].Now)
	assert.Equal(t, []int{cmd.Process.Pid}, view.Outdated[i].PIDs)
	all, err := sysview.Processes(t.Context(), h)
	require.NoError(t, err)
	i = slices.IndexFunc(all, func(p sysview.Process) bool { return p.PID == cmd.Process.Pid })
	require.GreaterOrEqual(t, i, 0)
	p := all[i]
	assert.Equal(t, sysview.FileID{Dev: st.Dev, Ino: st.Ino}, p.File, "the file that runs, not the one that has its name")
	assert.True(t, p.Deleted && !p.InMemory())
	assert.Equal(t, []int{os.Getpid(), os.Getuid()}, []int{p.Parent, int(p.UID)})
}

func ExampleOutdatedFiles() {
	view, err := sysview.OutdatedFiles(context.Background(), hosttest.New(updated).Host())
	for _, f := range view.Outdated {
		if f.Now == sysview.PathReplaced {
			fmt.Println(f.Path, f.PIDs)
		}
	}
	fmt.Println("not seen:", view.Unread, err)
	// Output:
	// /usr/lib/libssl.so.3 [10 11 14]
	// not seen: [13 14] <nil>
}

func ExampleProcesses() {
	h := hosttest.New(small + `-- /proc/1/cgroup --
0::/init.scope
-- /proc/900/stat absent --
`).Host()
	all, err := sysview.Processes(context.Background(), h)
	for _, p := range all {
		fmt.Printf("%d %d %s %q\n", p.PID, p.Parent, p.Name, p.Unit)
	}
	fmt.Println(err)
	// Output:
	// 1 0 systemd ""
	// 300 812 sshd ""
	// 812 1 sshd "ssh.service"
	// 2000 812 sshd ""
	// <nil>
}
