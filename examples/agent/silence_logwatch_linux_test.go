package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// logLines gives a log of as many lines as there are numbers.
func logLines(n int, text string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(logLine(fmt.Sprintf(text, i)))
	}
	return b.String()
}

// heldOpen is kept, as a file that nobody names any more is closed.
var heldOpen []*os.File

func init() {
	silence = append(silence,
		row{
			name: "an intruder guesses a password after three hundred tries",
			act: func(w *world) {
				w.append("/var/log/syslog", logLines(300, "sshd[9]: Failed password for ann from 203.0.113.66 port %d ssh2")+
					logLine("sshd[9]: Accepted password for ann from 203.0.113.66 port 9 ssh2"))
			},
			line: "ann logged in over SSH from 203.0.113.66 after many failed logins",
		},
		row{
			name: "an intruder hides his login among thousands of odd lines",
			act: func(w *world) {
				w.append("/var/log/syslog", logLines(20_000, "odd%[1]d: x%[1]d")+logLine("sshd[9]: Accepted password for root from 203.0.113.66 port 9 ssh2"))
			},
			line: "root logged in over SSH from 203.0.113.66",
		},
		row{
			name: "a clock that was ahead writes the first line of a log",
			act: func(w *world) {
				ahead := time.Now().AddDate(0, 0, 7).Format("Jan _2 15:04:05") + " web app: ahead\n"
				w.write("/var/log/kern.log", ahead+logLine("kernel: EXT4-fs error (device sda1): ext4_lookup:1: inode #2"), 0o644)
			},
			line: "The file system on sda1 reported damage",
		},
		row{
			name: "the log of a web server in a folder of its own says that it died",
			act: func(w *world) {
				must(os.MkdirAll("/var/log/apache2", 0o755))
				w.write("/var/log/apache2/error.log", time.Now().Format("[Mon Jan 02 15:04:05.000000 2006]")+" [core:notice] [pid 7:tid 7] AH00052: child pid 712 exit signal Segmentation fault (11)\n", 0o644)
			},
			line: "The web server lost a process",
		},
		row{
			name: "who asks a web server has it write a word of routine beside an error of its application",
			act: func(w *world) {
				must(os.MkdirAll("/var/log/nginx", 0o755))
				w.write("/var/log/nginx/error.log", time.Now().Format("2006/01/02 15:04:05")+` [error] 7#7: *9 FastCGI sent in stderr: "PHP message: PHP Fatal error: no orders [notice] x", client: 192.0.2.7, request: "GET /[notice] x HTTP/1.1"`+"\n", 0o644)
			},
			line: "PHP Fatal error: no orders",
		},
		row{
			name: "the self-test of a disk ends with an error among those that end well",
			act: func(w *world) {
				w.append("/var/log/syslog", logLine("smartd[7]: Device: /dev/sdb [SAT], previous self-test completed without error")+
					logLine("smartd[7]: Device: /dev/sda [SAT], previous self-test completed with error (read test element)"))
			},
			line: "Self-monitoring of disk /dev/sda reported a fault",
		},
		row{
			name: "a package manager says among its routine that the disk is full",
			act: func(w *world) {
				w.append("/var/log/syslog", logLine("dpkg: error processing archive x.deb (--unpack): cannot copy extracted data: No space left on device"))
			},
			line: "dpkg could not write",
		},
		row{
			name: "an intruder puts his lines into a log that nobody reads",
			act: func(w *world) {
				must(os.MkdirAll("/var/log/shop", 0o755))
				w.write("/var/log/shop/orders.txt", "an order\n", 0o644)
			},
			line: "No check reads 1 log",
		},
		row{
			name: "an intruder takes a rotated log away before it was read",
			act: func(w *world) {
				must(os.Rename("/var/log/syslog", "/var/log/syslog.3"))
				w.write("/var/log/syslog.1", logLine("app: later"), 0o640)
				w.write("/var/log/syslog", "", 0o640)
			},
			line: "lines behind it are unread",
		},
		row{
			name: "a dated copy of a log is taken away before it was read",
			act: func(w *world) {
				must(os.Rename("/var/log/syslog", "/var/log/syslog-20261101"))
				for _, day := range []string{"02", "03", "05", "06"} {
					w.write("/var/log/syslog-202611"+day, logLine("app: later"), 0o640)
				}
				w.write("/var/log/syslog", "", 0o640)
			},
			line: "lines behind it are unread",
		},
		row{
			name: "an intruder removes a log",
			act:  func(w *world) { must(os.Remove("/var/log/syslog")) },
			line: "Log file /var/log/syslog was deleted",
		},
		row{
			name: "an intruder puts a FIFO in the place of a log",
			act: func(w *world) {
				must(os.Remove("/var/log/syslog"))
				must(unix.Mkfifo("/var/log/syslog", 0o640))
			},
			line: "/var/log/syslog",
		},
		row{
			name: "an intruder writes megabytes without an end before his login",
			act: func(w *world) {
				w.append("/var/log/syslog", strings.Repeat("x", 3<<20)+"\n"+logLine("sshd[9]: Accepted password for root from 203.0.113.66 port 9 ssh2"))
			},
			line: "root logged in over SSH from 203.0.113.66",
		},
		row{
			name: "an intruder writes a line that never ends",
			act:  func(w *world) { w.append("/var/log/syslog", strings.Repeat("x", 3<<20)) },
			line: "too long to be read whole",
		},
		row{
			name: "a log has NULs before the line that matters",
			act: func(w *world) {
				w.append("/var/log/syslog", strings.Repeat("\x00", 3<<20)+logLine("sshd[9]: Accepted password for root from 203.0.113.66 port 9 ssh2"))
			},
			line: "root logged in over SSH from 203.0.113.66",
		},
		row{
			name: "a program writes to a log that an intruder has deleted",
			act: func(w *world) {
				w.write("/var/log/shop.log", logLine("shop: an order"), 0o640)
				file, err := os.OpenFile("/var/log/shop.log", os.O_WRONLY|os.O_APPEND, 0)
				must(err)
				heldOpen = append(heldOpen, file)
				must(os.Remove("/var/log/shop.log"))
			},
			line: "has /var/log/shop.log open for writing, which was deleted",
		},
		row{
			name:   "an intruder hides his login among thousands of sessions that never were",
			before: func(w *world) { w.write("/var/log/auth.log", logLine("app: a start"), 0o640) },
			act: func(w *world) {
				w.write("/var/log/auth.log", logLines(6_000, "su[%[1]d]: (to root) x%[1]d on pts/1")+logLine("sshd[9]: Accepted password for ann from 203.0.113.66 port 9 ssh2"), 0o640)
			},
			line: "ann logged in from 203.0.113.66 for the first time",
		},
		row{
			name: "an intruder fills a folder with logs before a server says that it died",
			act: func(w *world) {
				must(os.MkdirAll("/var/log/a-shop", 0o755))
				for i := range 700 {
					w.write(fmt.Sprintf("/var/log/a-shop/%d.log", i), "an order\n", 0o644)
				}
				must(os.MkdirAll("/var/log/nginx", 0o755))
				w.write("/var/log/nginx/error.log", time.Now().Format("2006/01/02 15:04:05")+" [emerg] 7#7: bind() to 0.0.0.0:443 failed (98: Address already in use)\n", 0o644)
			},
			line: "nginx gave up",
		},
		row{
			name:   "an intruder writes a command of another into the journal",
			needs:  []string{"journalctl", journalRemote},
			before: func(w *world) { w.journal("system", "app: a start") },
			act: func(w *world) {
				w.journal("day2", "sudo: ann : PWD=/etc ; USER=root ; COMMAND=/usr/bin/vi passwd\n_EXE=/usr/bin/logger\n_UID=1000\n_PID=7")
			},
			line: "/usr/bin/logger of user number 1000 wrote to the log in the name of sudo",
		},
	)
}
