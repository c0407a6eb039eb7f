package logs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/logwatch"
)

// day is a mix of lines as a mail and web server writes them.
func day(n int) []byte {
	kinds := []string{
		"Nov 25 11:%02d:%02d web CRON[%d]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)\n",
		"Nov 25 11:%02d:%02d web postfix/smtpd[%d]: connect from mail.example.org[192.0.2.7]\n",
		"Nov 25 11:%02d:%02d web postfix/qmgr[%d]: 3F2A9C01B7: from=<anna@example.org>, size=2345, nrcpt=1 (queue active)\n",
		"Nov 25 11:%02d:%02d web sshd[%d]: Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2\n",
		"Nov 25 11:%02d:%02d web sshd[%d]: Connection closed by 203.0.113.9 port 40022 [preauth]\n",
		"Nov 25 11:%02d:%02d web systemd[%d]: Started Daily apt download activities.\n",
		"Nov 25 11:%02d:%02d web sshd[%d]: pam_unix(sshd:session): session opened for user anna(uid=1000) by (uid=0)\n",
		"Nov 25 11:%02d:%02d web kernel[%d]: [UFW BLOCK] IN=eth0 OUT= MAC=00 SRC=203.0.113.9 DST=192.0.2.1 LEN=40 TOS=0x00\n",
	}
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, kinds[i%len(kinds)], i/600%60, i/10%60, i%30000)
	}
	return b.Bytes()
}

// BenchmarkPipeline follows a file, reads headers and classifies: bytes a
// second, and lines a second as a metric of its own.
func BenchmarkPipeline(b *testing.B) {
	const lines = 200_000
	name := filepath.Join(b.TempDir(), "syslog")
	data := day(lines)
	if err := os.WriteFile(name, data, 0o644); err != nil {
		b.Fatal(err)
	}
	rules := logwatch.Builtin()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r := &run{System: System{Host: host.Local()}, rules: rules, tallies: newTallies(logwatch.Builtin()), dedupe: newDeduper(nil), now: noon}
		in := &judge{watch: logwatch.NewWatch(logwatch.Builtin(), logwatch.WatchState{}, noon), tallies: r.tallies, dedupe: r.dedupe, source: name}
		if _, err := r.read(b.Context(), in, logstream.Log{Host: r.Host, Path: name, Now: noon}, &sourceState{}); err != nil {
			b.Fatal(err)
		}
		if in.account.Lines != lines || in.balance() != nil {
			b.Fatalf("%+v %+v", in.counts, in.account)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkFollow(b *testing.B) {
	name := filepath.Join(b.TempDir(), "syslog")
	data := day(200_000)
	if err := os.WriteFile(name, data, 0o644); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		in, err := follow.File{Host: host.Local(), Path: name}.Resume(b.Context(), follow.Checkpoint{})
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := in.Next(b.Context()); err != nil {
				break
			}
		}
		in.Close()
	}
}

func BenchmarkClassify(b *testing.B) {
	rules := logwatch.Builtin()
	for _, c := range []struct{ name, tag, msg string }{
		{"ignored", "postfix/smtpd", "connect from mail.example.org[192.0.2.7]"},
		{"raised", "sshd", "Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2"},
		{"unexplained", "myapp", "something that nobody foresaw happened to item 77 of 99"},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := logwatch.Line{Tag: []byte(c.tag), Message: []byte(c.msg)}
			for b.Loop() {
				rules.Classify(l)
			}
		})
	}
}
