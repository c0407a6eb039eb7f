package system

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Mounts is the inventory "integrity.mounts": the mounted file systems with what
// they are and the options that give or take rights. Its scope is mounts/table.
// Not among them are those that come and go with logins, containers and media.
// What hides a folder that gives rights is told on every run from the first.
type Mounts struct {
	Host host.Host
}

// Name returns "integrity.mounts".
func (Mounts) Name() string { return "integrity.mounts" }

// Rules returns the catalogue.
func (c Mounts) Rules() []report.Rule {
	return append(rules(c.Name(), "A mount",
		"What is mounted over a folder hides what is in it, from people and from a comparison of files. Options such as nosuid keep programs there from getting rights.",
		"If you know why, accept it. Otherwise look at what is mounted and at what is below it, and find out who was on the system.",
		report.Notice, report.Notice, report.Notice), report.Rule{
		ID: c.Name() + ".hides", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A mount hides what gives rights",
		Explain: "Part of another folder, memory, or a file system of its own stands where the system's settings and programs are. What is below it, nobody sees, and what is mounted can be gone without a trace.",
		Remedy:  "If you know why, accept it. Otherwise look at what is mounted and at what is below it, and find out who was on the system.",
	})
}

const secTable = "table"

// passing are folders whose mounts come and go with logins, containers, services
// and media.
var passing = []string{
	"/run/user", "/run/credentials", "/run/docker", "/run/netns", "/run/containerd", "/run/media", "/media", "/snap",
	"/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/kubelet", "/proc/sys/fs/binfmt_misc",
}

// guarded are folders in which a mount hides what gives rights.
var guarded = []string{"/bin", "/sbin", "/lib", "/lib64", "/libexec", "/usr", "/etc", "/root", "/boot", "/proc", "/opt", "/var/spool/cron", "/var/cron", "/var/log"}

// ordinary are places within the guarded ones that have a file system of their
// own on systems as they are installed.
var ordinary = []string{
	"/usr", "/usr/local", "/usr/home", "/usr/share", "/usr/src", "/usr/xsrc", "/usr/obj", "/usr/xobj", "/usr/ports", "/usr/pkg", "/usr/pkgsrc", "/usr/X11R6", "/opt", "/boot", "/boot/efi", "/boot/firmware", "/root", "/var/log", "/var/log/audit", "/var/spool/cron",
}

// inMemory are types of file systems that show what no disk has, or has elsewhere.
var inMemory = []string{"tmpfs", "ramfs", "mfs", "overlay", "aufs", "unionfs", "nullfs", "lofs", "null", "union"}

// rights are the options that give or take rights, by their absence as well.
var rights = []string{"ro", "read-only", "rdonly", "nosuid", "nodev", "noexec", "hidepid=1", "hidepid=2", "hidepid=invisible"}

// Read reads the table of mounts.
func (c Mounts) Read(ctx context.Context) *inventory.List {
	l := &inventory.List{Sections: []string{secTable}}
	mounts, err := sysview.Mounts(ctx, c.Host)
	if err != nil {
		l.Fail(secTable, err)
		return l
	}
	for _, m := range mounts {
		if slices.ContainsFunc(passing, func(top string) bool { return tree.Within(m.Point, top) }) {
			continue
		}
		options := slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool { return !slices.Contains(rights, o) })
		slices.Sort(options)
		part := part(m, mounts)
		hides := hides(m, part)
		if hides && ofContainer(ctx, c.Host, m) {
			hides = false
			if strings.HasSuffix(part, removed) { // under a name that is another one at each start
				part = removed
			}
		}
		fields := inventory.Fields("source", m.Source, "part", part, "type", m.Type, "options", strings.Join(slices.Compact(options), ","))
		if hides {
			fields = append(fields, inventory.Fields(fieldHides, "yes")...)
		}
		l.Add(fields, secTable, m.Point)
	}
	return l
}

// removed ends the name of a file that Linux shows at a place, and that has no other name.
const removed = "//deleted"

// itself is the part of a mount that shows the folder which stands there anyway,
// as systemd makes them to take rights away.
const itself = "itself"

// part gives what part of its file system a mount shows: "" where that is all of
// it, or a volume within a pool.
func part(m sysview.Mount, all []sysview.Mount) string {
	if m.Root == "/" || slices.Contains(m.System, "subvol="+m.Root) {
		return ""
	}
	for _, other := range all {
		below, ok := strings.CutPrefix(m.Point, strings.TrimSuffix(other.Point, "/")+"/")
		if ok && other.Dev == m.Dev && path.Join(other.Root, below) == m.Root {
			return itself
		}
	}
	return m.Root
}

// hides reports whether a mount stands where only the system's own files should.
func hides(m sysview.Mount, part string) bool {
	if !slices.ContainsFunc(guarded, func(top string) bool { return tree.Within(m.Point, top) }) || part == itself {
		return false
	}
	if m.Point == "/proc" {
		return m.Type != "proc" && m.Type != "procfs" && m.Type != "linprocfs"
	}
	if _, process := inventory.ProcessOf(m.Point); process || m.Point == "/proc/sys/fs/binfmt_misc" {
		return false // of processes package listeners tells
	}
	return !slices.Contains(ordinary, m.Point) || part != "" || slices.Contains(inMemory, m.Type)
}

// Inspect tells of each mount that hides what gives rights, whatever was accepted.
func (c Mounts) Inspect(ctx context.Context, rec *report.Recorder) error {
	l := c.Read(ctx)
	if err := l.Unknown[secTable]; err != nil {
		rec.Problem(err, "mounts/"+secTable)
		return nil
	}
	rec.Covered("mounts/" + secTable)
	for _, r := range l.Records {
		if point := r.Key[1]; r.Get(fieldHides) != "" {
			rec.Finding(report.Finding{
				Rule: c.Name() + ".hides", Scope: "mounts/" + secTable, Subject: report.Mount.Of(point),
				Title:    whatIs(r) + " is mounted over " + prose.Clip(point, 200) + " and hides what is below it",
				Detail:   "A comparison of files sees what is mounted, from the first run on.",
				Evidence: []report.Attr{inventory.Pair(report.Now, "source", r.Get("source")), inventory.Pair(report.Now, "type", r.Get("type"))},
			})
		}
	}
	return nil
}

// Tell makes a finding of each mount; of what hides something Inspect makes one.
func (c Mounts) Tell(changes []integrity.Change) (out []inventory.Finding) {
	for _, change := range changes {
		point := inventory.KeyOf(change.Path)[1]
		t := tell(c.Name(), change)
		t.Scope, t.Subject = "mounts/"+secTable, report.Mount.Of(point)
		short := prose.Clip(point, 200)
		over := slices.ContainsFunc(guarded, func(top string) bool { return tree.Within(point, top) })
		switch now, was := inventory.RecordOf(change.Now), inventory.RecordOf(change.Was); change.Kind {
		case integrity.Added:
			t.Title, t.Elsewhere = whatIs(now)+" is now mounted over "+short, now.Get(fieldHides) != ""
			if over {
				t.Severity, t.Detail = report.Warning, "What was in that folder before cannot be seen any more, and a comparison of files sees what is mounted."
			}
		case integrity.Removed:
			t.Title = whatIs(was) + " is no longer mounted over " + short
		default:
			t.Title = "The mount of " + short + " changed: " + prose.List(inventory.Differing(change, 80), 4)
			if over || fewer(was.Get("options"), now.Get("options")) {
				t.Severity = report.Warning
			}
		}
		out = append(out, t)
	}
	return out
}
