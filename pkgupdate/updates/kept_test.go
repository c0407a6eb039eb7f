package updates

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCatalogueIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range (Software{}).Rules() {
		assert.False(t, seen[r.ID], r.ID)
		seen[r.ID] = true
		assert.NotEmpty(t, r.Explain+r.Remedy+r.Since, r.ID)
	}
	for _, id := range changeRules {
		assert.True(t, seen[id], id)
	}
}

func FuzzDecodeSightings(f *testing.F) {
	f.Add(string(sightings{true, map[string]sighting{"deb:openssl": {"1", time.Unix(0, 0), time.Unix(1, 0)}}}.encode()))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := decodeSightings(text)
		if err != nil && !errors.Is(err, errSightings) {
			t.Fatal(err)
		}
		if again, err := decodeSightings(string(s.encode())); err != nil || len(again.of) != len(s.of) {
			t.Fatal(err, again, s)
		}
	})
}
