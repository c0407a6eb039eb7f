package pkgupdate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

func TestABranchIsAWholeWordOfAnAddress(t *testing.T) {
	for text, want := range map[string]string{
		"https://mirror.example.org/alpine/edge/main": "edge", "fedora-rawhide": "rawhide", "core-testing": "testing",
		"https://edge.example.org/alpine/v3.22/main": "", "knowledge": "", "": "", "https://mirror.example.org/tested/main": "",
	} {
		assert.Equal(t, want, pkgupdate.Branch(text, "edge", "rawhide", "testing"), text)
	}
}

func TestWhereNothingIsOfAReleaseABranchIsWhatTheSystemIs(t *testing.T) {
	list := []pkgupdate.Source{{ID: "rawhide", Branch: "rawhide"}, {ID: "chrome"}}
	released := func(s pkgupdate.Source) bool { return s.ID == "fedora" }
	pkgupdate.Unmixed(list, released)
	assert.Empty(t, pkgupdate.Branched(list))
	list = []pkgupdate.Source{{ID: "rawhide", Branch: "rawhide"}, {ID: "fedora"}}
	pkgupdate.Unmixed(list, released)
	assert.Equal(t, map[string]string{"rawhide": "rawhide"}, pkgupdate.Branched(list))
}
