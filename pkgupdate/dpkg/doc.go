// Package dpkg reads the database of dpkg through a host.Host: what is installed, which
// package owns a path, and what an interrupted run left.
//
//	d := dpkg.Database{Host: host.Local()}
//	installed := d.Installed(ctx) // from /var/lib/dpkg/status: works on images too
//	claims, err := d.Attest(ctx, []string{"/usr/bin/passwd"})
//
// # Design
//
// dpkg keeps the files of each package in a list of their own. To find the owners of
// paths, one grep searches them all, which is one exchange with a remote host; what it
// did not search for certain is read.
//
// A dpkg that is at work looks like one that was interrupted. What the database says is
// half done is believed once nothing has been written for two minutes.
package dpkg
