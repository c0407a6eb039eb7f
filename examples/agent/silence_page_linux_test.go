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
}
