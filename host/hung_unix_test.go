//go:build unix

package host

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A process that waits inside the kernel, for a dead disk or a server that is
// gone, is seen here as one whose end is not told.
func TestWhoCannotBeKilledIsNotWaitedFor(t *testing.T) {
	ch, err := start("/bin/sh", Command{Args: []string{"sh", "-c", "sleep 600"}})
	require.NoError(t, err)
	ended := ch.exited
	ch.exited = make(chan struct{})
	defer func() {
		<-ended // it was killed all the same
		close(ch.exited)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = ch.wait(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorIs(t, err, ErrStillRunning)
}
