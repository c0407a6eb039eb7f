// Command agent does the daily round of one machine: it looks at files,
// accounts, listeners, resources, logs, services, traffic, packages and its own
// backup of /etc, compares all of it with the days before, and puts one report
// before a person.
//
//	agent
//
// It changes nothing but its own state directory. What it could not look at,
// and why, stands in the report.
package main

import (
	"context"
	"flag"
	"io"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

func main() { cli.Main(run) }

// Exit codes, worst meaning first: 4, 2, 3, 1, 0.
const (
	exitQuiet    = 0          // nothing new
	exitLook     = 1          // something to look at
	exitCritical = 2          // something critical is open
	exitUnknown  = cli.Failed // could not look at everything, or did not run at all
	exitUnstored = 4          // the report could not be stored or delivered
)

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	r := round{settings: daily.Defaults()}
	const many = 1000 // arguments
	p := &cli.Program{
		Name: "agent", Bare: true,
		About: `
Looks at this machine once, compares with the runs before, and shows what is new.
The first run takes the baseline. As a normal user it sees less, and says what.
It changes nothing outside its state directory. A page for each day is kept there
as reports/latest.html and under its date, readable by the user who ran it.

SEL names findings: the number before one in the list, a path, a service, a rule,
a check, package:NAME, ticket:ID, or all.`,
		Examples: []cli.Example{
			{About: "the daily round of this machine"},
			{Args: "-json", About: "the same, as JSON on standard output"},
			{Args: "-host root:/", About: "the files of a mounted system; no command is run"},
			{Args: "-state ./upkeep-state", About: "keep the state somewhere else"},
			{Args: "review", About: "what is open, and dealing with it: a keystroke each on a terminal"},
			{Args: "review ack -by ann -until 14d all", About: "be quiet for two weeks about all that is open (or: accept it)"},
			{Args: "review sign -by ann", About: "sign that the last report was looked at"},
			{Args: "diff /etc/hosts", About: "how a file differs from its last version in the backup"},
			{Args: "status", About: "the last report as one line, for Nagios, Icinga and their kin"},
			{Args: "-only resource.filesystems,netprobe.local", About: "ask some of the checks"},
			{Args: "-selftest", About: "whether this machine stores and runs things as it should"},
			{Args: "-print-config", About: "every setting, as a file for -config"},
		},
		Exit: `
Exit status: 0 nothing new, 1 something to look at, 2 something critical is open,
3 could not look at everything, 4 the report could not be stored. What is accepted
or acknowledged counts in none of them. The verbs exit 0 when all was done, 1 when
nothing matched or something was refused; status exits as a plugin does.
(With "go run" every status but 0 is shown as 1; build the program to see it.)`,
		JSON: &r.json, State: &r.settings.State, Host: &r.settings.Host, Settings: &r.settings,
		Flags: func(fs *flag.FlagSet) {
			fs.BoolVar(&r.settings.Strict, "strict", false, "exit 3 also for what is not seen only for want of root's rights")
			fs.BoolVar(&r.schedule, "schedule", false, "keep looking: daily, and at the quick checks each quarter of an hour; see schedule in -print-config")
			fs.BoolVar(&r.selftest, "selftest", false, "try whether this machine stores files, reads them, runs commands and lists packages as the program counts on")
			fs.StringVar(&r.only, "only", "", "ask only these `checks`, with commas between; a page is written only if they have news")
			fs.BoolVar(&r.page, "page", false, "with -only: write a page in any case")
			fs.StringVar(&r.identity, "identity", "", "with restore: `file` of the secret key to read the backup with (default: the agent's own)")
			fs.BoolVar(&r.apply, "apply", false, "with fix and restore: do it, instead of showing what would be done")
			fs.StringVar(&r.person.by, "by", "", "with review and fix: `name` of who does it (default: who is logged in)")
			fs.StringVar(&r.person.comment, "comment", "", "with review: a `text` that is kept with the act")
			fs.StringVar(&r.person.ticket, "ticket", "", "with review: the `id` of a ticket")
			fs.StringVar(&r.person.until, "until", "", "with review: the `day` when it is to be open again, such as 2026-12-24, or 14d")
			fs.DurationVar(&r.maxAge, "max-age", 30*time.Hour, "with status: an older report is unknown")
			fs.StringVar(&r.person.upTo, "up-to", "", "with review ack: the `severity` above which it is open again (default: as bad as it is now)")
			fs.StringVar(&r.recordTo, "record", "", "instead of a report, write what is asked of the system, and its answers, to a `file` for -host replay:")
		},
		Verbs: []cli.Verb{
			{Run: r.run},
			{Name: "review", Args: "[list | show SEL… | accept SEL… | ack SEL… -until DAY | reopen SEL… | sign | ledger | serve]", About: "what is open, and what people do about it", Most: many, Run: r.review},
			{Name: "diff", Args: "PATH", About: "how a file differs from its last version in the backup", Least: 1, Most: 1, Run: r.diffVerb},
			{Name: "restore", Args: "PATH", About: "put back a file from the backup; acts only with -apply", Least: 1, Most: 1, Run: r.restore},
			{Name: "explain", Args: "SEL", About: "why a finding is there, as far as that is known", Least: 1, Most: 1, Run: r.explain},
			{Name: "digest", Args: "[of CUSTOMER | for CUSTOMER | sign CUSTOMER | ledger CUSTOMER] DIR…|postgres://…", About: "one list of the reports of many hosts: of all, of one customer, the copy for one, signing it, or who signed which day", Least: 1, Most: many, Run: r.digest},
			{Name: "status", About: "the last report as the line of a monitoring plugin", Run: r.status},
			{Name: "fix", Args: "SEL…", About: "what is to be done about findings; acts only with -apply", Least: 1, Most: many, Run: r.fix},
		},
	}
	return p.Run(ctx, args, stdout, stderr)
}
