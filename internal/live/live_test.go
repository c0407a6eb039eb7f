package live_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/pugetsoundtech/upkeep/internal/live"
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
