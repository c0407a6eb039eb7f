package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A row of the silence table is what somebody does who could turn the report
// green: an intruder, a local user, a dying disk, a careless administrator. The
// report after it says line on its first screen.
type row struct {
	name   string
	needs  []string       // programs of the machine that are in the world
	nodes  []string       // devices of the machine
	before func(w *world) // what is there on the day before; nil: the world alone
	act    func(w *world)
	line   string
}

// silence is the table. To add a row, write what is done and what is to be read.
var silence = []row{
	{
		name: "an intruder gives himself all rights by sudo",
		act:  func(w *world) { w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440) },
		line: "/etc/sudoers.d/zz is new",
	},
	{
		name: "an intruder adds a second account of user number 0",
		act:  func(w *world) { w.append("/etc/passwd", "eve:x:0:0::/root:/bin/sh\n") },
		line: "The account eve has user number 0",
	},
	{
		name: "an intruder adds a second user number 0 behind 17,000 users",
		before: func(w *world) {
			var b strings.Builder
			for i := range 17000 {
				fmt.Fprintf(&b, "student%05d:x:%d:1000:A student of the faculty of many students:/home/s:/bin/sh\n", i, 20000+i)
			}
			w.append("/etc/passwd", b.String())
		},
		act:  func(w *world) { w.append("/etc/passwd", "eve:x:0:0::/root:/bin/sh\n") },
		line: "The account eve has user number 0",
	},
	{
		name: "an intruder adds his key to root's",
		act: func(w *world) {
			w.append("/root/.ssh/authorized_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP////////////////////////////////////////// eve\n")
		},
		line: "A new key may log in as root",
	},
	{
		name: "an intruder lets a program run with the rights of root",
		act:  func(w *world) { must(os.Chmod("/usr/bin/find", 0o755|os.ModeSetuid)) },
		line: "/usr/bin/find",
	},
	{
		name: "an intruder's server runs from a file that is deleted",
		act: func(w *world) {
			w.start("/tmp/.x", "0.0.0.0:4444", 0)
			must(os.Remove("/tmp/.x"))
		},
		line: "4444",
	},
	{
		name: "an intruder changes a program and sets its times back",
		act: func(w *world) {
			st, err := os.Stat("/usr/bin/find")
			must(err)
			f, err := os.OpenFile("/usr/bin/find", os.O_WRONLY, 0)
			must(err)
			_, err = f.WriteAt([]byte{0x90}, 4096)
			must(err)
			must(f.Close())
			must(os.Chtimes("/usr/bin/find", st.ModTime(), st.ModTime()))
		},
		line: "/usr/bin/find changed",
	},
	{
		name: "an intruder preloads a library into every program",
		act:  func(w *world) { w.write("/etc/ld.so.preload", "/usr/lib/x.so\n", 0o644) },
		line: "/usr/lib/x.so, which /etc/ld.so.preload names, belongs to no package",
	},
	{
		name: "an intruder floods the folders with 12,000 new files around a sudo rule",
		act: func(w *world) {
			for i := range 12000 {
				must(os.WriteFile(fmt.Sprintf("/etc/aaa%05d", i), nil, 0o644))
			}
			w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
		},
		line: "/etc/sudoers.d/zz is new",
	},
	{
		name: "an intruder renames the machine",
		act: func(w *world) {
			w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			must(unix.Sethostname([]byte("other")))
		},
		line: "/etc/sudoers.d/zz is new",
	},
	{
		name: "the agent is killed when the report is stored and not yet told",
		act:  func(w *world) { w.killBetweenSaveAndDelivery() },
		line: "1 warning new",
	},
	{
		name: "an intruder removes the baseline",
		act: func(w *world) {
			w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			must(os.RemoveAll(filepath.Join(w.state(), "integrity")))
		},
		line: "no baseline",
	},
	{
		name: "an intruder empties a log",
		act: func(w *world) {
			w.append("/var/log/syslog", logLine("sshd[9]: Accepted password for root from 192.0.2.9"))
			must(os.Truncate("/var/log/syslog", 0))
		},
		line: "/var/log/syslog became",
	},
	{
		name: "an intruder mounts something over the configuration of sshd",
		act:  func(w *world) { must(unix.Mount("tmpfs", "/etc/ssh", "tmpfs", 0, "")) },
		line: "/etc/ssh",
	},
	{
		name: "an intruder hides the passwords behind a FIFO",
		act: func(w *world) {
			must(os.Remove("/etc/shadow"))
			must(unix.Mkfifo("/etc/shadow", 0o640))
		},
		line: "/etc/shadow",
	},
	{
		name: "a dying disk damages the state",
		act: func(w *world) {
			w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			name := filepath.Join(w.state(), "state.json")
			must(os.Remove(name))
			w.write(name, "\x00\x00", 0o600)
		},
		line: "could not be ",
	},
	{
		name: "a disk is full",
		before: func(w *world) {
			must(unix.Mount("disk", "/srv", "tmpfs", 0, "size=8m"))
		},
		act:  func(w *world) { w.write("/srv/ballast", strings.Repeat("x", 8<<20-64<<10), 0o600) },
		line: "/srv",
	},
	{
		name: "the disk of the state is full",
		act: func(w *world) {
			w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			must(unix.Mount("/var/lib/upkeep", "/var/lib/upkeep", "", unix.MS_BIND, ""))
			must(unix.Mount("", "/var/lib/upkeep", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		},
		line: "this report was not stored",
	},
	{
		name: "an administrator opens a program's folder to everybody",
		act:  func(w *world) { must(os.Chmod("/usr/bin", 0o777)) },
		line: "/usr/bin",
	},
	{
		name: "an administrator lets root log in",
		act:  func(w *world) { w.write("/etc/ssh/sshd_config", "PermitRootLogin yes\n", 0o644) },
		line: "/etc/ssh/sshd_config changed",
	},
	{
		name: "an administrator gives an account no password",
		act: func(w *world) {
			w.write("/etc/shadow", "root:*:19000:0:99999:7:::\nwww:!:19000:0:99999:7:::\nann::19000:0:99999:7:::\n", 0o640)
		},
		line: "ann",
	},
	{
		name: "another program and user takes the port of a server under its name",
		before: func(w *world) {
			server := w.start("/usr/sbin/nginx", "0.0.0.0:8080", 0)
			w.beforeNext = func() { server.Process.Kill(); server.Wait() } //nolint:errcheck // it is killed
		},
		act: func(w *world) {
			w.beforeNext()
			w.start("/tmp/nginx", "0.0.0.0:8080", 33)
		},
		line: "nginx (/tmp/nginx) now listens on",
	},
}

// deviceNames are the words of package need.
var deviceNames = map[string]string{"/dev/loop-control": "a loop device", "/dev/fuse": "FUSE"}

func TestSilenceTable(t *testing.T) {
	for _, r := range slices.Concat(silence, silenceOfPeople, silenceOfPages) {
		t.Run(r.name, func(t *testing.T) {
			programs := make([]string, len(r.needs))
			for i, name := range r.needs {
				programs[i] = need.Program(t, name)
			}
			for _, name := range r.nodes {
				_, err := os.Stat(name)
				need.That(t, deviceNames[name], err == nil || os.Getenv("UPKEEP_TEST_WORLD") != "")
			}
			inWorld(t, programs, func(w *world) {
				if r.before != nil {
					r.before(w)
				}
				first := w.screen()
				r.act(w)
				screen := w.screen()
				if !strings.Contains(flat(screen), r.line) || strings.Contains(flat(first), r.line) {
					t.Errorf("the first screen does not say %q, or said it before:\n%s\nbefore:\n%s", r.line, screen, first)
				}
				if testing.Verbose() {
					t.Log("\n" + screen)
				}
			})
		})
	}
}

// flat undoes the wrapping of lines.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

// killBetweenSaveAndDelivery adds a sudo rule, and kills the agent as soon as it
// has stored the report of it. Where that was too late it tries with another rule.
func (w *world) killBetweenSaveAndDelivery() {
	for i := range 30 {
		w.write(fmt.Sprintf("/etc/sudoers.d/zz%d", i), "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
		stored, latest := w.changed("state.json"), w.changed("reports/latest.json")
		cmd := w.agent("-json")
		must(cmd.Start())
		for until := time.Now().Add(time.Minute); !stored() && time.Now().Before(until); {
		}
		must(cmd.Process.Signal(syscall.SIGSTOP))
		early := !latest()
		must(cmd.Process.Signal(syscall.SIGKILL))
		cmd.Wait() //nolint:errcheck // it is killed
		if early && !latest() {
			return
		}
		w.run()
	}
	panic("thirty reports were delivered before the agent could be killed")
}

// changed gives a question: is a file of the state another than now?
func (w *world) changed(name string) func() bool {
	name = filepath.Join(w.state(), name)
	before, err := os.Stat(name)
	must(err)
	return func() bool {
		now, err := os.Stat(name)
		return err == nil && !os.SameFile(before, now)
	}
}
