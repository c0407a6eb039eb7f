// Package logwatch reads the logs of a system daily, so that nothing minor or
// important in them goes unnoticed. What a rule explains as routine is counted,
// what a rule knows as a warning is told, and everything else is told as
// unexplained, folded by its pattern.
//
//	rules := logwatch.Builtin()
//	v := rules.Classify(logwatch.Line{Tag: []byte("sshd"), Message: []byte("Invalid user x from 192.0.2.1 port 4")})
//	// v.Level is Notice, v.Rule is "ssh.invalid-user"
//
// The checker puts it together: logwatch.Logs{Host: host.Local()} reads the log
// files and the journal from where the last stored run ended.
//
// The package does not wait for lines, does not block addresses, and never runs
// what a rule says. It does not judge mail or web traffic: that is analysed by
// the traffic packages.
//
// # Design
//
// A line that no rule explains is reported: forgetting a rule costs a person a
// minute, an over-wide rule hides a break-in. Patterns are anchored at both
// ends, holes in them have narrow types, and matching is linear in the line.
// The pattern of an unexplained line (numbers, addresses, paths and ids masked)
// has an unseeded hash, so that it is the same finding on every host and day.
package logwatch
