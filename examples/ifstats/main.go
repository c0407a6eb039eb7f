// Command ifstats counts what goes through the network interfaces, and tells it
// by hours, days, months and years.
//
//	ifstats watch
//	ifstats report
package main

import (
	"context"
	"flag"
	"io"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

func main() { cli.Main(run) }

// settings are what the flags say.
type settings struct {
	target, state, compat, zone string
	json, html                  bool
	every                       time.Duration
	fine                        int // days
}

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set := settings{target: "local"}
	with := func(fn func(context.Context, cli.Call, settings) error) func(context.Context, cli.Call) (int, error) {
		return func(ctx context.Context, c cli.Call) (int, error) { return 0, fn(ctx, c, set) }
	}
	p := &cli.Program{
		Name: "ifstats", JSON: &set.json, Host: &set.target, State: &set.state,
		About: `
Counts what goes through the network interfaces. What a counter tells is kept in the
state directory by five minutes (for 35 days, or as -fine says), hours and days; a sample may come late or from a
command of cron's, and nothing is lost. With -json the report is that of vnStat,
with the totals of all interfaces that are cards.`,
		Examples: []cli.Example{
			{Args: "sample", About: "read the counters once"},
			{Args: "-fine 366 sample", About: "keep a year of five minutes from now on"},
			{Args: "report", About: "what went through by days and months"},
			{Args: "report -html", About: "a page with pictures"},
			{Args: "report -json", About: "as vnStat's JSON"},
		},
		Exit: "Exit status: 0 done, 3 it could not be done.",
		Flags: func(fs *flag.FlagSet) {
			fs.StringVar(&set.compat, "compat", "", "write what this `program` does, and nothing else: vnstat")
			fs.BoolVar(&set.html, "html", false, "report: write a page with pictures")
			fs.StringVar(&set.zone, "zone", "Local", "time `zone` of the days")
			fs.IntVar(&set.fine, "fine", 0, "sample, watch, import: `days` for which five minutes are kept from now on; 0 leaves it, at first 35")
			fs.DurationVar(&set.every, "every", 5*time.Minute, "`time` between two samples of watch")
		},
		Verbs: []cli.Verb{
			{Name: "sample", About: "read the counters once", Run: with(sample)},
			{Name: "watch", About: "read them again and again", Run: with(watch)},
			{Name: "report", About: "what went through", Run: with(show)},
			{Name: "import", Args: "FILE", About: "go on with the history that vnstat --json wrote", Least: 1, Most: 1, Run: with(importFile)},
		},
	}
	return p.Run(ctx, args, stdout, stderr)
}
