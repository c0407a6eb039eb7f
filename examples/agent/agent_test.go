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

	"github.com/pugetsoundtech/upkeep/report"
)

func runAgent(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// Every example that -h prints is run, with a state directory of the test.
func TestEveryExampleOfTheHelpRuns(t *testing.T) {
	code, help, errs := runAgent(t, "-h")
	assert.Equal(t, exitQuiet, code)
	assert.Empty(t, errs)
	_, rest, _ := strings.Cut(help, "Examples:\n")
	examples, _, _ := strings.Cut(rest, "\n\n")
	require.GreaterOrEqual(t, strings.Count(examples, "\n"), 3)
	for line := range strings.Lines(examples) {
		command, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
		args := strings.Fields(command)[1:]
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Chdir(t.TempDir())
			if !strings.Contains(command, "-state") {
				args = append(args, "-state", t.TempDir()+"/state")
			}
			code, stdout, stderr := runAgent(t, args...)
			assert.LessOrEqual(t, code, exitUnknown)
			assert.NotEmpty(t, stdout)
			assert.Empty(t, stderr)
		})
	}
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
	for _, args := range [][]string{
		{"now"}, {"-colour"}, {"-state"}, {"-host", "web1"}, {"-host", "root:relative"}, {"-host", "replay:/does/not/exist"}, {"-host", "root:/does/not/exist"}, {"-host", "ssh://web1"},
	} {
		code, stdout, stderr := runAgent(t, append([]string{"-json=false", "-state", t.TempDir()}, args...)...)
		assert.Equal(t, exitUnknown, code, args)
		assert.Empty(t, stdout, args)
		assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
		assert.True(t, strings.HasPrefix(stderr, "agent: "), stderr)
	}
	_, _, stderr := runAgent(t, "-colour")
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
			assert.Equal(t, exitUnknown, code)
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
		want   int
	}{
		{name: "nothing", want: exitQuiet},
		{name: "still open", rep: report.Report{Changes: []report.Change{change(report.Still, report.Warning)}}, want: exitQuiet},
		{name: "new info", rep: report.Report{Changes: []report.Change{change(report.New, report.Info)}}, want: exitQuiet},
		{name: "new notice", rep: report.Report{Changes: []report.Change{change(report.New, report.Notice)}}, want: exitLook},
		{name: "out of sight", rep: report.Report{Changes: []report.Change{change(report.Stale, report.Info)}}, want: exitLook},
		{name: "a notice of the run", rep: report.Report{Notices: []string{"x"}}, want: exitLook},
		{name: "critical still open", rep: report.Report{Changes: []report.Change{change(report.Still, report.Critical)}}, want: exitCritical},
		{name: "critical fixed", rep: report.Report{Changes: []report.Change{change(report.Fixed, report.Critical)}}, want: exitLook},
		{name: "unknown outweighs new", rep: report.Report{Changes: []report.Change{change(report.New, report.Warning)}, Results: []report.Result{failed}}, want: exitUnknown},
		{name: "critical outweighs unknown", rep: report.Report{Changes: []report.Change{change(report.New, report.Critical)}, Results: []report.Result{failed}}, want: exitCritical},
		{name: "only rights", rep: report.Report{Results: []report.Result{rights}}, want: exitQuiet},
		{name: "only rights, strict", rep: report.Report{Results: []report.Result{rights}}, strict: true, want: exitUnknown},
	}
	for _, c := range table {
		assert.Equal(t, c.want, exitCode(&c.rep, c.strict), c.name)
	}
}

func TestFolderNamesAreSafeAndDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, host := range []string{"web1", "web1.example.org", "", ".", "..", "../x", "a/b", "a_b", "root:/mnt", "root:/mnt/", strings.Repeat("x", 300), "caf\xe9", "café"} {
		name := folderName(host)
		assert.NotEmpty(t, name)
		assert.NotContains(t, name, "/")
		assert.False(t, strings.HasPrefix(name, "."), name)
		assert.Less(t, len(name), 120)
		assert.Empty(t, seen[name], "%q and %q share %s", host, seen[name], name)
		seen[name] = host
	}
	assert.Equal(t, "web1.example.org", folderName("web1.example.org"))
}

func TestStateRootOfAUser(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/home/ann/.state")
	root, err := stateRoot("")
	require.NoError(t, err)
	if os.Geteuid() == 0 {
		assert.Equal(t, "/var/lib/upkeep", root)
	} else {
		assert.Equal(t, "/home/ann/.state/upkeep", root)
	}
	root, err = stateRoot("here")
	require.NoError(t, err)
	assert.True(t, filepath.IsAbs(root))
}

func TestColoursOnlyWhereWanted(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	assert.False(t, terminal(&bytes.Buffer{}, env()).Color)
	assert.True(t, terminal(&bytes.Buffer{}, env("CLICOLOR_FORCE", "1")).Color)
	assert.False(t, terminal(&bytes.Buffer{}, env("CLICOLOR_FORCE", "1", "NO_COLOR", "1")).Color)
	assert.True(t, utf8Locale(env("LANG", "de_DE.UTF-8")))
	assert.False(t, utf8Locale(env("LC_ALL", "C", "LANG", "de_DE.UTF-8")))
	assert.True(t, dumb(env("TERM", "dumb")))
	assert.True(t, dumb(env()), "cron gives no TERM")
	assert.False(t, dumb(env("TERM", "xterm")))
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
	// Output: 3 agent: -host web1: give local, root:/absolute/path, ssh://user@name or replay:FILE
}
