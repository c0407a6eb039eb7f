// Package host is the seam between a check and the operating system that it
// looks at. A check takes a Host value when it is made, so the same check runs
// on this machine (Local), on a mounted image (Root), on a remote machine where
// nothing is installed (host/sshhost) and on a recorded one (host/hosttest).
//
//	h := host.Local()
//	system, err := facts.Identify(ctx, h)
//
// The package reads. It has no call that changes a file; a command that changes
// the system must say so (Command.Mutates). It remembers answers only for a Host
// that is told to, for one run (Host.Remembering); it does not retry, and reads neither the caller's environment nor its PATH.
//
// # Design
//
// FS is not io/fs.FS, because that refuses absolute names and names that are
// not UTF-8, and an intruder's file may have either. ReadDir gives full Stats,
// because over SSH one round trip for a directory is the difference between
// hundreds and thousands of them.
//
// Root walks a name by itself, from directory descriptor to directory descriptor,
// and keeps the way that it came for "..". The os.Root of the standard library
// refuses absolute links, which are the rule in an image of a system; the openat2
// of Linux would do, but it would be a second way of walking beside the one that
// the other systems need.
//
// A command ends when its process does. To wait for the end of its output instead
// would hang on each service that a start script leaves behind; so what is in the
// pipe is taken, for all that the process wrote is there, and no more.
package host
