package capture

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/backup"
)

func TestTheSharesOfARehearsalAreAllOfASnapshotAndNothingTwice(t *testing.T) {
	for of := uint64(1); of <= rounds; of++ {
		most := 0
		for share := range of {
			r, n := round{share, of}, 0
			for i := range 600 {
				if r.has(backup.Entry{Path: fmt.Sprintf("/etc/file%d", i), Type: backup.Regular}) {
					n++
				}
			}
			most = max(most, n)
			assert.True(t, r.has(backup.Entry{Path: "/etc", Type: backup.Dir}), "what leads to a file is in each share")
		}
		assert.LessOrEqual(t, most, 600*3/int(of), "shares are about as large")
		for i := range 600 {
			in := 0
			for share := range of {
				file := backup.Entry{Path: fmt.Sprintf("/etc/file%d", i), Type: backup.Regular}
				if (round{share, of}).has(file) {
					in++
				}
				one, other := backup.Entry{Path: "/etc/one", Type: backup.Regular, Hard: fmt.Sprint(i)}, backup.Entry{Path: "/etc/other", Type: backup.Regular, Hard: fmt.Sprint(i)}
				assert.Equal(t, round{share, of}.has(one), round{share, of}.has(other), "all names of a file")
			}
			assert.Equal(t, 1, in, "file %d of %d shares", i, of)
		}
	}
}
