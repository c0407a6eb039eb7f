package logwatch_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/logwatch"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// attempt feeds one line as the check does.
func attempt(w *logwatch.Watch, at time.Time, program, message string) logwatch.Verdict {
	l := logwatch.Line{Tag: []byte(program), Message: []byte(message)}
	var m logwatch.Match
	if !w.Match(&l, at, 1, &m) {
		return logwatch.Verdict{}
	}
	w.Reported(&m, at, 1)
	return logwatch.Verdict{Level: m.Level, Rule: m.Rule.Name}
}

func guess(w *logwatch.Watch, n int, address string) {
	for i := range n {
		attempt(w, noon.Add(time.Duration(i)*time.Second), "sshd", fmt.Sprintf("Failed password for root from %s port %d ssh2", address, 1024+i))
	}
}

func TestALoginBehindManyFailuresFromItsAddressIsCritical(t *testing.T) {
	const login = "Accepted password for anna from 203.0.113.66 port 40022 ssh2"
	for _, c := range []struct {
		sentence, address string
		failures          int
		later             time.Duration
		want              string
	}{
		{"no failure", "203.0.113.66", 0, time.Hour, "ssh-login"},
		{"a person who mistypes", "203.0.113.66", 5, time.Hour, "ssh-login"},
		{"three hundred", "203.0.113.66", 300, time.Hour, "ssh-login-after-guessing"},
		{"three hundred from elsewhere", "203.0.113.67", 300, time.Hour, "ssh-login"},
		{"three hundred, days ago", "203.0.113.66", 300, 72 * time.Hour, "ssh-login"},
		{"three hundred from the address in another form", "::ffff:203.0.113.66", 300, time.Hour, "ssh-login-after-guessing"},
	} {
		w := logwatch.NewWatch(logwatch.Builtin(), logwatch.WatchState{}, noon)
		guess(w, c.failures, c.address)
		kept, err := json.Marshal(w.State(noon))
		require.NoError(t, err)
		var state logwatch.WatchState
		require.NoError(t, json.Unmarshal(kept, &state))
		require.True(t, state.Valid())
		w = logwatch.NewWatch(logwatch.Builtin(), state, noon)
		assert.Equal(t, c.want, attempt(w, noon.Add(c.later), "sshd", login).Rule, c.sentence)
	}
}

func TestKeysOnlyServersCountWhatEndsBeforeALogin(t *testing.T) {
	w := logwatch.NewWatch(logwatch.Builtin(), logwatch.WatchState{}, noon)
	for i := range 300 {
		v := attempt(w, noon, "sshd", fmt.Sprintf("Connection closed by authenticating user root 198.51.100.7 port %d [preauth]", i))
		require.Equal(t, "ssh-unfinished-login", v.Rule)
	}
	v := attempt(w, noon.Add(time.Minute), "sshd-session", "Accepted publickey for root from 198.51.100.7 port 40022 ssh2: ED25519 SHA256:x")
	assert.Equal(t, logwatch.Verdict{Level: logwatch.Critical, Rule: "ssh-login-after-guessing"}, v)
}

func doorRules(t *testing.T, words string) *logwatch.RuleSet {
	t.Helper()
	set, err := logwatch.Compile(rules(t, "program doord\nrule open warning\n\tkey door\n\ttitle T\n\tsay S\n\twhy W\n\t"+words+"\n\tmatch {door:w} open\n"))
	require.NoError(t, err)
	return set
}

func TestARuleWithOverRaisesFromSoManyLinesOfItsKeyOn(t *testing.T) {
	w := logwatch.NewWatch(doorRules(t, "over 3 in 10m"), logwatch.WatchState{}, noon)
	for i, want := range []logwatch.Level{logwatch.Count, logwatch.Count, logwatch.Warning, logwatch.Warning} {
		assert.Equal(t, want, attempt(w, noon.Add(time.Duration(i)*time.Minute), "doord", "north open").Level, "line %d", i+1)
	}
	assert.Equal(t, logwatch.Count, attempt(w, noon, "doord", "south open").Level, "another key")
	assert.Equal(t, logwatch.Count, attempt(w, noon.Add(time.Hour), "doord", "north open").Level, "the window is over")
	assert.Equal(t, logwatch.Count, doorRules(t, "over 3 in 10m").Classify(logwatch.Line{Tag: []byte("doord"), Message: []byte("north open")}).Level, "one line by itself")
}

func TestARuleThatIsSuppressedRaisesOnceInThatTime(t *testing.T) {
	w := logwatch.NewWatch(doorRules(t, "suppress 1h"), logwatch.WatchState{}, noon)
	assert.Equal(t, logwatch.Warning, attempt(w, noon, "doord", "north open").Level)
	assert.Equal(t, logwatch.Count, attempt(w, noon.Add(time.Minute), "doord", "north open").Level)
	assert.Equal(t, logwatch.Warning, attempt(w, noon.Add(time.Minute), "doord", "south open").Level, "another key")
	assert.Equal(t, logwatch.Warning, attempt(w, noon.Add(2*time.Hour), "doord", "north open").Level)
}

func TestARuleWithAbsentRaisesWhereNoLineComes(t *testing.T) {
	set := doorRules(t, "absent 25h")
	w := logwatch.NewWatch(set, logwatch.WatchState{}, noon)
	assert.Empty(t, w.Absent(noon.Add(24*time.Hour)), "it was not watched for so long")
	assert.Len(t, w.Absent(noon.Add(26*time.Hour)), 1)
	assert.Equal(t, logwatch.Count, attempt(w, noon.Add(20*time.Hour), "doord", "north open").Level)
	w = logwatch.NewWatch(set, w.State(noon.Add(20*time.Hour)), noon.Add(30*time.Hour))
	assert.Empty(t, w.Absent(noon.Add(30*time.Hour)))
	for r, last := range w.Absent(noon.Add(46 * time.Hour)) {
		assert.Equal(t, "open", r.Name)
		assert.Equal(t, noon.Add(20*time.Hour), last)
	}
}

func TestAGuesserWithANetworkOfIPv6IsOneWhateverAddressItTakes(t *testing.T) {
	for address, want := range map[string]string{"2001:db8:0:7::ffff": "ssh-login-after-guessing", "2001:db8:0:8::1": "ssh-login"} {
		w := logwatch.NewWatch(logwatch.Builtin(), logwatch.WatchState{}, noon)
		for i := range 300 {
			guess(w, 1, fmt.Sprintf("2001:db8:0:7::%x", i+1))
		}
		v := attempt(w, noon.Add(time.Minute), "sshd", "Accepted password for anna from "+address+" port 40022 ssh2")
		assert.Equal(t, want, v.Rule, address)
	}
}

func TestALineOfManyEventsCountsAsManyAndOneThatNamesNobodyForNone(t *testing.T) {
	w := logwatch.NewWatch(doorRules(t, "over 3 in 10m"), logwatch.WatchState{}, noon)
	var m logwatch.Match
	require.True(t, w.Match(&logwatch.Line{Tag: []byte("doord"), Message: []byte("north open")}, noon, 3, &m))
	assert.Equal(t, logwatch.Warning, m.Level, "message repeated 3 times")

	set, err := logwatch.Compile(rules(t, "program doord\nrule knock ignore\n\tmatch somebody knocked\n\tmatch {door:w} was knocked at\nrule open warning\n"+
		"\tkey door\n\ttitle T\n\tsay S\n\twhy W\n\tafter knock 2 in 10m\n\tmatch {door:w} open\n"))
	require.NoError(t, err)
	w = logwatch.NewWatch(set, logwatch.WatchState{}, noon)
	for range 5 {
		attempt(w, noon, "doord", "somebody knocked")
	}
	kept, err := json.Marshal(w.State(noon))
	require.NoError(t, err)
	assert.NotContains(t, string(kept), "counts", "a line without the key is nobody's")
}

func TestAnEarlierLineEndsNoWaitAndWaitsThatAreForgottenAreSaid(t *testing.T) {
	set, err := logwatch.Compile(rules(t, orderRules))
	require.NoError(t, err)
	w := logwatch.NewWatch(set, logwatch.WatchState{}, noon)
	attempt(w, noon, "backupd", "start of /srv")
	attempt(w, noon.Add(-time.Minute), "backupd", "end of /srv") // of the day before, from another log
	assert.Len(t, w.Unmet(noon.Add(3*time.Hour)), 1)
	require.Zero(t, w.Lost())
	for i := range 2_001 {
		attempt(w, noon, "backupd", fmt.Sprintf("start of /srv/%d", i))
	}
	assert.Equal(t, 1, w.Lost())
	assert.Len(t, w.Unmet(noon.Add(3*time.Hour)), 2_000)
}

func TestAStateThatNoWatchWroteIsNotValid(t *testing.T) {
	for _, text := range []string{`{"counts":{"x":null}}`, `{"counts":{"x":{"at":[1],"n":[]}}}`, `{"counts":{"x":{"at":[` + strings.Repeat("1,", 64) + `1],"n":[` + strings.Repeat("1,", 64) + `1]}}}`} {
		var state logwatch.WatchState
		require.NoError(t, json.Unmarshal([]byte(text), &state))
		assert.False(t, state.Valid(), text)
	}
}

func TestManyKeysCostTheRarestTheirCountAndThatIsSaid(t *testing.T) {
	w := logwatch.NewWatch(logwatch.Builtin(), logwatch.WatchState{}, noon)
	guess(w, 300, "203.0.113.66")
	for i := range 30_000 {
		attempt(w, noon, "sshd", fmt.Sprintf("Failed password for root from 2001:db8:%x::7 port 9 ssh2", i))
	}
	assert.NotZero(t, w.Lost())
	kept, err := json.Marshal(w.State(noon))
	require.NoError(t, err)
	assert.Less(t, len(kept), 300<<10)
	assert.Equal(t, logwatch.Critical, attempt(w, noon.Add(time.Hour), "sshd", "Accepted password for anna from 203.0.113.66 port 1 ssh2").Level)
}

func TestWordsOfSeveralLinesAreChecked(t *testing.T) {
	for _, c := range [][2]string{
		{"over 20", "say how many in which time"},
		{"over x in 10m", `"x" is no number`},
		{"over 0 in 10m", `"0" is no number`},
		{"over 20 in ten", `"ten" is no time`},
		{"over other 20 in 10m", "say how many in which time"},
		{"after 20 in 10m", "say how many in which time"},
		{"absent 900h", `"900h" is no time up to 31 days`},
		{"suppress -1h", `"-1h" is no time`},
		{"before other 2h", "say which rule in which time"},
	} {
		_, err := logwatch.ParseRules("x", []byte("logwatch rules 1\nrule open warning\n\t"+c[0]+"\n"))
		assert.ErrorContains(t, err, c[1], c[0])
	}
	for _, c := range [][2]string{
		{"rule x ignore\n\tover 3 in 1h\n\tmatch a\n", "are for rules that raise"},
		{"rule x notice\n\ttitle T\n\tsay S\n\twhy W\n\tabsent 2h\n\tsuppress 1h\n\tmatch a\n", "stands alone"},
		{"rule x notice\n\ttitle T\n\tsay S\n\twhy W\n\tafter x 3 in 1h\n\tmatch a\n", "that is over"},
	} {
		_, err := logwatch.Compile(rules(t, c[0]))
		assert.ErrorContains(t, err, c[1], c[0])
	}
}

func TestExplainListsEveryRuleThatMatches(t *testing.T) {
	var names []string
	for _, r := range logwatch.Builtin().Explain(logwatch.Line{Tag: []byte("sshd"), Message: []byte("Accepted password for root from 192.0.2.7 port 4 ssh2")}) {
		names = append(names, r.Name)
		assert.NotZero(t, r.Line)
		assert.Equal(t, "ssh.rules", r.File)
	}
	assert.Equal(t, []string{"ssh-login-after-guessing", "ssh-root-login", "ssh-login"}, names)
}

func TestTheSeverityThatAMessageSaysOfItself(t *testing.T) {
	for message, want := range map[string]int{
		"[emerg] bind() failed": 0, "2026/11/25 [crit] 7#7: x": 2, "[core:error] [pid 7] x": 3, "ERROR: cannot start": 3, "level=error msg=x": 3, `{"level":"fatal"}`: 2,
		"panic: runtime": 0, "Fatal: nothing": 2, "main ERROR x": 3, "[WARN] x": 4, "fatal: x": 2,
		"an error occurred": -1, "error: x": -1, "0 errors found": -1, "error_log opened": -1, "GET /error: 404": -1, "MY-ERROR-CODE": -1, "": -1, "ERROR_COUNT=0": -1,
	} {
		assert.Equal(t, want, logwatch.Severity([]byte(message)), message)
	}
}

const orderRules = `
program backupd
rule backup-unfinished warning
	key    text
	title  A backup did not end
	say    The backup of {text} did not end
	why    It may be stuck.
	match  start of {text}
	before backup-done in 2h
rule backup-done ignore
	match  end of {text}
`

func TestALineThatNoOtherFollowsInTimeIsTold(t *testing.T) {
	set, err := logwatch.Compile(rules(t, orderRules))
	require.NoError(t, err)
	w := logwatch.NewWatch(set, logwatch.WatchState{}, noon)
	assert.Equal(t, logwatch.Verdict{Level: logwatch.Count, Rule: "backup-unfinished"}, attempt(w, noon, "backupd", "start of /srv"))
	attempt(w, noon, "backupd", "start of /home")
	attempt(w, noon, "backupd", "start of /var")
	attempt(w, noon.Add(time.Hour), "backupd", "end of /srv")
	attempt(w, noon.Add(3*time.Hour), "backupd", "end of /var")
	kept, err := json.Marshal(w.State(noon))
	require.NoError(t, err)
	late := w.Unmet(noon.Add(time.Hour))
	require.Len(t, late, 1, "the one of /home has time still")
	assert.Equal(t, logwatch.Wait{Rule: "backup-unfinished", Program: "backupd", Message: "start of /var", At: noon, Key: map[string]string{"text": "/var"}}, late[0])
	var state logwatch.WatchState
	require.NoError(t, json.Unmarshal(kept, &state))
	require.True(t, state.Valid())
	w = logwatch.NewWatch(set, state, noon)
	late = w.Unmet(noon.Add(3 * time.Hour))
	require.Len(t, late, 1)
	assert.Equal(t, "start of /home", late[0].Message)
	assert.Empty(t, w.Unmet(noon.Add(4*time.Hour)), "it is told once")
}

func TestARuleMayHaveAnExpressionOfPOSIX(t *testing.T) {
	set, err := logwatch.Compile(rules(t, "rule door ignore\n\tere door (opened|closed) by [[:alpha:]]+\n"))
	require.NoError(t, err)
	for message, want := range map[string]string{"door opened by anna": "door", "door closed by anna7": "", "the door opened by anna": ""} {
		assert.Equal(t, want, set.Classify(logwatch.Line{Message: []byte(message)}).Rule, message)
	}
	assert.Empty(t, set.Lint())
	for text, want := range map[string]string{"(x": "a ( is not closed", `(a)\1`: "references are not for rules"} {
		_, err := logwatch.ParseRules("x.rules", []byte("logwatch rules 1\nrule x ignore\n\tere "+text+"\n"))
		assert.ErrorContains(t, err, want)
	}
}

func TestLintFindsWhatARuleDoesNotDecide(t *testing.T) {
	mine := rules(t, "program doord\nrule wide ignore\n\tmatch door {*}\nrule narrow ignore\n\tmatch door {w}\n\tmatch gate {n}\n\ttest doord: gate 7\n\tnot doord: gate 8\n")
	set, err := logwatch.Compile(mine)
	require.NoError(t, err)
	var out []string
	for _, l := range set.Lint() {
		out = append(out, l.Text)
	}
	assert.Equal(t, []string{`does not do what its test says: narrow decides "gate 8"`, `never decides by "door {w}": wide decides "door word"`}, out)
	u := set.Uses()
	u.Add(logwatch.Line{Tag: []byte("doord"), Message: []byte("door x")})
	out = nil
	for _, l := range u.Unused() {
		out = append(out, l.Rule.Name+" "+l.Text)
	}
	assert.Equal(t, []string{"narrow is shadowed: it matches 1 of 1 lines, and others decide them all"}, out)
	u = set.Uses()
	u.Add(logwatch.Line{Tag: []byte("doord"), Message: []byte("gate 7")})
	out = nil
	for _, l := range u.Unused() {
		out = append(out, l.Rule.Name+" "+l.Text)
	}
	assert.Equal(t, []string{"wide is unused: it matches none of 1 lines"}, out)
}

func TestLintOfTheCatalogue(t *testing.T) {
	for _, l := range logwatch.Builtin().Lint() {
		t.Error(l)
	}
}
