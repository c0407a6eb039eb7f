// Package hosttest has a fake host.Host for tests, written as a text, and the
// conformance kit that every host.FS and host.Runner must pass.
//
//	m := hosttest.New(`A small machine.
//	etc: after documentation (passwd(5))
//	-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --
//	-- /etc/ dir complete --
//	-- /etc/passwd mtime=2026-11-01T00:00:00Z --
//	root:x:0:0::/root:/bin/sh
//	-- $ ["uname", "-s"] --
//	Linux
//	`)
//	data, err := m.Host().ReadFile(ctx, "/etc/passwd", 0)
//
// The fake refuses the unexpected: what the text does not list is ErrUnlisted,
// which is neither "is not there" nor "not found", so no test passes by
// accident. It does not simulate permissions, time or running programs.
//
// # Grammar
//
// A text is a comment, then sections. A section starts with a line that begins
// with "-- " and ends with " --", and goes on to the next such line; no other
// line of a text may look like that (content that has one is given in base64).
// A word in a section line is bare, or a Go string in double quotes where it
// holds spaces, control characters, or bytes that are not UTF-8. A line of the
// comment may say where a part of the machine comes from; Machine.Sources
// reads these:
//
//	dpkg: recorded live (debian:12, 2026-11-20)
//	rpm: after documentation (rpm(8))
//
// The first section may be the machine itself. It sets the clock, and what a
// file section that does not say otherwise has of uid, gid, dev and mtime:
//
//	-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --
//
// A file section starts with an absolute path. Its content follows:
//
//	-- /etc/motd mode=0644 uid=0 gid=0 mtime=2026-11-01T00:00:00Z --
//	-- "/srv/odd\xff name" base64 --
//	-- /etc/hostname chomp --                    the last newline is not content
//	-- /var/log/lastlog stat size=292292 --      content not recorded: ErrUnlisted
//	-- /etc/localtime link=/usr/share/zoneinfo/UTC --
//	-- /etc/shadow error=permission --           Lstat works, Open does not
//	-- /root/x stat-error=permission --          nothing works
//	-- /etc/nologin absent --                    proven not to be there
//	-- /etc/ dir --                              a directory, perhaps with more in it
//	-- /etc/ dir complete --                     what the text lists in it is all
//	-- / dir complete=tree --                    and so everywhere below
//	-- /dev/null char rdev=259 mode=0666 --      also: block, fifo, socket
//	-- /srv/a xattr.user.note="of mine" --       an extended attribute, by the kernel's name
//	-- /srv/b xattrs --                          is known to have none
//
// The attributes mode (octal), uid, gid, size, blocks, dev, ino, nlink, rdev, flags (1 immutable, 2 append, 4 verity), mount,
// mtime, ctime and btime (RFC 3339) set the fields of host.Stat and its Known
// mask. Without mode a directory has 0755, a link 0777 and all else 0644; size
// is that of the content or link target; every other field is unknown, and so are
// the extended attributes of a file that says nothing of them. An error
// is permission, unsupported, notregular, io, or any other text in quotes. Parent
// directories that have no section are directories that are not complete. What
// nobody lists in a directory with an error answers that error.
//
// A command section lists the argument vector exactly as it will be asked, and
// its standard output; a stderr section may follow:
//
//	-- $ ["dpkg-query", "-W", "nosuch"] exit=1 --
//	-- stderr --
//	dpkg-query: no packages found matching nosuch
//	-- $ ["slow"] signal=killed --
//	-- $ ["rpm"] notfound --                     exec.ErrNotFound, whatever the arguments
//	-- $ ["/sbin/x"] error=permission --         Run itself fails
//	-- $ ["df"] hang --                          Run waits for the end of its context; a
//	                                             Command.Stdout gets the content before
//	-- $ ["cat"] echo --                         standard output is standard input
//	-- $ ["cat", "big"] truncated base64 --
//
// A dial section says what the server at an address says when a client connects;
// what the client says is read and dropped until it closes. Or it says
// how Dial fails. Servers that answer are set in Go with Machine.SetServer:
//
//	-- dial tcp/127.0.0.1:22 crlf --             its lines end in CR LF
//	SSH-2.0-OpenSSH_9.2p1
//	-- dial tcp/127.0.0.1:25 refused --
//	-- dial tcp/192.0.2.1:25 hang --
//	-- dial tcp/192.0.2.2:25 error="no route to host" --
//
// # Conformance
//
// TestFS and TestRunner test any implementation against the numbered sentences
// of host.FS and host.Runner. They do not need the testing package, so a program
// can run them on a live machine: Plant makes the files that TestFS looks at.
//
//	tree, err := hosttest.Plant(dir, dir) // dir is empty
//	err = hosttest.TestHost(ctx, host.Local(), tree)
//
// # Design
//
// The grammar is that of txtar with attributes on the section line, because a
// fake that can be read beside the test that uses it is checked by every reader.
// It is strict: an unknown attribute, a section given twice or an entry below a
// regular file is an error of Parse, never a guess.
package hosttest
