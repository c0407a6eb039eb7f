package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

func TestRhythmsAreThoseOfTheSettings(t *testing.T) {
	r := round{settings: daily.Defaults()}
	checks := append([]string{"logwatch.logs"}, r.settings.Schedule.Quick...)
	jobs, err := r.jobs("web1", checks)
	require.NoError(t, err)
	require.Len(t, jobs, 2)
	assert.Equal(t, checks, jobs[0].asked)
	assert.Equal(t, r.settings.Schedule.Quick, jobs[1].asked)
	at := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	next := jobs[0].Rhythm.Next(at)
	assert.True(t, !next.Before(at.Add(18*time.Hour+30*time.Minute)) && next.Before(at.Add(18*time.Hour+50*time.Minute)), next)
	assert.LessOrEqual(t, jobs[1].Rhythm.Next(at).Sub(at), 15*time.Minute)

	r.settings.Schedule.Weekly = []string{"logwatch.logs"}
	jobs, err = r.jobs("web1", checks)
	require.NoError(t, err)
	require.Len(t, jobs, 3)
	assert.NotContains(t, jobs[0].asked, "logwatch.logs")
	assert.Equal(t, time.Sunday, jobs[2].Rhythm.Next(at).Weekday())

	r.settings.LeaveOut = append([]string{"logwatch.logs"}, r.settings.Schedule.Quick...)
	left := []string{"integrity.files"}
	jobs, err = r.jobs("web1", left)
	require.NoError(t, err)
	require.Len(t, jobs, 1, "who is left out is asked in no rhythm")
	assert.Equal(t, left, jobs[0].asked)
	r.settings.Schedule.Weekly = left
	jobs, err = r.jobs("web1", left)
	require.NoError(t, err)
	require.Len(t, jobs, 1, "a day without checks would ask all")
	assert.Equal(t, "weekly", jobs[0].Name)
	_, err = r.jobs("web1", nil)
	require.Error(t, err)

	for _, spoil := range []func(*daily.Rhythms){
		func(s *daily.Rhythms) { s.Daily = "6 o'clock" },
		func(s *daily.Rhythms) { s.Day = "Moonday" },
		func(s *daily.Rhythms) { s.Quick = []string{"netprobe.locale"} },
	} {
		r := round{settings: daily.Defaults()}
		spoil(&r.settings.Schedule)
		_, err := r.jobs("web1", checks)
		require.Error(t, err)
	}
}

func TestSomeChecksWithoutNewsTakeALineAndNoPage(t *testing.T) {
	m := newMachine(t)
	m.run()
	_, out, errs := m.run("-only", "resource.filesystems")
	assert.Empty(t, errs)
	assert.Equal(t, 1, strings.Count(out, "\n"), out)
	pages, err := filepath.Glob(filepath.Join(m.folder(), "reports", "20*.html"))
	require.NoError(t, err)
	assert.Len(t, pages, 1)
	m.write(1)
	_, out, _ = m.run("-only", "logwatch.logs")
	assert.Contains(t, out, "odd thing")
	code, _, errs := m.run("-only", "no.such")
	assert.Equal(t, exitUnknown, code)
	assert.Contains(t, errs, `no check "no.such"`)
}

func TestAScheduleLooksAtOnceAndGoesOnWhereItWas(t *testing.T) {
	m := newMachine(t)
	r := round{settings: daily.Defaults()}
	r.settings.State, r.settings.Host = m.state, "replay:"+m.file
	assert.True(t, r.last(t.Context(), "replay:"+m.file, "", []string{"logwatch.logs"}).IsZero())
	m.run()
	assert.False(t, r.last(t.Context(), "replay:"+m.file, "", []string{"logwatch.logs"}).IsZero())
	assert.True(t, r.last(t.Context(), "replay:"+m.file, "", []string{"logwatch.logs", "another"}).IsZero())
}

func TestOneLookOfAScheduleIsAProcess(t *testing.T) {
	var out strings.Builder
	c := cli.Call{Stdout: &out, Stderr: &out}
	require.NoError(t, look(t.Context(), "/bin/sh", []string{"-c", "echo found; exit 2"}, c))
	assert.Equal(t, "found\n", out.String())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, look(ctx, "/bin/sh", []string{"-c", "exit 0"}, c))
	assert.Equal(t, []string{"-state", "x"}, childArgs([]string{"--schedule", "-state", "x"}))
}

func TestTheScheduleRunsUntilItIsTold(t *testing.T) {
	m := newMachine(t)
	agent := buildAgent(t) // which may take longer than all else
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, agent, append(m.args(), "-schedule")...)
	said, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(said)
	require.True(t, lines.Scan(), "it looks at once")
	assert.Contains(t, lines.Text(), "testhost")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	for lines.Scan() {
	}
	require.NoError(t, cmd.Wait())
	seq, _ := m.told()
	assert.Positive(t, seq)
}

// TestServiceFilesUseFlagsAndChecksThatExist holds what is installed against the program.
func TestServiceFilesUseFlagsAndChecksThatExist(t *testing.T) {
	files, err := filepath.Glob("service/*")
	require.NoError(t, err)
	require.Len(t, files, 5)
	all := strings.Join(daily.Defaults().Schedule.Quick, ",")
	var help bytes.Buffer
	run(t.Context(), []string{"-h"}, &help, &help)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Regexp(t, `/usr/local/bin/agent`, string(text), file)
		for _, line := range regexp.MustCompile(`(?m)^[^#\n]*(?:bin/agent|_flags|_args)(.*)$`).FindAllStringSubmatch(string(text), -1) {
			for _, flag := range regexp.MustCompile(`\s"?(-[a-z-]+)`).FindAllStringSubmatch(line[1], -1) {
				assert.Contains(t, help.String(), "  "+flag[1], file)
			}
		}
		for _, m := range regexp.MustCompile(`-only (\S+)`).FindAllStringSubmatch(string(text), -1) {
			for name := range strings.SplitSeq(m[1], ",") {
				assert.Contains(t, all, name, file)
			}
		}
	}
}
