package render

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
)

func TestARemedyIsShownAsItIsTyped(t *testing.T) {
	assert.Empty(t, Remedy(nil))
	assert.Empty(t, Remedy(&report.Remedy{}))
	got := Remedy(&report.Remedy{
		Do:   [][]string{{"apt-get", "install", "--only-upgrade", "openssl"}, {"rm", "--", "/srv/a b; reboot"}},
		Undo: [][]string{{"touch", "/x\x1b]0;y\x07"}},
	})
	assert.Equal(t, []Commands{
		{Label: "run", Lines: []string{"apt-get install --only-upgrade openssl", "rm -- '/srv/a b; reboot'"}},
		{Label: "undo", Lines: []string{`touch $'/x\033]0;y\007'`}},
	}, got)
}
