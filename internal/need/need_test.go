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
