// Package ere matches lines against thousands of extended regular expressions
// of POSIX at once, with the extensions and the byte semantics that GNU grep has
// under LC_ALL=C.
//
//	e, err := ere.Parse([]byte(`^(\w{3} [ :[:digit:]]{11}|[0-9T:.+-]{32}) [._[:alnum:]-]+ sshd\[[0-9]+\]: Connection closed`))
//	m := ere.NewSet([]*ere.Expr{e}).Matcher()
//	m.Match(line) // one of them matches
//
// The package reads no files, and knows no locale but C.
//
// # Design
//
// The header that most rules begin with is recognised by its tree, checked once
// for each line by hand, and left out of the automata. A rule behind such a
// header goes to the group of each program token that it can begin with, or to
// the rules that every group has. A group is compiled when its token is first
// seen, into an automaton whose states are built as lines need them; tokens that
// no rule names share one group, so that no log can make more groups than the
// rules have names. A rule that is not anchored at its beginning but at its end
// is matched backwards, so that it too can fail early.
//
// The states of one group are bounded: when they are too many all are dropped,
// and a group that drops them again and again is simulated state set by state
// set, which is slower and linear in the line as well. Back-references are
// replaced by what they refer to for a first look; what that finds is tried by
// going back, with a bound on the steps: beyond it the rule does not match.
package ere
