package inventory

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAProcessIsNamedOnlyWhereItsLeaseIsTheOnlyOne(t *testing.T) {
	const locks = "1: LEASE  ACTIVE    READ  1234 08:01:393461 0 EOF\n2: POSIX  ADVISORY  WRITE 7 08:01:5 0 EOF\n3: LEASE  BREAKING  READ  1234 08:01:393461 0 EOF\n"
	assert.Equal(t, map[uint64]int{393461: 1234}, parseLeases([]byte(locks)))
	assert.Zero(t, parseLeases([]byte(locks + "4: LEASE  ACTIVE    READ  99 08:02:393461 0 EOF\n"))[393461], "of another disk the number is another file's")
	assert.Empty(t, parseLeases([]byte("1: LEASE  ACTIVE    READ  1234 08:01:3934")), "it was cut")
}
