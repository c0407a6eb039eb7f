// Package logwatchtest has fakes of log sources, and conformance functions for
// rules and for checks that read logs.
//
//	err := logwatchtest.TestRules(set, []logwatchtest.Case{
//		{Tag: "sshd", Message: "Invalid user x from 192.0.2.1 port 4", Rule: "ssh.invalid-user"},
//	})
//
// It does not import testing, so that an agent can try its own rules on a live
// machine.
package logwatchtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/logwatch"
)

// A Case is a message and the rule that must explain it. An empty Rule is a
// message that no rule may explain.
type Case struct {
	Tag     string
	Message string
	Rule    string
}

// TestRules tries a set of rules on cases, and joins all violations: a case with
// another verdict, and a rule that raises a finding but has no case.
func TestRules(set *logwatch.RuleSet, cases []Case) error {
	var errs []error
	hit := map[string]bool{}
	for _, c := range cases {
		v := set.Classify(logwatch.Line{Tag: []byte(c.Tag), Message: []byte(c.Message)})
		hit[v.Rule] = true
		if v.Rule != c.Rule {
			errs = append(errs, fmt.Errorf("%s: %q: rule %q decides, not %q", c.Tag, c.Message, v.Rule, c.Rule))
		}
	}
	for _, r := range set.Rules() {
		if r.Level > logwatch.Ignore && !hit[r.ID] {
			errs = append(errs, fmt.Errorf("rule %s has no case", r.ID))
		}
	}
	return errors.Join(errs...)
}

// An Entry is one entry of a fake journal.
type Entry struct {
	Cursor   string // empty: made from the entry's place and time
	Time     time.Time
	Host     string
	Tag      string
	PID      int
	Unit     string
	Message  string // may hold newlines and any bytes
	Priority int    // 0 to 7
}

// Export gives the output of journalctl --output=export for entries, to be the
// answer of a fake command.
func Export(entries ...Entry) []byte {
	var out []byte
	for i, e := range entries {
		cursor := e.Cursor
		if cursor == "" {
			cursor = fmt.Sprintf("s=fake;i=%d;t=%x", i+1, e.Time.UnixMicro())
		}
		out = field(out, "__CURSOR", cursor)
		out = field(out, "__REALTIME_TIMESTAMP", strconv.FormatInt(e.Time.UnixMicro(), 10))
		out = field(out, "_HOSTNAME", e.Host)
		out = field(out, "SYSLOG_IDENTIFIER", e.Tag)
		out = field(out, "_PID", strconv.Itoa(e.PID))
		out = field(out, "_SYSTEMD_UNIT", e.Unit)
		out = field(out, "PRIORITY", strconv.Itoa(e.Priority))
		out = field(out, "MESSAGE", e.Message)
		out = append(out, '\n')
	}
	return out
}

// field appends one field: as text where it is printable, else with its length.
func field(out []byte, name, value string) []byte {
	if value == "" {
		return out
	}
	for _, c := range []byte(value) {
		if c < ' ' && c != '\t' || c >= 0x7f {
			out = append(out, name+"\n"...)
			out = binary.LittleEndian.AppendUint64(out, uint64(len(value)))
			return append(append(out, value...), '\n')
		}
	}
	return append(out, name+"="+value+"\n"...)
}
