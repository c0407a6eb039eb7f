package bsdos_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/bsdos"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func TestOfBSDOSNobodyKnowsWhatItLacks(t *testing.T) {
	text, err := os.ReadFile("../../testdata/hosts/bsdos-4.1.txtar")
	require.NoError(t, err)
	m := &bsdos.Manager{Host: hosttest.New(string(text)).Host()}
	require.NoError(t, pkgupdatetest.TestManager(t.Context(), m))
	require.ErrorIs(t, m.Installed(t.Context()).Reason, bsdos.ErrNoRecord)
	require.ErrorIs(t, m.Pending(t.Context()).Reason, bsdos.ErrUnpublished)

	res, err := suite.Collect(t.Context(), updates.Software{Managers: []pkgupdate.Manager{m}})
	require.NoError(t, err)
	assert.NotEqual(t, report.OK, res.Status)
	assert.NotEqual(t, report.Skipped, res.Status)
	assert.Empty(t, res.Covered)
	assert.Contains(t, res.Problems[0].Message, "BSD/OS keeps no record")
}

func TestAnotherSystemIsNotBSDOS(t *testing.T) {
	h := hosttest.New("x: after documentation (uname(1))\n-- $ [\"uname\", \"-snrm\"] --\nNetBSD host 10.0 amd64\n").Host()
	assert.ErrorIs(t, (&bsdos.Manager{Host: h}).Installed(t.Context()).Reason, pkgupdate.ErrAbsent)
}
