package review

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestADiffHasNoSecrets(t *testing.T) {
	lines, err := Diff([]byte("host db\npassword = hunter2-old\n"), []byte("host db\npassword = hunter2-new\n"), []byte("key"))
	require.NoError(t, err)
	require.Len(t, lines, 3)
	assert.Equal(t, " host db", lines[0])
	for _, line := range lines {
		assert.NotContains(t, line, "hunter2")
	}
	_, err = Diff([]byte("a\x00b"), []byte("c\n"), nil)
	require.ErrorIs(t, err, ErrNoLines)
}
