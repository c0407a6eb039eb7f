package files_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestADifferenceIsToldSinceTheLastReportAsWell(t *testing.T) {
	const first, second, third = "port 22\n", "port 22\nroot yes\n", "port 22\nroot yes\nempty yes\n"
	b := newBox(t, map[string]string{"etc/sshd.conf": first})
	b.check.OldText = integritytest.Texts{first, second}
	told := func() report.Finding {
		t.Helper()
		_, res := b.run()
		require.Len(t, res.Findings, 1)
		return res.Findings[0]
	}
	b.run()
	b.write("etc/sshd.conf", second)
	f := told()
	assert.Contains(t, f.Title, "with the line: root yes")
	assert.NotContains(t, f.Detail, "last report", "the baseline is what it was then")

	b.write("etc/sshd.conf", third)
	f = told()
	assert.Contains(t, f.Title, "with the line: root yes, and 1 more line", "since it was accepted")
	assert.Contains(t, f.Detail, "Since the last report: +empty yes.")
	assert.NotContains(t, told().Detail, "last report", "nothing since")

	b.check.OldText = integritytest.Texts{first} // nobody kept the third
	b.write("etc/sshd.conf", second)
	f = told()
	assert.Contains(t, f.Detail, "It changed again since the last report.")

	_, err := b.check.Accept(t.Context(), everything, integrity.Acceptance{By: "ann"}, nil)
	b.do(err)
	_, res := b.run()
	assert.Empty(t, res.Findings)
	b.check.OldText = integritytest.Texts{first, second}
	b.write("etc/sshd.conf", third)
	assert.NotContains(t, told().Detail, "last report", "what was accepted is what it was then")
}

func TestWhatNobodyMayReadIsNotToldSinceTheLastReport(t *testing.T) {
	b := newBox(t, map[string]string{"etc/shadow": "a"})
	b.check.OldText = integritytest.Texts{"a", "b"}
	b.run()
	for _, text := range []string{"b", "c"} {
		b.write("etc/shadow", text)
		_, res := b.run()
		require.Len(t, res.Findings, 1)
		assert.False(t, strings.Contains(res.Findings[0].Detail, "last report"))
	}
}
