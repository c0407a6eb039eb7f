package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// What a machine that is reached over a network says of itself could be another's.
func TestAFarMachineIsKnownByHowItIsReached(t *testing.T) {
	m, err := hosttest.Parse([]byte("-- /etc/machine-id --\n0123456789abcdef0123456789abcdef\n"))
	require.NoError(t, err)
	local, one, other := &Target{Host: m.Host(), Local: true}, &Target{Host: m.Host(), Far: true, at: "web1:22"}, &Target{Host: m.Host(), Far: true, at: "web2:22"}
	assert.Equal(t, "0123456789abcdef0123456789abcdef", local.Machine(t.Context()))
	assert.Equal(t, "ssh web1:22", one.Machine(t.Context()))
	assert.NotEqual(t, one.Machine(t.Context()), other.Machine(t.Context()))
}
