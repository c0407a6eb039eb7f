package need_test

import (
	"os"
	"testing"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestAsUserIsNotRoot(t *testing.T) {
	ran := os.Geteuid() == 0 // then it runs in another process
	need.AsUser(t, func() {
		ran = true
		if os.Geteuid() == 0 {
			t.Error("still root")
		}
	})
	if !ran {
		t.Error("did not run")
	}
}

// The list is printed and counted, so that it cannot grow unseen.
func TestDeclaredSkips(t *testing.T) {
	list := need.Declared()
	t.Logf("%d declared skips", len(list))
	for _, line := range list {
		t.Log(line)
	}
	if len(list) > 3 {
		t.Error("the strict machine was to provide all but devices of loops and of FUSE")
	}
}
