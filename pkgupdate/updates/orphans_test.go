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
	assert.Equal(t, "notice orphans: 2 installed packages are offered by no source", titles(res))
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

func TestAPackageThatNoSourceOffersIsAWarningWhenItComes(t *testing.T) {
	old, bash, mine := pkgupdatetest.Deb("old", "1"), pkgupdatetest.Deb("bash", "5"), pkgupdatetest.Deb("mine", "1.0")
	m := fake(packages{bash, old})
	s := supporter{m, pkgupdate.Proven(packages{old}, "a test", proof)}
	run := runs(t, check(&s))
	assert.NotContains(t, titles(run()), "package-unoffered", "the first run takes the inventory")
	assert.NotContains(t, titles(run()), "package-unoffered")
	m.Packages = pkgupdate.Proven(packages{pkgupdatetest.Deb("bash", "6"), mine, old}, "a test", proof)
	s.answer = pkgupdate.Proven(packages{mine, old}, "a test", proof)
	res := run()
	assert.Contains(t, titles(res), "warning package-unoffered: 1 package that no source offers was installed: mine 1.0\n")
	assert.NotContains(t, titles(run()), "package-unoffered", "it is told once")

	m.Packages = pkgupdate.Proven(packages{pkgupdatetest.Deb("bash", "6"), pkgupdatetest.Deb("mine", "1.1"), pkgupdatetest.Deb("old", "2")}, "a test", proof)
	s.answer = pkgupdate.Proven(m.Packages.Value[1:], "a test", proof)
	assert.Contains(t, titles(run()), "2 packages that no source offers were installed: mine 1.1 and old 2")
}
