package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup/capture"
	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/text"
)

const opensslDir = "testdata/openssl"

// TestAnUpdateExplainsWhatItDidAndNotWhatAPersonDid looks at a recorded host on
// two days. In between openssl was upgraded, which changed files, started sshd
// again and made it write to the log; in the same minute a person edited
// sshd_config. Both clocks stand at the host's time.
func TestAnUpdateExplainsWhatItDidAndNotWhatAPersonDid(t *testing.T) {
	state := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		m := opensslHost(t)
		first := lookAt(t, m, state)
		assert.Empty(t, first.Explanations)

		added, err := os.ReadFile(filepath.Join(opensslDir, "after.txtar"))
		require.NoError(t, err)
		require.NoError(t, m.Add(string(added)))
		rep := lookAt(t, m, state)

		assert.Equal(t, expectedOfOpenssl(), explained(rep))
		assertWorstIsUnexplained(t, rep, "/etc/ssh/sshd_config")
		var page bytes.Buffer
		require.NoError(t, text.Write(&page, rep, text.Options{Zone: time.UTC}))
		// The figures after the findings are no part of the explanation.
		findings, _, ok := strings.Cut(page.String(), "\nWELL\n")
		assert.True(t, ok)
		golden(t, "report.txt", findings)
		golden(t, "explained.txt", strings.Join(pairs(rep), "\n")+"\n")

		again := lookAt(t, m, state)
		assert.Empty(t, explained(again), "a look right after has nothing to tell")
	})
}

// TestAnUpdateDoesNotExplainATrojan puts a trojan in the place of a file that
// the update wrote. Its package is known and it was upgraded, but the content is
// not the package's.
func TestAnUpdateDoesNotExplainATrojan(t *testing.T) {
	state := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		m := opensslHost(t)
		lookAt(t, m, state)
		added, err := os.ReadFile(filepath.Join(opensslDir, "after.txtar"))
		require.NoError(t, err)
		require.NoError(t, m.Add(string(added)))
		require.NoError(t, m.Add("-- /usr/bin/openssl mode=0755 mtime=2025-11-01T13:22:47Z ctime=2026-11-25T07:10:00Z --\na trojan\n"))
		rep := lookAt(t, m, state)

		verdicts := explained(rep)
		assert.Equal(t, verdict{rule: "integrity.files.changed"}, verdicts["new /usr/bin/openssl"])
		assert.True(t, verdicts["new /usr/bin/c_rehash"].quiet, "the rest of the update is still explained")
		i := slices.IndexFunc(rep.Changes, func(ch report.Change) bool { return ch.Finding.Subject.Value == "/usr/bin/openssl" })
		require.GreaterOrEqual(t, i, 0)
		assert.GreaterOrEqual(t, rep.Changes[i].Finding.Severity, report.Warning)
	})
}

// opensslHost is the host on the day before.
func opensslHost(t *testing.T) *hosttest.Machine {
	t.Helper()
	before, err := os.ReadFile(filepath.Join(opensslDir, "before.txtar"))
	require.NoError(t, err)
	m, err := hosttest.Parse(before)
	require.NoError(t, err)
	for _, q := range capture.Queries(t.Context(), m.Host()) {
		if _, err := m.Host().Query(t.Context(), q.Args...); errors.Is(err, hosttest.ErrUnlisted) {
			m.SetCommand(q.Args, host.Output{}, nil) // states that nobody recorded: there are none
		}
	}
	return m
}

// lookAt runs the checks of the agent, at the host's time. All of them must
// answer in full.
func lookAt(t *testing.T, m *hosttest.Machine, state string) *report.Report {
	t.Helper()
	h := m.Host()
	time.Sleep(time.Until(h.Time()))
	target, err := daily.Identify(t.Context(), &cli.Target{Host: h, Name: "mail"})
	require.NoError(t, err)
	st, err := cli.OpenState(state, target.Name, "")
	require.NoError(t, err)
	defer st.Close()
	_, rep, err := (&round{settings: daily.Defaults()}).look(t.Context(), target, st, &cli.Progress{})
	require.NoError(t, err)
	for _, res := range rep.Results {
		assert.Contains(t, []report.Status{report.OK, report.Skipped}, res.Status, "%s: %s %v", res.Check, res.Reason, res.Problems)
	}
	return rep
}

// A verdict is what a report tells of one subject.
type verdict struct {
	rule, sure string
	quiet      bool
	by         string // the titles of the causes
}

// explained gives all that is new in a report, by subject.
func explained(rep *report.Report) map[string]verdict {
	out := map[string]verdict{}
	for _, ch := range rep.Changes {
		if ch.Kind == report.Still {
			continue
		}
		f := ch.Finding
		line := verdict{rule: f.Rule}
		if e := explanationOf(rep, f); e != nil {
			line.sure, line.quiet, line.by = e.Confidence, e.Full, titlesOf(rep, e.By)
		}
		out[ch.Kind.String()+" "+f.Subject.Value] = line
	}
	return out
}

func expectedOfOpenssl() map[string]verdict {
	const openssl = "libssl3 and openssl were upgraded by /usr/bin/unattended-upgrade"
	return map[string]verdict{
		"new /etc/ssh/sshd_config":                     {rule: "integrity.files.changed"},
		"new deb:apt-2026-11-25T06:25:11Z":             {rule: "pkgupdate.updates.transaction"},
		"new /usr/bin/c_rehash":                        {rule: "integrity.files.changed", sure: "likely", quiet: true, by: openssl},
		"new /usr/bin/openssl":                         {rule: "integrity.files.changed", sure: "likely", quiet: true, by: openssl},
		"new /usr/lib/x86_64-linux-gnu/libcrypto.so.3": {rule: "integrity.files.changed", sure: "likely", quiet: true, by: openssl},
		"new /usr/lib/x86_64-linux-gnu/libssl.so.3":    {rule: "integrity.files.changed", sure: "likely", quiet: true, by: openssl},
		"new tcp/0.0.0.0:22":                           {rule: "integrity.listeners.restarted", sure: "possible", by: openssl},
		"new sshd":                                     {rule: "logwatch.logs.unexplained"},
	}
}

// assertWorstIsUnexplained proves that a report begins with the finding about
// one path, that no other is as bad, and that nothing claims to explain it.
func assertWorstIsUnexplained(t *testing.T, rep *report.Report, path string) {
	t.Helper()
	require.NotEmpty(t, rep.Changes)
	worst := rep.Changes[0].Finding
	assert.Equal(t, report.Attr{Key: report.Path, Value: path}, worst.Subject)
	assert.Nil(t, explanationOf(rep, worst))
	for _, ch := range rep.Changes[1:] {
		assert.Less(t, ch.Finding.Severity, worst.Severity, ch.Finding.Title)
	}
}

func explanationOf(rep *report.Report, f report.Finding) *report.Explanation {
	i := slices.IndexFunc(rep.Explanations, func(e report.Explanation) bool { return e.Finding == f.Fingerprint })
	if i < 0 {
		return nil
	}
	return &rep.Explanations[i]
}

func titlesOf(rep *report.Report, fingerprints []string) string {
	var titles []string
	for _, res := range rep.Results {
		for _, f := range res.Findings {
			if slices.Contains(fingerprints, f.Fingerprint) {
				titles = append(titles, f.Title)
			}
		}
	}
	return strings.Join(titles, "; ")
}

// pairs gives each finding of a report with what explains it, by what joins them.
func pairs(rep *report.Report) []string {
	var out []string
	for _, ch := range rep.Changes {
		out = append(out, fmt.Sprintf("%s %s: %s", ch.Kind, ch.Finding.Severity, ch.Finding.Title))
		e := explanationOf(rep, ch.Finding)
		if e == nil {
			out = append(out, "  unexplained")
			continue
		}
		out = append(out, fmt.Sprintf("  %s, quiet %v: %s", e.Confidence, e.Full, e.Text))
		for _, a := range e.Joined {
			out = append(out, fmt.Sprintf("  joined by %s %s", a.Key, a.Value))
		}
	}
	return out
}

// golden compares with a file of the fixture; UPDATE_GOLDEN=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join(opensslDir, name)
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}
