package logwatch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/logwatchtest"
)

func TestEveryRuleOfTheCatalogueDecidesItsTestLines(t *testing.T) {
	assert.Greater(t, len(logwatch.Catalogue()), 80)
	require.NoError(t, logwatchtest.TestRules(logwatch.Builtin()))
	for _, r := range logwatch.Catalogue() {
		lines := 0
		for _, test := range r.Tests {
			if test.Decides {
				lines++
			}
		}
		assert.NotEmpty(t, r.Source, "%s:%d: where the lines of %s stand", r.File, r.Line, r.Name)
		assert.True(t, lines >= 3 || r.After.N > 0, "%s:%d: rule %s has %d lines", r.File, r.Line, r.Name, lines)
	}
}

func TestTroubleIsNeverTakenForRoutine(t *testing.T) {
	for _, line := range []string{
		"dpkg: error processing archive x.deb (--unpack): cannot copy extracted data: No space left on device",
		"anacron: Job `cron.daily' terminated (exit status: 1)",
		"smartd: Device: /dev/sda [SAT], SMART Prefailure Attribute: 5 Reallocated_Sector_Ct changed from 100 to 96",
		"dhcpd: DHCPDISCOVER from 00:00:5e:00:53:01 via eth0: network 192.0.2.0/24: no free leases",
		"chronyd: Can't synchronise: no selectable sources",
		"systemd: Failed to start backup.service",
		"systemd: Reached target emergency.target",
		"postfix/smtpd: warning: TLS library problem: error:0A000415:SSL routines::sslv3 alert certificate expired",
		"kernel: nfs: server backup not responding, still trying",
		"kernel: VFS: file-max limit 100000 reached",
		"kernel: cgroup: fork rejected by pids controller in /user.slice",
		"kernel: igb 0000:01:00.0 eth0: igb: eth0 NIC Link is Down",
		"kernel: usb 1-1: USB disconnect, device number 2",
		"sshd: Connection closed by authenticating user root 198.51.100.7 port 40022 [preauth]",
	} {
		program, message, _ := strings.Cut(line, ": ")
		for priority := range 8 {
			v := logwatch.Builtin().Classify(logwatch.Line{Tag: []byte(program), Message: []byte(message), Priority: priority})
			assert.True(t, v.Level == logwatch.Unexplained || v.Level.Raises(), "%s: %v", line, v)
		}
	}
}

// Who writes something into a line must not make routine of the rest of it.
func TestWhatIsIgnoredIsHeldAtOneEndByTextOfItsOwn(t *testing.T) {
	for _, r := range logwatch.Catalogue() {
		for _, m := range append(r.Match, r.ERE...) {
			open := strings.HasPrefix(m, "{*}") && strings.HasSuffix(m, "{*}") || strings.HasPrefix(m, ".*")
			assert.False(t, open && !r.Level.Raises(), "%s:%d: rule %s: %s", r.File, r.Line, r.Name, m)
		}
	}
}

func TestUnknownLinesStayUnexplained(t *testing.T) {
	for _, line := range []string{
		"sshd: Invalid user admin from 192.0.2.7 port 4 and more", "myapp: something nobody foresaw", "sshd: fatal: mm_request_receive: wombat",
		"kernel: wombat 7: found", "dpkg: a wombat",
	} {
		program, message, _ := strings.Cut(line, ": ")
		assert.Equal(t, logwatch.Verdict{}, logwatch.Builtin().Classify(logwatch.Line{Tag: []byte(program), Message: []byte(message)}), line)
	}
}

func rules(t *testing.T, text string) []logwatch.Rule {
	t.Helper()
	out, err := logwatch.ParseRules("x.rules", []byte("logwatch rules 1\n"+text))
	require.NoError(t, err)
	return out
}

func TestTheOrderOfDecision(t *testing.T) {
	raise := func(name, level, match string) string {
		return "rule " + name + " " + level + "\n\ttitle T\n\tsay S\n\twhy W\n\tmatch " + match + "\n"
	}
	for _, c := range []struct {
		sentence, want string
		layers         []string
	}{
		{"raise before ignore", "bad", []string{"program doord\nrule quiet ignore\n\tmatch door {*}\nprogram *\n" + raise("bad", "notice", "{*}jammed")}},
		{"the worse before the milder", "worse", []string{raise("milder", "notice", "door {*}") + raise("worse", "critical", "{*}jammed")}},
		{"one that names the program", "named", []string{"program *\n" + raise("every", "notice", "door {*}") + "program doord\n" + raise("named", "notice", "door {*}")}},
		{"the first", "one", []string{raise("one", "notice", "door {*}") + raise("two", "notice", "door {*}")}},
		{"a later layer before an earlier", "mine", []string{raise("bad", "critical", "door {*}"), "rule mine ignore\n\tmatch door jammed\n"}},
		{"a later layer replaces by name", "", []string{raise("bad", "critical", "door {*}"), "rule bad ignore\n\tmatch something else\n"}},
		{"unless", "", []string{"rule quiet ignore\n\tmatch door {*}\n\tunless {*}jammed\n"}},
		{"all programs but one", "", []string{"program * !doord\nrule quiet ignore\n\tmatch door {*}\n"}},
		{"all programs of a stem", "", []string{"program doord/\nrule quiet ignore\n\tmatch door {*}\n"}},
	} {
		var layers [][]logwatch.Rule
		for _, text := range c.layers {
			layers = append(layers, rules(t, text))
		}
		set, err := logwatch.Compile(layers...)
		require.NoError(t, err, c.sentence)
		assert.Equal(t, c.want, set.Classify(logwatch.Line{Tag: []byte("doord"), Message: []byte("door jammed")}).Rule, c.sentence)
	}
}

func TestAFaultOfARuleFileHasFileAndLineAndCostsOneRule(t *testing.T) {
	const good = "rule good ignore\n\tmatch fine\n"
	for _, c := range [][2]string{
		{"", `x.rules:2: the first line is not "logwatch rules 1"`},
		{"rules\n", `x.rules:1: the first line is not "logwatch rules 1"`},
		{"logwatch rules 1\nrule x\n", "x.rules:2: a rule has a name and a level, one of ignore, count, notice, warning, critical"},
		{"logwatch rules 1\nrule X ignore\n", "x.rules:2: a name has words of a-z and 0-9 with '-' between them"},
		{"logwatch rules 1\n\tmatch x\n", "x.rules:2: an indented line stands in no rule"},
		{"logwatch rules 1\nwhen x\n", "x.rules:2: neither program, source nor rule: when"},
		{"logwatch rules 1\nprogram\n", "x.rules:2: nothing stands behind program"},
		{"logwatch rules 1\nrule x ignore\n\tat", "x.rules:3: nothing stands behind at"},
		{"logwatch rules 1\nrule x ignore\n\t0 1", "x.rules:3: no word of a rule: 0"},
		{"logwatch rules 1\nrule x ignore\n\tmatch {nobody}\n", `x.rules:3: pattern "{nobody}": {nobody}: no such field`},
		{"logwatch rules 1\nrule x ignore\n\ttest doord\n", "x.rules:3: a test is a program, a colon, a blank and a message"},
		{"logwatch rules 1\nrule x notice\n\ttitle T\n\ttitle T\n", "x.rules:4: title stands twice"},
		{"logwatch rules 1\n" + strings.Repeat("x", 9000), "x.rules:2: the line is too long"},
		{"logwatch rules 1\nrule x ignore\n\tmatch a\n\twithin 10m\n", "x.rules:4: no word of a rule: within"},
		{"logwatch rules 1\nrule x ignore\n\tmatch a\n\tdo a\n\tdo b\n", "x.rules:5: do stands twice"},
	} {
		text, want := c[0], c[1]
		got, err := logwatch.ParseRules("x.rules", []byte(text+"\n"+good))
		require.ErrorContains(t, err, want, text)
		if len(got) > 0 {
			assert.Equal(t, "good", got[0].Name, text)
		}
		assert.LessOrEqual(t, len(got), 1, text)
	}
	for _, c := range [][2]string{
		{"rule x ignore\n", "x.rules:2: rule x: it matches nothing"},
		{"rule x notice\n\tmatch a\n", "x.rules:2: rule x: a rule that raises needs title, say and why"},
		{"rule x ignore\n\tkey addr\n\tmatch a\n", "x.rules:2: rule x: no pattern has the key {addr}"},
		{"rule x ignore\n\tdo rm -rf\n\tmatch a\n", "x.rules:2: rule x: do is one of restart {unit}, repair packages"},
		{"rule x ignore\n\tlook {unit} status\n\tmatch {unit} a\n", "x.rules:2: rule x: a look begins with the name of a program, not with a field"},
		{"rule x ignore\n\tlook read {unit}\n\tmatch a\n", "x.rules:2: rule x: no pattern has the field {unit}"},
		{"rule x ignore\n\tdo restart {unit}\n\tmatch {unit} a\n", "x.rules:2: rule x: do needs the key {unit}"},
		{"rule x ignore\n\tfix {addr}\n\tmatch a\n", "x.rules:2: rule x: no pattern has the field {addr}"},
		{"rule x ignore\n\twhy {n}\n\tmatch {n}\n", "x.rules:2: rule x: title and why stand in the catalogue and have no fields"},
		{"rule x ignore\n\tmatch a\n" + good + good, "x.rules:6: rule good: the name is taken by x.rules:4: rule good"},
	} {
		text, want := c[0], c[1]
		set, err := logwatch.Compile(rules(t, text+good)[:])
		if strings.Count(text, good) == 2 {
			set, err = logwatch.Compile(rules(t, text))
		}
		require.ErrorContains(t, err, want)
		assert.Equal(t, "good", set.Classify(logwatch.Line{Message: []byte("fine")}).Rule, "all other rules stand")
	}
}

func TestADirectoryOfRulesIsReadInTheOrderOfNames(t *testing.T) {
	dir := fstest.MapFS{
		"b.rules": {Data: []byte("logwatch rules 1\nrule b ignore\n\tmatch b\n")}, "a.rules": {Data: []byte("logwatch rules 1\nrule a ignore\n\tmatch a\n")},
		"c.rules": {Data: []byte("logwatch rules 2\n")}, "notes.txt": {Data: []byte("no rules")},
	}
	got, err := logwatch.ReadRules(dir)
	require.EqualError(t, err, `c.rules:1: the first line is not "logwatch rules 1"`)
	require.Len(t, got, 2)
	assert.Equal(t, "a", got[0].Name)
	assert.Equal(t, 2, got[0].Line)
}

func FuzzParseRules(f *testing.F) {
	f.Add("logwatch rules 1\nprogram sshd\nrule x notice\n\tkey addr\n\ttitle T\n\tsay {addr}\n\twhy W\n\tmatch {addr} x\n\ttest sshd: 1.2.3.4 x\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, _ := logwatch.ParseRules("f", []byte(text))
		for _, r := range got {
			if r.Line < 2 || r.Line > strings.Count(text, "\n")+1 {
				t.Fatalf("rule %s stands on line %d", r.Name, r.Line)
			}
		}
		set, _ := logwatch.Compile(got)
		set.Classify(logwatch.Line{Tag: []byte("sshd"), Message: []byte(text)})
	})
}

func ExampleRuleSet_Classify() {
	rules := logwatch.Builtin()
	for _, message := range []string{"Invalid user x from 192.0.2.1 port 4", "Connection closed by 192.0.2.1 port 4", "a wombat"} {
		fmt.Println(rules.Classify(logwatch.Line{Tag: []byte("sshd"), Message: []byte(message)}))
	}
	// Output:
	// {notice ssh-invalid-user}
	// {ignore ignore-sshd}
	// {unexplained }
}

func ExampleCompile() {
	mine, err := logwatch.ParseRules("door.rules", []byte(`logwatch rules 1

program doord

rule door-open warning
	title A door stands open
	say   Door {door} stood open {times}
	why   Warm air comes in.
	fix   Close it.
	key   door
	match door {door:w} open for {n} s
	test  doord: door rack-3 open for 90 s
`))
	if err != nil {
		fmt.Println(err)
	}
	set, err := logwatch.Compile(logwatch.Catalogue(), mine)
	fmt.Println(set.Classify(logwatch.Line{Tag: []byte("doord"), Message: []byte("door rack-3 open for 90 s")}), err)
	// Output: {warning door-open} <nil>
}

func ExampleParseRules() {
	rules, err := logwatch.ParseRules("mine.rules", []byte(`logwatch rules 1

program sshd sshd-session

rule root-login warning
	key    addr
	title  root logged in over SSH
	say    root logged in over SSH from {addr} {times}
	why    Nobody can say later which person that was.
	fix    Use personal accounts and PermitRootLogin no.
	match  Accepted {w} for root from {addr} port {n}{*}
	unless {*} from 192.0.2.1 port {*}
	test   sshd: Accepted publickey for root from 192.0.2.7 port 4 ssh2
	not    sshd: Accepted publickey for rooty from 192.0.2.7 port 4 ssh2

rule chatter ignore
	match  Connection from {adr}
`))
	fmt.Println(len(rules), "rule:", rules[0].Name, rules[0].Level)
	fmt.Println(err)
	fmt.Println(logwatchtest.TestRules(must(logwatch.Compile(rules))))
	// Output:
	// 1 rule: root-login warning
	// mine.rules:17: pattern "Connection from {adr}": {adr}: no such field
	// <nil>
}

func must(set *logwatch.RuleSet, err error) *logwatch.RuleSet {
	if err != nil {
		panic(err)
	}
	return set
}

func ExampleRuleSet_Match() {
	line := logwatch.Line{Tag: []byte("sshd"), Message: []byte("Invalid user x from 192.0.2.1 port 4")}
	var m logwatch.Match
	fmt.Println(logwatch.Builtin().Match(&line, &m), m.Rule.Name)
	for name, value := range m.Fields {
		fmt.Printf("%s is %s\n", name, value)
	}
	// Output:
	// true ssh-invalid-user
	// user is x
	// addr is 192.0.2.1
}

func ExampleTemplate() {
	fmt.Println(logwatch.Template([]byte("worker 7 lost 192.0.2.1:9000 after 3.5 s")))
	// Output: worker <n> lost <addr> after <n> s
}
