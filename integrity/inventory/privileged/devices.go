package privileged

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

const (
	secDevices  = "devices"
	secNegative = "negative"
	devFolder   = "/dev"
)

// harmless are devices that give nobody a right, by their numbers on Linux: null,
// zero, full, random, urandom, tty and ptmx, which closed-off services have too.
var harmless = []uint64{
	host.LinuxDevice(1, 3), host.LinuxDevice(1, 5), host.LinuxDevice(1, 7), host.LinuxDevice(1, 8), host.LinuxDevice(1, 9), host.LinuxDevice(5, 0), host.LinuxDevice(5, 2),
}

// memory are devices by which the kernel's memory and ports are read and written.
var (
	memory      = []uint64{host.LinuxDevice(1, 1), host.LinuxDevice(1, 2), host.LinuxDevice(1, 4)}
	memoryNames = []string{"mem", "kmem", "port", "io"} // on a BSD
	removable   = []string{"fd", "rfd", "cd", "rcd", "acd", "sr"}
)

func isDevice(st host.Stat) bool { return st.Type() == host.ModeBlock || st.Type() == host.ModeChar }

// isStray reports whether an entry is a device where none should be. One without a
// number is the mark of an overlay that a file was removed.
func isStray(e *host.Entry) bool {
	return isDevice(e.Stat) && e.Stat.Rdev != 0 && !tree.Within(e.Path, devFolder)
}

// isHarmless reports whether a device gives nobody a right.
func isHarmless(st host.Stat) bool {
	return st.Type() == host.ModeChar && st.Known.Has(host.KnownRdev) && slices.Contains(harmless, st.Rdev)
}

// addDevice records a device, and tells of one that gives rights on every run.
func addDevice(l *inventory.List, e *host.Entry) {
	kind := "character"
	if e.Stat.Type() == host.ModeBlock {
		kind = "block"
	}
	number := "?"
	if e.Stat.Known.Has(host.KnownRdev) {
		number = fmt.Sprint(e.Stat.Rdev)
	}
	name := strings.Clone(e.Path)
	l.Add(inventory.Fields("kind", kind, "number", number, "mode", modeOf(e.Stat), "owner", ownerOf(e.Stat), "harmless", yes(isHarmless(e.Stat))), secDevices, name)
	if r := l.Records[len(l.Records)-1]; !isHarmless(e.Stat) {
		l.Findings = append(l.Findings, report.Finding{
			Rule: "integrity.privileged.device", Scope: "privileged/" + secDevices, Subject: report.Path.Of(name), Title: deviceTitle(name, r),
		})
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func modeOf(st host.Stat) string { return fmt.Sprintf("%04o", st.Perm()) }

func ownerOf(st host.Stat) string { return fmt.Sprintf("%d:%d", st.UID, st.GID) }

func deviceTitle(name string, r inventory.Record) string {
	return prose.Clip(name, 200) + " is a " + r.Get("kind") + " device outside of /dev: mode " + r.Get("mode") + ", owner " + r.Get("owner")
}

// tellDevice makes the finding of a device that is new, gone or another.
func tellDevice(c integrity.Change, name string) inventory.Finding {
	t := inventory.Finding{Changes: []integrity.Change{c}}
	t.Rule, t.Scope, t.Subject = "integrity.privileged.device", "privileged/"+secDevices, report.Path.Of(name)
	now := inventory.RecordOf(c.Now)
	switch c.Kind {
	case integrity.Removed:
		t.Rule, t.Title = "integrity.privileged.gone", "The device "+prose.Clip(name, 200)+" is gone"
	default:
		t.Title, t.Elsewhere = deviceTitle(name, now), now.Get("harmless") == ""
		if !t.Elsewhere {
			t.Severity = report.Notice
		}
	}
	t.Evidence = inventory.Differences(c)
	return t
}

// negatives are files that deny their group what all others may, by owner.
type negatives map[uint32]*negative

type negative struct {
	count int
	first []string
}

// mostOwners of such files are told of, the rest together under one.
const mostOwners = 50

func (n negatives) take(e *host.Entry) {
	perm := e.Stat.Perm()
	if !e.Stat.IsRegular() && !e.Stat.IsDir() || perm&0o007&^(perm>>3) == 0 || !e.Stat.Known.Has(host.KnownOwner) {
		return
	}
	uid := e.Stat.UID
	if n[uid] == nil && len(n) >= mostOwners {
		uid = ^uint32(0)
	}
	if n[uid] == nil {
		n[uid] = new(negative)
	}
	n[uid].count++
	if len(n[uid].first) < 5 {
		n[uid].first = append(n[uid].first, strings.Clone(e.Path))
	}
}

func (n negatives) findings() (out []report.Finding) {
	for uid, files := range n {
		who := "user " + fmt.Sprint(uid)
		if uid == ^uint32(0) {
			who = "other users"
		}
		out = append(out, report.Finding{
			Rule: "integrity.privileged.negative", Scope: "privileged/" + secNegative, Subject: report.System.Of("negative-permissions"),
			Identity: []report.Attr{report.Field.Of(inventory.Word(who))},
			Title:    "Files of " + who + " deny their group what all others may: " + prose.Clip(prose.ListOf(files.first, files.count), 300),
		})
	}
	slices.SortFunc(out, func(a, b report.Finding) int { return strings.Compare(a.Identity[0].Value, b.Identity[0].Value) })
	return out
}

// inDev looks at the folder of devices: disks and memory that others can use, and
// files, which have nothing to do there.
func (c Programs) inDev(ctx context.Context, l *inventory.List) error {
	_, err := tree.Walk(ctx, c.Host.Files, devFolder, host.WalkOptions{OneFileSystem: true, Prune: []string{devFolder + "/shm", devFolder + "/mqueue", devFolder + "/hugepages"}}, func(e *host.Entry) error {
		if e.Err != nil && !errors.Is(e.Err, host.ErrOtherFileSystem) {
			return e.Err
		}
		rule, title := devTrouble(e)
		if rule == "" {
			return nil
		}
		name := strings.Clone(e.Path)
		l.Findings = append(l.Findings, report.Finding{
			Rule: "integrity.privileged." + rule, Scope: "privileged/" + secDevices, Subject: report.Path.Of(name), Title: prose.Clip(name, 200) + title,
		})
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// isRemovable reports whether a name is that of a drive for media that people put
// in, which all may read.
func isRemovable(name string) bool {
	return slices.ContainsFunc(removable, func(kind string) bool {
		number, ok := strings.CutPrefix(name, kind)
		return ok && number != "" && number[0] >= '0' && number[0] <= '9'
	})
}

// devTrouble says what is wrong with an entry of the folder of devices.
func devTrouble(e *host.Entry) (rule, title string) {
	st, name := e.Stat, path.Base(e.Path)
	inMemory := st.Type() == host.ModeChar && (slices.Contains(memory, st.Rdev) && st.Known.Has(host.KnownRdev) || slices.Contains(memoryNames, name))
	disk := st.Type() == host.ModeBlock && !isRemovable(name)
	switch {
	case st.IsRegular() && !strings.HasPrefix(name, "MAKEDEV"):
		return "dev-file", " is a file, where only devices should be"
	case !inMemory && !disk:
		return "", ""
	case st.Perm()&0o006 != 0:
		return "device-open", " can be used by everybody: mode " + modeOf(st)
	case st.Known.Has(host.KnownOwner) && st.UID != 0:
		return "device-open", " belongs to user " + fmt.Sprint(st.UID)
	case st.Known.Has(host.KnownOwner) && st.GID >= 1000 && st.Perm()&0o060 != 0:
		return "device-open", " can be used by group " + fmt.Sprint(st.GID)
	}
	return "", ""
}
