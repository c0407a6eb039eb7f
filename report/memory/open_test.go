package memory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// day is one run of the check in TestOpenFolds.
type day struct {
	check  reporttest.Checker
	notDue bool
	gone   bool // the check is not configured
	want   []string
}

func TestOpenFolds(t *testing.T) {
	boom := errors.New("df failed")
	half := func(fs ...report.Finding) reporttest.Checker {
		return reporttest.Checker{Findings: fs, Covered: []string{"fs", "logs"}, Problems: map[string]error{"fs/var": boom}}
	}
	table := map[string][]day{
		"a condition is new, still there, then fixed": {
			{check: found(full("/var")), want: []string{"new /var"}},
			{check: found(full("/var")), want: []string{"still /var"}},
			{check: found(), want: []string{"fixed /var"}},
			{check: found()},
		},
		"what comes back is regressed, once each time": {
			{check: found(full("/var")), want: []string{"new /var"}},
			{check: found(), want: []string{"fixed /var"}},
			{check: found(full("/var")), want: []string{"regressed /var"}},
			{check: found(full("/var")), want: []string{"still /var"}},
			{check: found(), want: []string{"fixed /var"}},
			{check: found(full("/var")), want: []string{"regressed /var"}},
		},
		"a higher severity is worse, other evidence is an update": {
			{check: found(full("/var", evidence("a=1"))), want: []string{"new /var"}},
			{check: found(full("/var", evidence("a=2"))), want: []string{"updated /var"}},
			{check: found(full("/var", evidence("a=2"), severity(report.Critical))), want: []string{"worse /var"}},
			{check: found(full("/var", evidence("a=2"), severity(report.Notice))), want: []string{"still /var"}},
		},
		"an event stays until a person signs it off": {
			{check: found(login("a")), want: []string{"new root"}},
			{check: found(), want: []string{"still root"}},
			{check: found(login("b")), want: []string{"updated root"}},
		},
		"a failed check fixes nothing": {
			{check: found(full("/var")), want: []string{"new /var"}},
			{check: reporttest.Checker{Err: boom}, want: []string{"stale /var"}},
			{check: reporttest.Checker{Err: boom}, want: []string{"still /var"}},
			{check: found(full("/var")), want: []string{"still /var"}},
			{check: reporttest.Checker{Panic: "boom"}, want: []string{"stale /var"}},
			{check: found(), want: []string{"fixed /var"}},
		},
		"a problem takes its scope out of the coverage": {
			{check: found(full("/var"), full("/srv")), want: []string{"new /srv", "new /var"}},
			{check: half(), want: []string{"stale /var", "fixed /srv"}},
			{check: found(), want: []string{"fixed /var"}},
		},
		"a longer covered scope outweighs a problem above it": {
			{check: found(full("/var")), want: []string{"new /var"}},
			{
				check: reporttest.Checker{Covered: []string{"fs/var"}, Problems: map[string]error{"fs": boom}},
				want:  []string{"fixed /var"},
			},
		},
		"a check that is not due carries": {
			{check: found(full("/var")), want: []string{"new /var"}},
			{notDue: true, want: []string{"still /var"}},
			{check: found(full("/var")), want: []string{"still /var"}},
		},
		"a question that no longer exists retires its findings, shown once": {
			{check: found(full("/var")), want: []string{"new /var"}},
			{check: reporttest.Checker{Err: report.Skip("no disks")}, want: []string{"retired /var"}},
			{check: reporttest.Checker{Err: report.Skip("no disks")}},
			{check: found(full("/var")), want: []string{"regressed /var"}},
		},
		"a check that is no longer configured retires its findings, shown once": {
			{check: found(full("/var"), login("a")), want: []string{"new /var", "new root"}},
			{gone: true, want: []string{"retired /var", "retired root"}},
			{gone: true},
		},
		"an event is open, whether anyone could look again or not": {
			{check: found(login("a"), full("/var")), want: []string{"new root", "new /var"}},
			{check: reporttest.Checker{Err: boom}, want: []string{"still root", "stale /var"}},
		},
		"a renamed rule keeps its finding": {
			{check: found(full("/var")), want: []string{"new /var"}},
			{check: found(full("/var", func(f *report.Finding) { f.Rule = "renamed" })), want: []string{"still /var"}},
		},
	}
	for name, days := range table {
		t.Run(name, func(t *testing.T) { runDays(t, days) })
	}
}

func runDays(t *testing.T, days []day) {
	store := &reporttest.Store{}
	for i, d := range days {
		c := d.check
		c.ID, c.Catalogue = "disks", rules
		at := time.Date(2026, 11, 1+i, 6, 0, 0, 0, time.UTC)
		set := &suite.Suite{
			Checks: []report.Checker{&c}, Store: store, Clock: func() time.Time { return at },
			Due: func(string, time.Time) bool { return !d.notDue },
		}
		if d.gone {
			set.Checks = nil
		}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		var got []string
		for _, ch := range rep.Changes {
			got = append(got, fmt.Sprintf("%s %s", ch.Kind, ch.Finding.Subject.Value))
		}
		assert.ElementsMatch(t, d.want, got, "day %d", i+1)
	}
}

func TestNextIsPure(t *testing.T) {
	saved := reporttest.Sample(1)
	before := fmt.Sprintf("%+v", saved.Open)
	next, _ := saved.Open.Next(&report.Report{Finished: time.Now()})
	assert.Equal(t, before, fmt.Sprintf("%+v", saved.Open))
	assert.Equal(t, memory.ItemRetired, next.Items[0].State)
}

func TestRuleNewInThisVersionIsToldAsSuch(t *testing.T) {
	store := &reporttest.Store{}
	run := func(rules []report.Rule, fs ...report.Finding) *report.Report {
		c := &reporttest.Checker{ID: "disks", Catalogue: rules, Findings: fs, Covered: []string{"fs", "logs"}}
		rep, err := (&suite.Suite{Checks: []report.Checker{c}, Store: store}).Run(t.Context())
		require.NoError(t, err)
		return rep
	}
	first := run(rules[:1], full("/var"))
	assert.False(t, first.Changes[0].NewCheck)
	second := run(rules[:2], full("/var"), login("a"), full("/srv"))
	told := map[string]bool{}
	for _, ch := range second.Changes {
		told[ch.Finding.Subject.Value] = ch.NewCheck
	}
	assert.Equal(t, map[string]bool{"root": true, "/srv": false, "/var": false}, told)
}

func TestCloseEndsWhatAPersonSignedOff(t *testing.T) {
	c := &reporttest.Checker{ID: "disks", Catalogue: rules, Findings: []report.Finding{login("a"), full("/var")}, Covered: []string{"fs", "logs"}}
	run := func(open memory.Open) (memory.Open, []report.Change) {
		rep, err := suite.Run(t.Context(), []report.Checker{c})
		require.NoError(t, err)
		return open.Next(rep)
	}
	open, changes := run(memory.Open{})
	require.Len(t, changes, 2)
	for _, ch := range changes {
		open = open.Close(ch.Check, ch.Finding.Fingerprint, time.Now())
	}
	c.Findings = nil
	open, changes = run(open)
	assert.Empty(t, changes, "neither an event nor a condition that was signed off comes back by itself")
	c.Findings = []report.Finding{login("a")}
	open, changes = run(open)
	assert.Empty(t, changes, "the same evidence is the same event")
	c.Findings = []report.Finding{login("b"), full("/var")}
	_, changes = run(open)
	require.Len(t, changes, 2)
	assert.Equal(t, report.New, changes[0].Kind, "it happened again")
	assert.Equal(t, report.Regressed, changes[1].Kind, "a condition came back")
}

func TestASignedOffConditionIsToldAgainOnlyWhenThereIsMoreToTell(t *testing.T) {
	var open memory.Open
	fold := func(fs ...report.Finding) (told []string) {
		rep, err := suite.Run(t.Context(), []report.Checker{finds("disks", fs...)})
		require.NoError(t, err)
		var changes []report.Change
		open, changes = open.Next(rep)
		for _, ch := range changes {
			told = append(told, ch.Kind.String())
		}
		return told
	}
	fold(full("/var", evidence("a=1")))
	open = open.Close("disks", open.Items[0].Finding.Fingerprint, time.Now())
	assert.Empty(t, fold(full("/var", evidence("a=1"))), "it is known, and still there")
	assert.Empty(t, fold(full("/var", evidence("a=1"))))
	assert.Equal(t, []string{"worse"}, fold(full("/var", evidence("a=1"), severity(report.Critical))))
	open = open.Close("disks", open.Items[0].Finding.Fingerprint, time.Now())
	assert.Equal(t, []string{"updated"}, fold(full("/var", evidence("a=2"), severity(report.Critical))))
	open = open.Close("disks", open.Items[0].Finding.Fingerprint, time.Now())
	assert.Empty(t, fold(), "that it is gone is no news")
	assert.Equal(t, []string{"regressed"}, fold(full("/var", evidence("a=2"))))
}

// One version knows a rule as full, the next as renamed; then the old one runs
// again for a day.
func TestAFactThatIsKnownUnderTwoNamesIsToldOnce(t *testing.T) {
	as := func(rule string) report.Finding { return full("/var", func(f *report.Finding) { f.Rule = rule }) }
	var open memory.Open
	var told [][]string
	for _, c := range []report.Checker{
		finds("disks", as("full")), finds("disks", as("renamed")), finds("disks", as("full")), finds("disks", as("renamed")), finds("disks"),
	} {
		rep, err := suite.Run(t.Context(), []report.Checker{c})
		require.NoError(t, err)
		var changes []report.Change
		open, changes = open.Next(rep)
		var day []string
		for _, ch := range changes {
			day = append(day, ch.Kind.String()+" "+ch.Finding.Rule)
		}
		told = append(told, day)
	}
	assert.Equal(t, []string{"new full"}, told[0])
	assert.Equal(t, []string{"still renamed"}, told[1])
	// The old version does not know the new name: to it, that is another fact.
	assert.Equal(t, []string{"new full", "fixed renamed"}, told[2])
	assert.Equal(t, []string{"still renamed"}, told[3], "and not fixed at the same time")
	assert.Equal(t, []string{"fixed renamed"}, told[4])
}

// The check itself got another name, and its rule too.
func TestARenamedCheckKeepsItsFindings(t *testing.T) {
	renamed := []report.Rule{{ID: "space", Kind: report.Condition, Severity: report.Warning, Title: "t", Explain: "e", Remedy: "r", Since: "0.2.0", Former: []string{"disks/full"}}}
	before, err := suite.Run(t.Context(), []report.Checker{finds("disks", full("/var"), full("/srv"))})
	require.NoError(t, err)
	open, _ := memory.Open{}.Next(before)
	now := &reporttest.Checker{ID: "filesystems", Catalogue: renamed, Findings: []report.Finding{full("/var", func(f *report.Finding) { f.Rule = "space" })}, Covered: []string{"fs"}}
	rep, err := suite.Run(t.Context(), []report.Checker{now})
	require.NoError(t, err)
	open, changes := open.Next(rep)
	require.Len(t, changes, 2)
	assert.Equal(t, report.Retired, changes[0].Kind, "nobody asks for the other under its old name")
	assert.Equal(t, report.Still, changes[1].Kind)
	assert.Equal(t, "filesystems", changes[1].Check)
	assert.Equal(t, before.Finished, open.Items[1].Since)
}

func TestACheckThatIsNewInThisVersionIsToldAsSuch(t *testing.T) {
	store := &reporttest.Store{}
	run := func(checks ...report.Checker) []report.Change {
		rep, err := (&suite.Suite{Checks: checks, Store: store}).Run(t.Context())
		require.NoError(t, err)
		return rep.Changes
	}
	assert.False(t, run(finds("disks", full("/var")))[0].NewCheck)
	for _, ch := range run(finds("disks", full("/srv")), finds("mail", full("/opt"))) {
		assert.Equal(t, ch.Check == "mail", ch.NewCheck, ch.Check)
	}
}

// The artifacts of yesterday are not in today's report.
func TestWhatWasNotFoundAgainRefersToNoArtifacts(t *testing.T) {
	rep, err := suite.Run(t.Context(), []report.Checker{check("logs", func(_ context.Context, rec *report.Recorder) error {
		f := login("a")
		f.Artifacts = []string{rec.Artifact("lines", "text/plain", strings.NewReader("x"))}
		rec.Finding(f)
		return nil
	})})
	require.NoError(t, err)
	open, changes := memory.Open{}.Next(rep)
	assert.Len(t, changes[0].Finding.Artifacts, 1)
	next, err := suite.Run(t.Context(), []report.Checker{finds("logs")})
	require.NoError(t, err)
	_, changes = open.Next(next)
	assert.Empty(t, changes[0].Finding.Artifacts)
	assert.Len(t, open.Items[0].Finding.Artifacts, 1, "the receiver is not changed")
}

func TestFoldDoesNotDependOnTheOrderOfWhatIsOpen(t *testing.T) {
	rep, err := suite.Run(t.Context(), []report.Checker{logins(1, 300)})
	require.NoError(t, err)
	open, _ := memory.Open{}.Next(rep)
	next, err := suite.Run(t.Context(), []report.Checker{logins(2, 300)})
	require.NoError(t, err)
	a, changesOfA := open.Next(next)
	slices.Reverse(open.Items)
	b, changesOfB := open.Next(next)
	assert.Equal(t, a, b)
	assert.Equal(t, changesOfA, changesOfB)
}

func TestARuleThatIsNoLongerThereRetiresItsFindings(t *testing.T) {
	store := &reporttest.Store{}
	run := func(c report.CheckerFunc) []string {
		rep, err := (&suite.Suite{Checks: []report.Checker{c}, Store: store}).Run(t.Context())
		require.NoError(t, err)
		var got []string
		for _, ch := range rep.Changes {
			got = append(got, ch.Kind.String()+" "+ch.Finding.Subject.Value+" "+ch.Reason)
		}
		return got
	}
	covers := func(rec *report.Recorder) error { rec.Covered("fs"); rec.Covered("logs"); return nil }
	version1 := report.CheckerFunc{ID: "c", Catalogue: rules[:2], Func: func(_ context.Context, rec *report.Recorder) error {
		rec.Finding(full("/var"))
		rec.Finding(login("a"))
		return covers(rec)
	}}
	without := report.CheckerFunc{ID: "c", Catalogue: rules[1:2], Func: func(_ context.Context, rec *report.Recorder) error { return covers(rec) }}
	assert.Len(t, run(version1), 2)
	assert.Equal(t, []string{"retired /var this version no longer has the rule full, so nobody looks", "still root "}, run(without))
	assert.Equal(t, []string{"still root "}, run(without))

	store = &reporttest.Store{}
	run(version1)
	renamed := without
	renamed.Catalogue = rules[1:]
	assert.Equal(t, []string{"fixed /var ", "still root "}, run(renamed), "under its new name it was looked for")
}

func TestAnEventThatHappensAgainWhileOpenIsUpdatedAndCounted(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 11, 25, hour, minute, 0, 0, time.UTC) }
	logins := func(count int, first, last time.Time) report.Finding {
		f := login("same")
		f.Count, f.First, f.Last = count, first, last
		return f
	}
	store := &reporttest.Store{}
	for i, c := range []struct {
		found []report.Finding
		want  string
	}{
		{[]report.Finding{logins(3, at(1, 0), at(2, 0))}, "new 3 01:00-02:00"},
		{[]report.Finding{logins(5, at(4, 0), at(5, 0))}, "updated 8 01:00-05:00"},
		{nil, "still 8 01:00-05:00"},
		{[]report.Finding{logins(5, at(4, 0), at(5, 0))}, "still 8 01:00-05:00"},
		{[]report.Finding{logins(9, at(4, 0), at(6, 0))}, "updated 9 01:00-06:00"},
	} {
		rep, err := (&suite.Suite{Checks: []report.Checker{finds("logs", c.found...)}, Store: store}).Run(t.Context())
		require.NoError(t, err)
		require.Len(t, rep.Changes, 1)
		ch := rep.Changes[0]
		assert.Equal(t, c.want, fmt.Sprintf("%s %d %s-%s", ch.Kind, ch.Finding.Count, ch.Finding.First.Format("15:04"), ch.Finding.Last.Format("15:04")), "day %d", i)
	}
}
