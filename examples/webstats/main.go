// Command webstats tells what a web server did, from its access logs.
//
//	webstats /var/log/nginx/access.log
//
// It reads the logs of Apache, nginx, lighttpd, Caddy, Traefik, HAProxy and IIS.
package main

import (
	"context"
	"io"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/logstats"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/weblog"
)

func main() { cli.Main(run) }

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return logstats.Program{
		Name: "webstats", Peer: "goaccess", Formats: true, New: analysis,
		About: `
Tells what a web server did, from its access logs: requests, visitors, bytes, what
was not found, who asked and with what, how long it took, and what looks like an
attack. The format is told by the lines, or by -format. Files may be packed by
gzip, bzip2, xz or zstd; - is standard input. With -state each run adds what is new,
each line once; days beyond the last 400 are told as one.`,
		Examples: []cli.Example{
			{Args: "/var/log/nginx/access.log", About: "the report of a log"},
			{Args: "/var/log/nginx/access.log -json -rows 100", About: "as JSON, with long tables"},
			{Args: "-html /var/log/nginx/access.log", About: "a page with pictures"},
			{Args: "-compat goaccess /var/log/nginx/access.log", About: "what goaccess counts"},
		},
	}.Run(ctx, args, stdout, stderr)
}

func analysis(o logstats.Options) (logstats.Analysis, error) {
	var layout *weblog.Layout
	if o.Format != "" {
		var err error
		if layout, err = weblog.ParseLayout(o.Format); err != nil {
			return logstats.Analysis{}, cli.Advise(err, "copy what stands in the configuration of the server behind LogFormat or log_format")
		}
	}
	stats := weblog.New(weblog.Options{Layout: layout, Zone: o.Zone, Goaccess: o.Peer, Seed: o.Seed, Pseudonyms: traffic.Pseudonyms{Secret: o.Secret}})
	a := logstats.Analysis{
		Analyzer: stats,
		JSON:     func() any { return stats.Report(o.Rows) },
		Text:     func(w io.Writer) error { return write(w, stats.Report(o.Rows)) },
		Pictures: stats.Pictures,
	}
	if o.Peer {
		a.JSON = func() any { return stats.Peer() }
	}
	return a, nil
}
