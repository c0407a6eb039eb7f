package continuity_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/continuity"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// A keeper is a check that does nothing but watch its baseline.
type keeper struct {
	baseline string
	created  time.Time // of the one that it takes
	signed   func(*integrity.Baseline) error
}

func (keeper) Name() string { return "demo.kept" }

func (k keeper) Rules() []report.Rule { return continuity.Rules(k.Name()) }

func (k keeper) Check(_ context.Context, rec *report.Recorder) error {
	w := continuity.Watch{Check: k.Name(), Baseline: k.baseline, Rec: rec, Signed: k.signed}
	b, err := w.Open(func() error { return k.take(k.created) })
	if err != nil {
		return err
	}
	defer b.Close()
	if !w.Replaced {
		rec.Covered(continuity.Scope)
	}
	return w.Remember(b)
}

// take makes a baseline of no files.
func (k keeper) take(created time.Time) error {
	head := integrity.Head{Created: created, Profile: integrity.ProfileEtc()}
	return integrity.CreateBaseline(k.baseline, head, func(func(host.Entry, error) bool) {})
}

func TestABaselineIsBelievedOnlyAsTheOneThatWasKept(t *testing.T) {
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	removed := func(k keeper) {
		require.NoError(t, os.Remove(k.baseline))
		require.NoError(t, os.Remove(k.baseline+".old"))
	}
	for name, c := range map[string]struct {
		act  func(k *keeper)
		want []string // rules
	}{
		"as it was": {func(*keeper) {}, nil},
		"lost":      {func(k *keeper) { removed(*k) }, []string{"demo.kept.baseline-lost"}},
		"another": {func(k *keeper) {
			removed(*k)
			require.NoError(t, k.take(day.AddDate(0, 0, 1)))
		}, []string{"demo.kept.baseline-replaced"}},
		"its copy": {func(k *keeper) { require.NoError(t, os.Truncate(k.baseline, 9)) }, []string{"demo.kept.baseline-damaged"}},
		"begun anew": {func(k *keeper) {
			a := integrity.Acceptor{Baseline: k.baseline, Says: integrity.Acceptance{Time: day, By: "ann"}}
			require.NoError(t, a.Anew(t.Context(), integrity.Head{Created: day.AddDate(0, 0, 2), Profile: integrity.ProfileEtc()}, func(func(host.Entry, error) bool) {}))
		}, []string{"demo.kept.baseline-anew"}},
		"not signed": {func(k *keeper) { k.signed = func(*integrity.Baseline) error { return errors.New("by nobody") } }, []string{"demo.kept.baseline-unsigned"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := keeper{baseline: filepath.Join(t.TempDir(), "b"), created: day}
			store := &reporttest.Store{}
			look := func() (rules []string) {
				set := suite.Suite{Checks: []report.Checker{k}, Store: store}
				rep, err := set.Run(t.Context())
				require.NoError(t, err)
				for _, f := range rep.Results[0].Findings {
					rules = append(rules, f.Rule)
				}
				return rules
			}
			assert.Empty(t, look())
			c.act(&k)
			assert.Equal(t, c.want, look())
			if name == "another" {
				assert.Equal(t, c.want, look(), "it is not believed the next day either")
			}
		})
	}
}
