package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

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

// answers makes a program that prints a file of the world's.
func (w *world) answers(program, script string) {
	w.write(program, "#!/bin/sh\n"+script+"\n", 0o755)
}

// hangs mounts a file system on a disk at a folder: nobody answers for it, until
// after some time its program is gone.
func (*world) hangs(at string, long time.Duration) {
	ctl, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	must(err)
	n, err := unix.IoctlRetInt(int(ctl.Fd()), unix.LOOP_CTL_GET_FREE)
	must(err)
	device := fmt.Sprintf("/dev/loop%d", n)
	must(unix.Mknod(device, unix.S_IFBLK|0o600, int(unix.Mkdev(7, uint32(n)))))
	loop, err := os.OpenFile(device, os.O_RDWR, 0)
	must(err)
	must(os.WriteFile("/run/image", make([]byte, 1<<20), 0o600))
	image, err := os.OpenFile("/run/image", os.O_RDWR, 0)
	must(err)
	must(unix.IoctlSetInt(int(loop.Fd()), unix.LOOP_SET_FD, int(image.Fd())))
	must(unix.IoctlLoopSetStatus64(int(loop.Fd()), &unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR}))
	program, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	must(err)
	must(unix.Mount(device, at, "fuseblk", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", program.Fd())))
	time.AfterFunc(long, func() { program.Close() })
}

// calm looks at load and memory, and lays those of a machine without work over the
// kernel's.
func (w *world) calm() {
	w.write("/run/agent.yaml", "leave-out: [pkgupdate.updates, pkgupdate.lifecycle]\n", 0o644)
	w.cover("/proc/loadavg", "0.00 0.00 0.00 1/100 1\n")
	w.cover("/proc/meminfo", "MemTotal: 4000000 kB\nMemFree: 3000000 kB\nMemAvailable: 3500000 kB\nBuffers: 0 kB\nCached: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n")
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
			name:   "programs take nearly all memory",
			before: (*world).calm,
			act: func(w *world) {
				w.write("/run/proc-meminfo", strings.ReplaceAll(w.read("/run/proc-meminfo"), "MemAvailable: 3500000", "MemAvailable: 50000"), 0o444)
			},
			line: "memory can still be used",
		},
		row{
			name:   "a program runs wild for a quarter of an hour",
			before: (*world).calm,
			act:    func(w *world) { w.write("/run/proc-loadavg", "900.00 900.00 900.00 901/1000 1\n", 0o444) },
			line:   "For a quarter of an hour",
		},
		row{
			name: "a program opens nearly all files that there can be",
			act:  func(w *world) { w.cover("/proc/sys/fs/file-nr", "9900\t0\t10000\n") },
			line: "possible open files",
		},
		row{
			name: "a server has all files open that it may, and takes no more connections",
			before: func(w *world) {
				server := w.start("/usr/sbin/ftpd", "0.0.0.0:2222", 0, "UPKEEP_TEST_TARPITS=300")
				w.hang = func() {
					must(unix.Prlimit(server.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 306, Max: 306}, nil))
				}
			},
			act:  func(w *world) { w.hang() },
			line: "of 306 possible files open",
		},
		row{
			name: "an update waits for a reboot",
			act:  func(w *world) { w.write("/run/reboot-required", "*** System restart required ***\n", 0o644) },
			line: "An update asks for a reboot",
		},
		row{
			name: "an update waits for a reboot, and the list of what asks for it is no file",
			act: func(w *world) {
				w.write("/run/reboot-required", "*** System restart required ***\n", 0o644)
				must(unix.Mkfifo("/run/reboot-required.pkgs", 0o644))
			},
			line: "An update asks for a reboot",
		},
		row{
			name:  "a service fails behind six hundred that strangers make fail by connecting",
			needs: []string{"/bin/sh", "/bin/cat"},
			before: func(w *world) {
				must(os.MkdirAll("/run/systemd/system", 0o755))
				w.write("/run/failed", "", 0o644)
				w.answers("/usr/bin/systemctl", `case "$*" in list-units*) cat /run/failed;; show*) ;; *) exit 1;; esac`)
			},
			act: func(w *world) {
				for i := range 600 {
					w.append("/run/failed", fmt.Sprintf("in.fingerd@%d-192.0.2.1:79-192.0.2.9:%d.service loaded failed failed Finger\n", i, 1024+i))
				}
				w.append("/run/failed", "postgresql.service loaded failed failed PostgreSQL\n")
			},
			line: "The service postgresql.service has failed",
		},
		row{
			name:  "the clock is set back below a time service that calls it right",
			needs: []string{"/bin/sh", "/bin/date"},
			before: func(w *world) {
				w.write("/run/ahead", "0", 0o644)
				w.answers("/usr/bin/chronyc", `read -r ahead </run/ahead; echo "C0000201,192.0.2.1,3,$(( $(date +%s) + ahead )).1,0.0001,0,0,0,0,0,0,0,64.4,Normal"`)
			},
			act:  func(w *world) { w.write("/run/ahead", "172800\n", 0o644) },
			line: "The clock was set back by",
		},
		row{
			name:  "a disk hangs",
			nodes: []string{"/dev/loop-control", "/dev/fuse"},
			before: func(*world) {
				must(unix.Mknod("/dev/fuse", unix.S_IFCHR|0o600, int(unix.Mkdev(10, 229))))
				must(unix.Mknod("/dev/loop-control", unix.S_IFCHR|0o600, int(unix.Mkdev(10, 237))))
			},
			act: func(w *world) {
				w.hangs("/srv", 20*time.Second)
				w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			},
			line: "The file system is fuseblk on", // that it does not answer, or with an error
		},
		row{
			name: "thirty users fill what is theirs alone, and the disk of all fills up",
			before: func(w *world) {
				srv("size=8m")(w)
				for i := range 30 {
					own := fmt.Sprintf("/run/user/%d", 1000+i)
					must(os.MkdirAll(own, 0o700))
					must(unix.Mount("tmpfs", own, "tmpfs", 0, "size=64k"))
				}
			},
			act: func(w *world) {
				for i := range 30 {
					w.write(fmt.Sprintf("/run/user/%d/ballast", 1000+i), strings.Repeat("x", 64<<10), 0o600)
				}
				w.write("/srv/ballast", strings.Repeat("x", 8<<20-64<<10), 0o600)
			},
			line: "/srv is >99 % full",
		},
	)
}
