package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// silenceOfPeople has the rows of what people do, and of who would do it in
// their name.
var silenceOfPeople = []row{
	{
		name: "an intruder edits the log of what people did",
		before: func(w *world) {
			w.run()
			w.run("review", "accept", "all", "-by", "ann")
		},
		act: func(w *world) {
			name := filepath.Join(w.state(), logName)
			text, err := os.ReadFile(name)
			must(err)
			must(os.WriteFile(name, []byte(strings.Replace(string(text), `"by":"ann"`, `"by":"eve"`, 1)), 0o600))
		},
		line: "what people accepted and signed is not known",
	},
	{
		name: "an intruder takes away the log of what people did",
		before: func(w *world) {
			w.run()
			w.run("review", "accept", "all", "-by", "ann")
			w.run()
		},
		act:  func(w *world) { must(os.Remove(filepath.Join(w.state(), logName))) },
		line: "what people accepted and signed is not known",
	},
	{
		name: "an intruder accepts what he did and signs in another's name",
		act: func(w *world) {
			w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			w.run()
			w.run("review", "accept", "all", "-by", "ann")
			w.run("review", "sign", "-by", "ann")
		},
		line: "/etc/sudoers.d/zz is new",
	},
	{
		name: "a file that a person accepted changes once more",
		before: func(w *world) {
			w.run()
			w.write("/etc/sudoers.d/deploy", "deploy ALL=(www) /usr/bin/reload\n", 0o440)
			w.run()
			w.run("review", "accept", "all", "-by", "ann")
			w.run()
		},
		act:  func(w *world) { w.write("/etc/sudoers.d/deploy", "deploy ALL=(ALL) NOPASSWD: ALL\n", 0o440) },
		line: "/etc/sudoers.d/deploy changed",
	},
	{
		name: "a file system that a person acknowledged gets worse",
		before: func(w *world) {
			w.smallDisk(7600 << 10)
			w.run()
			w.run("review", "ack", "all", "-by", "ann", "-until", "30d")
			w.run()
		},
		act:  func(w *world) { w.write("/srv/small/more", strings.Repeat("x", 500<<10), 0o600) },
		line: "acknowledged by ann",
	},
	{
		name: "an acknowledgement is over",
		before: func(w *world) {
			w.smallDisk(7600 << 10)
			start := time.Now()
			w.run()
			// It is to last over the first screen.
			until := (3*time.Since(start) + 2*time.Second).Round(time.Second).String()
			w.run("review", "ack", "all", "-by", "ann", "-until", until)
			w.beforeNext = func() {
				for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); {
					if out, _ := w.run("review", "list"); strings.Contains(out, "its time is over") {
						return
					}
				}
				panic("the acknowledgement does not end")
			}
		},
		act:  func(w *world) { w.beforeNext() },
		line: "acknowledged by ann",
	},
}
