package commit

import (
	"testing"
	"unique"

	"github.com/stretchr/testify/assert"
)

// MostChanges is for the other tests.
const MostChanges = mostChanges

func TestOnlyContentsOfFilesAreForgottenBeyondTheBound(t *testing.T) {
	o := newObjects()
	o.note([32]byte{1}, "a", false)
	o.files = mostFiles
	o.note([32]byte{2}, "b", false)
	o.note([32]byte{3}, "c", true)
	o.note([32]byte{1}, "d", false)
	assert.Equal(t, map[[32]byte]unique.Handle[string]{{1}: unique.Make("d"), {3}: unique.Make("c")}, o.placed)
}
