// Package confdiff says in lines for people how two versions of a configuration
// file differ, without its secrets.
//
//	lines := confdiff.Of("/etc/passwd", before, after, key)
//	// user git: shell /bin/sh to /usr/sbin/nologin
//
// For files whose lines are records, such as passwd, it says what became of each
// record; all others are compared by lines. In place of a secret stands a mark
// that is the same for the same secret under one key, so a rotation shows and the
// secret does not. What cannot be read as text is told by digests alone.
package confdiff
