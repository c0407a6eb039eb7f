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

// tracer is a fake manager that knows of branches in development.
type tracer struct {
	*pkgupdatetest.Manager
	answer pkgupdate.Answer[[]pkgupdate.Stray]
}

func (s tracer) Strays(context.Context, []pkgupdate.Package, []pkgupdate.Source) pkgupdate.Answer[[]pkgupdate.Stray] {
	return s.answer
}

func TestWhatComesFromABranchInDevelopmentIsOneFinding(t *testing.T) {
	a := pkgupdatetest.Deb("atool", "2")
	p := pkgupdate.Pending{Sources: pkgupdatetest.Sources()}
	m := fake(packages{a})
	m.Changes = p.Proven("a test", proof)
	res := collect(t, check(tracer{m, pkgupdate.Proven[pkgupdate.Stray](nil, "a test", proof)}))
	assert.Empty(t, titles(res))
	assert.True(t, res.Covers("fake/development"))

	p.Sources[0].Branch = "sid"
	m.Changes = p.Proven("a test", proof)
	res = collect(t, check(tracer{m, pkgupdate.Proven([]pkgupdate.Stray{{Pkg: a, Branch: "sid"}}, "a test", proof)}))
	assert.Equal(t, "notice development: 1 installed package is of a branch in development: sid", titles(res))
	assert.Contains(t, res.Findings[0].Detail, "They are atool 2.")

	res = collect(t, check(tracer{m, pkgupdate.Proven[pkgupdate.Stray](nil, "a test", proof)}))
	assert.Equal(t, "notice development: 1 package source is of a branch in development: sid", titles(res))
	assert.Contains(t, res.Findings[0].Detail, "No installed package is from there.")

	res = collect(t, check(tracer{m, pkgupdate.Unproven[[]pkgupdate.Stray](nil, errors.New("locked"))}))
	assert.NotContains(t, res.Findings[0].Detail, "No installed package")
	assert.False(t, res.Covers("fake/development"))
	assert.NotEqual(t, report.OK, res.Status)
}
