// Package logwatchtest has fakes of log sources, and conformance functions for
// rules and for checks that read logs.
//
//	err := logwatchtest.TestRules(set)
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

// TestRules tries each rule of a set on its own test lines, and joins all
// violations of these sentences:
//
//  1. A rule decides each line of its tests that says so.
//  2. It leaves each other line of its tests to another rule or to none.
//  3. A rule that raises has at least one line that it decides.
func TestRules(set *logwatch.RuleSet) error {
	var errs []error
	for _, r := range set.Rules() {
		decided := false
		for _, t := range r.Tests {
			v := set.Classify(logwatch.Line{Tag: []byte(t.Program), Message: []byte(t.Message)})
			decided = decided || t.Decides
			switch is := v.Rule == r.Name; {
			case t.Decides && !is:
				errs = append(errs, fmt.Errorf("%s:%d: rule %s: %s: %q is decided by %q", r.File, r.Line, r.Name, t.Program, t.Message, v.Rule))
			case !t.Decides && is:
				errs = append(errs, fmt.Errorf("%s:%d: rule %s: %s: %q is decided by it", r.File, r.Line, r.Name, t.Program, t.Message))
			}
		}
		if r.Level.Raises() && !decided && r.After.N == 0 {
			errs = append(errs, fmt.Errorf("%s:%d: rule %s has no test line", r.File, r.Line, r.Name))
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
	// Transport, Command, Program and UID are what the journal itself knows of the sender; empty: it says nothing.
	Transport, Command, Program, UID string
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
		out = field(out, "_TRANSPORT", e.Transport)
		out = field(out, "_COMM", e.Command)
		out = field(out, "_EXE", e.Program)
		out = field(out, "_UID", e.UID)
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
