// Command baseline tells what changed in the files of a system since a person
// last accepted them.
//
//	baseline init -db etc.db /etc
//	baseline check -db etc.db
//	baseline accept -db etc.db -by ann '/etc/ssh/*'
//
// It reads only, beside its own file and what lies beside that.
package main

import (
	"context"
	"flag"
	"io"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/config"
	"github.com/pugetsoundtech/upkeep/integrity/signature"
)

func main() { cli.Main(run) }

// options are the flags of its own.
type options struct {
	db, profile string
	by, comment string
	ticket      string
	anew, trust bool
	aide        string
	aideOld     bool
	aideRun     bool
	asAide      bool
	aideDB      string
	changelist  string
	mtree       string // a specification
	asMtree     string
	key         string // private, to sign with
	trusted     string // public ones, which may have signed
	target      string
	bytes       config.Bytes // a second
	files       uint         // a second
}

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, asJSON := options{target: "local"}, false
	p := &cli.Program{
		Name: "baseline", JSON: &asJSON, Host: &o.target,
		About: `
Tells what changed in the files of a system since a person last accepted them.
init takes the baseline; check compares, and never moves it; accept moves it by
what the patterns name, and keeps a record of who did and why beside it.`,
		Examples: []cli.Example{
			{Args: "init -db etc.db /etc/ssh /etc/cron.d", About: "expect these folders as they are now"},
			{Args: "init -db etc.db -profile etc -json", About: "the configuration of any system"},
		},
		Exit: `
Exit status: 0 nothing differs; else the sum of 1 something is new, 2 something is
gone, 4 something changed, 16 something could not be looked at or done; 3 for a
command line that is not understood.`,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&o.db, "db", "upkeep.baseline", "the `file` of the baseline; sign also takes a folder of them, such as the agent's, and signs all as one")
			f.StringVar(&o.profile, "profile", "daily", "what init looks at without folders: etc, daily, system, logs, webroot, image or bsd")
			f.StringVar(&o.aide, "aide", "", "choose files and attributes by this aide.conf, as it is; check and accept need it, too")
			f.BoolVar(&o.aideOld, "aide-0.18", false, "read it as AIDE before 0.19 does: a rule with ! leaves out all below a folder")
			f.BoolVar(&o.aideRun, "aide-run", false, "run the executables that it includes by @@x_include, if nobody but root and you can change them")
			f.StringVar(&o.aideDB, "aide-db", "", "init: expect what this database of AIDE says, and not what is there now")
			f.BoolVar(&o.asAide, "as-aide", false, "check: write a report as AIDE does, for what reads those")
			f.StringVar(&o.changelist, "changelist", "", "choose files by this `file` of changelist(5); check and accept need it, too")
			f.StringVar(&o.mtree, "mtree", "", "check: compare with this specification of mtree(5) instead, below the folder / or the one that is named")
			f.StringVar(&o.asMtree, "as-mtree", "", "show: write what is below this `folder` as a specification of mtree(5)")
			f.StringVar(&o.key, "key", "", "sign: the private key in OpenSSH's form; without it the text to sign elsewhere is printed, for ssh-keygen -Y sign -n "+signature.Namespace)
			f.StringVar(&o.trusted, "trusted", "", "check and accept: a `file` of public keys, one of which has to have signed the baseline")
			f.Func("bytes-per-second", "read no more of contents in a second than this `size`, such as 20MiB", func(s string) error { return o.bytes.UnmarshalText([]byte(s)) })
			f.UintVar(&o.files, "files-per-second", 0, "read the contents of no more files in a second; 0 is any `number`")
			f.StringVar(&o.by, "by", "", "who accepts, or begins anew")
			f.StringVar(&o.comment, "comment", "", "why")
			f.StringVar(&o.ticket, "ticket", "", "the `id` of the ticket under which it is accepted")
			f.BoolVar(&o.anew, "anew", false, "init in the place of a baseline that is lost, damaged or not wanted: all is expected as it is now, and check of the agent says so")
			f.BoolVar(&o.trust, "trust-ctime", false, "check: do not read the content of files whose inode shows no change, but for some of them, and what gives rights")
		},
		Verbs: []cli.Verb{
			{Name: "init", Args: "[FOLDER …]", About: "take the baseline", Most: 1000, Run: o.init},
			{Name: "check", About: "compare with it", Args: "[FOLDER]", Most: 1, Run: o.check},
			{Name: "accept", Args: "PATTERN …", About: "expect from now on what changed and has such a path; package:NAME for what is as that package has it, all for everything", Least: 1, Most: 1000, Run: o.accept},
			{Name: "show", Args: "[PATTERN …]", About: "what the baseline is, or its entries with such a path", Most: 1000, Run: o.show},
			{Name: "sign", About: "sign it, so that check -trusted knows one that somebody put in its place", Run: o.sign},
			{Name: "explain", Args: "PATH", About: "one file in the baseline and now", Least: 1, Most: 1, Run: o.explain},
		},
	}
	return p.Run(ctx, args, stdout, stderr)
}
