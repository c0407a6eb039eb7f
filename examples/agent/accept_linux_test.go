package main

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAcceptedFilesAreTheNewBaselineAndTheOldTextIsShownAndPutBack(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.run()
		w.write("/etc/hosts.allow", "ALL: LOCAL\n", 0o644)
		w.run()
		out, status := w.run("review", "accept", "all", "-by", "ann")
		assert.Zero(t, status, out)
		out, status = w.run()
		assert.Zero(t, status, "what is accepted counts in no exit status\n"+out)
		w.append("/etc/hosts.allow", "sshd: 192.0.2.\n")
		w.write("/etc/new.conf", "new\n", 0o644)
		w.run()

		out, status = w.run("diff", "/etc/hosts.allow")
		assert.Zero(t, status, out)
		assert.Contains(t, out, "\n ALL: LOCAL\n+sshd: 192.0.2.\n")

		// One of the two is no longer what the report showed.
		w.append("/etc/new.conf", "newer\n")
		out, status = w.run("review", "accept", "-by", "ann", "/etc/*")
		assert.Equal(t, exitRefused, status)
		assert.Contains(t, out, "/etc/new.conf changed again since it was looked at")
		assert.Contains(t, out, "1 accepted, 1 refused")
		out, _ = w.run()
		head, list, _ := strings.Cut(out, "\n\n")
		assert.Contains(t, strings.Join(strings.Fields(head), " "), "ann accepted 1 finding: /etc/hosts.allow")
		assert.NotContains(t, list, "hosts.allow")
		assert.Contains(t, list, "/etc/new.conf")

		out, status = w.run("restore", "/etc/hosts.allow")
		assert.Zero(t, status, out)
		assert.Contains(t, out, "Add -apply")
		out, status = w.run("restore", "-apply", "/etc/hosts.allow")
		assert.Zero(t, status, out)
		out, _ = w.run()
		assert.Contains(t, out, "/etc/hosts.allow changed", "it differs from what was accepted")
	})
}

func TestAnAcceptedListenerIsInTheBaseline(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.run()
		l, err := net.Listen("tcp4", "0.0.0.0:6668")
		must(err)
		w.run()
		out, status := w.run("review", "accept", "integrity.listeners.new", "-by", "ann")
		assert.Zero(t, status, out)
		assert.Contains(t, out, "1 accepted")
		out, status = w.run()
		assert.Zero(t, status, out)
		assert.Contains(t, out, "ann accepted 1 finding")
		out, _ = w.run("review", "list")
		assert.NotContains(t, out, "port 6668", "the baseline has it: nothing stands open, nor is an accepted risk")
		must(l.Close())
		out, _ = w.run()
		assert.Contains(t, out, "Nothing listens on tcp port 6668")
	})
}

// The texts are those that the backup of each run kept.
func TestADiffIsToldSinceTheLastReportAndSinceTheLastSignOff(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		told := func(more string) string {
			if more != "" {
				w.append("/etc/sudoers", more+" ALL=(ALL) ALL\n")
			}
			w.run()
			shown, status := w.run("review", "show", "integrity.files.changed")
			assert.Zero(t, status, shown)
			return strings.ReplaceAll(shown, " ALL=(ALL) ALL", "")
		}
		w.run()
		out := told("ann")
		assert.Contains(t, out, "with the line: ann\n")
		assert.NotContains(t, out, "Since the last")
		assert.Contains(t, told("bob"), "Since the last report: +bob.")
		out, status := w.run("review", "sign", "-by", "ann")
		assert.Zero(t, status, out)
		assert.Contains(t, told("cat"), "Since the last report and sign-off: +cat.")
		out = told("dan")
		assert.Contains(t, out, "Since the last report: +dan. Since the last sign-off: +cat and +dan.")
		assert.Contains(t, out, "with the line: ann, and 3 more lines", "nobody accepted any")
		page := strings.Join(strings.Fields(w.read(w.state()+"/reports/latest.txt")), " ")
		assert.Contains(t, page, "Since the last sign-off: +cat ALL=(ALL) ALL and +dan ALL=(ALL) ALL.", "it stands in the page")
		out = told("")
		assert.NotContains(t, out, "Since the last report")
		assert.Contains(t, out, "Since the last sign-off: +cat and +dan.")
	})
}
