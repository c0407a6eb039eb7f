package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestCommandLine(t *testing.T) {
	need.Long(t)
	clitest.Frame(t, "agent", run)
	clitest.Examples(t, run, "-state", t.TempDir()+"/state")
}

func TestJSONIsTheReportAndNothingElse(t *testing.T) {
	m := newMachine(t)
	_, stdout, stderr := m.run("-json")
	assert.Empty(t, stderr)
	rep, err := report.Decode([]byte(stdout))
	require.NoError(t, err)
	assert.Equal(t, "testhost", rep.Labels.Host)
	stored, err := os.ReadFile(filepath.Join(m.folder(), "reports", "latest.json"))
	require.NoError(t, err)
	assert.Equal(t, string(stored), stdout)
}

func TestReportsOfEachDayAreKept(t *testing.T) {
	m := newMachine(t)
	m.run()
	m.run()
	for _, ext := range []string{"html", "json", "txt"} {
		files, err := filepath.Glob(filepath.Join(m.folder(), "reports", "20*."+ext))
		require.NoError(t, err)
		assert.Len(t, files, 2, ext)
	}
	err := filepath.WalkDir(m.state, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		assert.Zero(t, info.Mode().Perm()&0o077, "%s is open to others", path)
		assert.NotContains(t, d.Name(), ".tmp-")
		return err
	})
	require.NoError(t, err)
}

func TestMistakesAreOneLineThatSaysWhatToDo(t *testing.T) {
	prose := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(prose, []byte("any text\n"), 0o600))
	for _, args := range [][]string{
		{"now"}, {"-colour"}, {"-state"}, {"-state", "/proc/x"}, {"-host", "replay:" + prose}, {"-host", "web1"}, {"-host", "root:relative"}, {"-host", "replay:/does/not/exist"}, {"-host", "root:/does/not/exist"}, {"-host", "ssh://web1"},
	} {
		code, stdout, stderr := clitest.Run(t, run, append([]string{"-json=false", "-state", t.TempDir()}, args...)...)
		assert.Equal(t, exitUnknown, code, args)
		assert.Empty(t, stdout, args)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
		assert.True(t, strings.HasPrefix(stderr, "agent: "), stderr)
	}
	_, _, stderr := clitest.Run(t, run, "-colour")
	assert.Contains(t, stderr, "-colour; see agent -h")
}

// A person who presses Ctrl-C gets what was found until then, or is told that
// nothing was done; the next run goes on from what was stored.
func TestStoppedAtAnyMomentItSaysWhatBecameOfTheReport(t *testing.T) {
	m := newMachine(t)
	var last uint64
	for i := range 25 {
		ctx, cancel := context.WithCancel(t.Context())
		var out, errs bytes.Buffer
		timer := time.AfterFunc(time.Duration(i)*2*time.Millisecond, cancel)
		code := run(ctx, m.args(), &out, &errs)
		timer.Stop()
		cancel()
		if out.Len() == 0 {
			assert.Equal(t, exitUnknown, code)
			assert.Contains(t, errs.String(), "stopped before anything was looked at")
			continue
		}
		assert.NotEqual(t, exitUnstored, code, errs.String())
		if strings.Contains(out.String(), "the run was cancelled") {
			assert.Contains(t, []int{exitUnknown, exitCritical}, code, "what was found until then may be critical")
		}
		seq, _ := m.told()
		assert.Equal(t, last+1, seq, "what was shown was stored")
		last = seq
	}
	m.run()
	seq, _ := m.told()
	assert.Equal(t, last+1, seq)
}

func TestExitCodes(t *testing.T) {
	change := func(kind report.ChangeKind, s report.Severity) report.Change {
		return report.Change{Kind: kind, Finding: report.Finding{Severity: s}}
	}
	failed := report.Result{Status: report.Failed, Problems: []report.Problem{{Code: report.CodeError}}}
	rights := report.Result{Status: report.Partial, Problems: []report.Problem{{Code: report.CodePermission}}}
	table := []struct {
		name   string
		rep    report.Report
		strict bool
		late   bool
		want   int
	}{
		{name: "nothing", want: exitQuiet},
		{name: "still open", rep: report.Report{Changes: []report.Change{change(report.Still, report.Warning)}}, want: exitQuiet},
		{name: "new info", rep: report.Report{Changes: []report.Change{change(report.New, report.Info)}}, want: exitQuiet},
		{name: "new notice", rep: report.Report{Changes: []report.Change{change(report.New, report.Notice)}}, want: exitLook},
		{name: "out of sight", rep: report.Report{Changes: []report.Change{change(report.Stale, report.Info)}}, want: exitLook},
		{name: "a notice of the run", rep: report.Report{Notices: []string{"x"}}, want: exitLook},
		{name: "an earlier report is told", late: true, want: exitLook},
		{name: "critical still open", rep: report.Report{Changes: []report.Change{change(report.Still, report.Critical)}}, want: exitCritical},
		{name: "critical fixed", rep: report.Report{Changes: []report.Change{change(report.Fixed, report.Critical)}}, want: exitLook},
		{name: "unknown outweighs new", rep: report.Report{Changes: []report.Change{change(report.New, report.Warning)}, Results: []report.Result{failed}}, want: exitUnknown},
		{name: "critical outweighs unknown", rep: report.Report{Changes: []report.Change{change(report.New, report.Critical)}, Results: []report.Result{failed}}, want: exitCritical},
		{name: "explained", rep: report.Report{Changes: []report.Change{change(report.New, report.Notice)}, Explanations: []report.Explanation{{Full: true}}}, want: exitQuiet},
		{name: "explained in part", rep: report.Report{Changes: []report.Change{change(report.New, report.Notice)}, Explanations: []report.Explanation{{}}}, want: exitLook},
		{name: "explained, and worse than a notice", rep: report.Report{Changes: []report.Change{change(report.New, report.Warning)}, Explanations: []report.Explanation{{Full: true}}}, want: exitLook},
		{name: "explained, and out of sight", rep: report.Report{Changes: []report.Change{change(report.Stale, report.Notice)}, Explanations: []report.Explanation{{Full: true}}}, want: exitLook},
		{name: "only rights", rep: report.Report{Results: []report.Result{rights}}, want: exitQuiet},
		{name: "only rights, strict", rep: report.Report{Results: []report.Result{rights}}, strict: true, want: exitUnknown},
	}
	for _, c := range table {
		assert.Equal(t, c.want, exitCode(&c.rep, c.strict, c.late), c.name)
	}
}

// What nobody did is not looked for among people's acts.
func TestAStateIsNobodysAct(t *testing.T) {
	state := report.Finding{Kind: report.Condition, Explain: "A known hole is open until then."}
	assert.Contains(t, unexplained("pkgupdate.updates", state), "A known hole is open until then.")
	assert.Contains(t, unexplained("integrity.files", state), "nothing explains it")
	state.Kind = report.Event
	assert.Contains(t, unexplained("pkgupdate.updates", state), "nothing explains it")
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestReportThatNobodyReadsIsStoredAllTheSame(t *testing.T) {
	m := newMachine(t)
	var errs bytes.Buffer
	code := run(t.Context(), m.args(), brokenPipe{}, &errs)
	assert.Equal(t, exitUnstored, code)
	assert.Contains(t, errs.String(), "broken pipe; it is kept in")
	assert.Equal(t, 1, strings.Count(errs.String(), "\n"))
	seq, _ := m.told()
	assert.Equal(t, uint64(1), seq)
}

func Example_run() {
	dir, err := os.MkdirTemp("", "upkeep")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"-host", "web1", "-state", dir}, &out, &errs)
	fmt.Print(code, " ", errs.String())
	// Output: 3 agent: -host web1: give local, root:/mnt/image, ssh://user@name or replay:machine.txtar
}

func TestWhatIsRecordedIsReplayedAlike(t *testing.T) {
	m := newMachine(t)
	text, err := os.ReadFile(m.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(m.file, append(text, "-- /etc/shadow mode=0640 --\nroot:$y$SECRET:1::::::\n"...), 0o600))
	copied := filepath.Join(t.TempDir(), "copy.txtar")
	code, stdout, stderr := clitest.Run(t, run, "-host", "replay:"+m.file, "-record", copied)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "-host replay:"+copied)
	recorded, err := os.ReadFile(copied)
	require.NoError(t, err)
	assert.NotContains(t, string(recorded), "SECRET")
	assert.Contains(t, string(recorded), "an odd thing happened")
	_, first, _ := m.run()
	m.file, m.state = copied, m.state+"2"
	_, second, _ := m.run()
	about := func(page string) string {
		_, rest, _ := strings.Cut(page, "\nALREADY THERE")
		return rest[:min(len(rest), 500)]
	}
	assert.Equal(t, about(first), about(second))
}

// Where nothing changes, nothing of a page does but its head and its foot.
func TestTheSameWorldTwiceIsTheSamePage(t *testing.T) {
	m := reviewed(t)
	code, _, errs := m.run("review", "accept", "all", "-by", "ann")
	require.Zero(t, code, errs)
	m.run() // which tells what was dealt with
	var pages [2]string
	for i := range pages {
		_, page, errs := m.run()
		require.Empty(t, errs)
		head, body, _ := strings.Cut(page, "\n\n")
		assert.Contains(t, strings.Join(strings.Fields(head), " "), ": nothing new; could not look at")
		assert.NotContains(t, head, "open")
		pages[i], _, _ = strings.Cut(body, "\nReport: ")
		require.NotEmpty(t, pages[i])
	}
	assert.Equal(t, pages[0], pages[1])
}
