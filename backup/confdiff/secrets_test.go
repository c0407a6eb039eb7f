package confdiff

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/redact"
	"github.com/pugetsoundtech/upkeep/internal/redact/redacttest"
)

// nearby are hints that stand near a match, and not in it.
var nearby = []string{"register", "superusers", "kind: secret", " ~"}

// Nothing of a line is passed over for want of a hint, or of what a match has with it.
func TestHintsPassOverNoSecret(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i, near := range slices.Concat(elements, spoken) {
		if slices.Contains(nearby, near.Hints[0]) {
			continue
		}
		found := 0
		for range 1000 {
			text := redacttest.Text(r, near.RE)
			if i < len(elements) { // what they have in them goes on over lines, and is looked for in a few of them
				text = strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
			}
			text = "pass\n" + strings.Repeat("x\n\n", r.IntN(3)) + text + []string{"", " ", "\n", "\nx\nkey = \n"}[r.IntN(4)]
			want := near.RE.FindAllStringSubmatchIndex(text, -1)
			found += len(want)
			require.Equal(t, want, near.All(redact.In(text)), "%v in %q", near.Hints, text)
		}
		assert.NotZero(t, found, "%v", near.Hints)
	}
}
