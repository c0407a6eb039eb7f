package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// TestAKillAtAnyStepLosesAndDoublesNothing ends the process at one of the calls by
// which it stores something: as it begins, as it looks, decides, spools and delivers.
func TestAKillAtAnyStepLosesAndDoublesNothing(t *testing.T) {
	need.Long(t)
	strace := need.Program(t, "strace")
	for _, call := range []string{"fsync", "renameat"} {
		for _, n := range []int{1, 2, 3, 4, 6, 9, 13} {
			t.Run(fmt.Sprintf("%s-%d", call, n), func(t *testing.T) {
				t.Parallel()
				target := closedPort(t)
				h := hosts(t, t.TempDir(), map[string]string{"a": ""}, quick+fmt.Sprintf("targets: [%q]", target))["a"]
				all := map[string]*vantage{"a": h}
				cmd := h.start(t, strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n))
				ended := make(chan struct{})
				go func() { cmd.Wait(); close(ended) }() //nolint:errcheck // it is killed
				eventually(t, "it was killed, or did all", func() bool {
					select {
					case <-ended:
						return true
					default:
						return len(told(t, all)) > 0 && outbox(t, h) == 0
					}
				})
				kill(cmd)
				<-ended
				eventually(t, "it is gone", func() bool {
					lock, err := statedir.Lock(filepath.Join(h.folder, "lock"))
					return err == nil && lock.Close() == nil
				})
				h.start(t)
				eventually(t, "the problem is told", func() bool { return len(told(t, all)) == 1 })
				service, err := net.Listen("tcp", strings.TrimPrefix(target, "tcp://"))
				require.NoError(t, err)
				defer service.Close()
				go accept(service)
				eventually(t, "and its end", func() bool { return len(told(t, all)) == 2 && outbox(t, h) == 0 })
				assert.Equal(t, []string{"problem " + target, "recovery " + target}, told(t, all))
				assert.Len(t, handedOver(t, h.events()), 2, "and nothing twice")
			})
		}
	}
}
