package files_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

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

func TestADifferenceIsToldSinceTheLastSignOffAsWell(t *testing.T) {
	texts := integritytest.Texts{"a\n", "a\nb\n", "a\nb\nc\n", "a\nb\nc\nd\n"}
	b := newBox(t, map[string]string{"etc/sshd.conf": texts[0]})
	b.check.OldText = texts
	var signed time.Time
	var broken error
	b.check.SignedOff = func(context.Context) (time.Time, error) { return signed, broken }
	told := func(text string) string {
		t.Helper()
		b.write("etc/sshd.conf", text)
		_, res := b.run()
		require.Len(t, res.Findings, 1)
		return res.Findings[0].Detail
	}
	b.run()
	signed = time.Unix(1, 0)
	assert.NotContains(t, told(texts[1]), "sign-off", "it was as in the baseline when that was signed")
	signed = time.Unix(2, 0)
	assert.Contains(t, told(texts[2]), "Since the last report and sign-off: +c.")
	detail := told(texts[3])
	assert.Contains(t, detail, "Since the last report: +d.")
	assert.Contains(t, detail, "Since the last sign-off: +c and +d.")
	detail = told(texts[3])
	assert.NotContains(t, detail, "last report")
	assert.Contains(t, detail, "Since the last sign-off: +c and +d.", "also on a day on which nothing happened")

	broken = errors.New("the log is damaged")
	_, res := b.run()
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "since the last sign-off is not known")
	broken, signed = nil, time.Unix(3, 0)
	assert.NotContains(t, told(texts[3]), "sign-off", "what was signed is what is there")
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
