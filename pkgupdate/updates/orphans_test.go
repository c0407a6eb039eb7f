package updates_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/report"
)

// supporter is a fake manager that knows of orphans.
type supporter struct {
	*pkgupdatetest.Manager
	answer pkgupdate.Answer[[]pkgupdate.Package]
}

func (s supporter) Orphans(context.Context, []pkgupdate.Package) pkgupdate.Answer[[]pkgupdate.Package] {
	return s.answer
}

func TestWhatNoSourceOffersIsOneFinding(t *testing.T) {
	a, b := pkgupdatetest.Deb("atool", "1"), pkgupdatetest.Deb("btool", "2")
	m := fake(packages{a, b})
	res := collect(t, check(supporter{m, pkgupdate.Proven(packages{a, b}, "a test", proof)}))
	assert.Equal(t, "notice orphans: 2 installed packages are offered by no source any more", titles(res))
	assert.Equal(t, "They are atool 1 and btool 2.", res.Findings[0].Detail)
	assert.True(t, res.Covers("fake/orphans"))

	res = collect(t, check(supporter{m, pkgupdate.Unproven[packages](nil, errors.New("locked"))}))
	assert.False(t, res.Covers("fake/orphans"))
	assert.NotEqual(t, report.OK, res.Status)

	p := pkgupdate.Pending{Sources: pkgupdatetest.Sources()}
	p.Sources[0].State, p.Sources[0].Err = pkgupdate.Unknown, pkgupdate.ErrNeverFetched
	m.Changes = p.Proven("a test", proof)
	res = collect(t, check(supporter{m, pkgupdate.Proven(packages{a, b}, "a test", proof)}))
	assert.NotContains(t, titles(res), "orphans", "all would be, while there is no list")
	assert.False(t, res.Covers("fake/orphans"))
}
