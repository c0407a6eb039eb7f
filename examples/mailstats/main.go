// Command mailstats tells what a mail server did, from its logs.
//
//	mailstats /var/log/mail.log
//
// It reads Postfix, Exim, Sendmail, OpenSMTPD, qmail and Dovecot.
package main

import (
	"context"
	"io"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/logstats"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
	"github.com/pugetsoundtech/upkeep/traffic/maillog/pflogsumm"
)

func main() { cli.Main(run) }

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return logstats.Program{
		Name: "mailstats", Peer: "pflogsumm", Plain: true, New: analysis,
		About: `
Tells what a mail server did, from its logs: how much was received, delivered,
deferred, bounced and rejected, from and to whom, how long it took and why it
failed. Files may be packed by gzip, bzip2, xz or zstd; - is standard input. Give the
oldest first: a message may begin in one file and end in the next. With -state each
run adds what is new, each line once; days beyond the last 400 are told as one.`,
		Examples: []cli.Example{
			{Args: "/var/log/mail.log", About: "the report of a log"},
			{Args: "/var/log/mail.log.1 /var/log/mail.log -json", About: "of two, as JSON"},
			{Args: "-html /var/log/mail.log", About: "a page with pictures"},
			{Args: "-compat pflogsumm /var/log/mail.log", About: "what pflogsumm counts"},
		},
	}.Run(ctx, args, stdout, stderr)
}

func analysis(o logstats.Options) (logstats.Analysis, error) {
	if o.Peer {
		peer := &pflogsumm.Stats{Now: o.Now}
		return logstats.Analysis{Analyzer: peer, JSON: func() any { return peer.Report() }, Text: peer.Write}, nil
	}
	stats := maillog.New(maillog.Options{Seed: o.Seed, Pseudonyms: traffic.Pseudonyms{Secret: o.Secret}})
	return logstats.Analysis{
		Analyzer: stats,
		JSON:     func() any { return stats.Report(o.Rows, o.Zone) },
		Text:     func(w io.Writer) error { return write(w, stats.Report(o.Rows, o.Zone)) },
		Pictures: func() []traffic.Picture { return stats.Pictures(o.Zone) },
	}, nil
}
