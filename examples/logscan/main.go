// Command logscan reads logs and shows what a person should see.
//
//	logscan /var/log/syslog
//
// It goes by the rules of package logwatch, or by rule directories of logcheck.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/logwatch/logcheck"
)

func main() { cli.Main(run) }

// Exit codes.
const (
	exitNothing = 0
	exitLook    = 1
)

// settings are what the flags say.
type settings struct {
	target, rules, level, state string
	unmatched, json             bool
}

// maxFiles is how many logs one call may name.
const maxFiles = 10_000

// verb gives the settings, which are known once the flags are parsed, to a verb.
func (set *settings) verb(run func(context.Context, cli.Call, settings) (int, error)) func(context.Context, cli.Call) (int, error) {
	return func(ctx context.Context, c cli.Call) (int, error) { return run(ctx, c, *set) }
}

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set := settings{target: "local", level: "server"}
	p := &cli.Program{
		Name: "logscan", JSON: &set.json, Host: &set.target,
		About: `
Reads logs, with their rotated and packed copies, and shows what a person should
see: what rules know as trouble, and what no rule explains. "journal:" is the
systemd journal, and "-" standard input. With -rules it goes by rule directories of logcheck and shows the
sections of its mail; with -rules and a directory of *.rules files, by those above
the ones that it has.`,
		Examples: []cli.Example{
			{Args: "/var/log/syslog", About: "what is worth a look in a log and its rotated copies"},
			{Args: "-state ./logscan-state /var/log/syslog", About: "only what is new since the last time"},
			{Args: "-unmatched /var/log/syslog", About: "just the lines that no rule ignores, byte for byte"},
			{Args: "-", About: "what another program writes: zcat old.gz | logscan -"},
			{Args: "-rules /etc/logcheck -level server /var/log/syslog", About: "what logcheck would report"},
			{Args: "-rules /etc/logcheck -unmatched /var/log/syslog", About: "just the lines that no rule of ignore.d matches"},
			{Args: "summary /var/log/syslog", About: "what there is, service by service: users, addresses, reasons"},
			{Args: "explain sshd: Invalid user x from 192.0.2.1 port 4", About: "which rules match a line, and which decides"},
			{Args: "lint -rules /etc/logcheck", About: "rules that match nothing, or nothing that others don't"},
		},
		Exit: "Exit status: 0 nothing, 1 lines to look at or a rule that is wrong, 3 something could not be read.",
		Flags: func(fs *flag.FlagSet) {
			fs.StringVar(&set.rules, "rules", "", "`directory` with rule directories of logcheck, such as /etc/logcheck, or with *.rules files")
			fs.StringVar(&set.level, "level", set.level, "of logcheck's rules: paranoid, server or workstation")
			fs.StringVar(&set.state, "state", "", "`directory` that keeps up to where was read; without it all is read")
			fs.BoolVar(&set.unmatched, "unmatched", false, "print just the lines that no rule ignores, byte for byte")
		},
		Verbs: []cli.Verb{
			{Name: "summary", Args: "FILE…", About: "lines, users, addresses and reasons of each service", Least: 1, Most: maxFiles, Run: set.verb(summarize)},
			{Name: "explain", Args: "LINE…", About: "the rules that match one line, given as 'program: message' or as it stands in its log", Least: 1, Most: maxFiles, Run: set.verb(explain)},
			{Name: "lint", Args: "[FILE…]", About: "rules that do nothing; with logs also those that match no line of them", Most: maxFiles, Run: set.verb(lint)},
			{Args: "FILE…", Least: 1, Most: maxFiles, Run: set.verb(look)},
		},
	}
	return p.Run(ctx, args, stdout, stderr)
}

// open opens the system and finds the logs that are named.
func (set settings) open(ctx context.Context, args []string) (telling, error) {
	t, err := cli.Open(ctx, set.target)
	if err != nil {
		return telling{}, err
	}
	names, err := sources(t, args)
	for _, name := range names {
		if name == input && set.state != "" {
			err = cli.Advise(errors.New("standard input has no place where the next run could go on"), "leave out -state")
		}
		if name == journal || name == input {
			continue
		}
		if _, missing := t.Host.Lstat(ctx, name); err == nil && set.state == "" {
			err = cli.Advise(missing, "give the path of a log")
		}
	}
	if err != nil {
		t.Close()
	}
	return telling{t, names}, err
}

// look opens the system and takes the way that the flags name.
func look(ctx context.Context, c cli.Call, set settings) (int, error) {
	level, err := logcheck.ParseLevel(set.level)
	if err != nil {
		return 0, err
	}
	t, err := set.open(ctx, c.Args)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	own, err := set.own()
	if err != nil {
		return 0, err
	}
	if (set.rules == "" || own) && !set.unmatched {
		rep, err := t.check(ctx, set)
		if err != nil {
			return 0, err
		}
		return show(c, set, rep)
	}
	kept, err := openPositions(set.state)
	if err != nil {
		return 0, err
	}
	defer kept.close()
	s := &scan{target: t.Target, names: t.names, kept: kept, in: os.Stdin, out: c.Stdout, err: c.Stderr, status: exitNothing}
	switch {
	case set.rules == "" || own:
		err = s.builtin(ctx, set)
	case set.unmatched:
		err = s.unmatched(ctx, set.rules, level)
	default:
		err = s.sections(ctx, set.rules, level)
	}
	if err != nil {
		return 0, err
	}
	if err := kept.save(); err != nil {
		return cli.Failed, cli.Advise(err, "what was printed comes again in the next run")
	}
	return s.status, nil
}
