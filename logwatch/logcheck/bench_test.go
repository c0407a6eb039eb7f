package logcheck_test

import (
	"bytes"
	"os"
	"testing"
)

// BenchmarkIgnored scans a log, BENCH_LOG, by Debian's rules.
func BenchmarkIgnored(b *testing.B) {
	rules := debian(b)
	data, err := os.ReadFile(os.Getenv("BENCH_LOG"))
	if err != nil { // a small one
		data = bytes.Repeat([]byte("Nov 25 11:00:00 web sshd[7]: Connection closed by 192.0.2.7 port 4\n"), 1000)
	}
	lines := bytes.Split(data, []byte("\n"))
	b.SetBytes(int64(len(data)))
	s := rules.Scanner()
	for b.Loop() {
		for _, line := range lines {
			s.Ignored(line)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(lines)), "ns/line")
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		debian(b).Scanner()
	}
}

// BenchmarkExplain names the rules that match a line.
func BenchmarkExplain(b *testing.B) {
	s := debian(b).Scanner()
	line := []byte("Nov 25 11:00:00 web sshd[7]: Connection closed by 192.0.2.7 port 4")
	for b.Loop() {
		s.Explain(line)
	}
}
