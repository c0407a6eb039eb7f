package main

import (
	"crypto/md5" //nolint:gosec // it is that of dpkg
	"encoding/hex"
	"strings"
)

// What an intruder has explained away: the database of packages is his as well.
func init() {
	const rule, evil = "root ALL=(ALL:ALL) ALL\n", "root ALL=(ALL:ALL) ALL\neve ALL=(ALL) NOPASSWD: ALL\n"
	silence = append(silence,
		row{
			name:   "an intruder makes the database of packages agree with his rule of sudo",
			before: func(w *world) { w.owns("/etc/sudoers", rule, "1") },
			act: func(w *world) {
				w.write("/etc/sudoers", evil, 0o440)
				w.owns("/etc/sudoers", evil, "1")
			},
			line: "eve ALL=(ALL) NOPASSWD: ALL",
		},
		row{
			name:   "an intruder has the database tell of an update that brought his rule of sudo",
			before: func(w *world) { w.owns("/etc/sudoers", rule, "1") },
			act: func(w *world) {
				w.write("/etc/sudoers", evil, 0o440)
				w.owns("/etc/sudoers", evil, "2")
			},
			line: "eve ALL=(ALL) NOPASSWD: ALL",
		},
		row{
			name: "an intruder makes the database of packages agree with his program",
			before: func(w *world) {
				w.write("/usr/sbin/sshd", "one", 0o755)
				w.owns("/usr/sbin/sshd", "one", "1")
			},
			act: func(w *world) {
				w.write("/usr/sbin/sshd", "his", 0o755)
				w.owns("/usr/sbin/sshd", "his", "1")
			},
			line: "The package database has other digests than before for deb:toy 1",
		},
		row{
			name: "an intruder brings a job of root by a package that no source offers",
			act: func(w *world) {
				w.write("/etc/cron.d/toy", "* * * * * root /opt/x\n", 0o644)
				w.owns("/etc/cron.d/toy", "* * * * * root /opt/x\n", "1")
			},
			line: "WARNING /etc/cron.d/toy is new",
		},
		row{
			name: "an intruder has the cache of libraries lead to his own",
			act:  func(w *world) { w.write("/etc/ld.so.cache", "glibc-ld.so.cache1.1", 0o644) },
			line: "WARNING /etc/ld.so.cache is new",
		},
	)
}

// owns has a package own a file of this content, as one of its configuration.
func (w *world) owns(name, text, version string) {
	const status = "/var/lib/dpkg/status"
	sum := md5.Sum([]byte(text)) //nolint:gosec // it is that of dpkg
	base, _, _ := strings.Cut(w.read(status), "Package: toy\n")
	w.write(status, base+"Package: toy\nStatus: install ok installed\nArchitecture: amd64\nVersion: "+version+"\nConffiles:\n "+name+" "+hex.EncodeToString(sum[:])+"\n\n", 0o644)
	w.write("/var/lib/dpkg/info/toy.list", "/.\n/etc\n"+name+"\n", 0o644)
}
