// Package sessions says who was in: under which name, from which address, on
// which line, from when to when, and what with another's rights.
//
//	var c sessions.Collector
//	c.Record(&record)         // of an auth log or the journal
//	c.Wtmp(sessions.ParseWtmp(data))
//	for _, s := range c.Sessions() {
//		fmt.Println(s.User, s.Addr, s.Start, s.End, s.Commands)
//	}
//
// Logins is the check: it tells of the sessions since its last run, each with
// its typed attributes, to which explanations join what happened meanwhile, and
// of a user who came from an address that is new.
//
// The package does not say whether a login was right, and follows no process.
//
// # What explanations join
//
// The evidence of a finding about logins is groups of attributes, in this order:
//
//	session at [at] [addr] [x-line]            // its id, begin, end where that is known, address, terminal
//	sample at [x-dir] [program] path…          // a command of that session: text, moment, folder, program, files
//
// A session begins with its session, a command with its sample; a command is of
// the session before it. One at alone says that the session is open, or that
// nothing tells of its end. The paths are absolute, with the folder put before what was
// typed without, and are what the words of the command may name: an act on a file
// is likely that of a command whose path it is and whose moment is shortly before.
// x-dir joins nothing. A command that was refused is none.
//
// # Design
//
// A log line of a session has the process id of the server that watches over it,
// a record of wtmp (utx.log on FreeBSD, wtmpx on NetBSD) that of the process within: the two are one session when user,
// address and the moment of the beginning fit. A session that no line ends is
// open, unless the system was started since. Any user can write a line that looks
// like another's login: each kind of line has its own room, and what there is no
// room for is told. The folder and the environment in a line of sudo are chosen by
// the user: where they make it say a thing twice, neither is believed.
package sessions
