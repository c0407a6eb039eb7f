package updates_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

// A mirror that serves an old index, which is signed and young enough, hides each fix
// since.
func TestAnIndexThatWentBackIsNoAnswer(t *testing.T) {
	m := fake(packages{pkgupdatetest.Deb("openssl", "1")})
	run := runs(t, check(m))
	serve := func(age time.Duration) {
		p := pkgupdate.Pending{Sources: pkgupdatetest.Sources()}
		p.Sources[1].Date = time.Now().Add(-age)
		m.Changes = p.Proven("a test", proof)
	}
	serve(3 * time.Hour)
	assert.True(t, run().Covers("fake/pending/security"))
	serve(2 * time.Hour)
	assert.True(t, run().Covers("fake/pending/security"))

	for range 2 { // also on the day after: what was seen once counts
		serve(3 * time.Hour)
		res := run()
		assert.False(t, res.Covers("fake/pending/security"))
		assert.Contains(t, titles(res), "The index is older than it was for 1 package source")
	}
	m.Changes = pkgupdate.Pending{}.Unproven(errors.New("locked")) // forgets nothing
	run()
	serve(3 * time.Hour)
	assert.Contains(t, titles(run()), "The index is older than it was")
	serve(-time.Hour) // a clock that is ahead moves nothing
	run()
	serve(time.Hour)
	assert.True(t, run().Covers("fake/pending/security"))
}
