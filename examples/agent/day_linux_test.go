package main

import (
	"encoding/json"
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
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
)

const journalRemote = "/lib/systemd/systemd-journal-remote"

// TestTheDayAfterShowsExactlyWhatChanged runs the real binary in a world of its own.
func TestTheDayAfterShowsExactlyWhatChanged(t *testing.T) {
	journalctl := need.Program(t, "journalctl")
	_, err := os.Stat(journalRemote)
	need.That(t, "systemd-journal-remote", err == nil || os.Getenv("UPKEEP_TEST_WORLD") != "")
	inWorld(t, []string{journalctl, journalRemote}, func(w *world) {
		must(os.Mkdir("/srv/small", 0o755))
		must(unix.Mount("small", "/srv/small", "tmpfs", 0, "size=8m"))
		w.write("/etc/upkeep-changed.conf", "before\n", 0o644)
		w.write("/etc/upkeep-removed.conf", "gone tomorrow\n", 0o644)
		w.journal("one", "ordinary: the first entry of this journal")

		if first := w.report(); first.Seq != 1 {
			t.Errorf("the first report is number %d", first.Seq)
		}
		if news := told(w.report()); len(news) > 0 {
			t.Errorf("nothing changed, and the second run tells %q", news)
		}
		if line, _, _ := strings.Cut(w.screen(), "\n"); !strings.Contains(line, "nothing new") {
			t.Errorf("the first line of a quiet day is %q", line)
		}
		listener := w.change()
		defer listener.Close()
		w.wantChange(t)
		if news := told(w.report()); len(news) > 0 {
			t.Errorf("everything stands, and the next run tells %q", news)
		}
	})
}

// journal writes a journal file with one entry.
func (w *world) journal(name, message string) {
	const machine = "0123456789abcdef0123456789abcdef"
	dir := "/var/log/journal/" + machine
	must(os.MkdirAll(dir, 0o755))
	tag, text, _ := strings.Cut(message, ": ")
	now := time.Now()
	entry := fmt.Sprintf("__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%s\n_MACHINE_ID=%s\n_HOSTNAME=testhost\nPRIORITY=3\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%s\n\n",
		now.UnixMicro(), now.UnixMicro()%1e12, machine, machine, tag, text)
	cmd := exec.Command(journalRemote, "-o", filepath.Join(dir, name+".journal"), "-")
	cmd.Stdin = strings.NewReader(entry)
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
}

// change is what happens on the day.
func (w *world) change() net.Listener {
	listener, err := net.Listen("tcp4", "0.0.0.0:6667")
	must(err)
	w.append("/var/log/syslog", logLine("frobnicator[99]: the flux capacitor has come loose"))
	w.write("/etc/upkeep-added.conf", "new\n", 0o644)
	w.write("/etc/upkeep-changed.conf", "after\n", 0o600)
	must(os.Remove("/etc/upkeep-removed.conf"))
	w.journal("two", "wobbler: a wheel wobbles without a reason")
	w.write("/srv/small/ballast", strings.Repeat("x", 8<<20-64<<10), 0o600)
	return listener
}

func (w *world) wantChange(t *testing.T) {
	want := []string{
		"integrity.files new /etc/upkeep-added.conf",
		"integrity.files new /etc/upkeep-changed.conf",
		"integrity.files new /etc/upkeep-removed.conf",
		"integrity.listeners new tcp/0.0.0.0:6667",
		"logwatch.logs new frobnicator",
		"logwatch.logs new wobbler",
		"resource.filesystems new /srv/small",
	}
	third := w.report()
	if diff := cmp.Diff(want, told(third)); diff != "" {
		all, _ := json.MarshalIndent(third.Changes, "", " ") //nolint:errchkjson // for a person
		t.Errorf("the third run tells other things (-want +got):\n%s\n%s", diff, all)
	}
	for _, ch := range third.Changes {
		if ch.Kind == report.New && (ch.Finding.Fix == "" || ch.Finding.Detail == "") {
			t.Errorf("%s has no remedy or says nothing more", ch.Finding.Title)
		}
	}
}

// told lists what a report tells as news.
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
