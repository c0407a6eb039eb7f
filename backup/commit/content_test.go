package commit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOnlyContentsOfFilesAreForgottenBeyondTheBound(t *testing.T) {
	o := newObjects()
	o.note([32]byte{1}, "a", false)
	o.files = mostFiles
	o.note([32]byte{2}, "b", false)
	o.note([32]byte{3}, "c", true)
	o.note([32]byte{1}, "d", false)
	assert.Equal(t, map[[32]byte]uint32{{1}: 2, {3}: 1}, o.placed)
	assert.Equal(t, []string{"a", "c", "d"}, o.labels)
	o.keep(func(label string) bool { return label == "c" })
	assert.Equal(t, map[[32]byte]uint32{{3}: 1}, o.placed)
}
