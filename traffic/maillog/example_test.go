package maillog_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
)

func ExampleNew() {
	log := `2026-11-25T10:00:00Z mx postfix/smtpd[1]: 4CA1B2: client=a.example.org[192.0.2.1]
2026-11-25T10:00:00Z mx postfix/qmgr[2]: 4CA1B2: from=<anna@example.org>, size=512, nrcpt=1 (queue active)
2026-11-25T10:00:01Z mx postfix/smtp[3]: 4CA1B2: to=<bert@example.net>, relay=mx.example.net[198.51.100.1]:25, delay=1.2, delays=0.1/0/0.8/0.3, dsn=2.0.0, status=sent (250 ok)
2026-11-25T10:00:01Z mx postfix/qmgr[2]: 4CA1B2: removed
`
	stats := maillog.New(maillog.Options{})
	if _, err := traffic.ReadFrom(context.Background(), strings.NewReader(log), syslog.Parser{}, stats); err != nil {
		fmt.Println(err)
	}
	r := stats.Report(10, nil)
	fmt.Println(r.Totals.Received, r.Totals.Delivered, r.Totals.BytesDelivered, r.Senders[0].Key, r.Delay.Max)
	// Output: 1 1 512 anna@example.org 1.2
}
