// Command probe asks network services whether they answer, and says why not.
//
//	probe smtp://mx.example.org?starttls=required https://www.example.org/
//
// It prints what monitoring plugins print, and ends with their exit status.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"math"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/dnsprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/mailpath"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

func main() { cli.Main(run) }

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	parser := netprobe.Parser{Schemes: slices.Concat(protocol.Schemes(), []netprobe.Scheme{dnsprobe.Scheme()}, mailpath.Schemes())}
	if scheme, ok := askedFor(args, parser); ok {
		explain(stdout, scheme)
		return 0
	}
	var asJSON, public bool
	var timeout time.Duration
	p := &cli.Program{
		Name: "probe", JSON: &asJSON,
		About: `
Connects to each URL as a client would and prints a line of a monitoring plugin
with performance data, or with -json one object a URL. It knows these protocols;
probe -h PROTOCOL tells the options of one:

` + protocols(parser),
		Examples: []cli.Example{
			{Args: "-timeout 2s tcp://127.0.0.1:9", About: "whether anything listens there"},
			{Args: "-timeout 2s smtp://127.0.0.1?starttls=required", About: "a mail server that must offer TLS"},
			{Args: "-timeout 2s -json https://127.0.0.1/#status=200&expect=Welcome", About: "a page, as JSON"},
			{Args: "-h smtp", About: "the options of one protocol"},
		},
		Exit: `
Exit status: 0 OK, 1 warning, 2 critical, 3 nobody knows; of several URLs the
worst, in the order 2, 3, 1, 0.`,
		Flags: func(fs *flag.FlagSet) {
			fs.DurationVar(&timeout, "timeout", 0, "how long each probe may take (default 10s)")
			fs.BoolVar(&public, "public", false, "the targets are of strangers: refuse private, loopback, link-local and reserved addresses, ports of no known protocol, and files")
		},
	}
	p.Verbs = []cli.Verb{{Args: "URL…", Least: 1, Most: math.MaxInt, Run: func(ctx context.Context, c cli.Call) (int, error) {
		if timeout < 0 {
			return 0, errors.New("-timeout is not less than nothing")
		}
		parser.Timeout = timeout
		parser.Strangers = public
		return probe(ctx, c, parser)
	}}}
	return p.Run(ctx, args, stdout, stderr)
}
