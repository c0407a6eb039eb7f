// Package host is the seam between a check and the operating system that it
// looks at. A check takes a Host value when it is made, so the same check runs
// on this machine (Local), on a mounted image (Root), on a remote machine where
// nothing is installed (host/sshhost) and on a recorded one (host/hosttest).
//
//	h := host.Local()
//	facts, err := host.Identify(ctx, h)
//
// The package reads. It has no call that changes a file; a command that changes
// the system must say so (Command.Mutates). It does not cache, does not retry,
// and reads neither the caller's environment nor its PATH.
//
// # Design
//
// FS is not io/fs.FS, because that refuses absolute names and names that are
// not UTF-8, and an intruder's file may have either. ReadDir gives full Stats,
// because over SSH one round trip for a directory is the difference between
// hundreds and thousands of them.
package host
