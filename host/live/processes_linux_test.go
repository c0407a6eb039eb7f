package live

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A process that a mount hides from the listing does not lower what the kernel
// counts, so that all numbers are asked for.
func TestAHiddenProcessIsMissedInTheCountOfThreads(t *testing.T) {
	if os.Getenv("UPKEEP_HIDDEN") == "" {
		need.Root(t)
		cmd := exec.CommandContext(t.Context(), need.Program(t, "unshare"), "-m", "--propagation", "private", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "UPKEEP_HIDDEN=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	need.That(t, "the first namespace of processes", inFirstNamespace())
	hidden := exec.CommandContext(t.Context(), "sleep", "600")
	if err := hidden.Start(); err != nil {
		t.Fatal(err)
	}
	defer hidden.Wait()         //nolint:errcheck // it was killed
	defer hidden.Process.Kill() //nolint:errcheck // likewise
	soon := func(what string, ok func() bool) {
		t.Helper()
		for until := time.Now().Add(time.Minute); !ok(); {
			if time.Now().After(until) {
				t.Fatal(what)
			}
		}
	}
	soon("other processes end all the time", allListed)
	at := filepath.Join("/proc", strconv.Itoa(hidden.Process.Pid))
	if err := unix.Mount(t.TempDir(), at, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(at, 0) //nolint:errcheck // the namespace ends
	most, err := number("/proc/sys/kernel/pid_max")
	if err != nil {
		t.Fatal(err)
	}
	// One that starts between the two looks stands in for the one that is hidden.
	soon("the process that is hidden is not missed", func() bool { return !allListed() })
	soon("not all numbers are asked for", func() bool {
		last, err := lastPID()
		return err == nil && last == most
	})
	pids, err := Processes(t.Context())
	if err != nil || !slices.Contains(pids, hidden.Process.Pid) {
		t.Fatalf("%d is not among %v: %v", hidden.Process.Pid, pids, err)
	}
}

// What the kernel counts in a namespace is not of it: nothing is missed there.
func TestInANamespaceOfItsOwnNotAllNumbersAreAskedFor(t *testing.T) {
	if os.Getenv("UPKEEP_NAMESPACE") == "" {
		need.Root(t)
		cmd := exec.CommandContext(t.Context(), need.Program(t, "unshare"), "-m", "-p", "-f", "--mount-proc", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "UPKEEP_NAMESPACE=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	most, err := number("/proc/sys/kernel/pid_max")
	last, err2 := lastPID()
	if err != nil || err2 != nil || started() < most && last >= most {
		t.Fatalf("asks as far as %d of %d: %v, %v", last, most, err, err2)
	}
	pids, err := Processes(t.Context())
	if err != nil || !slices.Contains(pids, os.Getpid()) {
		t.Fatalf("%d is not among %v: %v", os.Getpid(), pids, err)
	}
}
