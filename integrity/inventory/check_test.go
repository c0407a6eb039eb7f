package inventory_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// guests is a question about who is there, by rooms.
type guests struct{ read func(*inventory.List) }

func (guests) Name() string { return "integrity.guests" }

func (guests) Rules() []report.Rule {
	return []report.Rule{{ID: "integrity.guests.new", Kind: report.Condition, Severity: report.Warning, Title: "A guest is new", Explain: "x", Remedy: "x", Since: "0.1.0"}}
}

func (g guests) Read(context.Context) *inventory.List {
	l := &inventory.List{Sections: []string{"hall", "yard"}}
	g.read(l)
	return l
}

func (guests) Tell(changes []integrity.Change) (out []inventory.Finding) {
	for _, c := range changes {
		t := inventory.Finding{Changes: []integrity.Change{c}}
		t.Rule, t.Subject, t.Title = "integrity.guests.new", report.System.Of(c.Path), c.Kind.String()+" "+c.Path
		t.Scope = "guests/" + inventory.KeyOf(c.Path)[0]
		out = append(out, t)
	}
	return out
}

// A house is asked about its guests again and again.
type house struct {
	t     *testing.T
	suite suite.Suite
	check inventory.Check
}

func newHouse(t *testing.T) *house {
	return &house{t: t, suite: suite.Suite{Store: memory.FileStore{Dir: t.TempDir()}}, check: inventory.Check{Dir: t.TempDir()}}
}

// run gives the titles of what was found, with what stayed from before.
func (h *house) run(read func(*inventory.List)) (titles []string, rep *report.Report) {
	h.t.Helper()
	h.check.Question = guests{read}
	h.suite.Checks = []report.Checker{h.check}
	rep, err := h.suite.Run(h.t.Context())
	require.NoError(h.t, err)
	for _, f := range rep.Results[0].Findings {
		titles = append(titles, f.Title)
	}
	return titles, rep
}

func all(l *inventory.List) {
	l.Add(inventory.Fields("since", "monday"), "hall", "ann")
	l.Add(inventory.Fields("since", "monday"), "yard", "eve")
}

func anyFinding(report.Finding) bool { return true }

func TestWhatTheFirstRunCouldNotReadDoesNotEnterTheBaselineSilently(t *testing.T) {
	for name, hide := range map[string]func(*inventory.List){
		"a section": func(l *inventory.List) { l.Fail("yard", fs.ErrPermission) },
		"a place in it": func(l *inventory.List) {
			l.Records = l.Records[:1]
			l.FailBelow(fs.ErrPermission, "yard", "eve")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			_, rep := h.run(func(l *inventory.List) { all(l); hide(l) })
			assert.Equal(t, report.Partial, rep.Results[0].Status)
			for range 2 {
				titles, _ := h.run(all)
				require.Len(t, titles, 1)
				assert.Contains(t, titles[0], "The baseline does not know yard")
			}
			says := integrity.Acceptance{By: "ann", Time: time.Unix(0, 0)}
			done, err := h.check.Accept(t.Context(), anyFinding, says, nil)
			require.NoError(t, err)
			assert.Len(t, done, 1)
			titles, _ := h.run(all)
			assert.Empty(t, titles)
			titles, _ = h.run(func(l *inventory.List) { all(l); l.Records[1].Fields[0].Value = "today" })
			assert.Equal(t, []string{"changed /yard/eve"}, titles, "from then on it is compared")
		})
	}
}

func TestABaselineHasToBeSignedWhereSomebodyAsks(t *testing.T) {
	h := newHouse(t)
	unsigned := errors.New("nobody signed")
	var signed error
	h.check.Signed = func(*integrity.Baseline) error { return signed }
	titles, _ := h.run(all)
	assert.Empty(t, titles)

	more := func(l *inventory.List) { all(l); l.Add(nil, "hall", "mallory") }
	h.run(more)
	_, err := h.check.Accept(t.Context(), anyFinding, integrity.Acceptance{By: "eve"}, nil)
	require.NoError(t, err)
	signed = unsigned
	titles, rep := h.run(more)
	require.Len(t, titles, 1)
	assert.Contains(t, titles[0], "is not signed by anybody who may")
	assert.Contains(t, rep.Results[0].Findings[0].Detail, "nobody signed. Accepted since it was signed: 1 change by eve.")

	signed = nil
	titles, _ = h.run(more)
	assert.Empty(t, titles)
	signed = unsigned
	titles, rep = h.run(more)
	require.Len(t, titles, 1)
	assert.Contains(t, titles[0], "was signed, and is not any more")
	assert.Equal(t, report.Critical, rep.Results[0].Findings[0].Severity)

	h.check.Signed = nil
	titles, _ = h.run(more)
	require.Len(t, titles, 1, "who takes the keys out of the settings is told of")
	assert.Contains(t, titles[0], "Nobody asks any more")
}
