package main

import (
	"fmt"
	"os"
)

// silenceOfPages has the rows of who hides behind the arrangement of a page.
var silenceOfPages = []row{
	{
		name: "something critical is open for days, and nothing is new",
		act: func(w *world) {
			must(os.Chmod("/usr/bin/find", 0o755|os.ModeSetuid))
			w.run()
		},
		line: "1 critical",
	},
	{
		name: "an intruder hides his file among two hundred that are alike",
		act: func(w *world) {
			for i := range 200 {
				w.write(fmt.Sprintf("/etc/profile.d/%03d.sh", i), "# nothing\n", 0o644)
			}
			w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
		},
		line: "/etc/sudoers.d/zz is new",
	},
	{
		name:   "an intruder hides a sudo rule behind thirty jobs in a folder that was there",
		before: func(w *world) { w.write("/etc/cron.d/old", "# nothing\n", 0o644) },
		act: func(w *world) {
			for i := range 30 {
				w.write(fmt.Sprintf("/etc/cron.d/aa%02d", i), "# nothing\n", 0o644)
			}
			w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
		},
		line: "/etc/sudoers.d/zz is new",
	},
	{
		name: "an intruder has the accounts and the logs not looked at any more",
		act: func(w *world) {
			w.write("/run/agent.yaml", "leave-out: [pkgupdate.updates, pkgupdate.lifecycle, resource.load, resource.memory, integrity.accounts, logwatch.logs]\n", 0o644)
		},
		line: "the settings leave out what they did not at the last report: integrity.accounts and logwatch.logs",
	},
	{
		name:   "an intruder has what he left out of the settings accepted",
		before: func(w *world) { w.run() },
		act: func(w *world) {
			w.append("/run/agent.yaml", "files: {exclude: [/etc/sudoers.d]}\n")
			w.run()
			w.run("review", "accept", "all", "-by", "ann")
			w.run()
			w.run("review", "sign", "-by", "ann")
			w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
		},
		line: "left out by the settings: pkgupdate.updates, pkgupdate.lifecycle, resource.load, resource.memory and /etc/sudoers.d",
	},
	{
		name: "a local user hides root's new job behind forty timers of his own",
		act: func(w *world) {
			for i := range 40 {
				w.write(fmt.Sprintf("/home/ann/.config/systemd/user/a%d.timer", i), fmt.Sprintf("[Timer]\nOnCalendar=*:%d\n", i), 0o644)
			}
			w.write("/var/spool/cron/crontabs/root", "* * * * * /opt/x\n", 0o600)
		},
		line: "A new job of root: * * * * * /opt/x",
	},
	{
		name: "a local user hides a program with the rights of a group behind forty of his own",
		act: func(w *world) {
			for i := range 40 {
				name := fmt.Sprintf("/home/ann/a%d", i)
				w.write(name, "x", 0o755)
				must(os.Chown(name, 1000, 1000))
				must(os.Chmod(name, 0o755|os.ModeSetuid))
			}
			w.write("/srv/zz", "x", 0o755)
			must(os.Chown("/srv/zz", 0, 42))
			must(os.Chmod("/srv/zz", 0o755|os.ModeSetgid))
		},
		line: "/srv/zz is new",
	},
}
