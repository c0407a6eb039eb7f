// Package inventory watches what an intruder changes beside the content of files:
// lists of records, each with a baseline of package integrity, its comparison and
// its acceptances.
//
//	accounts    accounts, groups, members, passwords and authorized keys
//	listeners   the sockets on which programs listen or see what others send, and
//	            processes that hide
//	privileged  programs that run with rights of another, and devices, on all local disks
//	running     programs that run what an update replaced; the kernel's modules
//	startup     services that nothing here needs; jobs of cron and at
//	system      mounts, settings of the kernel, rules of the firewall, and what is put into
//	            programs of others: preload, PAM, formats and modules of the kernel
//
// Each is a package of questions. A Question reads records and says in words what
// changed (Teller, Comparer); a Check asks it once a run:
//
//	check := inventory.Check{Question: accounts.Users{Host: h}, Dir: dir}
//	result, err := suite.Collect(ctx, check)
//
// The packages read only: they close no port and lock no account. They look from
// inside, at what the kernel tells; a kernel that was made to lie is seen from
// outside alone (netprobe).
//
// # The nightly lists of the BSDs
//
// What OpenBSD's security(8), NetBSD's /etc/security and FreeBSD's periodic(8) look
// at each night, and who tells it here:
//
//	form of passwd and group, second root, doubles, empty passwords, NIS  accounts.Users
//	homes, start files, root's PATH and umask, .rhosts, hosts.equiv       accounts.Homes
//	mailboxes, exports, aliases, ftpusers, login.conf and special files   accounts.Homes
//	set-id programs, devices, disks, negative rights                      privileged.Programs
//	mounts                                                                system.Mounts
//	changes of settings and of programs (changelist, mtree)               package files, changelist, mtree
//	log-ins, failed log-ins, kernel messages, what a firewall refused     package logwatch
//	packages with holes or other contents than they came with             package pkgupdate
//	copies of settings and of the tables of disks                         package backup
//
// # Design
//
// A record is an entry of a baseline whose digest is over its fields: so one
// machinery takes, compares, signs and accepts files and everything else. What
// changed with one thing is one finding, and the files behind it need no findings
// of their own.
package inventory
