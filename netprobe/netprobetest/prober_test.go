package netprobetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
)

// A content is content with any server.
type content struct{ phases []netprobe.PhaseTiming }

func (c content) Probe(context.Context) netprobe.Result {
	return netprobe.Result{State: netprobe.OK, Phases: c.phases}
}

func TestAProberThatIsContentWithAnythingIsRefused(t *testing.T) {
	for _, phases := range [][]netprobe.PhaseTiming{nil, {{Phase: netprobe.PhaseConnect}}, {{Phase: netprobe.PhaseConnect}, {Phase: netprobe.PhaseBanner}}} {
		err := netprobetest.TestProber(t.Context(), func(string, time.Duration, netprobetest.Dialer) netprobe.Prober { return content{phases} })
		assert.ErrorContains(t, err, "local fault")
		assert.ErrorContains(t, err, "the caller's context ended")
		if len(phases) != 1 {
			assert.ErrorContains(t, err, "silent")
			assert.ErrorContains(t, err, "hangup")
		}
	}
}
