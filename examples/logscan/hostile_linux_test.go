package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// asProgram makes the test binary the program itself, to be killed.
const asProgram = "LOGSCAN_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// grow appends text behind a hole of some bytes.
func grow(t *testing.T, name string, hole int64, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte(text), hole)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestAHoleOfTwoGibibytesHidesNoLineBehindIt(t *testing.T) {
	folder(t, "")
	grow(t, "log", 2<<30, line+"odd: wombat\n")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	status, out, errs := clitest.Run(t, run, "log")
	runtime.ReadMemStats(&after)
	assert.Equal(t, 1, status, errs)
	assert.Contains(t, out, "wombat")
	assert.Contains(t, out, "2 GiB of NULs")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(96<<20), "it is streamed")
}

func TestAMassOfTextWithoutANewlineIsStreamed(t *testing.T) {
	folder(t, line+"odd: wombat\n")
	f, err := os.OpenFile("log", os.O_WRONLY|os.O_APPEND, 0)
	require.NoError(t, err)
	piece := bytes.Repeat([]byte("x"), 1<<20)
	for range 128 {
		_, err = f.Write(piece)
		require.NoError(t, err)
	}
	_, err = f.WriteString("\n" + line + "odd: badger\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, out, _ := clitest.Run(t, run, "log")
	runtime.ReadMemStats(&after)
	assert.Contains(t, out, "wombat")
	assert.Contains(t, out, "badger")
	assert.Contains(t, out, "a line of 1 MiB or more, too long to be read whole")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
}

func TestWhatIsNoFileIsRefusedAndHoldsNothingUp(t *testing.T) {
	folder(t, line+"odd: wombat\n")
	require.NoError(t, syscall.Mkfifo("fifo", 0o644))
	require.NoError(t, os.Symlink("log", "link"))
	require.NoError(t, syscall.Mkfifo("log.1", 0o644)) // among the rotated copies
	for _, name := range []string{"fifo", "link"} {
		for _, mode := range []string{"-unmatched", "-json"} {
			status, _, errs := clitest.Run(t, run, mode, name)
			assert.Equal(t, 3, status, "%s %s: %s", name, mode, errs)
		}
	}
	_, out, errs := clitest.Run(t, run, "-unmatched", "log")
	assert.Equal(t, line+"odd: wombat\n", out, errs)
}

func TestRulesThatAreTooBigAreRefusedAndOthersWork(t *testing.T) {
	folder(t, line+"odd: wombat\n"+line+"word777: x\n")
	var words []string
	for i := range 10_000 {
		words = append(words, fmt.Sprint("word", i))
	}
	huge := strings.Join([]string{
		"(((a{1,1000}){1,1000}){1,1000}){1,1000}", strings.Repeat("(", 10_000) + strings.Repeat(")", 10_000), strings.Repeat("(a*)*", 20_000),
		"odd: wom[b]at$", "(" + strings.Join(words, "|") + "): x$",
	}, "\n") + "\n"
	require.NoError(t, os.WriteFile("rules/ignore.d.server/huge", []byte(huge), 0o644))
	status, out, errs := clitest.Run(t, run, "-rules", "rules", "-unmatched", "log")
	assert.Equal(t, 1, status)
	for n, why := range map[int]string{1: "too big", 2: "nested too deep", 3: "too "} {
		assert.Regexp(t, fmt.Sprintf(`huge:%d: .*%s`, n, why), errs)
	}
	assert.NotContains(t, out, "wombat")
	if !strings.Contains(errs, "huge:5:") {
		assert.NotContains(t, out, "word777", "ten thousand alternatives that are not refused work")
	}
}

func TestAStateThatCannotBeWrittenIsSaidAndNothingIsLost(t *testing.T) {
	need.Root(t)
	folder(t, line+"odd: wombat\n")
	require.NoError(t, os.Mkdir("state", 0o700))
	if err := syscall.Mount("tmpfs", "state", "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		need.That(t, "the right to mount", false)
	}
	full, err := filepath.Abs("state")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(full, syscall.MNT_DETACH)) })
	filler := bytes.Repeat([]byte("x"), 128<<10)
	_ = os.WriteFile("state/filler", filler, 0o600) // as far as there is room
	for _, args := range []string{"-rules rules -unmatched -state state log", "-state state log"} {
		status, _, errs := clitest.Run(t, run, strings.Fields(args)...)
		assert.Equal(t, 3, status, args)
		assert.Contains(t, errs, "no space left", args)
	}
	require.NoError(t, os.Remove("state/filler"))
	for _, want := range []string{line + "odd: wombat\n", ""} {
		_, out, errs := clitest.Run(t, run, "-rules", "rules", "-unmatched", "-state", "state", "log")
		assert.Equal(t, want, out, errs)
	}
}

// TestAKilledLogscanLosesNoLine kills the real program at any moment, while its
// log grows and is rotated. A line that was printed by a run which was killed may
// come again; no other may, and none is lost.
func TestAKilledLogscanLosesNoLine(t *testing.T) {
	binary, err := os.Executable()
	require.NoError(t, err)
	folder(t, "")
	r := rand.New(rand.NewPCG(5, 6))
	written, certain, killed := 0, map[string]int{}, map[string]bool{}
	for round := range 25 {
		for n := r.IntN(4_000); n > 0; n-- {
			written++
			appendTo(t, "log", fmt.Sprintf("%sodd: number %d\n", line, written))
			if r.IntN(3_000) == 0 {
				rotate(t)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		var out bytes.Buffer
		cmd := exec.CommandContext(ctx, binary, "-rules", "rules", "-unmatched", "-state", "state", "log")
		cmd.Stdout, cmd.Env = &out, append(os.Environ(), asProgram+"=1")
		require.NoError(t, cmd.Start())
		kill := round%5 != 4 && round < 24
		if kill {
			time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
			_ = cmd.Process.Kill() // it may have ended
		}
		err := cmd.Wait()
		cancel()
		whole := err == nil || cmd.ProcessState.ExitCode() == 1
		for text := range strings.Lines(out.String()) {
			if whole {
				certain[text]++
			} else {
				killed[text] = true
			}
		}
	}
	for i := 1; i <= written; i++ {
		text := fmt.Sprintf("%sodd: number %d\n", line, i)
		if certain[text] != 1 && !(certain[text] == 0 && killed[text]) {
			t.Fatalf("line %d of %d came %d times", i, written, certain[text])
		}
	}
	assert.NotZero(t, written)
}

func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func rotate(t *testing.T) {
	t.Helper()
	for i := 9; i > 0; i-- {
		_ = os.Rename(fmt.Sprint("log.", i), fmt.Sprint("log.", i+1)) // it need not be there
	}
	require.NoError(t, os.Rename("log", "log.1"))
	require.NoError(t, os.WriteFile("log", nil, 0o644))
}
