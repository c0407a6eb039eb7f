package system

import (
	"context"
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
type Mounts struct {
	Host host.Host
}

// Name returns "integrity.mounts".
func (Mounts) Name() string { return "integrity.mounts" }

// Rules returns the catalogue.
func (c Mounts) Rules() []report.Rule {
	return rules(c.Name(), "A mount",
		"What is mounted over a folder hides what is in it, from people and from a comparison of files. Options such as nosuid keep programs there from getting rights.",
		"If you know why, accept it. Otherwise look at what is mounted and at what is below it, and find out who was on the system.",
		report.Notice, report.Notice, report.Notice)
}

const secTable = "table"

// passing are folders whose mounts come and go with logins, containers, services
// and media.
var passing = []string{
	"/run/user", "/run/credentials", "/run/docker", "/run/netns", "/run/containerd", "/run/media", "/media", "/snap",
	"/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/kubelet", "/proc/sys/fs/binfmt_misc",
}

// guarded are folders in which a mount hides what gives rights.
var guarded = []string{"/bin", "/sbin", "/lib", "/lib64", "/usr", "/etc", "/root", "/boot", "/proc", "/var/spool/cron", "/var/log"}

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
		shown := m.Root // what part of its file system: of a bind mount not all
		if shown == "/" {
			shown = ""
		}
		l.Add(inventory.Fields("source", m.Source, "part", shown, "type", m.Type, "options", strings.Join(slices.Compact(options), ",")), secTable, m.Point)
	}
	return l
}

// Tell makes a finding of each mount.
func (c Mounts) Tell(changes []integrity.Change) (out []inventory.Told) {
	for _, change := range changes {
		point := inventory.KeyOf(change.Path)[1]
		t := tell(c.Name(), change)
		t.Scope, t.Subject = "mounts/"+secTable, report.Mount.Of(point)
		short := prose.Clip(point, 200)
		over := slices.ContainsFunc(guarded, func(top string) bool { return tree.Within(point, top) })
		switch now, was := inventory.RecordOf(change.Now), inventory.RecordOf(change.Was); change.Kind {
		case integrity.Added:
			t.Title = whatIs(now) + " is now mounted over " + short
			if over {
				t.Severity, t.Detail = report.Warning, "What was in that folder before cannot be seen any more, and a comparison of files sees what is mounted."
			}
		case integrity.Removed:
			t.Title = whatIs(was) + " is no longer mounted over " + short
		default:
			t.Title = "The mount of " + short + " changed: " + differing(change)
			if over || fewer(was.Get("options"), now.Get("options")) {
				t.Severity = report.Warning
			}
		}
		out = append(out, t)
	}
	return out
}

func whatIs(r inventory.Record) string {
	what := prose.Clip(r.Get("source"), 100)
	if part := r.Get("part"); part != "" {
		what = prose.Clip(part, 100) + " of " + what
	}
	return what + " (" + prose.Clip(r.Get("type"), 40) + ")"
}

// fewer reports whether an option that takes rights is no longer there.
func fewer(was, now string) bool {
	left := strings.Split(now, ",")
	return slices.ContainsFunc(strings.Split(was, ","), func(o string) bool { return !slices.Contains(left, o) })
}
