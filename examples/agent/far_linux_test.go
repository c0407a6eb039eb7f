package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// The machine is this one, with processes and networks of its own, so that what runs
// beside the test is not asked about.
func TestADailyRoundOverSSHTakesFewExchanges(t *testing.T) {
	need.Root(t)
	need.Long(t)
	server, keygen := need.Program(t, "sshd"), need.Program(t, "ssh-keygen")
	const most = 160 // a plain Debian takes fewer than 150; each server and manager that is installed, for tests or otherwise, adds some
	if dir := os.Getenv("UPKEEP_TEST_FAR"); dir != "" {
		far(t, dir, server, keygen, most)
		return
	}
	need.That(t, "the folder /run/sshd", os.MkdirAll("/run/sshd", 0o755) == nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_FAR="+t.TempDir(), "UPKEEP_TEST_AGENT="+buildAgent(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS: "+t.Name())
	t.Log(string(out))
}

// far looks at the machine over SSH twice, and counts.
func far(t *testing.T, dir, server, keygen string, most int) {
	require.NoError(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	require.NoError(t, unix.Mount("proc", "/proc", "proc", 0, ""))
	if err := unix.Mount("/dev/null", "/root/.bashrc", "", unix.MS_BIND, ""); err != nil { // what root's shell does at a login is no matter of the test
		require.ErrorIs(t, err, unix.ENOENT)
	}
	loopbackUp()
	file := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(file(name), []byte(text), mode))
	}
	require.NoError(t, os.MkdirAll(file("home/.ssh"), 0o700))
	for _, key := range []string{"host", "home/.ssh/id_ed25519"} {
		out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", file(key)).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	public, err := os.ReadFile(file("host.pub"))
	require.NoError(t, err)
	write("home/.ssh/known_hosts", "[127.0.0.1]:2222 "+string(public), 0o600)
	write("count", fmt.Sprintf("#!/bin/sh\necho x >>%s\nexec $SSH_ORIGINAL_COMMAND\n", file("counted")), 0o755)
	write("config", fmt.Sprintf("ListenAddress 127.0.0.1:2222\nHostKey %s\nAuthorizedKeysFile %s\nForceCommand %s\nPidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n",
		file("host"), file("home/.ssh/id_ed25519.pub"), file("count")), 0o600)
	sshd := exec.Command(server, "-D", "-e", "-f", file("config"))
	require.NoError(t, sshd.Start())
	defer func() {
		_ = sshd.Process.Kill() // the machine ends with the test
		_ = sshd.Wait()
	}()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:2222")
		if err == nil {
			c.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond, "sshd does not listen")
	for day := 1; day <= 2; day++ {
		write("counted", "", 0o600)
		cmd := exec.Command(os.Getenv("UPKEEP_TEST_AGENT"), "-host", "ssh://root@127.0.0.1:2222?timeout=2m", "-state", file("state"))
		cmd.Env = append(os.Environ(), "HOME="+file("home"))
		out, err := cmd.CombinedOutput()
		require.Less(t, cmd.ProcessState.ExitCode(), 4, "%s %v", out, err)
		require.Contains(t, string(out), "checks fully looked at", "%v", err)
		counted, err := os.ReadFile(file("counted"))
		require.NoError(t, err)
		n := bytes.Count(counted, []byte("x"))
		t.Logf("day %d: %d exchanges", day, n)
		assert.LessOrEqual(t, n, most, "day %d", day)
	}
}
