// Command confbackup backs up the configuration of a system, encrypted and
// signed, and shows, compares, verifies and restores what was backed up.
//
//	confbackup init
//	confbackup run
//
// Without -store the store is in the state directory. Take the identity that
// init makes to another place: who has it reads every backup.
package main

import (
	"context"
	"flag"
	"io"
	"runtime/debug"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

func main() {
	// It runs beside what the machine is for: of its 40 MB, 11 are the program.
	// The limit keeps it there; a lower percentage takes a third more of the processor.
	debug.SetMemoryLimit(30 << 20)
	cli.Main(run)
}

// job is what the flags say.
type job struct {
	target, state, store, identity, of, to, recipients, client, access, from, level, receipts string
	keyless, dry, inPlace, json                                                               bool
	keep                                                                                      int
	most                                                                                      int64
	well, used                                                                                uint64
}

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	j := &job{target: "local"}
	many := 1 << 16
	p := &cli.Program{
		Name: "confbackup", JSON: &j.json, Host: &j.target, State: &j.state,
		About: `
Backs up the configuration of a system, encrypted for its recipients and signed,
into a store to which files are only ever added. Without -store the store is in the
state directory; sftp://USER@NAME/DIRECTORY is one on another machine,
s3:https://SERVICE/BUCKET/PREFIX one in a bucket (with -access FILE), and
ssh://USER@NAME one to which this machine can only add: there the key of this
machine has in authorized_keys the options
restrict,command="confbackup serve -store /srv/backups -client THIS"
and its signing-key.pub lies in /srv/backups/THIS, where refused.log has what the
server refused.
With -receipts the server signs what it has taken, and when: put the signing-key.pub
of those keys as server-key.pub into backup-keys of this machine, which then wants a
receipt for each snapshot, keeps it, and compares.
A server that is put back to a time before takes from its client the receipt of the
newest snapshot, and goes on after its number; without receipts it does so when -used
says that number.
With -host ssh://USER@NAME the backup is pulled from a system where nothing is
installed; where logins take long add ?timeout=2m.
To restore on another machine, copy the signing-key.pub of the lost one into backup-keys
there, and give its name with -of and its identity with -identity.`,
		Examples: []cli.Example{
			{Args: "init", About: "make the keys, and say how to keep them"},
			{Args: "run /etc/hostname /etc/hosts", About: "back up these alone; without paths what suits the system"},
			{Args: "list", About: "the snapshots"},
			{Args: "diff", About: "what the newest snapshot changed, without secrets"},
			{Args: "show latest /etc/hostname", About: "one file, as it was"},
			{Args: "restore -n -to / latest /etc/hostname", About: "what would be put back"},
			{Args: "verify -keyless", About: "what can be seen without an identity"},
			{Args: "verify -level restore", About: "restore all of the newest snapshot, and compare"},
		},
		Exit: `
Exit status: 0 done, 1 there are differences (diff only), 3 not everything could
be done.`,
		Flags: j.flags,
		Verbs: []cli.Verb{
			{Name: "init", About: "make keys where there are none", Run: j.init},
			{Name: "run", Args: "[PATH...]", About: "back up what changed", Most: many, Run: j.run},
			{Name: "list", About: "the snapshots, oldest first", Run: j.list},
			{Name: "diff", Args: "[FROM [TO]]", About: "what changed between two snapshots", Most: 2, Run: j.diff},
			{Name: "show", Args: "SNAPSHOT|latest PATH", About: "the content of a file", Least: 2, Most: 2, Run: j.show},
			{Name: "restore", Args: "SNAPSHOT|latest [PATH...]", About: "put back, below -to", Least: 1, Most: many, Run: j.restore},
			{Name: "retain", About: "on the server: put aside what is older than -keep", Run: j.retain},
			{Name: "mend", About: "on the server: put damaged files aside, and in their place those of -from", Run: j.mend},
			{Name: "serve", About: "take the backups of -client, as the forced command of its key", Run: j.serve},
			{Name: "watch", Args: "[DIR|s3:...]", About: "look at backups that other programs make", Most: many, Run: j.watch},
			{Name: "verify", About: "read all that is stored, and check it", Run: j.verify},
		},
	}
	return p.Run(ctx, args, stdout, stderr)
}

func (j *job) flags(fs *flag.FlagSet) {
	fs.StringVar(&j.store, "store", "", "the `store`: a directory or an URL (default: in the state directory)")
	fs.StringVar(&j.identity, "identity", "", "`file` of the secret key to read with (default: the one that init made)")
	fs.StringVar(&j.of, "of", "", "the `name` of the system whose backups are read (default: that of -host)")
	fs.StringVar(&j.recipients, "recipients", "", "with init: a `file` of public keys that can read, in place of a new one")
	fs.StringVar(&j.to, "to", "", "with restore: the `directory` below which to restore")
	fs.StringVar(&j.access, "access", "", "`file` of the access key to a bucket, such as ~/.aws/credentials")
	fs.StringVar(&j.from, "from", "", "with mend: another `store` that has the same files")
	fs.StringVar(&j.client, "client", "", "on the server: the `name` of the system whose backups are meant, below -store")
	fs.StringVar(&j.receipts, "receipts", "", "with serve: the `directory` of the keys to sign receipts with, such as backup-keys of the server's own state")
	fs.Int64Var(&j.most, "most", 0, "with serve: `MiB` that the client may store (default: no bound)")
	fs.Uint64Var(&j.used, "used", 0, "with serve: the `number` of the client's newest snapshot, where this server was put back to a time without it and without its receipt")
	fs.IntVar(&j.keep, "keep", 400, "with retain: `days` that snapshots stay")
	fs.Uint64Var(&j.well, "well", 0, "with retain: odd snapshots up to this `number` are as they should be")
	fs.BoolVar(&j.dry, "n", false, "with restore and retain: say what would be done, and do nothing")
	fs.BoolVar(&j.inPlace, "replace", false, "with restore: files that are there give way, and stay beside the restored ones")
	fs.StringVar(&j.level, "level", "", "with verify: how `far`, each with what is before: heads (signatures, chain, sizes), bytes, contents, restore (the newest snapshot, into the state directory, and compare), live (and compare with the system); default: contents where there is an identity, else bytes")
	fs.BoolVar(&j.keyless, "keyless", false, "with verify: without an identity: signatures, the chain and every byte")
}
