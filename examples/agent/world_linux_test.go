package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
)

// A world is a small machine of its own: a root of its own with its own mounts,
// processes, network and name, so that nothing that happens on the machine of
// the test can be seen in it. Inside, paths are the world's. What fails in it
// ends the process of the world, with the reason.
type world struct {
	args       []string
	beforeNext func() // what a row does before it acts
	hang       func() // stops a server that a row has
}

// inWorld runs fn in a new process in a new world. The test calls itself again,
// so what stands before inWorld in it is run in both.
func inWorld(t *testing.T, programs []string, fn func(w *world)) {
	t.Helper()
	need.Root(t)
	need.Long(t)
	if os.Getenv("UPKEEP_TEST_WORLD") == t.Name() {
		w := &world{}
		w.enter(os.Getenv("UPKEEP_TEST_DIR"), os.Getenv("UPKEEP_TEST_AGENT"), programs)
		fn(w)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", pattern, "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_WORLD="+t.Name(), "UPKEEP_TEST_DIR="+t.TempDir(), "UPKEEP_TEST_AGENT="+buildAgent(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS: "+t.Name(), "the world did not run")
	t.Log(string(out))
}

// must ends the world.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// enter makes the world in dir and makes it this process's root.
func (w *world) enter(dir, agent string, programs []string) {
	must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(unix.Mount("world", dir, "tmpfs", 0, "size=600m,mode=0755"))
	for _, sub := range []string{
		"etc/sudoers.d", "etc/ssh", "etc/cron.d", "var/log", "var/lib", "proc", "sys", "dev", "tmp", "run",
		"root/.ssh", "home/ann", "usr/bin", "usr/sbin", "usr/lib", "usr/local/bin", "srv",
	} {
		must(os.MkdirAll(filepath.Join(dir, sub), 0o755))
	}
	for _, link := range []string{"bin", "sbin", "lib"} {
		must(os.Symlink("usr/"+link, filepath.Join(dir, link)))
	}
	copyFile(agent, filepath.Join(dir, "usr/local/bin/agent"))
	copyFile(os.Args[0], filepath.Join(dir, "usr/bin/find")) // any program
	for _, p := range append(programs, "/usr/bin/uname", "/usr/bin/df") {
		install(p, dir)
	}
	must(unix.Mount("proc", filepath.Join(dir, "proc"), "proc", 0, ""))
	must(unix.Mount("sysfs", filepath.Join(dir, "sys"), "sysfs", 0, ""))
	must(unix.Chroot(dir))
	must(os.Chdir("/"))
	w.furnish()
}

// furnish writes what a machine has.
func (w *world) furnish() {
	must(unix.Sethostname([]byte("testhost")))
	must(unix.Mknod("/dev/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	must(unix.Mknod("/dev/urandom", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 9))))
	loopbackUp()
	w.write("/etc/hostname", "testhost\n", 0o644)
	w.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0o444)
	w.write("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", 0o644)
	w.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/srv:/usr/sbin/nologin\nann:x:1000:1000::/home/ann:/bin/sh\n", 0o644)
	w.write("/etc/group", "root:x:0:\nsudo:x:27:ann\n", 0o644)
	w.write("/etc/shadow", "root:*:19000:0:99999:7:::\nwww:!:19000:0:99999:7:::\nann:$y$j9T$c2FsdA$eHh4:19000:0:99999:7:::\n", 0o640)
	w.write("/etc/sudoers", "root ALL=(ALL:ALL) ALL\n", 0o440)
	w.write("/etc/ssh/sshd_config", "PermitRootLogin no\n", 0o644)
	w.write("/root/.ssh/authorized_keys", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExamples ann@desk\n", 0o600)
	w.write("/var/lib/dpkg/status", "Package: base\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n", 0o644)
	w.write("/var/lib/dpkg/info/base.list", "/.\n/etc\n/etc/os-release\n", 0o644)
	w.write("/var/lib/dpkg/info/base.md5sums", "", 0o644)
	w.write("/var/log/syslog", logLine("CRON[7]: (root) CMD (true)"), 0o640)
	// What is pending, and until when a release is supported, depends on the day; and
	// other work on this machine is no part of the world.
	w.write("/run/agent.yaml", "leave-out: [pkgupdate.updates, pkgupdate.lifecycle, resource.load, resource.memory]\n", 0o644)
	w.args = []string{"-config", "/run/agent.yaml"}
}

func (w *world) write(name, text string, mode fs.FileMode) {
	must(os.MkdirAll(filepath.Dir(name), 0o755))
	must(os.WriteFile(name, []byte(text), 0o600))
	must(os.Chmod(name, mode))
}

// read gives a file of the world.
func (w *world) read(name string) string {
	text, err := os.ReadFile(name)
	must(err)
	return string(text)
}

func (w *world) append(name, text string) {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	must(err)
	_, err = f.WriteString(text)
	must(errors.Join(err, f.Close()))
}

// state is the folder of the agent's state about this world.
func (w *world) state() string {
	found, err := filepath.Glob("/var/lib/upkeep/*/state.json")
	must(err)
	if len(found) == 0 {
		panic("the agent has no state")
	}
	return filepath.Dir(found[0])
}

func (w *world) agent(args ...string) *exec.Cmd {
	cmd := exec.Command("/usr/local/bin/agent", append(args, w.args...)...)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root", "LANG=C.UTF-8"}
	return cmd
}

// run runs the agent; it gives its exit status with all that it wrote.
func (w *world) run(args ...string) (out string, status int) {
	var both bytes.Buffer
	cmd := w.agent(args...)
	cmd.Stdout, cmd.Stderr = &both, &both
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		panic(err)
	}
	return both.String(), cmd.ProcessState.ExitCode()
}

// screen is what a person sees without scrolling.
const screenLines = 24

func (w *world) screen(args ...string) string {
	out, _ := w.run(args...)
	lines := strings.SplitAfterN(out, "\n", screenLines+1)
	return strings.Join(lines[:min(len(lines), screenLines)], "")
}

// report runs the agent and reads its report.
func (w *world) report() *report.Report {
	out, status := w.run("-json")
	rep, err := report.Decode([]byte(out))
	if err != nil {
		panic(fmt.Sprintf("exit status %d: %v\n%s", status, err, out))
	}
	return rep
}

func logLine(message string) string {
	return time.Now().UTC().Format("2006-01-02T15:04:05.000000-07:00") + " testhost " + message + "\n"
}

func loopbackUp() {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	must(err)
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	must(err)
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	must(unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo))
}

func copyFile(from, to string) {
	data, err := os.ReadFile(from)
	must(err)
	must(os.MkdirAll(filepath.Dir(to), 0o755))
	must(os.WriteFile(to, data, 0o755))
}

// install copies a program with the libraries that it loads.
func install(program, dir string) {
	copyFile(program, filepath.Join(dir, program))
	out, err := exec.Command("ldd", program).Output()
	must(err)
	for line := range strings.Lines(string(out)) {
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "/") {
				copyFile(word, filepath.Join(dir, word))
			}
		}
	}
}

// start runs a copy of the test's own program as name, for user, and waits until
// it listens on addr, or on the sockets of others. It ends with the world. More is
// for its environment.
func (w *world) start(name, addr string, user uint32, more ...string) *exec.Cmd {
	return w.startIn(name, addr, user, 0, more...)
}

// startIn is start in new namespaces.
func (w *world) startIn(name, addr string, user uint32, clone uintptr, more ...string) *exec.Cmd {
	copyFile("/usr/bin/find", name)
	cmd := exec.Command(name)
	cmd.Env = append(more, "UPKEEP_TEST_LISTEN="+addr)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}, Cloneflags: clone}
	ready, err := cmd.StdoutPipe()
	must(err)
	must(cmd.Start())
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		panic(fmt.Sprintf("%s does not listen on %s: %v", name, addr, err))
	}
	return cmd
}

// smallDisk mounts a file system of 8 MiB with so many bytes in it.
func (w *world) smallDisk(used int) {
	must(os.MkdirAll("/srv/small", 0o755))
	must(unix.Mount("small", "/srv/small", "tmpfs", 0, "size=8m"))
	w.write("/srv/small/ballast", strings.Repeat("x", used), 0o600)
}
