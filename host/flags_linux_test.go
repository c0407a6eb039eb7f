package host

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"
)

func TestEachFlagOfAnInodeIsTold(t *testing.T) {
	const both = unix.STATX_ATTR_IMMUTABLE | unix.STATX_ATTR_APPEND
	for _, c := range []struct {
		mask, set uint64
		want      uint32
		known     Known
	}{
		{both, 0, 0, KnownFlags},
		{both, unix.STATX_ATTR_IMMUTABLE, FlagImmutable, KnownFlags},
		{both, unix.STATX_ATTR_APPEND, FlagAppend, KnownFlags},
		{both | unix.STATX_ATTR_VERITY, unix.STATX_ATTR_VERITY, FlagVerity, KnownFlags},
		{unix.STATX_ATTR_APPEND, unix.STATX_ATTR_APPEND, 0, 0},
	} {
		st := withFlags(Stat{}, &unix.Statx_t{Attributes_mask: c.mask, Attributes: c.set})
		assert.Equal(t, c.want, st.Flags)
		assert.Equal(t, c.known, st.Known)
	}
}
