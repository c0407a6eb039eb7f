package pflogsumm

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

func FuzzStats(f *testing.F) {
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{
		"Nov 25 10:00:00 mx postfix/smtp[1]: AAAA1: to=<x@example.net>, relay=mx[198.51.100.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)",
		"Nov 25 10:00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <x@y.org>: Relay access denied; from=<> to=<x@y.org> proto=SMTP helo=<h>", "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		s := &Stats{Now: noon}
		_, err := traffic.ReadFrom(t.Context(), strings.NewReader(string(line)+"\n"+string(line)), syslog.Parser{Reference: noon}, s)
		require.NoError(t, err)
		require.GreaterOrEqual(t, s.Report().Totals.Received, int64(0))
	})
}
