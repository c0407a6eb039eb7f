package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
)

const journalRemote = "/lib/systemd/systemd-journal-remote"

// TestTheDayAfterShowsExactlyWhatChanged runs the real binary on this machine,
// in namespaces of its own: /etc, /var/log and the network are private copies.
func TestTheDayAfterShowsExactlyWhatChanged(t *testing.T) {
	need.Root(t)
	unshare := need.Program(t, "unshare")
	need.Program(t, "journalctl")
	_, err := os.Stat(journalRemote)
	need.That(t, "systemd-journal-remote", err == nil)
	agent := buildAgent(t)
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(unshare, "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", exe)
	cmd.Env = append(os.Environ(), "UPKEEP_TEST_DAY="+agent, "UPKEEP_TEST_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	t.Log(string(out))
}

// day is a machine of its own inside the namespaces.
type day struct {
	agent string
	dir   string
}

func (d day) run() error {
	if err := d.prepare(); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	first, err := d.look()
	if err != nil {
		return err
	}
	if first.Seq != 1 || len(first.Changes) == 0 {
		return fmt.Errorf("the first report is number %d with %d findings", first.Seq, len(first.Changes))
	}
	second, err := d.look()
	if err != nil {
		return err
	}
	if news := told(second); len(news) > 0 {
		return fmt.Errorf("nothing changed, and the second run tells %q", news)
	}
	if err := d.quietText(); err != nil {
		return err
	}
	return d.change()
}

// prepare makes private copies of what the day changes.
func (d day) prepare() error {
	if err := unix.Mount("tmpfs", d.dir, "tmpfs", 0, "size=200m"); err != nil {
		return err
	}
	for _, dir := range []string{"/etc", "/var/log"} {
		upper, work := d.path(dir+"/upper"), d.path(dir+"/work")
		if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
			return err
		}
		if err := unix.Mount("overlay", dir, "overlay", 0, "lowerdir="+dir+",upperdir="+upper+",workdir="+work); err != nil {
			return fmt.Errorf("overlay on %s: %w", dir, err)
		}
	}
	// Other work on this machine is no part of the day.
	calm := d.path("loadavg")
	if err := os.WriteFile(calm, []byte("0.00 0.00 0.00 1/100 1\n"), 0o444); err != nil {
		return err
	}
	if err := unix.Mount(calm, "/proc/loadavg", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("loadavg: %w", err)
	}
	small := d.path("small")
	errs := []error{
		os.Mkdir(small, 0o755),
		unix.Mount("tmpfs", small, "tmpfs", 0, "size=8m"),
		os.WriteFile("/etc/upkeep-changed.conf", []byte("before\n"), 0o644),
		os.WriteFile("/etc/upkeep-removed.conf", []byte("gone tomorrow\n"), 0o644),
		os.WriteFile("/var/log/syslog", []byte(logLine("CRON[7]: (root) CMD (true)")), 0o640),
		exec.Command("ip", "link", "set", "lo", "up").Run(),
		journal("one", "ordinary: the first entry of this journal"),
	}
	return errors.Join(errs...)
}

func (d day) path(name string) string { return filepath.Join(d.dir, name) }

func logLine(message string) string {
	return time.Now().Format("2006-01-02T15:04:05.000000-07:00") + " testhost " + message + "\n"
}

// journal writes a journal file with one entry.
func journal(name, message string) error {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		id = []byte("0123456789abcdef0123456789abcdef\n")
		if err := os.WriteFile("/etc/machine-id", id, 0o444); err != nil {
			return err
		}
	}
	machine := strings.TrimSpace(string(id))
	dir := "/var/log/journal/" + machine
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	tag, text, _ := strings.Cut(message, ": ")
	now := time.Now()
	entry := fmt.Sprintf("__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%s\n_MACHINE_ID=%s\n_HOSTNAME=testhost\nPRIORITY=3\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%s\n\n",
		now.UnixMicro(), now.UnixMicro()%1e12, machine, machine, tag, text)
	cmd := exec.Command(journalRemote, "-o", filepath.Join(dir, name+".journal"), "-")
	cmd.Stdin = strings.NewReader(entry)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// look runs the agent and reads its report.
func (d day) look() (*report.Report, error) {
	out, code, err := d.exec("-json")
	if err != nil {
		return nil, err
	}
	rep, err := report.Decode(out)
	if err != nil {
		return nil, fmt.Errorf("exit status %d: %w\n%s", code, err, out)
	}
	return rep, nil
}

func (d day) exec(args ...string) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.agent, append(args, "-state", d.path("state"))...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || stderr.Len() > 0 {
		return nil, 0, fmt.Errorf("agent: %w: %s", err, stderr.Bytes())
	}
	return out, cmd.ProcessState.ExitCode(), nil
}

// quietText wants one line that says that nothing is new.
func (d day) quietText() error {
	out, _, err := d.exec()
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(out), "\n")
	if !strings.Contains(first, "nothing new") {
		return fmt.Errorf("the first line of a quiet day is %q", first)
	}
	return nil
}

func (d day) change() error {
	listener, err := net.Listen("tcp4", "0.0.0.0:6667")
	if err != nil {
		return err
	}
	defer listener.Close()
	odd := logLine("frobnicator[99]: the flux capacitor has come loose")
	log, err := os.OpenFile("/var/log/syslog", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = log.WriteString(odd)
	err = errors.Join(err, log.Close(),
		os.WriteFile("/etc/upkeep-added.conf", []byte("new\n"), 0o644),
		os.WriteFile("/etc/upkeep-changed.conf", []byte("after\n"), 0o600),
		os.Remove("/etc/upkeep-removed.conf"),
		journal("two", "wobbler: a wheel wobbles without a reason"),
		os.WriteFile(d.path("small/ballast"), make([]byte, 8<<20-64<<10), 0o600),
	)
	if err != nil {
		return err
	}
	third, err := d.look()
	if err != nil {
		return err
	}
	want := []string{
		"host.filesystems new " + d.path("small"),
		"integrity.files new /etc/upkeep-added.conf",
		"integrity.files new /etc/upkeep-changed.conf",
		"integrity.files new /etc/upkeep-removed.conf",
		"integrity.listeners new tcp/0.0.0.0:6667",
		"logwatch new frobnicator",
		"logwatch new wobbler",
	}
	if diff := cmp.Diff(want, told(third)); diff != "" {
		all, _ := json.MarshalIndent(third.Changes, "", " ") //nolint:errchkjson // for a person
		return fmt.Errorf("the third run tells other things (-want +got):\n%s\n%s", diff, all)
	}
	for _, ch := range third.Changes {
		if ch.Kind == report.New && (ch.Finding.Fix == "" || ch.Finding.Detail == "") {
			return fmt.Errorf("%s has no remedy or says nothing more", ch.Finding.Title)
		}
	}
	return d.quietAgain()
}

// quietAgain looks once more: everything stands, nothing is new.
func (d day) quietAgain() error {
	rep, err := d.look()
	if err != nil {
		return err
	}
	if news := told(rep); len(news) > 0 {
		return fmt.Errorf("the fourth run tells %q", news)
	}
	return nil
}

// told lists what a report tells as news. What this machine's own clock or
// package index does meanwhile is not part of the test.
func told(rep *report.Report) []string {
	var out []string
	for _, ch := range rep.Changes {
		if ch.Kind == report.Still {
			continue
		}
		out = append(out, fmt.Sprintf("%s %s %s", ch.Check, ch.Kind, ch.Finding.Subject.Value))
	}
	slices.Sort(out)
	return out
}

func TestMain(m *testing.M) {
	if agent := os.Getenv("UPKEEP_TEST_DAY"); agent != "" {
		d := day{agent: agent, dir: os.Getenv("UPKEEP_TEST_DIR")}
		if err := d.run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}
