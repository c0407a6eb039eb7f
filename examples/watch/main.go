// Command watch is the outside monitor: it looks at many services every fifteen
// minutes, shares what it sees with the other monitoring hosts, and tells people
// once when a service is down for all of them, and once when it is up again.
//
//	watch -config watch.yaml run
package main

import (
	"context"
	"flag"
	"io"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

func main() { cli.Main(run) }

// options are what the flags say.
type options struct {
	json        bool
	by, comment string
	length      time.Duration
}

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set, o := defaults(), options{}
	with := func(fn func(context.Context, cli.Call, settings, options) (int, error)) func(context.Context, cli.Call) (int, error) {
		return func(ctx context.Context, c cli.Call) (int, error) { return fn(ctx, c, set, o) }
	}
	p := &cli.Program{
		Name: "watch", JSON: &o.json, State: &set.State, Settings: &set,
		About: `
Looks at services from outside, together with other hosts that run it, and tells
people once when one is down and once when it is up again. Two hosts need nothing
but each other: each has a key, and the address and key of the other in its
configuration. What one of them alone does not see is a trouble of that host.`,
		Examples: []cli.Example{
			{Args: "key", About: "the public key of this host, for the configuration of the others"},
			{Args: "look tcp://127.0.0.1:25", About: "look at a target once, and say what that would count as"},
			{Args: "-print-config", About: "every field of the configuration, and what it is for"},
		},
		Exit: `
Exit status: 0 done; of look: 0 up, 2 down, 3 nobody knows; of status: 0 all is
well, 1 something is not; 3 it could not be done.`,
		Flags: func(fs *flag.FlagSet) {
			fs.StringVar(&o.by, "by", "", "your `name`, for ack, mute and approve")
			fs.StringVar(&o.comment, "comment", "", "a `text` for the record")
			fs.DurationVar(&o.length, "for", 0, "how `long` ack and mute hold; ack without it: until it is over")
		},
		Verbs: []cli.Verb{
			{Name: "run", About: "watch until it is ended", Run: with(watch)},
			{Name: "status", About: "what is known of each target and of each host", Run: with(status)},
			{Name: "look", Args: "TARGET…", About: "look at targets once", Least: 1, Most: 1000, Run: with(look)},
			{Name: "key", About: "the public key of this host, which is made when there is none", Run: with(showKey)},
			{Name: "ack", Args: "INCIDENT", About: "say that you know of it: it is not told again", Least: 1, Most: 1, Run: with(ack)},
			{Name: "mute", Args: "TARGET", About: "tell nothing of a target (* is any text) for a time", Least: 1, Most: 1, Run: with(mute)},
			{Name: "approve", Args: "INCIDENT", About: "let the suggested command be run, once", Least: 1, Most: 1, Run: with(approve)},
		},
	}
	return p.Run(ctx, args, stdout, stderr)
}
