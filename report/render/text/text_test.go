package text

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/explain"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func write(t testing.TB, rep *report.Report, opt Options) string {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, rep, opt); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestSamplesAreGolden(t *testing.T) {
	for name, c := range map[string]struct {
		rep *report.Report
		opt Options
	}{
		"sample":       {rendertest.Sample(), Options{}},
		"sample-color": {rendertest.Sample(), Options{Width: 110, Color: true}},
		"sample-ascii": {rendertest.Sample(), Options{Width: 60, ASCII: true}},
		"quiet":        {rendertest.Quiet(), Options{}},
		"first":        {rendertest.First(), Options{}},
		"zero":         {&report.Report{}, Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := write(t, c.rep, c.opt)
			path := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var (
	heading = regexp.MustCompile(`^(NOTE|NOT FULLY LOOKED AT|NEW|ALREADY THERE|WORSE|UPDATED|BACK AGAIN|FIXED|OUT OF SIGHT|NO LONGER ASKED|FROM NEW CHECKS|CHANGED AND EXPLAINED|FOR THE RECORD|STILL OPEN|WELL|KNOWN FROM NOW ON)$`)
	header  = regexp.MustCompile(`^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+ [A-Z][a-z]{2} \d{4}, \d\d:\d\d .*, report \d+`)
	label   = regexp.MustCompile(`^ {12}(by|do|note|seen|see|more|change|line|said|about) `)
)

// checkGrammar proves what the package promises of any text.
func checkGrammar(t *testing.T, got string, opt Options) {
	t.Helper()
	if !utf8.ValidString(got) || strings.HasSuffix(got, "\n\n") || !strings.HasSuffix(got, "\n") {
		t.Errorf("not a text of lines")
	}
	seen := map[string]int{}
	headers := 0
	for i, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
		if term.Visible(line) != line || opt.ASCII && term.ASCII(line) != line {
			t.Errorf("line %d holds a control or invisible character: %q", i+1, line)
		}
		if term.Width(line) > opt.withDefaults().Width || len(line) > 997 {
			t.Errorf("line %d has %d columns, %d bytes: %q", i+1, term.Width(line), len(line), line)
		}
		if i > 0 && line != "" && line[0] != ' ' {
			if header.MatchString(line) && len(seen) == 0 {
				headers++
				continue
			}
			if !heading.MatchString(line) {
				t.Errorf("line %d stands in the first column: %q", i+1, line)
			}
			seen[strings.Trim(line, " ()0123456789")]++
		}
	}
	if headers > 1 {
		t.Errorf("%d headers", headers)
	}
	for title, n := range seen {
		if n > 1 {
			t.Errorf("section %s stands %d times", title, n)
		}
	}
}

func TestHostileReportsForgeNothing(t *testing.T) {
	for _, s := range rendertest.Corpus() {
		rep := rendertest.Hostile(s)
		for _, opt := range []Options{{}, {Width: 40, ASCII: true}} {
			got := write(t, rep, opt)
			checkGrammar(t, got, opt)
			if strings.Count(got, rendertest.HostileMark) < 20 && len(s) < 200 { // longer ones are cut, and said so
				t.Errorf("%q is not shown", s)
			}
			if first, _, _ := strings.Cut(got, "\n"); !strings.HasPrefix(render.Verdict(rep), first) && !opt.ASCII {
				t.Errorf("%q: the first line is no verdict: %q", s, first)
			}
			if t.Failed() {
				t.Fatalf("with %q", s)
			}
		}
	}
}

func TestDataAddsNoLabel(t *testing.T) {
	plain := labels(write(t, rendertest.Hostile("x"), Options{}))
	for _, s := range rendertest.Corpus() {
		if len(s) > 60 || strings.Contains(s, "\n") {
			continue // wrapped and broken lines are told apart by their indent alone: see below
		}
		got := labels(write(t, rendertest.Hostile(s), Options{Width: 1000}))
		if n := got["change"]; n == plain["by"] {
			delete(got, "change") // what the title says already is not said again
		}
		if diff := cmp.Diff(plain, got); diff != "" {
			t.Errorf("%q: %s", s, diff)
		}
	}
	rep := &report.Report{Seq: 2, Changes: []report.Change{{Kind: report.New, Finding: report.Finding{Severity: report.Warning, Title: "x", Fix: "a\ndo      b\nby      c"}}}}
	if got := labels(write(t, rep, Options{})); got["do"] != 1 || got["by"] != 0 {
		t.Errorf("a remedy of three lines gives the labels %v", got)
	}
}

func labels(text string) map[string]int {
	count := map[string]int{}
	for _, line := range strings.Split(text, "\n") {
		if m := label.FindStringSubmatch(line); m != nil {
			count[m[1]]++
		}
	}
	return count
}

func TestColoursAreTheOnlyControls(t *testing.T) {
	sgr := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	rep, opt := rendertest.Hostile(rendertest.Joined()), Options{Color: true}
	bare := sgr.ReplaceAllString(write(t, rep, opt), "")
	checkGrammar(t, bare, opt)
	if bare != write(t, rep, Options{}) {
		t.Error("colours change the text")
	}
}

func TestAQuietDaySaysSoInOneLine(t *testing.T) {
	got := write(t, rendertest.Quiet(), Options{})
	if first, _, _ := strings.Cut(got, "\n"); first != "web1: nothing new; 1 notice still open, oldest 4 days" {
		t.Errorf("the first line is %q", first)
	}
}

func TestTheSameWorldNextDayDiffersInItsHeaderAndAgesOnly(t *testing.T) {
	today, tomorrow := rendertest.Quiet(), rendertest.Quiet()
	tomorrow.Seq++
	tomorrow.Started, tomorrow.Finished = tomorrow.Started.AddDate(0, 0, 1), tomorrow.Finished.AddDate(0, 0, 1)
	a, b := strings.Split(write(t, today, Options{}), "\n"), strings.Split(write(t, tomorrow, Options{}), "\n")
	if len(a) != len(b) {
		t.Fatalf("%d lines, then %d", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] && i > 1 && !strings.Contains(a[i], " days)") {
			t.Errorf("line %d: %q, then %q", i+1, a[i], b[i])
		}
	}
}

func TestAFloodIsCounted(t *testing.T) {
	got := write(t, rendertest.Flood(5000), Options{})
	if n := strings.Count(strings.ToUpper(got), "  WARNING "); n != 3 {
		t.Errorf("%d findings are shown", n)
	}
	if !strings.Contains(got, "and 4997 more like it: /srv/") {
		t.Errorf("the rest is not counted:\n%s", got[len(got)-400:])
	}
}

// A first run finds 300 updates and 2,000 changed files; one other thing of the
// mildest kind stands last.
func TestAFirstRunWithHundredsOfFindingsStaysShortAndHidesNothing(t *testing.T) {
	rep := rendertest.First()
	rep.Changes = rep.Changes[:1]
	for i := range 2301 {
		c := rep.Changes[0]
		c.Kind, c.NewCheck = report.New, false
		f := &c.Finding
		f.Fingerprint, f.Subject.Value = fmt.Sprintf("v1:%032x", i), fmt.Sprintf("/usr/lib/%d", i)
		switch {
		case i < 300:
			f.Rule, f.Severity, f.Title, c.Check = "security", report.Critical, fmt.Sprintf("package%d has a security update", i), "updates"
			f.Subject = report.Attr{Key: report.Package, Value: fmt.Sprintf("deb:package%d", i)}
		case i < 2300:
			f.Rule, f.Severity, f.Title, c.Check = "changed", report.Notice, f.Subject.Value+" changed", "integrity.files"
		default:
			f.Rule, f.Severity, f.Title, c.Check = "odd", report.Notice, "one other thing", "accounts"
		}
		rep.Changes = append(rep.Changes, c)
	}
	got := write(t, rep, Options{MaxItems: 40})
	for _, want := range []string{"and 290 more like it: package10, package11", "and 1999 more like it: /usr/lib/301", "one other thing"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if n := strings.Count(got, "\n"); n > 90 {
		t.Errorf("it has %d lines", n)
	}
}

func TestALineThatSaysTheSameOnceMoreIsNotShownTwice(t *testing.T) {
	f := report.Finding{Rule: "unexplained", Kind: report.Event, Severity: report.Notice, Title: "rsyslogd wrote 5 lines", Subject: report.Service.Of("rsyslogd")}
	for _, line := range []string{
		"2026-11-30T10:12:57.189477+00:00 web rsyslogd[12]: no room", "2026-11-30T10:12:58.212160+00:00 web rsyslogd[13]: no room", "Nov 30 10:12:59 web rsyslogd[14]: no room",
		"Nov 30 10:12:59 web eve: no room", "Nov 30 10:12:59 web rsyslogd[14]: no room for 7",
	} {
		f.Evidence = append(f.Evidence, report.Sample.Of(line))
	}
	got := write(t, &report.Report{Seq: 2, Changes: []report.Change{{Kind: report.New, Check: "c", Finding: f}}}, Options{})
	for line, want := range map[string]int{"web rsyslogd[12]: no room\n": 1, "rsyslogd[13]": 0, "rsyslogd[14]: no room\n": 0, "web eve: no room\n": 1, "no room for 7\n": 1} {
		if n := strings.Count(got, line); n != want {
			t.Errorf("%q stands %d times in\n%s", line, n, got)
		}
	}
}

func TestOfManyLinesThoseThatDifferByNumbersSayTheSame(t *testing.T) {
	f := report.Finding{
		Rule: "unexplained", Kind: report.Event, Severity: report.Notice, Subject: report.Service.Of("nightly"), Count: 400,
		Title: "nightly wrote 400 lines of a kind that no rule explains, such as: Step1: checking item 1", Detail: "The reason: exit-code.",
		Evidence: []report.Attr{
			report.Sample.Of("2026-11-30 16:53:52 Step1: checking item 1"), report.Sample.Of("2026-11-30 16:53:56 Step400: checking item 400"),
			report.Sample.Of("2026-11-30 16:53:57 Step401: gave up"), report.Sample.Of("Nov 30 16:53:58 web nightly[7]: Step1: checking item 1"), report.Sample.Of("gone: checking item 1"), report.Reason.Of("exit-code"), report.Reason.Of("exit"),
		},
	}
	got := write(t, &report.Report{Seq: 2, Changes: []report.Change{{Kind: report.New, Check: "c", Finding: f}}}, Options{})
	for text, want := range map[string]int{"Step1:": 1, "Step400": 0, "Step401: gave up": 1, "web nightly": 0, "gone: checking": 1, "exit-code": 1, "said    exit\n": 1} {
		if n := strings.Count(got, text); n != want {
			t.Errorf("%q stands %d times in\n%s", text, n, got)
		}
	}
	f.Count = 2
	got = write(t, &report.Report{Seq: 2, Changes: []report.Change{{Kind: report.New, Check: "c", Finding: f}}}, Options{})
	if !strings.Contains(got, "Step400") {
		t.Errorf("of a few lines all are shown:\n%s", got)
	}
}

func TestWordsThatStandAboveAreNotSaidAgain(t *testing.T) {
	const fix, why = "If you put it there, accept it. Otherwise find out who did, keep a copy, and remove it.", "It runs with the rights of root."
	one := func(name string) report.Change {
		return report.Change{Kind: report.New, Check: "c", Finding: report.Finding{
			Rule: "new", Kind: report.Condition, Severity: report.Warning, Subject: report.Path.Of(name), Title: name + " is new", Explain: why, Fix: fix,
			Evidence: []report.Attr{report.Group.Of(strings.Repeat("g", 200))},
		}}
	}
	still := one("/etc/c" + strings.Repeat("c", 300))
	still.Kind = report.Still
	got := write(t, &report.Report{Seq: 2, Changes: []report.Change{one("/etc/a"), one("/etc/b"), still}}, Options{})
	for text, want := range map[string]int{why: 1, "If you put it there": 1, "do      As above.": 1, "about   group ggg": 2, "ggg\n": 0, "cc…": 1} {
		if n := strings.Count(got, text); n != want {
			t.Errorf("%q stands %d times in\n%s", text, n, got)
		}
	}
}

func TestEffectsStandBelowTheirCause(t *testing.T) {
	rep := rendertest.Caused()
	got := write(t, rep, Options{})
	want := `NEW
  NOTICE    sshd wrote a line that no rule explains
            by      possible: libssl3 was upgraded, 19s before
            do      Read it.

CHANGED AND EXPLAINED
  openssl was upgraded
      likely: 2, /usr/bin/c_rehash, /usr/bin/openssl
      perhaps also: sshd on tcp port 22 was restarted
`
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s", got)
	}
	if !strings.HasPrefix(got, "web1: 1 notice new; 1 explained\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestARemedyCanBeCopiedFromTheText(t *testing.T) {
	long := []string{"apt-get", "install", "--only-upgrade", "-o", "Dpkg::Options::=--force-confold"}
	for i := range 20 {
		long = append(long, fmt.Sprintf("lib package%d", i))
	}
	for name, args := range map[string][]string{"short": {"systemctl", "restart", "x y"}, "long": long} {
		t.Run(name, func(t *testing.T) {
			rep := &report.Report{Seq: 2, Changes: []report.Change{{Kind: report.New, Finding: report.Finding{
				Severity: report.Warning, Title: "t", Fix: "Sentence.", Remedy: &report.Remedy{Do: [][]string{args}},
			}}}}
			_, text, ok := strings.Cut(write(t, rep, Options{}), "            do      ")
			if !ok {
				t.Fatal("no command")
			}
			out, err := exec.Command("sh", "-c", "printf '%s\\n' "+text).Output()
			if want := strings.Join(args, "\n") + "\n"; err != nil || string(out) != want {
				t.Errorf("a shell reads %q (%v)", out, err)
			}
		})
	}
}

func FuzzWrite(f *testing.F) {
	f.Add(rendertest.Joined(), 78, false)
	f.Fuzz(func(t *testing.T, s string, width int, ascii bool) {
		opt := Options{Width: width % 300, ASCII: ascii}
		checkGrammar(t, write(t, rendertest.Hostile(s), opt), opt)
	})
}

func TestALongTextIsCutAndSaysSo(t *testing.T) {
	for _, detail := range []string{strings.Repeat("line\n", 500), strings.Repeat("words ", 5000)} {
		got := write(t, &report.Report{Seq: 2, Changes: []report.Change{{Kind: report.New, Finding: report.Finding{
			Severity: report.Warning, Title: "long", Detail: detail, Fix: detail,
		}}}}, Options{})
		if n := strings.Count(got, "\n"); n > 60 || !strings.Contains(got, " more lines)") {
			t.Errorf("%d lines", n)
		}
	}
}

func TestAFullDiskIsAnError(t *testing.T) {
	full := errors.New("no space left on device")
	if err := Write(failing{full}, rendertest.Sample(), Options{}); !errors.Is(err, full) {
		t.Errorf("the error is %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func ExampleWrite() {
	rep := &report.Report{
		Seq: 2, Labels: report.Labels{Host: "web1"},
		Results: []report.Result{{Check: "disks", Status: report.OK}},
		Changes: []report.Change{{Kind: report.New, Check: "disks", Finding: report.Finding{
			Severity: report.Critical, Title: "/srv is 99 % full: 412 MiB of 40 GiB free", Fix: "Remove what is not needed.", Fingerprint: "v1:7d0f3c2a9b1e",
		}}},
	}
	if err := Write(os.Stdout, rep, Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	// Output:
	// web1: 1 critical new
	//
	// NEW
	//   CRITICAL  /srv is 99 % full: 412 MiB of 40 GiB free
	//             do      Remove what is not needed.
	//
	// WELL
	//   1 of 1 check fully looked at
}

func TestAReportThatWasNotStoredHasNoNumber(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, &report.Report{Started: rendertest.Sample().Started}, Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "UTC, not stored") || strings.Contains(b.String(), "report 0") {
		t.Error(b.String())
	}
}

func TestAnEditByAPersonIsOneEntry(t *testing.T) {
	rep := rendertest.Caused()
	began := rep.Started
	c := func(f report.Finding) report.Change {
		f.Fingerprint = f.Title
		return report.Change{Kind: report.New, Check: "c", Finding: f, Since: began}
	}
	file := c(report.Finding{Rule: "changed", Kind: report.Condition, Subject: report.Path.Of("/etc/hosts"), Severity: report.Notice, Title: "/etc/hosts changed", Evidence: []report.Attr{report.Sample.Of("+192.0.2.7 printer")}})
	session := c(report.Finding{
		Rule: "login", Kind: report.Event, Subject: report.User.Of("ann"), Severity: report.Info, Title: "ann was logged in by ssh from 192.0.2.14", First: began,
		Evidence: []report.Attr{report.Session.Of("ssh:1"), report.AtTime(began), report.Sample.Of("/usr/bin/vi /etc/hosts"), report.AtTime(began), report.Path.Of("/etc/hosts")},
	})
	line := c(report.Finding{
		Rule: "sudo", Kind: report.Event, Subject: report.Service.Of("sudo"), Identity: []report.Attr{report.User.Of("ann")}, Severity: report.Notice, Title: "ann ran commands with sudo once",
		Evidence: []report.Attr{report.AtTime(began), report.Sample.Of("ann : COMMAND=/usr/bin/vi /etc/hosts")},
	})
	file.Finding.Evidence = append(file.Finding.Evidence, report.AtTime(began))
	rep.Changes, rep.Explanations = []report.Change{line, file, session}, nil
	rep.Explanations = explain.Joins(rep)
	page := write(t, rep, Options{})
	assert.Contains(t, page, "nothing new that needs you; 1 explained")
	assert.Contains(t, page, "CHANGED AND EXPLAINED\n  /etc/hosts changed\n")
	_, below, _ := strings.Cut(page, "/etc/hosts changed\n")
	assert.Regexp(t, `^ +\+ 192\.0\.2\.7 printer\n +likely: ann was logged in by ssh from 192\.0\.2\.14; ann ran commands with\s+sudo once, 25 Nov 03:10`, below)
	assert.NotContains(t, page, "NEW")

	arrival := c(report.Finding{Rule: "new-address", Kind: report.Event, Subject: report.User.Of("ann"), Severity: report.Notice, Title: "ann logged in from 192.0.2.14 for the first time", Evidence: []report.Attr{report.Session.Of("ssh:1")}})
	rep.Changes, rep.Explanations = []report.Change{arrival, line, file, session}, nil
	rep.Explanations = explain.Joins(rep)
	page = write(t, rep, Options{})
	assert.Contains(t, page, "1 notice new")
	assert.Equal(t, 1, strings.Count(page, "  NOTICE "), page)
	assert.Contains(t, page, "for the first time")
}

func TestASeriesOfOnePointHasNoRange(t *testing.T) {
	rep := rendertest.Quiet()
	rep.Results[0].Series = []report.Series{{Name: "interface_received_bytes", Unit: "bytes", Start: rep.Started, Step: time.Hour, Values: []report.Number{report.Count(4096)}}}
	var page bytes.Buffer
	if err := Write(&page, rep, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := page.String(); !strings.Contains(got, "4 KiB\n") || strings.Contains(got, "4 KiB to") {
		t.Error(got)
	}
}

// Five new jobs and a rule of sudo are warnings, a motd is a notice: no warning may stand
// in a fold under the word of the notice.
func TestNoWarningIsFoldedUnderANotice(t *testing.T) {
	rep := alike("/etc/cron.d/0", "/etc/cron.d/1", "/etc/cron.d/2", "/etc/cron.d/3", "/etc/cron.d/4", "/etc/cron.d/5", "/etc/motd")
	rep.Changes[6].Finding.Severity = report.Notice
	got := write(t, rep, Options{})
	above, below, _ := strings.Cut(got, "NOTICE    /etc/motd is new")
	if strings.Contains(below, "/etc/cron.d") || !strings.Contains(above, "and 3 more like it: /etc/cron.d/3, /etc/cron.d/4, /etc/cron.d/5") {
		t.Errorf("a warning stands under the word of a notice:\n%s", got)
	}
}

// What a page has no room for is told by a word of its own.
func TestAFoldThatWhatItIsLikeIsNotToldOfHasItsOwnWord(t *testing.T) {
	rep := alike("/etc/cron.d/0", "/etc/cron.d/1", "/etc/cron.d/2", "/etc/cron.d/3", "/etc/cron.d/4", "/etc/cron.d/5")
	for i := range 6 {
		c := rep.Changes[i]
		c.Finding.Rule, c.Finding.Severity, c.Finding.Fingerprint = "mild", report.Notice, fmt.Sprintf("v1:f%031x", i)
		rep.Changes = append(rep.Changes, c)
	}
	if got := write(t, rep, Options{MaxItems: 3}); !strings.Contains(got, "notice    /etc/cron.d/1 is new, and 4 more like it") {
		t.Errorf("a fold has no word:\n%s", got)
	}
}

// alike is a report of a warning for each new file.
func alike(names ...string) *report.Report {
	rep := rendertest.First()
	first := rep.Changes[0]
	rep.Changes = nil
	for i, name := range names {
		c := first
		c.Kind, c.NewCheck, c.Check = report.New, false, "integrity.files"
		f := &c.Finding
		f.Rule, f.Severity, f.Fingerprint = "added", report.Warning, fmt.Sprintf("v1:%032x", i)
		f.Subject, f.Title = report.Path.Of(name), name+" is new"
		rep.Changes = append(rep.Changes, c)
	}
	return rep
}
