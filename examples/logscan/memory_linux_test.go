package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// megabytes is how much is given to a process whose memory is measured: for all of the
// ten gigabytes, UPKEEP_STRICT=1 go test ./examples/logscan -run LittleMemory -args -megabytes 10000.
var megabytes = flag.Int("megabytes", 100, "size of the log whose reading is measured")

// busyLog writes a log of many programs, users, addresses and odd lines.
func busyLog(w io.WriteCloser, size int) error {
	r := rand.New(rand.NewPCG(9, 9))
	out := bufio.NewWriterSize(w, 1<<20)
	for n := 0; n < size; {
		text := fmt.Sprintf([]string{
			"sshd[%d]: Failed password for invalid user u%x from 192.0.2.%d port 7 ssh2", "sshd[%d]: Accepted publickey for u%x from 192.0.2.%d port 7 ssh2",
			"odd%d: a %x stands at %d", "kernel: [ %d.1] odd device %x of %d", "postfix/smtpd[%d]: connect from host%x[192.0.2.%d]", "CRON[%d]: (root) CMD (job %x %d)",
		}[r.IntN(6)], r.IntN(60_000), r.IntN(1<<30), r.IntN(250))
		k, err := out.WriteString(line + text + "\n")
		if err != nil {
			return err
		}
		n += k
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return w.Close()
}

func TestALargeLogIsReadWithinLittleMemory(t *testing.T) {
	need.Long(t)
	binary, err := os.Executable()
	require.NoError(t, err)
	folder(t, "")
	rules := "rules"
	if _, err := os.Stat("/etc/logcheck/ignore.d.server/ssh"); err == nil {
		rules = "/etc/logcheck"
	}
	for _, args := range []string{"-rules " + rules + " -unmatched -", "-"} {
		cmd := exec.CommandContext(t.Context(), binary, strings.Fields(args)...)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		most := peak(cmd.Process.Pid)
		require.NoError(t, busyLog(in, *megabytes<<20), args)
		_ = cmd.Wait() // 1: there are lines to look at; 3: and more than are told apart
		assert.Contains(t, []int{1, 3}, cmd.ProcessState.ExitCode(), args)
		used := <-most
		t.Logf("logscan %s: %d KiB for %d MiB", args, used, *megabytes)
		assert.NotZero(t, used)
		assert.Less(t, used, 96<<10, "KiB of logscan %s", args)
	}
}

// peak gives the most memory that a process had, in KiB, once it has ended. What the
// kernel tells of one that has ended counts what its parent had when it was started.
func peak(pid int) <-chan int {
	most := make(chan int, 1)
	go func() {
		last := 0
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, rest, ok := strings.Cut(string(status), "VmHWM:")
			if err != nil || !ok { // it has ended
				most <- last
				return
			}
			_, _ = fmt.Sscan(rest, &last)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return most
}
