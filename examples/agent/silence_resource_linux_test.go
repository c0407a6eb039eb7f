package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const banner = "/run/banner"

// mailServer runs one on port 25, whose greeting is in the file banner.
func (w *world) mailServer() {
	w.write(banner, "220 mail.example ESMTP\r\n", 0o644)
	server := w.start("/usr/sbin/master", "0.0.0.0:25", 0, "UPKEEP_TEST_BANNER="+banner)
	w.beforeNext = func() { server.Process.Kill(); server.Wait() } //nolint:errcheck // it is killed
	w.hang = func() { must(server.Process.Signal(syscall.SIGSTOP)) }
}

// cover lays another text over a file of the kernel's.
func (w *world) cover(name, text string) {
	calm := "/run/" + strings.ReplaceAll(name[1:], "/", "-")
	w.write(calm, text, 0o444)
	must(unix.Mount(calm, name, "", unix.MS_BIND, ""))
}

func init() {
	srv := func(options string) func(w *world) {
		return func(*world) { must(unix.Mount("disk", "/srv", "tmpfs", 0, options)) }
	}
	silence = append(silence,
		row{
			name:   "the mail server dies",
			before: (*world).mailServer,
			act:    func(w *world) { w.beforeNext() },
			line:   "no longer listens",
		},
		row{
			name:   "the mail server hangs, and the kernel goes on taking connections",
			before: (*world).mailServer,
			act:    func(w *world) { w.hang() },
			line:   "smtp://localhost:25 (master) gives no complete answer",
		},
		row{
			name:   "the mail server turns everybody away for good",
			before: (*world).mailServer,
			act:    func(w *world) { w.write(banner, "554 no service\r\n", 0o644) },
			line:   "554",
		},
		row{
			name: "a user hides that the mail server hangs behind three hundred tarpits of a known name",
			before: func(w *world) {
				w.mailServer()
				w.start("/tmp/sshd", "0.0.0.0:2222", 33, "UPKEEP_TEST_TARPITS=300")
			},
			act:  func(w *world) { w.hang() },
			line: "smtp://localhost:25 (master) gives no complete answer",
		},
		row{
			name:   "a file system takes no more writes",
			before: srv("size=8m"),
			act:    func(*world) { must(unix.Mount("", "/srv", "", unix.MS_REMOUNT|unix.MS_RDONLY, "size=8m")) },
			line:   "/srv changed: options",
		},
		row{
			name:   "a disk has room, and no inode is left",
			before: srv("size=8m,nr_inodes=200"),
			act: func(*world) {
				for i := range 198 {
					must(os.WriteFile(fmt.Sprintf("/srv/%d", i), nil, 0o600))
				}
			},
			line: "of its inodes",
		},
		row{
			name: "a disk is not there after a start",
			before: func(w *world) {
				w.write("/etc/fstab", "disk /srv tmpfs size=8m 0 0\n", 0o644)
				srv("size=8m")(w)
			},
			act:  func(*world) { must(unix.Unmount("/srv", 0)) },
			line: "/srv is not mounted",
		},
		row{
			name: "programs take nearly all memory",
			act: func(w *world) {
				w.write("/run/meminfo", strings.ReplaceAll(w.read("/run/meminfo"), "MemAvailable: 3500000", "MemAvailable: 50000"), 0o444)
			},
			line: "memory can still be used",
		},
		row{
			name: "a program runs wild for a quarter of an hour",
			act:  func(w *world) { w.write("/run/loadavg", "900.00 900.00 900.00 901/1000 1\n", 0o444) },
			line: "For a quarter of an hour",
		},
		row{
			name: "a program opens nearly all files that there can be",
			act:  func(w *world) { w.cover("/proc/sys/fs/file-nr", "9900\t0\t10000\n") },
			line: "possible open files",
		},
		row{
			name: "an update waits for a reboot",
			act:  func(w *world) { w.write("/run/reboot-required", "*** System restart required ***\n", 0o644) },
			line: "An update asks for a reboot",
		},
	)
}
