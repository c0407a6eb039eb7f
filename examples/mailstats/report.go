package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/pugetsoundtech/upkeep/examples/internal/logstats"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
)

func write(w io.Writer, r maillog.Report) error {
	t := r.Totals
	err := logstats.Totals(w,
		logstats.Number{N: t.Received, What: "received", Even: true},
		logstats.Number{N: t.Delivered, What: "delivered", Even: true},
		logstats.Number{N: t.Forwarded, What: "forwarded"},
		logstats.Number{N: t.Deferred, What: "deferred"},
		logstats.Number{N: t.Deferrals, What: "deferrals"},
		logstats.Number{N: t.Bounced, What: "bounced"},
		logstats.Number{N: t.Rejected, What: "rejected"},
		logstats.Number{N: t.RejectWarnings, What: "reject warnings"},
		logstats.Number{N: t.Held, What: "held"},
		logstats.Number{N: t.Discarded, What: "discarded"},
		logstats.Number{N: t.BytesReceived, What: "bytes received"},
		logstats.Number{N: t.BytesDelivered, What: "bytes delivered"},
		logstats.Number{N: t.Senders, What: "senders"},
		logstats.Number{N: t.Recipients, What: "recipients"},
		logstats.Number{N: t.Passed, What: "passed to a filter and back"},
		logstats.Number{N: t.Notices, What: "made by the server itself"},
		logstats.Number{N: t.Logins, What: "logins"},
		logstats.Number{N: t.LoginFailures, What: "failed logins"},
		logstats.Number{N: t.Stored, What: "stored in mailboxes"},
	)
	if err != nil {
		return err
	}
	if r.Delay.Count > 0 {
		if _, err := fmt.Fprintf(w, "median delay %.1f s; 90 %% within %.1f s, the longest %.0f s\n", r.Delay.Median, r.Delay.P90, r.Delay.Max); err != nil {
			return err
		}
	}
	named := func(title, empty string, rows []maillog.Row) logstats.Table {
		return logstats.Table{Title: title, Rows: logstats.Rows(rows, func(r maillog.Row) logstats.Row {
			return logstats.Row{Count: r.Count, Key: cmp.Or(r.Key, empty)}
		})}
	}
	table := func(title string, rows []maillog.Row) logstats.Table { return named(title, "<>", rows) }
	return logstats.Tables(w, t.Approximate, r.MissingAtMost,
		table("Senders", r.Senders), table("Recipients", r.Recipients),
		named("Sending domains", "(this machine)", r.SenderDomains), named("Recipient domains", "(this machine)", r.RecipientDomains),
		table("Why it was deferred", r.Deferrals), table("Why it bounced", r.Bounces), table("Why it was rejected", r.Rejects),
		table("What the server complains of", r.Complaints), table("Who logged in to send", r.Users), table("Encryption", r.Protocols),
	)
}
