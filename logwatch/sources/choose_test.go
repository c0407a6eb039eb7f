package sources

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOfManyLogsEachFolderGivesItsShare(t *testing.T) {
	var all []candidate
	for i := range 900 {
		all = append(all, candidate{fmt.Sprintf("/var/log/a/%03d.log", i), "a", int64(i)})
	}
	all = append(all, candidate{"/var/log/z/one.log", "z", 0}, candidate{"/var/log/z/two.log", "z", 0})
	chosen, left := fair(all, 10, func(name string) bool { return name == "/var/log/a/000.log" })
	assert.ElementsMatch(t, []string{
		"/var/log/z/one.log", "/var/log/z/two.log", "/var/log/a/000.log",
		"/var/log/a/899.log", "/var/log/a/898.log", "/var/log/a/897.log", "/var/log/a/896.log", "/var/log/a/895.log", "/var/log/a/894.log", "/var/log/a/893.log",
	}, chosen, "what was read before, then what changed last")
	assert.Len(t, left, 892)
	slices.Reverse(all)
	again, _ := fair(all, 10, func(name string) bool { return name == "/var/log/a/000.log" })
	assert.Equal(t, chosen, again)
	some, none := fair(all[:5], 10, nil)
	assert.Len(t, some, 5)
	assert.Empty(t, none)
}
