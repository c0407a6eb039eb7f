package logcheck_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/logwatch/internal/ere"
)

// sampled is where a log of 60 MB goes that has one line of every rule, again and again
// in another order: it is the cold cache of bench/logscan.sh.
var sampled = flag.String("sampled", "", "file for a log made by Debian's rules")

func TestALineMadeByARuleOfDebianIsIgnored(t *testing.T) {
	s := debian(t).Scanner()
	r := rand.New(rand.NewPCG(5, 6))
	var lines [][]byte
	ignored := 0
	for _, text := range ignoring(t) {
		e, err := ere.Parse([]byte(text))
		require.NoError(t, err, text)
		line := bytes.TrimRight(e.Sample(r), " \t\r\v\f")
		if s.Ignored(line) {
			ignored++
		}
		lines = append(lines, append(line, '\n'))
	}
	assert.Greater(t, ignored*100, len(lines)*97, "%d of %d; what is made of an edge inside a rule need not match it", ignored, len(lines))
	if *sampled == "" {
		return
	}
	var log []byte
	for len(log) < 60_000_000 {
		log = append(log, lines[r.IntN(len(lines))]...)
	}
	require.NoError(t, os.WriteFile(*sampled, log, 0o644))
}

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
