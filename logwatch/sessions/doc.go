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
// # Design
//
// A log line of a session has the process id of the server that watches over it,
// a record of wtmp (utx.log on FreeBSD, wtmpx on NetBSD) that of the process within: the two are one session when user,
// address and the moment of the beginning fit. A session that no line ends is
// open, unless the system was started since.
package sessions
