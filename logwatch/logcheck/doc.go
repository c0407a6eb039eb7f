// Package logcheck reads the rule directories of logcheck as they are, and says
// of lines what logcheck says: which are attacks, which are security events,
// which are system events, and which nobody needs to see.
//
//	rules, bad, err := logcheck.Read(ctx, host.Local(), "/etc/logcheck", logcheck.Options{Level: logcheck.Server})
//	var found logcheck.Findings
//	s := rules.Scanner()
//	for each line {
//		found.Add(line, s.Scan(line))
//	}
//	for _, section := range found.Sections() { // as logcheck's mail has them
//	}
//
// A rule that is no expression is told with its file and line, the lines that it
// would have hidden are shown, and all others work: in logcheck itself such a
// rule makes a whole section vanish.
//
// The package reads no logs, and no logcheck.conf.
//
// # Design
//
// Matching is that of GNU grep under LC_ALL=C, byte by byte: in a locale of
// UTF-8 one invalid byte hides a line from a rule, or a rule from a line. As
// logcheck does, it cuts blanks at the end of a line before it matches.
package logcheck
