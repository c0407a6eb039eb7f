package maillog

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// benchLog is a log of Postfix with so many messages.
func benchLog(messages int) []byte {
	var b bytes.Buffer
	for i := range messages {
		at := fmt.Sprintf("Nov %2d %02d:%02d:%02d mx postfix/", 10+i/12000%15, i/500%24, i/60%60, i%60)
		id := fmt.Sprintf("%010X", 0x1000000000+i*977)
		fmt.Fprintf(&b, "%ssmtpd[%d]: %s: client=mail%d.example.org[192.0.2.%d]\n", at, 1000+i%50, id, i%99, i%250)
		fmt.Fprintf(&b, "%scleanup[%d]: %s: message-id=<%d.%s@mail.example.org>\n", at, 2000+i%50, id, i, id)
		fmt.Fprintf(&b, "%sqmgr[33]: %s: from=<s%d@dom%d.example>, size=%d, nrcpt=1 (queue active)\n", at, id, i*31%5000, i*17%300, 400+i%90000)
		fmt.Fprintf(&b, "%ssmtp[%d]: %s: to=<r%d@dest%d.example>, relay=mx.dest.example[198.51.100.1]:25, delay=1.2, delays=0.1/0/0.8/0.3, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as %s)\n", at, 3000+i%50, id, i*13%20000, i*7%800, id)
		fmt.Fprintf(&b, "%sqmgr[33]: %s: removed\n", at, id)
	}
	return b.Bytes()
}

func BenchmarkPostfix(b *testing.B) {
	data := benchLog(20_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := traffic.ReadFrom(b.Context(), bytes.NewReader(data), syslog.Parser{Reference: noon}, New(Options{})); err != nil {
			b.Fatal(err)
		}
	}
}
