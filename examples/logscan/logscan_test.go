package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

const line = "Nov 25 11:00:00 web "

// folder makes a folder with a log and with rules of logcheck.
func folder(t *testing.T, log string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"log": log, "rules/ignore.d.server/cron": "^\\w{3} [ :[:digit:]]{11} [._[:alnum:]-]+ CRON\\[[0-9]+\\]: .*$\n", "rules/violations.d/logcheck": "refused\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
}

func TestCommandLine(t *testing.T) { clitest.Frame(t, "logscan", run) }

func TestExamples(t *testing.T) {
	_, err := os.Stat("/etc/logcheck")
	need.That(t, "logcheck-database", err == nil)
	name := filepath.Join(t.TempDir(), "machine.txtar")
	machine := "A machine with a log.\n-- machine now=2026-11-25T12:00:00Z --\n-- /etc/localtime absent --\n-- /etc/hostname --\nweb\n-- /var/log/ dir complete --\n-- /var/log/syslog --\n" + line + "odd: wombat\n" + line + "CRON[7]: (root) CMD (true)\n"
	require.NoError(t, os.WriteFile(name, []byte(machine), 0o600))
	clitest.Examples(t, run, "-host", "replay:"+name)
}

func TestUnmatchedLinesAreByteForByte(t *testing.T) {
	raw := line + "odd: wombat\x1b[31m \xff \r\n" + "\x00\x00odd\n" + line + "odd: half"
	folder(t, line+"CRON[7]: (root) CMD (true)\n"+raw)
	status, out, errs := clitest.Run(t, run, "-rules", "rules", "-unmatched", "log")
	assert.Equal(t, 1, status)
	assert.Equal(t, raw, out)
	assert.Empty(t, errs)
	status, out, _ = clitest.Run(t, run, "-unmatched", "log")
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "wombat\x1b[31m \xff \r\n")
}

func TestStandardInputIsALog(t *testing.T) {
	raw := line + "odd: wombat\n"
	folder(t, line+"CRON[7]: (root) CMD (true)\n"+raw)
	stdin := os.Stdin
	t.Cleanup(func() { os.Stdin = stdin })
	for args, want := range map[string]string{
		"-rules rules -unmatched -": raw, "-unmatched -": raw, "-rules rules -": raw, "-": "odd wrote a line that no rule explains: wombat", "summary -": "odd",
	} {
		in, err := os.Open("log")
		require.NoError(t, err)
		os.Stdin = in
		status, out, errs := clitest.Run(t, run, strings.Fields(args)...)
		require.NoError(t, in.Close())
		assert.Less(t, status, 3, "%s: %s", args, errs)
		assert.Contains(t, out, want, args)
	}
	status, _, errs := clitest.Run(t, run, "-state", "state", "-")
	assert.Equal(t, 3, status)
	assert.Contains(t, errs, "leave out -state")
}

// untilWhen notes until when a log may be read.
type untilWhen struct {
	host.FS
	end time.Time
}

func (u *untilWhen) Open(ctx context.Context, name string) (host.File, error) {
	if end, ok := ctx.Deadline(); ok && name == "/var/log/log" {
		u.end = end
	}
	return u.FS.Open(ctx, name)
}

func TestALogIsReadForAsLongAsItTakes(t *testing.T) {
	h := hosttest.New("-- /var/log/ dir complete --\n-- /var/log/log --\n" + line + "odd: wombat\n").Host()
	files := &untilWhen{FS: h.Files}
	h.Files = files
	rep, err := telling{Target: &cli.Target{Host: h}, names: []string{"/var/log/log"}}.check(t.Context(), settings{})
	require.NoError(t, err)
	assert.Len(t, rep.Results[0].Findings, 1, "%v", rep.Results[0].Problems)
	assert.Greater(t, time.Until(files.end), 24*time.Hour)
}

func TestTheExitStatusSaysWhetherThereIsAnythingToLookAt(t *testing.T) {
	folder(t, line+"CRON[7]: (root) CMD (true)\n")
	for args, want := range map[string]int{
		"-rules rules -unmatched log": 0, "-rules rules log": 0, "-unmatched log": 0, "log": 0, "-json log": 0,
		"-rules rules -unmatched missing": 3, "-rules nowhere log": 3, "missing": 3, "-level sever log": 3, "-unmatched missing": 3,
	} {
		status, _, errs := clitest.Run(t, run, strings.Fields(args)...)
		assert.Equal(t, want, status, "%s: %s", args, errs)
	}
	require.NoError(t, os.WriteFile("log", []byte(line+"odd: refused\n"), 0o644))
	for _, args := range []string{"-rules rules -unmatched log", "-rules rules log", "-unmatched log", "log"} {
		status, out, errs := clitest.Run(t, run, strings.Fields(args)...)
		assert.Equal(t, 1, status, "%s: %s", args, errs)
		assert.Contains(t, out, "odd: refused", args)
	}
}

func TestABadRuleIsToldAndGivesOne(t *testing.T) {
	folder(t, line+"CRON[7]: (root) CMD (true)\n")
	require.NoError(t, os.WriteFile("rules/ignore.d.server/bad", []byte("fine\n(oops\n"), 0o644))
	status, out, errs := clitest.Run(t, run, "-rules", "rules", "-unmatched", "log")
	assert.Equal(t, 1, status)
	assert.Empty(t, out)
	assert.Contains(t, errs, "ignore.d.server/bad:2: a ( is not closed")
}

func TestTheSectionsAreThoseOfLogcheck(t *testing.T) {
	folder(t, line+"odd: wombat\n"+line+"CRON[7]: x\n"+line+"odd: refused\n")
	_, out, _ := clitest.Run(t, run, "-rules", "rules", "log")
	assert.Equal(t, "Security Events\n=-=-=-=-=-=-=-=\n"+line+"odd: refused\n\nSystem Events\n=-=-=-=-=-=-=\n"+line+"odd: wombat\n\n", out)
}

func TestWithAStateOnlyWhatIsNewIsShown(t *testing.T) {
	for _, args := range []string{"-rules rules -unmatched", "-unmatched", "-rules rules", ""} {
		folder(t, line+"odd: wombat one\n"+line+"odd: half")
		all := append(strings.Fields(args), "-state", "state", "log")
		status, out, errs := clitest.Run(t, run, all...)
		require.Equal(t, 1, status, "%s: %s", args, errs)
		assert.Contains(t, out, "wombat one", args)
		assert.NotContains(t, out, "half", args)
		require.NoError(t, os.Rename("log", "log.1"))
		f, err := os.OpenFile("log.1", os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		fmt.Fprintf(f, " and whole\n")
		require.NoError(t, f.Close())
		require.NoError(t, os.WriteFile("log", []byte(line+"odd: wombat two\n"), 0o644))
		status, out, errs = clitest.Run(t, run, all...)
		require.Equal(t, 1, status, "%s: %s", args, errs)
		assert.Contains(t, out, "half and whole", args)
		assert.Contains(t, out, "wombat two", args)
	}
}

func TestRotatedAndPackedCopiesAreReadFirst(t *testing.T) {
	folder(t, line+"odd: three\n")
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(line + "odd: one\n"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile("log.2.gz", packed.Bytes(), 0o644))
	require.NoError(t, os.WriteFile("log.1", []byte(line+"odd: two\n"), 0o644))
	_, out, errs := clitest.Run(t, run, "-rules", "rules", "-unmatched", "log")
	assert.Equal(t, line+"odd: one\n"+line+"odd: two\n"+line+"odd: three\n", out, errs)
}

func TestSummaryCountsByUserAndAddress(t *testing.T) {
	folder(t, line+"sshd[7]: Accepted publickey for anna from 192.0.2.7 port 40022 ssh2\n")
	status, out, errs := clitest.Run(t, run, "summary", "log")
	assert.Equal(t, 0, status, errs)
	assert.Contains(t, out, "sshd: 1 line")
	assert.Contains(t, out, "addresses: 192.0.2.7 (1)\n          users: anna (1)\n")
	status, _, errs = clitest.Run(t, run, "summary", "missing")
	assert.Equal(t, 3, status, errs)
}

func TestExplainNamesTheRulesThatMatchALine(t *testing.T) {
	folder(t, "")
	for _, text := range []string{"sshd: Invalid user x from 192.0.2.1 port 4", line + "sshd[7]: Invalid user x from 192.0.2.1 port 4"} {
		status, out, errs := clitest.Run(t, run, "explain", text)
		assert.Equal(t, 0, status, errs)
		assert.Regexp(t, `^ssh.rules:\d+ ssh-invalid-user notice: decides\n`, out)
	}
	_, out, _ := clitest.Run(t, run, "-rules", "rules", "explain", line+"odd: refused")
	assert.Regexp(t, `rules/violations.d/logcheck:1: refused\n$`, out)
	_, out, _ = clitest.Run(t, run, "explain", "odd: wombat")
	assert.Equal(t, "no rule matches the line: it would be shown\n", out)
}

func TestRulesOfOnesOwnStandAboveTheCatalogue(t *testing.T) {
	folder(t, line+"odd: wombat\n"+line+"odd: badger\n")
	require.NoError(t, os.MkdirAll("mine", 0o755))
	require.NoError(t, os.WriteFile("mine/odd.rules", []byte("logwatch rules 1\nprogram odd\nrule wombats ignore\n\tmatch wombat\nrule bad ignore\n\tmatch {no}\n"), 0o644))
	status, out, errs := clitest.Run(t, run, "-rules", "mine", "log")
	assert.Equal(t, 1, status, errs)
	assert.Contains(t, out, "odd.rules:6")
	assert.Contains(t, out, "badger")
	assert.NotContains(t, out, "wombat")
	_, out, _ = clitest.Run(t, run, "-rules", "mine", "-unmatched", "log")
	assert.Equal(t, line+"odd: badger\n", out)
	status, out, _ = clitest.Run(t, run, "-rules", "mine", "lint")
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "wrong: odd.rules:6")
}

func TestLintTellsOfRulesThatDoNothing(t *testing.T) {
	folder(t, line+"CRON[7]: (root) CMD (true)\n")
	status, out, errs := clitest.Run(t, run, "-rules", "rules", "lint")
	assert.Equal(t, 0, status, out+errs)
	status, out, _ = clitest.Run(t, run, "-rules", "rules", "lint", "log")
	assert.Equal(t, 1, status)
	assert.Regexp(t, `rules/violations.d/logcheck:1: is unused: it matches none of 1 lines\n$`, out)
	status, out, _ = clitest.Run(t, run, "lint")
	assert.Equal(t, 0, status, out)
	_, out, _ = clitest.Run(t, run, "lint", "-json", "log")
	assert.Contains(t, out, `"text":"is unused: it matches none of 1 lines"`)
}
