// Package logwatch says what a line of a log is: routine, trouble, or something
// that no rule explains. Its rules are data: the catalogue in rules/*.rules, and
// files of a user's own in the same form, as ParseRules has it.
//
//	rules := logwatch.Builtin()
//	v := rules.Classify(logwatch.Line{Tag: []byte("sshd"), Message: []byte("Invalid user x from 192.0.2.1 port 4")})
//	// v.Level is Notice, v.Rule is "ssh-invalid-user"
//
// Package logs is the daily check that reads the logs of a system by them.
//
// The package does not read logs, does not follow them, and never runs what a
// rule says.
//
// # Design
//
// A line that no rule explains is reported: forgetting a rule costs a person a
// minute, an over-wide rule hides a break-in. So an ignoring rule is never wider
// than its message, and one that raises decides before it. Patterns are anchored
// at both ends, fields in them have narrow types, and matching is linear in the
// line.
//
// What is to be said of more than one line is a word of the rule that matches
// the last of them, and speaks of its key: "over 20 in 10m" raises only from that
// many on, "after NAME 300 in 1h" only behind so many lines of another rule,
// "absent 25h" where none came for so long, and "suppress 1h" keeps it from
// raising again, and "before NAME in 2h" raises where no line of that rule
// followed in time. A Watch remembers what they need. A version that does not know a word refuses that rule and says so, and
// takes all others.
//
// The pattern of an unexplained line (numbers, addresses, paths and ids masked)
// has an unseeded hash, so that it is the same finding on every host and day.
package logwatch
