package render_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func of(kind report.ChangeKind, severity report.Severity) report.Change {
	return report.Change{Kind: kind, Check: "c", Since: noon, Finding: report.Finding{Rule: "r", Title: "t", Severity: severity, Fingerprint: "v1:" + kind.String() + severity.String()}}
}

func ok(n int) []report.Result {
	var out []report.Result
	for i := range n {
		out = append(out, report.Result{Check: fmt.Sprint("c", i), Status: report.OK})
	}
	return out
}

func TestVerdictSaysInOneLineWhatTheReportComesTo(t *testing.T) {
	rights := report.Result{Check: "files", Status: report.Partial, Problems: []report.Problem{{Scope: "x", Code: report.CodePermission}}}
	failed := report.Result{Check: "probe", Status: report.Failed}
	newCheck := of(report.New, report.Warning)
	newCheck.NewCheck = true
	for want, rep := range map[string]*report.Report{
		"this host: nobody has looked":                                                   {},
		"web1: nothing new":                                                              {Seq: 2, Results: ok(3)},
		"web1: nothing new; 1 warning still open":                                        {Seq: 2, Results: ok(3), Changes: []report.Change{of(report.Still, report.Warning)}},
		"web1: nothing new; 2 warnings still open, oldest 6 days":                        {Seq: 2, Results: ok(3), Finished: noon.AddDate(0, 0, 6), Changes: []report.Change{of(report.Still, report.Warning), of(report.Still, report.Warning)}},
		"web1: 1 critical, 1 warning still open; nothing new":                            {Seq: 2, Results: ok(3), Changes: []report.Change{of(report.Still, report.Warning), of(report.Still, report.Critical)}},
		"web1: 1 critical still open; 1 notice new":                                      {Seq: 2, Results: ok(3), Changes: []report.Change{of(report.New, report.Notice), of(report.Still, report.Critical)}},
		"web1: 1 warning new; 1 warning still open":                                      {Seq: 2, Results: ok(3), Changes: []report.Change{of(report.Still, report.Warning), of(report.New, report.Warning)}},
		"web1: 1 warning new; 1 notice still open":                                       {Seq: 2, Results: ok(3), Changes: []report.Change{of(report.Still, report.Notice), of(report.New, report.Warning)}},
		"web1: nothing new; 1 fixed":                                                     {Seq: 2, Results: ok(3), Changes: []report.Change{of(report.Fixed, report.Critical)}},
		"web1: baseline taken; nothing found":                                            {Seq: 1, Results: ok(3)},
		"web1: baseline taken; 1 critical already there":                                 {Seq: 1, Results: ok(3), Changes: []report.Change{of(report.New, report.Critical)}},
		"web1: baseline taken; 1 warning already there":                                  {Seq: 1, Results: ok(3), Changes: []report.Change{newCheck}},
		"web1: 1 warning from new checks":                                                {Seq: 2, Results: ok(3), Changes: []report.Change{newCheck}},
		"web1: 1 critical, 1 warning, 1 unrated new":                                     {Seq: 2, Results: ok(1), Changes: []report.Change{of(report.New, report.Warning), of(report.New, report.Critical), of(report.New, 0)}},
		"web1: could not look at 2 of 2 checks":                                          {Seq: 2, Results: []report.Result{failed, failed}},
		"web1: baseline taken; could not look at 1 of 1 check":                           {Seq: 1, Results: []report.Result{failed}},
		"web1: first look interrupted; nothing found; could not look at 1 of 4 checks":   {Seq: 1, Results: append(ok(3), report.Result{Status: report.Unknown, Reason: "the run was cancelled before this check began"})},
		"web1: nothing new; could not look at 1 of 4 checks; 1 of 4 checks lacks rights": {Seq: 2, Results: append(ok(2), failed, rights)},
		"web1: nothing new; looked only in part at 1 of 3 checks":                        {Seq: 2, Results: append(ok(2), report.Result{Status: report.Partial})},
		"web1: 1 critical worse; 1 warning back; 1 notice changed; 1 out of sight; 1 no longer asked": {Seq: 2, Results: ok(1), Changes: []report.Change{
			of(report.Worse, report.Critical), of(report.Regressed, report.Warning), of(report.Updated, report.Notice), of(report.Stale, report.Info), of(report.Retired, report.Info),
		}},
	} {
		if len(rep.Results) > 0 {
			rep.Labels.Host = "web1"
		}
		if got := render.Verdict(rep); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestVerdictIsSafeAsASubject(t *testing.T) {
	for _, s := range rendertest.Corpus() {
		got := render.Verdict(rendertest.Hostile(s))
		if term.Visible(got) != got || len(got) > 900 {
			t.Errorf("%q gives %q", s, got)
		}
		if !strings.Contains(got, ": ") {
			t.Errorf("%q hides the verdict: %q", s, got)
		}
	}
}

func TestEveryChangeStandsInExactlyOneSection(t *testing.T) {
	for _, seq := range []uint64{0, 1, 2} {
		for kind := range report.ChangeKind(10) {
			for _, newCheck := range []bool{false, true} {
				c := of(kind, report.Warning)
				c.NewCheck = newCheck
				rep := &report.Report{Seq: seq, Changes: []report.Change{c}}
				for _, quiet := range []bool{false, true} {
					rep.Explanations = []report.Explanation{{Finding: c.Finding.Fingerprint, Full: quiet}}
					n := 0
					for _, s := range render.NewDigest(rep).Sections {
						n += s.Count()
					}
					if n != 1 {
						t.Errorf("seq %d, %s, new check %t: told %d times", seq, kind, newCheck, n)
					}
				}
			}
		}
	}
}

func TestFindingsOfAReportThatNobodyComparedAreNew(t *testing.T) {
	rep := &report.Report{Results: []report.Result{{Check: "c", Findings: []report.Finding{{Title: "mild", Severity: report.Info}, {Title: "bad", Severity: report.Critical}}}}}
	d := render.NewDigest(rep)
	if len(d.Sections) != 2 || d.Sections[0].ID != "new" || d.Sections[0].Entries[0].Finding.Title != "bad" || d.Sections[1].ID != "noted" {
		t.Errorf("the sections are %+v", d.Sections)
	}
}

func TestASignedOffFindingIsCountedAndNotTold(t *testing.T) {
	rep := &report.Report{Seq: 5, Results: []report.Result{{Check: "c", Status: report.OK, Findings: []report.Finding{{Title: "known", Fingerprint: "v1:a"}}}}}
	if d := render.NewDigest(rep); d.SignedOff != 1 || len(d.Sections) != 0 {
		t.Errorf("%d signed off, sections %+v", d.SignedOff, d.Sections)
	}
}

// What is new stands before all else, the worst first, and in full; what was explained
// and what is still open stand behind it.
func TestWhatIsNewStandsFirstTheWorstAheadAndInFull(t *testing.T) {
	explained := of(report.New, report.Notice)
	explained.Finding.Fingerprint = "v1:explained"
	rep := &report.Report{Seq: 3, Finished: noon.AddDate(0, 0, 1), Changes: []report.Change{
		of(report.Fixed, report.Critical), of(report.Still, report.Critical), explained,
		of(report.New, report.Info), of(report.New, report.Warning), of(report.New, report.Critical), of(report.New, report.Notice),
	}, Explanations: []report.Explanation{{Finding: explained.Finding.Fingerprint, Text: "update", Confidence: "likely", Full: true}}}
	slices.SortStableFunc(rep.Changes, report.Change.Compare)
	d := render.NewDigest(rep)
	var sections []string
	for _, s := range d.Sections {
		sections = append(sections, s.ID)
	}
	assert.Equal(t, []string{"new", "explained", "fixed", "noted", "still"}, sections)
	var severities []report.Severity
	for _, e := range d.Sections[0].Entries {
		severities = append(severities, e.Finding.Severity)
		assert.False(t, e.Brief || e.Folded, e.Finding.Severity)
	}
	assert.Equal(t, []report.Severity{report.Critical, report.Warning, report.Notice}, severities)
}

func TestStillOpenIsToldInFullOnDays3And7And30(t *testing.T) {
	for day := range 40 {
		c := of(report.Still, report.Warning)
		c.Since = noon.AddDate(0, 0, -day).Add(time.Minute) // a run that began a minute early
		d := render.NewDigest(&report.Report{Seq: 50, Finished: noon, Changes: []report.Change{c}})
		full := !d.Sections[0].Entries[0].Brief
		if want := day == 3 || day == 7 || day == 30; full != want {
			t.Errorf("on day %d in full: %t", day, full)
		}
	}
}

func TestAListNamesEachThingOnce(t *testing.T) {
	var entries []render.Entry
	for _, name := range []string{"job0", "job0", "job1", "job0", "job2", "job3", "job4"} {
		entries = append(entries, render.Entry{Change: report.Change{Finding: report.Finding{Subject: report.Service.Of(name)}}})
	}
	if got, want := render.FewSubjects(entries), "job0 (3), job1, job2 and 2 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := render.Subjects(entries[:2]), "job0 (2)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAlikeFindingsAreFoldedExceptCriticalOnes(t *testing.T) {
	rep := &report.Report{Seq: 2, Finished: noon}
	for i := range 20 {
		c := of(report.New, report.Warning)
		if i == 10 {
			c.Finding.Severity = report.Critical
		}
		if i == 19 {
			c.Finding.Rule = "other"
		}
		rep.Changes = append(rep.Changes, c)
	}
	s := render.NewDigest(rep).Sections[0]
	full := 0
	for _, e := range s.Entries {
		if !e.Folded {
			full++
		}
	}
	if full != 3+1+1 || len(s.Folds) != 1 || len(s.Folds[0].Entries) != 20-full || !s.Folds[0].InFull || s.Entries[10].Brief || s.Entries[19].Brief {
		t.Errorf("%d of 20 in full, the rest in %+v", full, s.Folds)
	}
}

func TestWhatIsKnownTakesALineARule(t *testing.T) {
	rep := &report.Report{Seq: 9, Finished: noon}
	for i, severity := range []report.Severity{report.Critical, report.Notice, report.Notice, report.Critical, report.Info} {
		c := of(report.Still, severity)
		c.Finding.Rule, c.Since = severity.String(), noon.AddDate(0, 0, -i)
		rep.Changes = append(rep.Changes, c)
	}
	rep.Changes[3].Since = noon.AddDate(0, 0, -12)
	s := render.NewDigest(rep).Sections[0]
	var got []string
	for _, f := range s.Folds {
		got = append(got, fmt.Sprint(f.Worst(), len(f.Entries), f.Days()))
	}
	if want := "critical 2 12, notice 2 2, info 1 4"; strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyMildFindingsThatAreFullyExplainedAreGrouped(t *testing.T) {
	rep := &report.Report{Seq: 3}
	for _, severity := range []report.Severity{report.Critical, report.Warning, report.Notice, report.RuleSeverity} {
		c := of(report.New, severity)
		rep.Changes = append(rep.Changes, c)
		rep.Explanations = append(rep.Explanations, report.Explanation{Finding: c.Finding.Fingerprint, Text: "update", Confidence: "proven", Full: true})
	}
	d := render.NewDigest(rep)
	if len(d.Sections) != 2 || len(d.Sections[0].Entries) != 3 || d.Sections[1].ID != "explained" || len(d.Sections[1].Groups) != 1 || len(d.Sections[1].Groups[0].Entries) != 1 {
		t.Errorf("the sections are %+v", d.Sections)
	}
	if d.Verdict != "this host: 1 critical, 1 warning, 1 unrated new; 1 explained" || d.Level != report.Critical {
		t.Errorf("level %s, verdict %q", d.Level, d.Verdict)
	}
}

func TestAnActOnSoftwareIsOneEntryWithAllThatCameOfIt(t *testing.T) {
	d := render.NewDigest(rendertest.Caused())
	if len(d.Sections) != 2 || d.Sections[1].ID != "explained" || len(d.Sections[1].Groups) != 1 {
		t.Fatalf("the sections are %+v", d.Sections)
	}
	g := d.Sections[1].Groups[0]
	if g.Cause == nil || len(g.Entries) != 2 || len(g.Perhaps) != 1 || len(d.Sections[0].Entries) != 1 {
		t.Errorf("the act is %+v", g)
	}
}

func TestWhatTellsOfTheSameIsOneEntryOnlyBelowOneThatIsAsBad(t *testing.T) {
	for name, c := range map[string]struct {
		head, trace report.Severity
		sure        string
		merged      bool
	}{
		"as bad":   {report.Warning, report.Warning, "likely", true},
		"milder":   {report.Critical, report.Notice, "proven", true},
		"worse":    {report.Warning, report.Critical, "proven", false},
		"not sure": {report.Warning, report.Warning, "possible", false},
	} {
		t.Run(name, func(t *testing.T) {
			head, trace := of(report.New, c.head), of(report.Updated, c.trace)
			trace.Finding.Fingerprint = "v1:trace"
			rep := &report.Report{Seq: 3, Changes: []report.Change{head, trace}, Explanations: []report.Explanation{
				{Finding: "v1:trace", By: []string{head.Finding.Fingerprint}, Confidence: c.sure, Text: "t"},
				{Finding: head.Finding.Fingerprint, By: []string{"v1:trace"}, Confidence: "possible", Text: "t"},
			}}
			d := render.NewDigest(rep)
			if merged := len(d.Sections) == 1 && len(d.Sections[0].Entries) == 1 && len(d.Sections[0].Entries[0].Traces) == 1; merged != c.merged {
				t.Errorf("the sections are %+v", d.Sections)
			}
		})
	}
}

func TestWhatWasLookedAtIsSaidInFiguresThatAreKnown(t *testing.T) {
	m := func(noun string, n report.Number, attrs ...report.Attr) report.Metric {
		return report.Metric{Name: "some_" + noun, Value: n, Attrs: attrs, Noun: report.Noun{One: noun, Many: noun + "s"}}
	}
	rep := &report.Report{Results: []report.Result{
		{Status: report.OK, Metrics: []report.Metric{m("file", report.Count(2612)), m("listener", report.Count(0)), m("network interface", report.Count(1)), {Name: "load_1", Value: report.Count(3)}}},
		{Status: report.OK, Metrics: []report.Metric{m("package", report.Count(800), report.System.Of("deb")), m("package", report.Count(1), report.System.Of("rpm"))}},
		{Status: report.OK, Metrics: []report.Metric{m("service", report.Number{}), m("service", report.Count(4))}},
		{Status: report.Failed, Metrics: []report.Metric{m("socket", report.Count(5))}},
	}}
	if got, want := strings.Join(render.Well(rep), ", "), "2,612 files, 1 network interface, 801 packages"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestInformationIsForTheRecordAndInNoVerdict(t *testing.T) {
	rep := &report.Report{Seq: 3, Results: ok(1), Changes: []report.Change{of(report.New, report.Info)}}
	d := render.NewDigest(rep)
	if len(d.Sections) != 1 || d.Sections[0].ID != "noted" || d.Verdict != "this host: nothing new that needs you" {
		t.Errorf("%q, %+v", d.Verdict, d.Sections)
	}
}

func TestAGaugeIsUsedOfUsedAndFree(t *testing.T) {
	at := []report.Attr{{Key: report.Mount, Value: "/srv"}}
	m := func(name string, v uint64, attrs []report.Attr) report.Metric {
		return report.Metric{Name: name, Unit: "bytes", Value: report.Count(v), Attrs: attrs}
	}
	rep := &report.Report{Results: []report.Result{{Check: "c", Metrics: []report.Metric{
		m("filesystem_size_bytes", 100<<30, at), m("filesystem_used_bytes", 45<<30, at), m("filesystem_free_bytes", 45<<30, at),
		m("memory_size_bytes", 8<<30, nil), m("memory_free_bytes", 2<<30, nil), m("other_used_bytes", 5, nil), m("empty_size_bytes", 0, nil), m("empty_used_bytes", 0, nil),
		{Name: "filesystem_inodes", Value: report.Count(1000), Attrs: at},
		{Name: "filesystem_inodes_used", Value: report.Count(10), Attrs: at},
	}, Findings: []report.Finding{{Subject: at[0], Severity: report.Warning}}}}}
	f := render.NewFigures(rep)
	var got []string
	for _, g := range f.Gauges {
		got = append(got, fmt.Sprintf("%s %s/%s %.2f %s", g.Label, g.Used, g.Whole, g.Fraction, g.Level))
	}
	want := "/srv 45 GiB/100 GiB 0.50 warning|memory 6 GiB/8 GiB 0.75 |/srv inodes 10/1,000 0.01 "
	if strings.Join(got, "|") != want {
		t.Errorf("got  %q\nwant %q", strings.Join(got, "|"), want)
	}
	if len(f.Readings) != 3 {
		t.Errorf("the readings are %+v", f.Readings)
	}
}

func TestQuantitiesCarryTheirUnits(t *testing.T) {
	for _, c := range []struct {
		n    report.Number
		unit string
		want string
	}{
		{report.Number{}, "bytes", "unknown"},
		{report.Count(0), "bytes", "0 B"},
		{report.Count(1536), "bytes", "1.5 KiB"},
		{report.Count(1 << 63), "bytes", "8 EiB"},
		{report.Measure(-2048), "bytes", "-2 KiB"},
		{report.Measure(0.4213), "ratio", "42.1 %"},
		{report.Count(1234567), "", "1,234,567"},
		{report.Count(18446744073709551615), "packets", "18,446,744,073,709,551,615 packets"},
		{report.Measure(0.0042), "seconds", "4.2 ms"},
		{report.Count(90), "seconds", "90 s"},
		{report.Count(7200), "seconds", "2 h"},
		{report.Count(864000), "seconds", "10 days"},
		{report.Measure(1e300), "", "1e+300"},
		{report.Measure(-1234.5), "", "-1,234"},
		{report.Measure(5e6), "bytes/s", "4.77 MiB/s"},
	} {
		if got := render.Quantity(c.n, c.unit); got != c.want {
			t.Errorf("Quantity(%s, %q) = %q, want %q", c.n, c.unit, got, c.want)
		}
	}
}

func TestWasAndNowOfAFieldAreOneFact(t *testing.T) {
	a := func(k report.Key, v string) report.Attr { return report.Attr{Key: k, Value: v} }
	f := report.Finding{Subject: a(report.Path, "/x"), Evidence: []report.Attr{
		a(report.Path, "/x"), a(report.Was, "mode=0644"), a(report.Was, "owner=root"), a(report.Now, "mode=0600"), a(report.Now, "link="),
		a(report.Now, "mode=0601"), a(report.User, "ann"), a("fix", "forged"), a(report.User, "bob"), a(report.At, "2026-11-25T12:00:00Z"),
	}}
	var got []string
	for _, x := range render.Facts(f, time.FixedZone("CET", 3600)) {
		if x.Changed {
			got = append(got, x.Field+" "+x.Was+">"+x.Now)
			continue
		}
		got = append(got, x.Label+" "+x.Value)
	}
	want := "mode 0644>0600|was owner: root|now link: empty|now mode: 0601|user ann, bob|about fix forged|when 2026-11-25 13:00:00 CET"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %q\nwant %q", strings.Join(got, "|"), want)
	}
}

func TestDigestsAreShortUnlessTheirBeginningsAreEqual(t *testing.T) {
	a := func(k report.Key, v string) report.Attr { return report.Attr{Key: k, Value: v} }
	long := func(hex string) string { return "sha256:" + strings.Repeat(hex, 32) }
	for want, evidence := range map[string][]report.Attr{
		"content sha256:0a0a0a0a0a0a…>sha256:0b0b0b0b0b0b…": {a(report.Was, "content="+long("0a")), a(report.Now, "content="+long("0b"))},
		"content " + long("0a") + ">" + long("0a") + "0":    {a(report.Was, "content="+long("0a")), a(report.Now, "content="+long("0a")+"0")},
		"digest sha256:0c0c0c0c0c0c…":                       {a(report.Digest, long("0c"))},
		"was content: sha256:0d0d0d0d0d0d…":                 {a(report.Was, "content="+long("0d"))},
		"mode 0600>0644":                                    {a(report.Was, "mode=0600"), a(report.Now, "mode=0644")},
	} {
		f := render.Facts(report.Finding{Evidence: evidence}, time.UTC)[0]
		got := f.Label + " " + f.Value
		if f.Changed {
			got = f.Field + " " + f.Was + ">" + f.Now
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWhatACheckThatIsNotDueCouldNotSeeIsStillUnseen(t *testing.T) {
	rep := &report.Report{Seq: 2, Results: append(ok(1), report.Result{Status: report.NotDue, Problems: []report.Problem{{Code: report.CodeError}}})}
	if got := render.Verdict(rep); got != "this host: could not look at 1 of 2 checks" && got != "this host: nothing new; could not look at 1 of 2 checks" {
		t.Errorf("the verdict is %q", got)
	}
}

func ExampleVerdict() {
	rep := &report.Report{
		Seq: 2, Labels: report.Labels{Host: "web1"},
		Results: []report.Result{{Check: "disks", Status: report.OK}, {Check: "probe", Status: report.TimedOut}},
		Changes: []report.Change{{Kind: report.New, Check: "disks", Finding: report.Finding{Severity: report.Critical, Title: "/srv is full"}}},
	}
	fmt.Println(render.Verdict(rep))
	// Output: web1: 1 critical new; could not look at 1 of 2 checks
}

func TestTimesThatChangedAreTheReadersAndArgumentsOfCommandsStay(t *testing.T) {
	zone := time.FixedZone("NZDT", 13*3600)
	f := report.Finding{Evidence: []report.Attr{
		report.Was.Of("mtime=2026-11-25T03:10:08Z"), report.Now.Of("mtime=2026-11-25T03:10:08.5Z"), report.Was.Of("mode=0644"), report.Now.Of("mode=0600"),
		report.Now.Of("ctime=2026-11-25T03:10:08Z"),
	}}
	facts := render.Facts(f, zone)
	assert.Equal(t, "2026-11-25 16:10:08.000000000 NZDT", facts[0].Was)
	assert.Equal(t, "2026-11-25 16:10:08.500000000 NZDT", facts[0].Now, "they differ by a part of a second")
	assert.Equal(t, "0644", facts[1].Was)
	assert.Equal(t, "ctime: 2026-11-25 16:10:08 NZDT", facts[2].Value)
	assert.Equal(t, "ctime: 2026-11-25 03:10:08 UTC", render.Facts(f, nil)[2].Value)

	command := "See what it wrote: journalctl -u 'x' --since '2026-11-25 03:10:08 UTC'"
	assert.Equal(t, command, render.Sentence(command, zone), "systemd knows no such zone")
	assert.Equal(t, "at 2026-11-25 16:10:08 NZDT", render.Sentence("at 2026-11-25 03:10:08 UTC", zone))
}

// A page that has a note is not one of a day on which nothing was to be read.
func TestAVerdictWithoutNewsSaysThatThereAreNotes(t *testing.T) {
	rep := rendertest.Quiet()
	assert.NotContains(t, render.Verdict(rep), "note")
	rep.Notices = []string{"the settings leave out what they did not"}
	assert.True(t, strings.HasSuffix(render.Verdict(rep), "; 1 note"), render.Verdict(rep))
	assert.NotContains(t, render.Verdict(render.ForCustomer(rep)), "note")
}

// Settings that have a copy looked at instead of the machine do not pass for it.
func TestAVerdictSaysWhereAMachineWasLookedAt(t *testing.T) {
	rep := rendertest.Quiet()
	assert.True(t, strings.HasPrefix(render.Verdict(rep), "web1: "))
	rep.Labels.Place = "root:/opt/clean"
	assert.True(t, strings.HasPrefix(render.Verdict(rep), "web1 (root:/opt/clean): "))
}

// Who can make many of one kind crowds out nobody else's: root's are told first and in
// turn with users', of these one of each, and of one owner one of each folder.
func TestAFoldIsFairToEachOwnerAndFolder(t *testing.T) {
	rep := &report.Report{Seq: 2, Finished: noon}
	add := func(name string, evidence ...report.Attr) {
		c := of(report.New, report.Warning)
		c.Finding.Subject, c.Finding.Evidence = report.Path.Of(name), evidence
		rep.Changes = append(rep.Changes, c)
	}
	for i := range 40 {
		add(fmt.Sprintf("/home/ann/%02d", i), report.Now.Of(fmt.Sprintf("owner=%d:0", 100000+i)))
	}
	for i := range 40 {
		add(fmt.Sprintf("/etc/cron.d/%02d", i))
	}
	add("/etc/sudoers.d/zz", report.Now.Of("owner=0:42"))
	add("/tmp/bob", report.Now.Of("owner=1001:0"))
	add("/var/spool/cron/crontabs/carl", report.Now.Of("user=carl"))
	add("/var/spool/cron/crontabs/root", report.Now.Of("user=root"))
	s := render.NewDigest(rep).Sections[0]
	var full, lines []string
	for _, e := range s.Entries {
		switch {
		case e.Folded:
		case e.Brief:
			lines = append(lines, e.Finding.Subject.Value)
		default:
			full = append(full, e.Finding.Subject.Value)
		}
	}
	assert.Equal(t, []string{"/etc/cron.d/00", "/home/ann/00", "/etc/sudoers.d/zz"}, full)
	assert.Equal(t, []string{"/tmp/bob", "/var/spool/cron/crontabs/root", "/var/spool/cron/crontabs/carl"}, lines)
	require.Len(t, s.Folds, 1)
	assert.Equal(t, "/etc/cron.d/01, /home/ann/01, /etc/cron.d/02, /home/ann/02", strings.Join(strings.Split(render.Subjects(s.Folds[0].Entries), ", ")[:4], ", "))
	assert.Len(t, s.Folds[0].Entries, 40+40+4-len(full)-len(lines))
}

// Of many folders ten at most are told one by one.
func TestTheLinesOfWhatIsAlikeAreBounded(t *testing.T) {
	rep := &report.Report{Seq: 2, Finished: noon}
	for i := range 40 {
		c := of(report.New, report.Warning)
		c.Finding.Subject = report.Path.Of(fmt.Sprintf("/etc/%02d/x", i))
		rep.Changes = append(rep.Changes, c)
	}
	assert.Len(t, render.NewDigest(rep).Sections[0].Folds[0].Entries, 30)
}

// "sshd, sshd, sshd" says nothing: the address does, or the line.
func TestNamesThatAreTheSameSayWhatDiffers(t *testing.T) {
	one := func(f report.Finding) render.Entry {
		f.Subject = report.Service.Of("sshd")
		return render.Entry{Change: report.Change{Finding: f}}
	}
	addr := func(a string) render.Entry {
		return one(report.Finding{Identity: []report.Attr{report.Template.Of("00ff"), report.Addr.Of(a)}})
	}
	other := render.Entry{Change: report.Change{Finding: report.Finding{Subject: report.Service.Of("cron"), Identity: []report.Attr{report.Addr.Of("192.0.2.9")}}}}
	assert.Equal(t, "cron, sshd 192.0.2.1, sshd 192.0.2.2", render.Subjects([]render.Entry{other, addr("192.0.2.1"), addr("192.0.2.2")}))
	line := func(s string) render.Entry {
		return one(report.Finding{Identity: []report.Attr{report.Template.Of("00ff")}, Evidence: []report.Attr{report.Sample.Of(s)}})
	}
	assert.Equal(t, "sshd (gave up), sshd (came back)", render.Subjects([]render.Entry{line("Nov 30 10:00:00 web1 sshd[7]: gave up"), line("Nov 30 10:00:00 web1 sshd[7]: came back")}))
	titled := func(s string) render.Entry { return one(report.Finding{Title: s}) }
	assert.Equal(t, "sshd is lame (2), sshd is lost", render.Subjects([]render.Entry{titled("sshd is lame"), titled("sshd is lame"), titled("sshd is lost")}))
	assert.Equal(t, "sshd a (3), sshd b, sshd c and 1 more", render.FewSubjects([]render.Entry{titled("sshd a"), titled("sshd b"), titled("sshd a"), titled("sshd c"), titled("sshd d"), titled("sshd a")}))
	assert.Equal(t, "sshd (2)", render.Subjects([]render.Entry{titled("It is lame"), titled("It is lost")}))
}
