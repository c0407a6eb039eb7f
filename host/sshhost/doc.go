// Package sshhost is a host.Host for a machine that is reached by SSH, with
// nothing installed there.
//
//	client, err := sshhost.Dial(ctx, sshhost.Config{
//		Addr:       "mail.example.org:22",
//		User:       "audit",
//		Keys:       [][]byte{pem},
//		KnownHosts: []string{"/home/audit/.ssh/known_hosts"},
//	})
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	system, err := facts.Identify(ctx, client.Host())
//
// The remote machine needs a POSIX sh with env, awk, find, and head, od or
// base64; stat(1) of GNU, BSD or BusyBox where find has no -printf. The package
// asks for no password, uses no agent, reads no configuration of OpenSSH, does
// not reconnect, and never accepts a host key that it was not told.
//
// A connection that drops, a shell that does not start and an answer that is
// not whole are errors, never an empty answer.
//
// # Design
//
// The remote command is always the constant "/bin/sh -s", because the login
// shell of root may be csh and would read anything else in its own way. The
// script comes on standard input, with each word that is not ours in single
// quotes, and starts a second shell in a clean environment at once.
//
// An answer starts with a line that holds a random number; what a profile or a
// banner wrote before it is dropped. All that comes from files (names, too) is
// sent as base64 or hexadecimal lines, and the last line counts lines and bytes.
// So no content can end or forge a frame, even if somebody reads the number in
// the process list, and a word that a background process writes into the middle
// is an error.
//
// A command is the process itself (the shell execs it), so its exit status,
// signal and two streams are those that the SSH server reports.
//
// What an exchange costs beside the network is mostly the login shell: sshd starts
// it for each, and bash, when sshd starts it, reads its .bashrc before the command
// that it was given. No command avoids that, so a slow .bashrc of the user is paid
// at each exchange; a user with a plain one, or with /bin/sh, is the better choice.
//
// An exchange is one script and its answer, and what Client.RoundTrips counts;
// on the wire it takes two round trips, since SSH first opens a channel. A
// directory, a batch of files or a whole tree is one exchange. Names that several
// goroutines ask for while such an exchange is under way go together in the next,
// and a name that two ask for is asked once; after a shared exchange that hangs,
// as on a dead NFS server, each name goes alone.
//
// An open file is not held open over there: each further block names it again,
// and is refused if device or inode are others than at first.
package sshhost
