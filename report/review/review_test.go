package review

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// world is a machine with a disk and a login, and the person who reviews it.
type world struct {
	t        *testing.T
	now      time.Time
	disk     report.Severity // zero: the disk is well
	evidence string
	login    time.Time // zero: nobody logged in
	fail     error
	store    reporttest.Store
	log      FileStore
}

// saved is what the machine's last run left.
func (w *world) saved() memory.Saved {
	saved, err := w.store.Load(context.Background())
	require.NoError(w.t, err)
	return saved
}

func newWorld(t *testing.T) *world {
	return &world{
		t: t, now: time.Date(2026, 12, 1, 6, 0, 0, 0, time.UTC), disk: report.Warning, evidence: "full=91",
		log: FileStore{Name: filepath.Join(t.TempDir(), "review.log")},
	}
}

func (w *world) Name() string { return "world" }

func (w *world) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule("world.disk", report.Warning, "A disk is nearly full").Text("It matters.", "Clean up."),
		report.Event.Rule("world.login", report.Notice, "Somebody logged in").Text("It matters.", "Ask."))
}

func (w *world) Check(_ context.Context, rec *report.Recorder) error {
	if w.fail != nil {
		return w.fail
	}
	rec.Covered("world")
	if w.disk != 0 {
		rec.Finding(report.Finding{
			Rule: "world.disk", Subject: report.Mount.Of("/srv"), Scope: "world/disk", Severity: w.disk,
			Evidence: []report.Attr{report.Now.Of(w.evidence)},
		})
	}
	if !w.login.IsZero() {
		rec.Finding(report.Finding{Rule: "world.login", Subject: report.User.Of("eve"), Scope: "world/login", First: w.login, Last: w.login})
	}
	return nil
}

// run looks once, a day later.
func (w *world) run() *report.Report {
	w.now = w.now.Add(day)
	set := suite.Suite{Checks: []report.Checker{w}, Store: &w.store, Review: Fold(w.log), Clock: w.clock}
	rep, err := set.Run(w.t.Context())
	require.NoError(w.t, err)
	return rep
}

func (w *world) clock() time.Time { return w.now }

func (w *world) desk() Desk { return Desk{Store: w.log, By: "ann", Clock: w.clock} }

func (w *world) items(selector string) []memory.Item {
	w.t.Helper()
	log, err := w.log.Acts(w.t.Context())
	require.NoError(w.t, err)
	found, err := Select(Standings(w.saved().Open, log, w.now), selector)
	require.NoError(w.t, err)
	var out []memory.Item
	for _, s := range found {
		out = append(out, s.Item)
	}
	return out
}

func (w *world) acknowledge(until time.Duration) {
	w.t.Helper()
	require.NoError(w.t, w.desk().Acknowledge(w.t.Context(), w.items("world.disk"), Terms{Until: w.now.Add(until), Comment: "ordered"}))
}

func TestWhatIsAcknowledgedIsToldNoMore(t *testing.T) {
	w := newWorld(t)
	require.Len(t, w.run().Changes, 1)
	w.acknowledge(30 * day)
	rep := w.run()
	assert.Empty(t, rep.Changes)
	require.Len(t, rep.Review.Handled, 1)
	assert.Equal(t, "acknowledged", rep.Review.Handled[0].State)
	assert.Equal(t, "ann", rep.Review.Handled[0].By)
}

// What stands between machine and people has a state, whose act is whole.
func TestEachStateIsSaidWithTheWholeAct(t *testing.T) {
	w := newWorld(t)
	standing := func() Standing {
		t.Helper()
		log, err := w.log.Acts(t.Context())
		require.NoError(t, err)
		all := Standings(w.saved().Open, log, w.now)
		require.Len(t, all, 1)
		return all[0]
	}
	w.run()
	assert.Equal(t, Open, standing().State)
	until := w.now.Add(30 * day)
	terms := Terms{Until: until, UpTo: report.Critical, Comment: "ordered", Ticket: "OPS-7"}
	require.NoError(t, w.desk().Acknowledge(t.Context(), w.items("world.disk"), terms))
	got := standing()
	assert.Equal(t, Acknowledged, got.State)
	assert.Equal(t, Act{Kind: Acknowledge, By: "ann", Time: w.now, Comment: "ordered", Ticket: "OPS-7", Until: until, UpTo: report.Critical, Seen: got.Act.Seen}, got.Act.Act)
	told := w.run().Review.Handled[0]
	assert.Equal(t, []any{"ann", got.Act.Time, "ordered", "OPS-7", until}, []any{told.By, told.At, told.Comment, told.Ticket, told.Until})

	w.fail = context.DeadlineExceeded
	w.run()
	assert.True(t, standing().Stale, "nobody could look")
	assert.Equal(t, Acknowledged, standing().State)
	w.fail, w.disk = nil, 0
	w.run()
	assert.Equal(t, Resolved, standing().State)
	w.disk = report.Warning
	w.run()
	assert.Equal(t, Regressed, standing().State)
	require.NoError(t, w.desk().Accept(t.Context(), w.items("/srv"), nil, Terms{}))
	assert.Equal(t, AcceptedRisk, standing().State)
}

func TestASentenceOfADayIsInTheZoneOfItsReader(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.now = time.Date(2026, 12, 5, 23, 30, 0, 0, time.UTC)
	w.acknowledge(day)
	log, err := w.log.Acts(t.Context())
	require.NoError(t, err)
	later := w.now.Add(2 * day)
	for name, zone := range map[string]*time.Location{"2026-12-05": time.UTC, "2026-12-06": time.FixedZone("CET", 3600)} {
		assert.Contains(t, Standings(w.saved().Open, log, later.In(zone))[0].Why(), "by ann on "+name)
		rep := &report.Report{Finished: later, Changes: []report.Change{{Kind: report.Still, Check: "world", Finding: w.saved().Open.Items[0].Finding}}}
		got, err := fold(log, nil, w.saved().Open, rep, zone)
		require.NoError(t, err)
		assert.Contains(t, got.Changes[0].Reason, "by ann on "+name)
	}
}

func TestAnAcknowledgementHoldsUpToItsSeverity(t *testing.T) {
	for upTo, opens := range map[report.Severity]bool{0: true, report.Notice: true, report.Warning: true, report.Critical: false} {
		w := newWorld(t)
		w.run()
		require.NoError(t, w.desk().Acknowledge(t.Context(), w.items("world.disk"), Terms{Until: w.now.Add(30 * day), UpTo: upTo}))
		require.Empty(t, w.run().Changes)
		w.disk = report.Critical
		assert.Equal(t, opens, len(w.run().Changes) == 1, upTo)
	}
}

func TestAnAcknowledgementOpensAgainAndSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name  string
		worse func(w *world)
		want  Reason
		kind  report.ChangeKind
	}{
		{"escalation", func(w *world) { w.disk = report.Critical }, Escalated, report.Worse},
		{"changed evidence", func(w *world) { w.evidence = "full=96" }, EvidenceChanged, report.Updated},
		{"expiry", func(w *world) { w.now = w.now.Add(40 * day) }, Expired, report.Updated},
		{"return", func(w *world) { w.disk = 0; w.run(); w.disk = report.Warning }, Returned, report.Regressed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.run()
			w.acknowledge(30 * day)
			require.Empty(t, w.run().Changes)
			c.worse(w)
			rep := w.run()
			require.Len(t, rep.Changes, 1)
			assert.Equal(t, c.kind, rep.Changes[0].Kind)
			assert.Contains(t, rep.Changes[0].Reason, "acknowledged by ann")
			assert.Contains(t, rep.Changes[0].Reason, string(c.want))
			assert.Equal(t, report.Still, w.run().Changes[0].Kind, "it opens once")
		})
	}
}

func TestAnEventThatIsAcceptedIsClosedUntilItHappensAgain(t *testing.T) {
	w := newWorld(t)
	w.disk, w.login = 0, w.now
	require.Len(t, w.run().Changes, 1)
	w.login = time.Time{}
	require.NoError(t, w.desk().Accept(t.Context(), w.items("all"), nil, Terms{}))
	assert.Empty(t, w.run().Changes)
	assert.Empty(t, w.run().Changes)
	assert.Equal(t, memory.ItemClosed, w.saved().Open.Items[0].State)
	w.login = w.now
	rep := w.run()
	require.Len(t, rep.Changes, 1)
	assert.Equal(t, report.New, rep.Changes[0].Kind)
	assert.Contains(t, rep.Changes[0].Reason, string(HappenedAgain))
}

func TestAnAcceptedConditionIsARiskWithADateToReviewIt(t *testing.T) {
	w := newWorld(t)
	w.run()
	require.NoError(t, w.desk().Accept(t.Context(), w.items("/srv"), nil, Terms{}))
	rep := w.run()
	require.Len(t, rep.Review.Handled, 1)
	assert.Equal(t, "accepted-risk", rep.Review.Handled[0].State)
	w.now = w.now.Add(89 * day)
	assert.Len(t, w.run().Changes, 1)
}

func TestAnActDuringARunIsInTheNextReport(t *testing.T) {
	w := newWorld(t)
	w.run()
	// The run has loaded its memory when its check acts as the person does.
	set := suite.Suite{Store: &w.store, Review: Fold(w.log), Clock: w.clock}
	set.Checks = []report.Checker{report.CheckerFunc{ID: "world", Catalogue: w.Rules(), Func: func(ctx context.Context, rec *report.Recorder) error {
		w.acknowledge(30 * day)
		require.NoError(t, w.desk().Sign(ctx, w.saved().Report, ""))
		return w.Check(ctx, rec)
	}}}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	assert.Empty(t, rep.Changes)
	assert.Equal(t, uint64(1), rep.Review.Signed.Seq)
	assert.Equal(t, uint64(2), w.run().Review.Acts)
}

func TestWhenTheLogCannotBeTrustedAllIsTold(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.acknowledge(30 * day)
	require.Empty(t, w.run().Changes)
	w.log.Name += ".other"
	for range 2 {
		rep := w.run()
		assert.Len(t, rep.Changes, 1)
		assert.Contains(t, rep.Review.Unknown, "damaged")
		assert.NotEmpty(t, rep.Notices)
	}
}

func TestAFailedCheckResolvesNothingThatWasAcknowledged(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.acknowledge(30 * day)
	w.fail = context.DeadlineExceeded
	rep := w.run()
	require.Len(t, rep.Review.Handled, 1)
	assert.Equal(t, report.Stale, rep.Review.Handled[0].Change.Kind)
}

func TestUnsignedDaysAndOldAcknowledgementsRemind(t *testing.T) {
	w := newWorld(t)
	assert.Empty(t, w.run().Review.Reminders)
	assert.Empty(t, w.run().Review.Reminders)
	assert.Contains(t, w.run().Review.Reminders, "nobody has signed for 2 days")
	w.acknowledge(60 * day)
	require.NoError(t, w.desk().Sign(t.Context(), w.saved().Report, "seen"))
	assert.Empty(t, w.run().Review.Reminders)
	w.now = w.now.Add(30 * day)
	rep := w.run()
	require.Len(t, rep.Review.Reminders, 2)
	assert.Contains(t, rep.Review.Reminders[1], "acknowledged 32 days ago by ann")
}

func TestTheLedgerHasEveryDay(t *testing.T) {
	w := newWorld(t)
	w.run()
	require.NoError(t, w.desk().Sign(t.Context(), w.saved().Report, "seen"))
	log, err := w.log.Acts(t.Context())
	require.NoError(t, err)
	days := Ledger(log, w.now.Add(-day), w.now.Add(day))
	require.Len(t, days, 3)
	assert.Equal(t, []bool{false, true, false}, []bool{days[0].Signed, days[1].Signed, days[2].Signed})
	assert.Equal(t, 1, days[1].Open)

	all := Standings(w.saved().Open, log, w.now)
	require.NoError(t, w.desk().Accept(t.Context(), []memory.Item{all[0].Item}, nil, Terms{}))
	require.NoError(t, w.desk().Sign(t.Context(), w.saved().Report, ""))
	log, err = w.log.Acts(t.Context())
	require.NoError(t, err)
	today := Ledger(log, w.now, w.now)[0]
	assert.Zero(t, today.Open, "what was accepted before the signature is not open under it")
	assert.Equal(t, "seen", today.Earlier[0].Comment, "a second signature takes none away")
}

// Who accepts and signs in one go is told of all the same, once.
func TestWhatWasDealtWithSinceTheLastReportIsNew(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.acknowledge(30 * day)
	require.NoError(t, w.desk().Sign(t.Context(), w.saved().Report, ""))
	for _, isNew := range []bool{true, false} {
		rep := w.run()
		require.Len(t, rep.Review.Handled, 1)
		assert.Equal(t, isNew, rep.Review.Handled[0].New)
	}
}

// A day is signed for a customer where it is for each host.
func TestTheLedgerOfACustomerHasEveryHost(t *testing.T) {
	at := time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC)
	signed := func(by string, days ...string) (log []Record) {
		for _, d := range days {
			log = append(log, Record{Act: Act{Kind: Sign, By: by, Time: at, Signed: &Signed{Day: d}}})
		}
		return log
	}
	got := Together(map[string][]Record{
		"web1": signed("ann", "2026-12-01", "2026-12-02"), "web2": signed("bob", "2026-12-01"), "web3": nil,
	}, at.AddDate(0, 0, -2), at)
	assert.Equal(t, []CustomerDay{
		{Day: "2026-11-30", Unsigned: []string{"web1", "web2", "web3"}},
		{Day: "2026-12-01", By: []string{"ann", "bob"}, Signed: 2, Unsigned: []string{"web3"}},
		{Day: "2026-12-02", By: []string{"ann"}, Signed: 1, Unsigned: []string{"web2", "web3"}},
	}, got)
	assert.Empty(t, Together(nil, at, at))
}

func TestSelectors(t *testing.T) {
	w := newWorld(t)
	w.login = w.now
	w.run()
	all := Standings(w.saved().Open, nil, w.now)
	id := all[0].Finding.Fingerprint
	for selector, want := range map[string]int{"all": 2, "world": 2, "world.disk": 1, "/srv": 1, "/s*": 1, id: 1, id[3:9]: 1} {
		got, err := Select(all, selector)
		require.NoError(t, err, selector)
		assert.Len(t, got, want, selector)
	}
	for _, selector := range []string{"", "zzzz", "/etc/*", "world.nothing", id[3:5]} {
		_, err := Select(all, selector)
		require.Error(t, err, selector)
	}
}

func TestASelectorNamesThePackageOrTheTicket(t *testing.T) {
	w := newWorld(t)
	w.run()
	all := Standings(w.saved().Open, nil, w.now)
	require.Len(t, all, 1)
	all[0].Finding.Evidence = append(all[0].Finding.Evidence, report.Package.Of("deb:libssl3"))
	all[0].Act = &Record{Act: Act{Ticket: "OPS-7"}}
	for _, selector := range []string{"package:libssl3", "package:deb:libssl3", "ticket:OPS-7"} {
		got, err := Select(all, selector)
		require.NoError(t, err, selector)
		assert.Len(t, got, 1, selector)
	}
	for _, selector := range []string{"package:libssl", "package:", "package:deb", "ticket:OPS-", "ticket:", "libssl3", "OPS-7"} {
		_, err := Select(all, selector)
		assert.Error(t, err, selector)
	}
}

func TestWhatIsNoLongerListedIsAcceptedInBulkUntilThereIsMore(t *testing.T) {
	w := newWorld(t)
	w.run()
	listed := memory.Overflow{Check: "world", Count: 7, Worst: report.Notice, First: w.now, Last: w.now}
	saved := w.saved()
	saved.Open.Overflow = []memory.Overflow{listed}
	require.NoError(t, w.store.Save(t.Context(), saved))
	require.NoError(t, w.desk().AcceptOverflow(t.Context(), w.saved().Open.Overflow, Terms{}))
	w.run()
	assert.Empty(t, w.saved().Open.Overflow)
	listed.Count++
	saved = w.saved()
	saved.Open.Overflow = []memory.Overflow{listed}
	require.NoError(t, w.store.Save(t.Context(), saved))
	w.run()
	assert.Len(t, w.saved().Open.Overflow, 1)
}

func TestNobodySignsADayThatIsOver(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	late := Act{Time: now, By: "eve", Kind: Sign, Signed: &Signed{Report: "r1", Seq: 1, Day: "2026-11-27"}}
	_, err := FileStore{Name: filepath.Join(t.TempDir(), "log")}.Append(t.Context(), late)
	require.ErrorContains(t, err, "another day")
	days := Ledger([]Record{{Seq: 1, Act: late}}, now.AddDate(0, 0, -3), now)
	for _, day := range days {
		assert.False(t, day.Signed, day.Day)
	}
	for zone, day := range map[int]string{14: "2026-11-30", -12: "2026-11-29", 0: "2026-11-30"} {
		late.Signed.Day = day
		_, err = FileStore{Name: filepath.Join(t.TempDir(), "log")}.Append(t.Context(), late)
		require.NoError(t, err, zone)
	}
}
