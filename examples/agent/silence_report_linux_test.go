package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The rows of who would have the report itself say less: by the names of what he
// makes, by lines that explain it, by acts in another's name, and by its own files.
func init() {
	silence = append(silence,
		row{
			name: "an intruder names his file as if it were the first line of a report",
			act: func(w *world) {
				w.write("/etc/sudoers.d/zz\ntesthost: nothing new", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			},
			line: "/etc/sudoers.d/zz",
		},
		row{
			name: "an intruder writes the line of a sudo command that would explain his file",
			before: func(w *world) {
				w.write("/var/log/auth.log", logLine("sshd[1]: Server listening on 0.0.0.0 port 22."), 0o640)
			},
			act: func(w *world) {
				w.append("/var/log/auth.log", logLine("sshd[4711]: Accepted publickey for ann from 192.0.2.14 port 51234 ssh2: ED25519 SHA256:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ")+
					logLine("sudo:      ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/vi /etc/sudoers.d/zz"))
				w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			},
			line: "eve ALL=(ALL) NOPASSWD: ALL",
		},
		row{
			name: "an intruder accepts what he did in another's name",
			act: func(w *world) {
				w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
				w.run()
				w.run("review", "accept", "all", "-by", "ann")
			},
			line: "since then ann accepted",
		},
		row{
			name: "an intruder puts a file in place of the folder of the reports",
			act: func(w *world) {
				reports := filepath.Join(w.state(), "reports")
				must(os.RemoveAll(reports))
				must(os.WriteFile(reports, nil, 0o600))
				w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			},
			line: "/etc/sudoers.d/zz is new",
		},
		row{
			name: "an intruder hides his set-id program behind two thousand new files",
			act: func(w *world) {
				for i := range 2000 {
					w.write(fmt.Sprintf("/etc/app.d/%04d-%s", i, strings.Repeat("x", 100)), "x\n", 0o644)
				}
				must(os.Chmod("/usr/bin/find", 0o755|os.ModeSetuid))
			},
			line: "/usr/bin/find",
		},
	)
}
