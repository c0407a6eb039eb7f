package apply

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

// quiet has compared all processes with the disk, and found none of old code.
type quiet struct{}

func (quiet) Restarts(context.Context) pkgupdate.Answer[[]pkgupdate.Restart] {
	return pkgupdate.Proven[pkgupdate.Restart](nil, "a test", time.Time{})
}

// The statuses are those of zypper(8): what was asked for may all be in, and more is to
// be said.
func TestWhatZypperEndsWithIsToldBesideTheInventory(t *testing.T) {
	for exit, c := range map[int]struct {
		err    error
		whole  bool
		reboot bool
	}{0: {nil, true, false}, 102: {nil, true, true}, 103: {ErrAgain, true, false}, 107: {ErrScript, false, false}} {
		r, err := resume(t, "toy-a", exit)
		require.ErrorIs(t, err, c.err, "%d", exit)
		assert.Equal(t, c.whole, r.Complete(), "%d", exit)
		assert.Equal(t, c.reboot, len(r.Restarts.Value) == 1 && r.Restarts.Value[0].Reboot, "%d", exit)
		require.NoError(t, r.Restarts.Validate())
	}
}

func TestAKernelIsInEffectAfterAReboot(t *testing.T) {
	for name, want := range map[string]int{"kernel-default": 1, "linux-image-amd64": 1, "FreeBSD-kernel-generic": 1, "linux": 1, "linux-firmware": 0, "kernel-headers": 0, "toy-a": 0} {
		r, err := resume(t, name, 0)
		require.NoError(t, err)
		assert.Len(t, r.Restarts.Value, want, name)
	}
}

// resume is what became of a job of zypper that installed one package and ended so.
func resume(t *testing.T, name string, exit int) (Result, error) {
	t.Helper()
	h := hosttest.New(fmt.Sprintf("-- / dir complete=tree --\n-- /usr/bin/zypper mode=0755 uid=0 gid=0 --\nx\n-- /jobs/1/rc --\n%d\n-- /jobs/1/transcript --\nx\n-- /jobs/1/plan --\n"+
		`{"manager":"zypper","steps":[{"action":"upgrade","name":%q,"arch":"amd64","from":"1.0","to":"2.0"}]}`+"\n", exit, name)).Host()
	m := &pkgupdatetest.Manager{ID: "rpm", Packages: pkgupdate.Proven([]pkgupdate.Package{pkgupdatetest.Deb(name, "2.0")}, "a test", time.Time{})}
	return Applier{Host: h, Manager: m, Dir: "/jobs", Restarts: quiet{}}.Resume(t.Context(), "1")
}
