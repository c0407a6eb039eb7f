package daily

import (
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/config"
	"github.com/pugetsoundtech/upkeep/examples/internal/delivery"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/updates"
	"github.com/pugetsoundtech/upkeep/pkgupdate/window"
)

// Settings is what -config can say.
type Settings struct {
	Host        string              `doc:"The system to look at: local, root:/mnt/image, ssh://user@name or replay:machine.txtar."`
	State       string              `doc:"The directory of all state. Empty: /var/lib/upkeep for root, else upkeep in the XDG state directory."`
	Customer    string              `doc:"Whose machine it is. Reports say it, and digests are made and signed by customer. Empty: nobody's in particular."`
	Database    string              `doc:"The address of a PostgreSQL, as postgres://user@host/name, for many machines and several reviewers: it keeps what people do about each, and gets each report; its password is best kept in a passfile. Empty: what people do is kept in the state directory."`
	Strict      bool                `doc:"Exit 3 also for what is not seen only for want of root's rights."`
	LeaveOut    []string            `doc:"Checks that are not asked, by name, such as traffic.netif. What they found before is shown once more, as retired."`
	Timeout     time.Duration       `doc:"How long one check may take; it is then ended, and what it did not see is said."`
	KeepReports int                 `doc:"How many daily reports are kept."`
	Deliver     []delivery.Delivery `doc:"Who gets reports, besides the pages in the state directory."`
	Schedule    Rhythms             `doc:"When -schedule looks."`
	Filesystems Filesystems         `doc:"When a file system is short of space: the share and the free bytes must both pass their limit."`
	Files       Files               `doc:"What is compared with the baseline, besides programs and the configuration folders."`
	Logs        Logs                `doc:"Which logs are read."`
	Traffic     Traffic             `doc:"The reports of mail and web."`
	Backup      Backup              `doc:"What of the configuration is backed up, and where to."`
	Foreign     []ForeignBackup     `doc:"Backups that other programs make, to be watched. Those in the usual places are found without this."`
	Packages    Packages            `doc:"Pending updates."`
}

// Rhythms say when -schedule looks.
type Rhythms struct {
	Daily  string        `doc:"When all checks are asked each day, in this machine's time."`
	Spread time.Duration `doc:"By how much that may be later, by a part that is always the same for this machine, so that not all machines look at once."`
	Every  time.Duration `doc:"How often the quick checks are asked besides. Zero: never."`
	Quick  []string      `doc:"The quick checks."`
	Weekly []string      `doc:"Checks that are asked on one day of the week only."`
	Day    string        `doc:"The day of the week for these."`
}

// Filesystems are the limits of space.
type Filesystems struct {
	WarnPercent     float64      `doc:"Share in use, for a warning."`
	CriticalPercent float64      `doc:"Share in use, for a critical finding."`
	WarnFree        config.Bytes `doc:"With more free bytes there is no warning."`
	CriticalFree    config.Bytes `doc:"With more free bytes nothing is critical."`
}

// Files say what is compared with the baseline.
type Files struct {
	Roots        []string `doc:"More paths, each with all below it."`
	Exclude      []string `doc:"Patterns of whole paths that are left out, as in /etc/*.cache; '*' stops at a slash."`
	AllowNew     []string `doc:"Patterns of whole paths below which files may come: a new one is no finding, if it gives no rights."`
	AllowRemoved []string `doc:"Patterns of whole paths below which files may go."`
	Pace         Pace     `doc:"How much of contents is read at most in a second, so that others can work."`
	Signers      string   `doc:"A file of public keys, as in authorized_keys: one of them has to have signed each baseline (baseline sign), after each acceptance anew. Empty: nobody has to."`
}

// Pace bounds what is read in a second.
type Pace struct {
	Bytes config.Bytes `doc:"Such as 20 MiB. 0: any number."`
	Files int64        `doc:"Files. 0: any number."`
}

// Logs say which logs are read.
type Logs struct {
	Extra []string `doc:"Log files besides those that are found in /var/log; patterns such as /srv/*/log/*.log too."`
	Rules string   `doc:"A directory with *.rules files of your own, above the rules of the catalogue."`
}

// Traffic is how mail and web are told.
type Traffic struct {
	Pseudonyms config.Secret `doc:"A file with a secret of at least 16 bytes (head -c 32 /dev/urandom > FILE). In the reports of mail and web, addresses are then names that tell nothing without it. Empty: addresses as they are."`
}

// Backup says what of the configuration is kept.
type Backup struct {
	Paths      []string `doc:"Paths, each with all below it."`
	Store      Store    `doc:"Where it is kept: sftp://USER@NAME/DIRECTORY, s3:https://SERVICE/BUCKET/PREFIX, or ssh://USER@NAME of a machine where this one can only add (confbackup -h tells how); or a directory, such as of another disk. ssh is asked without passwords, as whoever runs the agent. Empty: in the state directory."`
	Access     string   `doc:"Of a bucket: the file of its access key, in the form of ~/.aws/credentials, which nobody else can read."`
	Recipients string   `doc:"A file of public keys of age, whose owners alone can then read the backup. Empty: the agent makes a key of its own and keeps it in the state directory."`
}

// ForeignBackup is a backup that another program makes.
type ForeignBackup struct {
	Path   Place         `doc:"The directory: a repository of restic, borg, kopia, rsnapshot, rdiff-backup or duplicity, or a folder of archives and dumps. Or a prefix in a bucket: s3:https://SERVICE/BUCKET/PREFIX, with ?region=NAME where the service has several."`
	Access string        `doc:"Of a bucket: the file of its access key, in the form of ~/.aws/credentials, which nobody else can read. The key needs the rights to list and to get."`
	Source string        `doc:"A path of what is backed up, if it is on the same system: that both are on one disk is then said."`
	Every  time.Duration `doc:"How often a backup is made, such as 24h. Left out: learned."`
}

// Packages say what is expected of updates.
type Packages struct {
	MaxIndexAge    time.Duration `doc:"With an older package index, what is pending is not known."`
	Advisories     string        `doc:"A folder of feeds of advisories as they were fetched (OSV, updateinfo, debsecan, Debian's tracker, VuXML, pkg-vulnerabilities, ChangeLog.txt, syspatch's index). Empty: none is read."`
	Keyrings       []string      `doc:"Files of keys, as gpgv reads them, by one of which each feed, or the folder's SHA256SUMS, has to be signed. None: signatures are not asked for."`
	KeepAdvisories string        `doc:"A folder into which the feeds are copied as they were read, so that an answer can be had again; it is for you to sweep. Empty: they are not kept."`
	SecurityWithin time.Duration `doc:"Within what time a security fix is to be installed, from when it is on offer here."`
	StableWithin   time.Duration `doc:"The same of other updates: a week, and a day for the work."`
	Records        []Record      `doc:"What people decided about updates of single packages."`

	Review          []apply.Class   `doc:"Classes of packages that agent fix leaves for a person to look at: bootloader, database, kernel, libc, manager, sshd. That person installs them with updates apply NAME."`
	SecurityWindows []window.Window `doc:"When agent fix may install security fixes, such as Sat 02:00-05:00, by the clock of this machine. None: always."`
	Conffiles       apply.Conffiles `doc:"What becomes of a configuration file that you edited and the maker changed too, when agent fix installs: keep yours, replace it, or stop before anything is done."`
}

// Record is an updates.Record.
type Record struct {
	Kind    string     `doc:"hold, work-around or fixed-locally."`
	Package string     `doc:"A pattern of names of packages."`
	Reason  string     `doc:"What was done, and why."`
	By      string     `doc:"Who decided it."`
	Until   config.Day `doc:"The last day, as in 2026-12-31."`
	Check   []string   `doc:"Of a work-around: a program and its arguments that change nothing; it ends with 0 while the work-around holds, and with 1 when it does not. It is run every day, as whoever runs the agent."`
	Version string     `doc:"Of what is fixed locally: a pattern of the versions that have the fix."`
}

// policy makes the policy of the settings.
func (p Packages) policy() updates.Policy {
	policy := updates.Policy{Within: p.SecurityWithin, Stable: p.StableWithin}
	for _, r := range p.Records {
		policy.Records = append(policy.Records, updates.Record{
			Kind: updates.Kind(r.Kind), Package: r.Package, Reason: r.Reason, By: r.By, Until: r.Until.End(), Check: r.Check, Version: r.Version,
		})
	}
	return policy
}

// Holds are the decisions to leave packages alone.
func (p Packages) Holds() (out []apply.Hold) {
	for _, c := range p.Review {
		out = append(out, c.Review("the settings")...)
	}
	for _, r := range p.Records {
		if kind := updates.Kind(r.Kind); kind == updates.HoldRecord || kind == updates.FixedLocally {
			out = append(out, apply.Hold{Package: r.Package, Reason: r.Reason, By: r.By, Until: r.Until.End(), Version: r.Version})
		}
	}
	return out
}

// Defaults are the settings without a file.
func Defaults() Settings {
	return Settings{
		Host: "local", Timeout: 5 * time.Minute, KeepReports: 400,
		Schedule: Rhythms{
			Daily: "06:30", Spread: 20 * time.Minute, Every: 15 * time.Minute, Day: "Sunday",
			Quick: []string{"netprobe.local", "resource.filesystems", "resource.services", "resource.raid", "integrity.listeners"},
		},
		Filesystems: Filesystems{WarnPercent: 90, CriticalPercent: 97, WarnFree: 20 << 30, CriticalFree: 5 << 30},
		Backup:      Backup{Paths: []string{"/etc"}},
		Packages:    Packages{MaxIndexAge: 48 * time.Hour, SecurityWithin: 24 * time.Hour, StableWithin: 8 * 24 * time.Hour},
	}
}
