package fix_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/fix"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

func stopTelnet() report.Finding {
	return report.Finding{
		Title: "telnetd is not needed", Fingerprint: "v1:aa", Fix: "Stop it.",
		Remedy: &report.Remedy{
			Do:     [][]string{{"systemctl", "disable", "telnetd"}, {"systemctl", "stop", "telnetd"}},
			Verify: [][]string{{"systemctl", "is-inactive", "it's"}},
			Undo:   [][]string{{"systemctl", "enable", "--now", "telnetd"}},
		},
	}
}

func Example() {
	plan, err := fix.Of(stopTelnet())
	if err != nil {
		fmt.Println(err)
	}
	fmt.Print(plan)
	// Output:
	// telnetd is not needed
	//   do      systemctl disable telnetd
	//   do      systemctl stop telnetd
	//   verify  systemctl is-inactive 'it'\''s'
	//   undo    systemctl enable --now telnetd
}

func TestEachCommandRunsAfterTheOneBeforeSucceeded(t *testing.T) {
	for fails, want := range map[string]struct {
		ran            int
		done, verified bool
		err            string
	}{
		"nothing": {3, true, true, ""},
		"disable": {1, false, false, "disable telnetd: no"},
		"stop":    {2, false, false, "stop telnetd: no"},
		"it's":    {3, true, false, "done, but it did not help"},
	} {
		t.Run(fails, func(t *testing.T) {
			plan, err := fix.Of(stopTelnet())
			require.NoError(t, err)
			var changed []bool
			rec, err := plan.Apply(t.Context(), func(_ context.Context, command []string, changes bool) ([]byte, error) {
				changed = append(changed, changes)
				if strings.Contains(strings.Join(command, " "), fails) {
					return []byte("said"), errors.New("no")
				}
				return nil, nil
			}, time.Now)
			assert.Len(t, rec.Steps, want.ran)
			assert.Equal(t, []bool{true, true, false}[:want.ran], changed)
			assert.Equal(t, want.done, rec.Done)
			assert.Equal(t, want.verified, rec.Verified)
			if want.err != "" {
				require.ErrorContains(t, err, want.err)
				assert.Equal(t, "said", rec.Steps[want.ran-1].Output)
			}
		})
	}
}

func TestAPlanIsSafeInATerminal(t *testing.T) {
	for _, hostile := range rendertest.Corpus() {
		plan, err := fix.Of(report.Finding{Title: hostile, Remedy: &report.Remedy{Do: [][]string{{"rm", "--", hostile}}}})
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSuffix(plan.String(), "\n"), "\n")
		require.Len(t, lines, 2, "%q", hostile)
		assert.Equal(t, term.Visible(lines[0]), lines[0])
		assert.Equal(t, -1, strings.IndexFunc(lines[1], unicode.IsControl), "%q", lines[1]) // other marks may be of a name that is typed
	}
}

func TestAdviceIsNoCommand(t *testing.T) {
	f := stopTelnet()
	f.Remedy = nil
	_, err := fix.Of(f)
	require.ErrorIs(t, err, fix.ErrNoRemedy)
	require.ErrorContains(t, err, "Stop it.")
}
