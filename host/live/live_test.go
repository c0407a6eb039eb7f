package live_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/pugetsoundtech/upkeep/host/live"
)

func TestThisMachineHasMemory(t *testing.T) {
	m, err := live.ReadMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m.Total < 16<<20 || m.Available == 0 || m.Available > m.Total {
		t.Fatalf("implausible: %+v", m)
	}
}

func TestClockGivesAnAnswerOrSaysUnsupported(t *testing.T) {
	if _, err := live.ClockSynchronised(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
}

func ExampleReadMemory() {
	m, err := live.ReadMemory(context.Background())
	fmt.Println(m.Total > 0, err)
	// Output: true <nil>
}

func TestEveryProcessThatCanGetASignalIsListed(t *testing.T) {
	pids, err := live.Processes(t.Context())
	if errors.Is(err, errors.ErrUnsupported) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(pids, os.Getpid()) || !slices.Contains(pids, os.Getppid()) || !slices.IsSorted(pids) {
		t.Fatalf("%d is not among %v", os.Getpid(), pids)
	}
	for _, pid := range pids { // this program has threads
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", pid)); err == nil && pid != os.Getpid() {
			t.Fatalf("%d is a thread", pid)
		}
	}
}

func ExampleProcesses() {
	pids, err := live.Processes(context.Background())
	fmt.Println(slices.Contains(pids, os.Getpid()) || errors.Is(err, errors.ErrUnsupported))
	// Output: true
}
