package privileged

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/integrity/capabilities"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Programs is the inventory "integrity.privileged": programs anywhere on the local
// disks that run with the rights of another, by their set-id bits or
// capabilities, and differ from the baseline that the first run takes; likewise
// devices outside of /dev. On every run it tells of those that give rights, of disks
// and memory in /dev that others can use, and of files that deny their group what
// all others may. Its scopes are privileged/programs, devices and negative.
type Programs struct {
	Host host.Host

	// CoveredElsewhere says of which paths another check tells the same; nil: of none.
	// The baseline knows them all the same: when the other check is left out, what was
	// there before is not new.
	CoveredElsewhere func(path string) bool
}

// Name returns "integrity.privileged".
func (Programs) Name() string { return "integrity.privileged" }

const secPrograms = "programs"

// Rules returns the catalogue.
func (Programs) Rules() []report.Rule {
	rule := func(id string, s report.Severity, title, explain string) report.Rule {
		return report.Rule{
			ID: "integrity.privileged." + id, Kind: report.Condition, Severity: s, Title: title, Explain: explain, Since: since,
			Remedy: "If it belongs here, accept it. Otherwise remove it or take the rights away, keep a copy, and find out who was on the system at that time.",
		}
	}
	return []report.Rule{
		rule("new", report.Critical, "A program has rights of another", "Whoever runs it has these rights. Intruders leave such a program to come back."),
		rule("changed", report.Critical, "A program with rights of another changed", "Whoever runs it has these rights, whatever it now does with them."),
		rule("device", report.Warning, "A device stands outside of /dev", "By a device file whoever may open it reads and writes a disk or the memory, past all rights. Intruders leave one where nobody looks."),
		rule("device-open", report.Warning, "Others can use a disk or the memory", "Whoever reads a disk or the memory reads all that is kept there; who writes it has all rights."),
		rule("dev-file", report.Warning, "A file stands in the folder of devices", "Nobody looks there. Intruders keep what they gather in such a place."),
		rule("negative", report.Notice, "Files deny their group what all others may", "Such rights are mostly a slip of the hand, and who leaves the group gains them."),
		rule("gone", report.Info, "A program has no rights of another any more", "It was removed, or its rights were taken away."),
	}
}

// localDisks are the types of file systems whose set-id bits are this machine's.
var localDisks = []string{
	"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "zfs", "ufs", "ffs", "hammer", "apfs", "tmpfs", "overlay",
	"reiserfs", "nilfs2", "bcachefs", "squashfs", "erofs", "iso9660", "udf", "fuseblk", "minix",
}

// packed are folders in which packages that are file systems are mounted.
var packed = []string{"/snap", "/var/lib/snapd/snap"}

// images are folders of other systems' files, which nobody runs from there where
// they are closed to others, as what manages them does.
var images = []string{"/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/machines"}

// snapshots is the name of the folder in which snapper keeps earlier states of a disk.
const snapshots = ".snapshots"

// isClosedImage reports whether others cannot reach what is in a folder of images, or
// of snapshots.
func isClosedImage(name string, st host.Stat) bool {
	return st.IsDir() && st.Perm()&0o001 == 0 && (path.Base(name) == snapshots || slices.ContainsFunc(images, func(top string) bool { return tree.Within(name, top) }))
}

// disks gives where to look: the local file systems that honour set-id bits.
func (c Programs) disks(ctx context.Context) []string {
	mounts, err := sysview.Mounts(ctx, c.Host)
	if err != nil {
		return []string{"/"} // an image, or a system that does not tell
	}
	var out []string
	for _, m := range mounts {
		// A device needs no set-id bit.
		powerless := slices.Contains(m.Options, "nosuid") && slices.Contains(m.Options, "nodev")
		ofPackage := slices.ContainsFunc(packed, func(top string) bool { return tree.Within(m.Point, top) })
		if slices.Contains(localDisks, m.Type) && !powerless && !ofPackage {
			out = append(out, m.Point)
		}
	}
	return out
}

// Read walks the local disks.
func (c Programs) Read(ctx context.Context) *inventory.List {
	l := &inventory.List{Sections: []string{secPrograms, secDevices, secNegative}}
	odd := negatives{}
	for disks := c.disks(ctx); len(disks) > 0; disks = disks[1:] {
		parts, err := c.walk(ctx, l, odd, disks[0])
		disks = append(disks, parts...)
		if err != nil {
			for _, section := range l.Sections {
				l.Fail(section, err)
			}
		}
	}
	if err := c.inDev(ctx, l); err != nil {
		l.Fail(secDevices, err)
	}
	l.Findings = append(l.Findings, odd.findings()...)
	l.Metrics = []report.Metric{{Name: "integrity_privileged_programs", Value: report.Count(uint64(len(l.Records)))}}
	return l
}

// walk looks at one file system, and gives the parts of it that have a device number of
// their own and are mounted with it, as subvolumes of btrfs: anybody may make one in a
// folder of his. What cannot be listed is said, and is no reason to forget what was
// there: its folder is unknown.
func (c Programs) walk(ctx context.Context, l *inventory.List, odd negatives, disk string) (parts []string, err error) {
	o := host.WalkOptions{OneFileSystem: true, Attrs: true, AttrsOf: canRun, Skip: isClosedImage}
	var paths []string
	found := map[string]host.Entry{}
	var top host.Stat
	_, err = tree.Walk(ctx, c.Host.Files, disk, o, func(e *host.Entry) error {
		odd.take(e)
		if e.Path == disk {
			top = e.Stat
		}
		switch {
		case errors.Is(e.Err, host.ErrOtherFileSystem):
			if known := top.Known & e.Stat.Known; known.Has(host.KnownMount) && top.Mount == e.Stat.Mount {
				parts = append(parts, e.Path)
			}
		case isStray(e):
			addDevice(l, e)
		case e.Stat.IsDir() && e.Err != nil:
			l.Partly = append(l.Partly, e.Err)
		case isPrivileged(e):
			paths = append(paths, e.Path)
			found[e.Path] = *e
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || len(paths) == 0 {
		return parts, err
	}
	seen, err := integrity.Again(ctx, c.Host.Files, integrity.Profile{Roots: []string{disk}}, paths, integrity.Look{})
	for _, name := range paths {
		content := ""
		if d, ok := seen[name].Digest("sha256"); ok {
			content = d.String()
		}
		e := found[name]
		caps, _ := e.Attr(host.AttrCapabilities)
		fields := inventory.Fields("mode", modeOf(e.Stat), "owner", ownerOf(e.Stat), "capabilities", capabilities.Text(caps), "content", content)
		if caps != "" { // the words leave out some of many, and which are in effect
			fields = append(fields, inventory.Fields("bits", hex.EncodeToString([]byte(caps)))...)
		}
		l.Add(fields, secPrograms, name)
	}
	return parts, err
}

// isPrivileged reports whether a file runs with rights of another.
func isPrivileged(e *host.Entry) bool {
	if !canRun(e.Stat) {
		return false
	}
	caps, _ := e.Attr(host.AttrCapabilities)
	return caps != "" || e.Stat.Perm()&(host.ModeSetUID|host.ModeSetGID) != 0
}

// canRun reports whether anybody may run a file: without, neither its bits nor its
// capabilities give anybody a right.
func canRun(st host.Stat) bool { return st.IsRegular() && st.Perm()&0o111 != 0 }

// Tell makes a finding of each program.
func (c Programs) Tell(changes []integrity.Change) []inventory.Finding {
	var out []inventory.Finding
	for _, change := range changes {
		key := inventory.KeyOf(change.Path)
		name := key[1]
		if key[0] == secDevices {
			out = append(out, tellDevice(change, name))
			continue
		}
		t := inventory.Finding{Changes: []integrity.Change{change}, Elsewhere: c.CoveredElsewhere != nil && c.CoveredElsewhere(name)}
		t.Scope, t.Subject = "privileged/"+secPrograms, report.Path.Of(name)
		was, now := inventory.RecordOf(change.Was), inventory.RecordOf(change.Now)
		short := prose.Clip(name, 200)
		switch change.Kind {
		case integrity.Added:
			t.Rule, t.Title = "integrity.privileged.new", short+" is new or has new rights: it runs with "+rightsOf(now)
			if !asRoot(now) {
				t.Severity = report.Warning
			}
		case integrity.Removed:
			t.Rule, t.Title = "integrity.privileged.gone", short+" no longer runs with "+rightsOf(was)
		default:
			t.Rule, t.Title = "integrity.privileged.changed", short+" changed, and runs with "+rightsOf(now)
			if !asRoot(now) {
				t.Severity = report.Warning
			}
		}
		t.Evidence = inventory.Differences(change)
		if change.Kind != integrity.Removed && host.ValidName(name) {
			t.Remedy = lessRights(name, now)
		}
		out = append(out, t)
	}
	return out
}

// lessRights gives the commands that take the rights of another from a program, and the way
// back where that is known.
func lessRights(name string, r inventory.Record) *report.Remedy {
	if r.Get("capabilities") != "" {
		return &report.Remedy{Look: [][]string{{"getcap", name}}, Do: [][]string{{"setcap", "-r", name}}}
	}
	return &report.Remedy{Do: [][]string{{"chmod", "u-s,g-s", name}}, Undo: [][]string{{"chmod", r.Get("mode"), name}}}
}

func asRoot(r inventory.Record) bool {
	return r.Get("capabilities") != "" || strings.HasPrefix(r.Get("owner"), "0:") && hasSetUID(r)
}

func hasSetUID(r inventory.Record) bool { return strings.ContainsAny(r.Get("mode")[:1], "4567") }

// rightsOf says in words with whose rights a program runs.
func rightsOf(r inventory.Record) string {
	uid, gid, _ := strings.Cut(r.Get("owner"), ":")
	switch {
	case r.Get("capabilities") != "":
		return "the capabilities " + r.Get("capabilities")
	case hasSetUID(r) && uid == "0":
		return "the rights of root"
	case hasSetUID(r):
		return "the rights of user " + uid
	}
	return "the rights of group " + gid
}
