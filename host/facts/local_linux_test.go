package facts_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

func TestThisMachineIsIdentified(t *testing.T) {
	system, err := facts.Identify(t.Context(), host.Local())
	require.NoError(t, err)
	name, err := os.Hostname()
	require.NoError(t, err)
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	require.NoError(t, err)
	assert.Equal(t, []string{"Linux", name, strings.TrimSpace(string(id))}, []string{system.Kernel, system.Hostname, system.BootID})
	t.Logf("%+v", system)

	image, err := facts.Identify(t.Context(), host.Root("/"))
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, []string{system.Family, system.ID, system.Release, system.Pretty}, []string{image.Family, image.ID, image.Release, image.Pretty})
}
