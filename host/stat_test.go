package host_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
)

func TestLinuxDevicesAreNumberedAsByMakedev(t *testing.T) {
	assert.Equal(t, uint64(0xfd01), host.LinuxDevice(0xfd, 1))
	assert.Equal(t, uint64(0x10302), host.LinuxDevice(259, 2))
	assert.Equal(t, uint64(0x120006783459a), host.LinuxDevice(0x12345, 0x6789a))
}
