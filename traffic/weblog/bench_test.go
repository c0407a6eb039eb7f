package weblog

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

func BenchmarkCombined(b *testing.B) {
	var log bytes.Buffer
	for i := range 100_000 {
		fmt.Fprintf(&log, "10.%d.%d.%d - - [%02d/Nov/2026:%02d:%02d:%02d +0000] \"GET /page/%d?x=%d HTTP/1.1\" 200 %d \"https://www.example.org/a%d\" \"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.%d\"\n",
			i%4, i%50, i*7%250, 10+i/40000%15, i/2000%24, i/60%60, i%60, i*31%2000, i%20, i*17%90000, i%50, i%90)
	}
	b.SetBytes(int64(log.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := traffic.ReadFrom(b.Context(), bytes.NewReader(log.Bytes()), syslog.Parser{}, New(Options{})); err != nil {
			b.Fatal(err)
		}
	}
}
