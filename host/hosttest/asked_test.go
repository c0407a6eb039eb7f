package hosttest_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

func TestWhatWasAskedIsAnsweredAlikeByTheRecording(t *testing.T) {
	machine := hosttest.New(`Written for this test.
-- /etc/motd --
Be kind.
-- /etc/shadow mode=0600 --
root:secret:20000::::::
-- /etc/skel dir complete --
-- /etc/skel/.profile --
-- $ ["uname", "-r"] --
6.1.0
-- /etc/gone absent --
`)
	h, asked := hosttest.Listen(machine.Host())
	ctx := t.Context()
	_, _ = h.ReadFile(ctx, "/etc/motd", 0)
	_, _ = h.ReadFile(ctx, "/etc/shadow", 0)
	_, _ = h.Lstat(ctx, "/etc/gone")
	_, _ = h.ReadDir(ctx, "/etc/skel")
	_, _ = h.Query(ctx, "uname", "-r")
	_, _ = h.Run(ctx, host.Command{Args: []string{"reboot"}, Mutates: true})
	text, err := asked.Record(ctx, "Recorded in a test.")
	require.NoError(t, err)
	assert.NotContains(t, string(text), "secret", "only root may read it")
	assert.NotContains(t, string(text), "reboot")

	again := hosttest.New(string(text)).Host()
	data, err := again.ReadFile(ctx, "/etc/motd", 0)
	require.NoError(t, err)
	assert.Equal(t, "Be kind.\n", string(data))
	_, err = again.Lstat(ctx, "/etc/gone")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	list, err := again.ReadDir(ctx, "/etc/skel")
	require.NoError(t, err)
	assert.Len(t, list, 1)
	out, err := again.Query(ctx, "uname", "-r")
	require.NoError(t, err)
	assert.Equal(t, "6.1.0\n", string(out))
}
