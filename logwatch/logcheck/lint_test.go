package logcheck_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/logwatch/logcheck"
)

const oddRules = `-- /r/ dir complete --
-- /r/ignore.d.server/ dir complete --
-- /r/ignore.d.server/odd --
^a[[:digit:]]+$
^a1$
^a1$
^b $
^c(x|y)\1$
  # a note
^d$x
^e$
^f(x|y|z)+$
^f[w-z]*$
`

func lintOf(t *testing.T) *logcheck.Rules {
	t.Helper()
	rules, bad, err := logcheck.Read(t.Context(), hosttest.New(oddRules).Host(), "/r", logcheck.Options{})
	require.NoError(t, err)
	require.Empty(t, bad)
	return rules
}

func texts(list []logcheck.Lint) []string {
	var out []string
	for _, l := range list {
		out = append(out, l.String())
	}
	return out
}

func TestLintFindsRulesThatDoNothing(t *testing.T) {
	const nothing = " matches nothing: not even a line that is made by it, after blanks at its end are cut"
	assert.Equal(t, []string{
		"/r/ignore.d.server/odd:2: is not needed: /r/ignore.d.server/odd:1 matches what it matches",
		"/r/ignore.d.server/odd:3: is not needed: /r/ignore.d.server/odd:1 matches what it matches",
		"/r/ignore.d.server/odd:4:" + nothing,
		"/r/ignore.d.server/odd:6: is a rule and no comment: a # counts in the first column alone",
		"/r/ignore.d.server/odd:7:" + nothing,
		"/r/ignore.d.server/odd:9: is not needed: /r/ignore.d.server/odd:10 matches what it matches",
	}, texts(lintOf(t).Lint()))
}

func TestUnusedRulesAreThoseThatMatchedNoLine(t *testing.T) {
	u := lintOf(t).Uses()
	for _, line := range []string{"a7", "cxx", "e", "fxw"} {
		u.Add([]byte(line))
	}
	unused := texts(u.Unused())
	assert.Len(t, unused, 6)
	assert.Equal(t, "/r/ignore.d.server/odd:2: is unused: it matches none of 4 lines", unused[0])
}

func TestHardlyAnyRuleOfDebianMatchesNothing(t *testing.T) {
	list := debian(t).Lint()
	for _, l := range list {
		t.Log(l)
	}
	assert.Less(t, len(list), 200)
}
