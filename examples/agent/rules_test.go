package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

const reference = "../../RULES.md"

// The reference of all rules is made of the catalogues of the agent's checks, and
// of nothing else.
func TestTheReferenceOfRulesIsCurrent(t *testing.T) {
	r := round{settings: daily.Defaults()}
	r.settings.Host = "replay:../../testdata/hosts/" + firstHost(t)
	target, err := daily.Open(context.Background(), r.settings.Host, r.wrap)
	require.NoError(t, err)
	defer target.Close()
	var b strings.Builder
	b.WriteString("# Rules\n\nWhat the agent's checks can tell, made from their catalogues by a test: `UPDATE_GOLDEN=1 go test ./examples/agent -run Reference`.\n" +
		"A condition is open until it is gone or accepted, an event until a person has looked at it. A finding may be graver than its rule.\n")
	checks, err := target.Checks(statedir.Without(statedir.Options{Root: t.TempDir()}, os.ErrPermission), r.settings)
	require.NoError(t, err)
	for _, c := range checks {
		rules := c.(report.Cataloguer).Rules()
		assert.NotEmpty(t, rules, c.Name())
		fmt.Fprintf(&b, "\n## %s\n\n| rule | | says | why, and what to do |\n|---|---|---|---|\n", c.Name())
		slices.SortFunc(rules, func(a, b report.Rule) int { return strings.Compare(a.ID, b.ID) })
		for _, rule := range rules {
			kind := map[report.Kind]string{report.Condition: "condition", report.Event: "event"}[rule.Kind]
			fmt.Fprintf(&b, "| `%s` | %s, %s | %s | %s *%s* |\n", strings.TrimPrefix(rule.ID, c.Name()+"."), rule.Severity, kind, cell(rule.Title), cell(rule.Explain), cell(rule.Remedy))
		}
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile(reference, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(reference)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

// cell is a text inside a table of Markdown.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;", "_", `\_`).Replace(strings.Join(strings.Fields(text), " "))
}

func firstHost(t *testing.T) string {
	t.Helper()
	all, err := os.ReadDir("../../testdata/hosts")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all[0].Name()
}
