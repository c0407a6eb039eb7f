package logcheck_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/logwatch/logcheck"
)

const machine = `A machine with rules of logcheck.
-- /etc/logcheck/ dir complete --
-- /etc/logcheck/cracking.d/ dir complete --
-- /etc/logcheck/cracking.d/logcheck --
attack
-- /etc/logcheck/cracking.d/smart --
smart attack
-- /etc/logcheck/violations.d/ dir complete --
-- /etc/logcheck/violations.d/logcheck --
refused
-- /etc/logcheck/violations.d/sudo --
sudo.*refused
-- /etc/logcheck/violations.ignore.d/ dir complete --
-- /etc/logcheck/violations.ignore.d/logcheck-sudo --
refused politely
-- /etc/logcheck/violations.ignore.d/local-mine --
^mine refused
-- /etc/logcheck/ignore.d.paranoid/ dir complete --
-- /etc/logcheck/ignore.d.paranoid/cron --
# a comment
  # no comment, a rule

^cron: .*$
-- /etc/logcheck/ignore.d.server/ dir complete --
-- /etc/logcheck/ignore.d.server/cron --
^crond: [(bad
^crond: ok *$
-- /etc/logcheck/ignore.d.server/x.disabled --
.*
-- /etc/logcheck/ignore.d.workstation/ dir complete --
-- /etc/logcheck/ignore.d.workstation/desktop --
^desktop: 
`

func read(t *testing.T, o logcheck.Options) (*logcheck.Rules, []*logcheck.Bad) {
	t.Helper()
	rules, bad, err := logcheck.Read(t.Context(), hosttest.New(machine).Host(), "/etc/logcheck", o)
	require.NoError(t, err)
	return rules, bad
}

func TestABadRuleHasFileAndLineAndAllOthersWork(t *testing.T) {
	rules, bad := read(t, logcheck.Options{})
	require.Len(t, bad, 1)
	assert.EqualError(t, bad[0], "/etc/logcheck/ignore.d.server/cron:1: a [ is not closed")
	s := rules.Scanner()
	assert.True(t, s.Ignored([]byte("crond: ok  \r")), "blanks at the end are cut")
	assert.False(t, s.Ignored([]byte("crond: [(bad")))
	assert.False(t, s.Ignored([]byte("anything")), "a file with a dot in its name is none of run-parts")
	assert.True(t, s.Ignored([]byte("x  # no comment, a rule")), "an indented # is a rule")
}

func TestALevelHasTheRulesOfTheStricterOnes(t *testing.T) {
	for level, want := range map[logcheck.Level]string{logcheck.Paranoid: "true false false", logcheck.Server: "true true false", logcheck.Workstation: "true true true"} {
		rules, _ := read(t, logcheck.Options{Level: level})
		s := rules.Scanner()
		assert.Equal(t, want, fmt.Sprint(s.Ignored([]byte("cron: x")), s.Ignored([]byte("crond: ok")), s.Ignored([]byte("desktop: x"))))
	}
	_, err := logcheck.ParseLevel("sever")
	assert.EqualError(t, err, `unknown level "sever"; there are paranoid, server and workstation`)
}

func sections(rules *logcheck.Rules, lines ...string) string {
	var f logcheck.Findings
	s := rules.Scanner()
	for _, line := range lines {
		f.Add([]byte(line), s.Scan([]byte(line)))
	}
	var out []byte
	for _, section := range f.Sections() {
		out = append(out, section.Text()...)
	}
	return string(out)
}

func TestTheSectionsAreThoseOfLogcheck(t *testing.T) {
	rules, _ := read(t, logcheck.Options{})
	assert.Equal(t, `Security Events
=-=-=-=-=-=-=-=
a refused

Security Events for sudo
=-=-=-=-=-=-=-=-=-=-=-=-
sudo refused

System Events
=-=-=-=-=-=-=
b wombat

`, sections(rules, "b wombat", "a refused", "sudo refused", "sudo refused politely", "mine refused", "cron: x"))
	assert.Equal(t, `Security Alerts
=-=-=-=-=-=-=-=
attack refused

Security Alerts for smart
=-=-=-=-=-=-=-=-=-=-=-=-=
smart attack

Security Events
=-=-=-=-=-=-=-=
a refused

`, sections(rules, "smart attack", "a refused", "attack refused"), "where there are alerts, they are no events")
	assert.Empty(t, sections(rules, "cron: x"))
}

func TestADirectoryWithoutRulesIsAnError(t *testing.T) {
	_, _, err := logcheck.Read(t.Context(), hosttest.New("-- /etc/ dir complete --\n").Host(), "/etc/logcheck", logcheck.Options{})
	require.ErrorContains(t, err, "has no directory of logcheck rules")
	m := hosttest.New(machine)
	require.NoError(t, m.Add("-- /etc/logcheck/ignore.d.server/cron error=permission --\n"))
	_, _, err = logcheck.Read(t.Context(), m.Host(), "/etc/logcheck", logcheck.Options{})
	require.ErrorIs(t, err, os.ErrPermission)
}

func TestExplainNamesTheFileAndLineOfEveryRuleThatMatches(t *testing.T) {
	rules, _ := read(t, logcheck.Options{})
	var out []string
	for _, r := range rules.Explain([]byte("sudo refused politely")) {
		out = append(out, fmt.Sprintf("%s:%d", r.File, r.Line))
	}
	assert.Equal(t, []string{"/etc/logcheck/violations.d/logcheck:1", "/etc/logcheck/violations.d/sudo:1", "/etc/logcheck/violations.ignore.d/logcheck-sudo:1"}, out)
}

// debian are the rules of Debian's logcheck-database.
// rounds is how many lines are made of rules and changed, to be given to grep as well:
// for ten thousand, go test ./logwatch/logcheck -run 'GrepIgnores|RealLogcheck' -args -rounds 10000.
var rounds = flag.Int("rounds", defaultRounds, "lines made of rules")

const defaultRounds = 4_000

func debian(t testing.TB) *logcheck.Rules {
	t.Helper()
	const dir = "/etc/logcheck"
	_, err := os.Stat(filepath.Join(dir, "ignore.d.server", "ssh"))
	need.That(t, "the package logcheck-database", err == nil)
	rules, bad, err := logcheck.Read(context.Background(), host.Local(), dir, logcheck.Options{})
	require.NoError(t, err)
	assert.Empty(t, bad)
	require.Greater(t, rules.Len(), 1500)
	return rules
}

// mutate makes lines of rules: literal text stays, what repeats is filled in,
// and now and then a byte is changed.
func mutate(r *rand.Rand, rule string) []byte {
	out := []byte("Nov 25 12:00:00 web ")
	if _, behind, ok := strings.Cut(rule, "[._[:alnum:]-]+ "); ok {
		rule = behind
	}
	for i := 0; i < len(rule); i++ {
		switch c := rule[i]; c {
		case '\\':
			if i++; i < len(rule) {
				out = append(out, rule[i])
			}
		case '[':
			if end := strings.IndexByte(rule[i+1:], ']'); end >= 0 {
				i += end + 1
				for i+1 < len(rule) && strings.IndexByte(":]", rule[i+1]) >= 0 {
					i++
				}
			}
			out = append(out, "a1.-/ "[r.IntN(6)], "0127"[r.IntN(4)])
		case '.':
			out = append(out, "x y"[r.IntN(3)])
		case '(', ')', '+', '*', '?', '^', '$':
		case '|':
			if end := strings.IndexByte(rule[i:], ')'); end >= 0 {
				i += end
			}
		case '{':
			if end := strings.IndexByte(rule[i:], '}'); end >= 0 {
				i += end
			}
		default:
			out = append(out, c)
		}
	}
	if r.IntN(3) == 0 {
		out[r.IntN(len(out))] = byte(32 + r.IntN(224))
	}
	return bytes.ReplaceAll(out, []byte("\n"), []byte(" "))
}

// ignoring are the texts of Debian's rules that ignore at level server.
func ignoring(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, dir := range []string{"ignore.d.server", "ignore.d.paranoid"} {
		files, err := filepath.Glob("/etc/logcheck/" + dir + "/*")
		require.NoError(t, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			for line := range strings.Lines(string(data)) {
				if strings.TrimSpace(line) != "" && line[0] != '#' {
					texts = append(texts, strings.TrimSuffix(line, "\n"))
				}
			}
		}
	}
	return texts
}

// TestDebiansRulesIgnoreWhatGrepIgnores compares with one grep of all rules.
func TestDebiansRulesIgnoreWhatGrepIgnores(t *testing.T) {
	rules := debian(t)
	grep := need.Program(t, "grep")
	texts := ignoring(t)
	r := rand.New(rand.NewPCG(7, 8))
	var lines [][]byte
	for range *rounds {
		lines = append(lines, bytes.TrimRight(mutate(r, texts[r.IntN(len(texts))]), " \t\r"))
	}
	file := filepath.Join(t.TempDir(), "rules")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(texts, "\n")+"\n"), 0o644))
	cmd := exec.Command(grep, "-E", "--text", "-v", "-f", file)
	cmd.Env, cmd.Stdin = []string{"LC_ALL=C"}, bytes.NewReader(append(bytes.Join(lines, []byte("\n")), '\n'))
	out, err := cmd.Output()
	require.NoError(t, err)
	var got [][]byte
	s := rules.Scanner()
	for _, line := range lines {
		ignored := s.Ignored(line)
		if !ignored {
			got = append(got, line)
		}
		explained := slices.ContainsFunc(s.Explain(line), func(r logcheck.Rule) bool { return r.Layer == logcheck.Ignore })
		assert.Equal(t, ignored, explained, "%s", line)
	}
	require.Greater(t, len(lines)-len(got), 200, "some match")
	assert.Equal(t, string(out), string(append(bytes.Join(got, []byte("\n")), '\n')))
}

func ExampleRead() {
	rules, bad, err := logcheck.Read(context.Background(), hosttest.New(machine).Host(), "/etc/logcheck", logcheck.Options{Level: logcheck.Workstation})
	fmt.Println(rules.Len(), "rules;", bad[0], err)
	fmt.Println(rules.Scanner().Ignored([]byte("cron: (root) CMD (true)")))
	// Output:
	// 10 rules; /etc/logcheck/ignore.d.server/cron:1: a [ is not closed <nil>
	// true
}
