package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/report"
)

// Raid checks that every array of disks is whole: those of the kernel (md), the
// pools of ZFS, the devices of btrfs, and on a BSD those of softraid(4), GEOM or
// RAIDframe. Its scopes are raid/md, raid/zfs, raid/btrfs and raid/bsd, with the
// name of the array below each.
type Raid struct {
	Host host.Host
}

// Name returns "resource.raid".
func (Raid) Name() string { return "resource.raid" }

// An Array is several disks that stand in for each other.
type Array struct {
	Name     string // "md0", the name of a pool, the UUID of a btrfs, "softraid0.drive0", "mirror/gm0"
	Kind     string // "md raid1", "zfs", "btrfs", "softraid", "gmirror", "raidframe"
	Stopped  bool   // nothing on it can be used
	Missing  int    // of its disks, as far as is told
	Failed   []string
	State    string // in the words of its own: "DEGRADED", "recovery = 12.6%"
	Repairs  bool   // it is being made whole
	Errors   uint64 // that its disks have had
	Degraded bool
}

// raidKinds are the readers of arrays.
var raidKinds = []struct {
	scope string
	read  func(ctx context.Context, h host.Host) ([]Array, error)
}{
	{"raid/md", readMD},
	{"raid/zfs", readPools},
	{"raid/btrfs", readBtrfs},
	{"raid/bsd", readBSD},
}

// Check looks at all kinds. A system that can have none of them has no such question.
func (c Raid) Check(ctx context.Context, rec *report.Recorder) error {
	absent := 0
	for _, kind := range raidKinds {
		arrays, err := kind.read(ctx, c.Host)
		if errors.Is(err, fs.ErrNotExist) {
			absent++
			rec.Covered(kind.scope)
			continue
		}
		if err != nil {
			rec.Problem(err, kind.scope)
		} else {
			rec.Covered(kind.scope)
		}
		for _, a := range arrays {
			reportArray(rec, a, kind.scope, howto.Of(ctx, c.Host))
		}
	}
	if absent == len(raidKinds) {
		return report.Skip("there is no array of disks that the system keeps: no md, no ZFS, no btrfs, none of a BSD's")
	}
	return nil
}

func reportArray(rec *report.Recorder, a Array, scope string, guide howto.Guide) {
	scope += "/" + strings.ReplaceAll(a.Name, "/", "-")
	if a.Degraded || a.Stopped {
		rec.Finding(degradedFinding(a, scope, guide))
	} else if a.Errors > 0 {
		rec.Finding(arrayErrorsFinding(a, scope, guide))
	}
}

// readMD reads /proc/mdstat; fs.ErrNotExist where the kernel has no md.
func readMD(ctx context.Context, h host.Host) ([]Array, error) {
	data, err := h.ReadFile(ctx, "/proc/mdstat", 1<<20)
	if err != nil {
		return nil, err
	}
	return ParseMDStat(data)
}

var (
	mdHead     = regexp.MustCompile(`^(\S+) : (active|inactive)(.*)$`)
	mdCount    = regexp.MustCompile(`\[(\d+)/(\d+)\](?: \[([U_]+)\])?`)
	mdProgress = regexp.MustCompile(`(?:recovery|resync|reshape)\s*=\s*(?:[\d.]+%|DELAYED|PENDING)`)
)

// ParseMDStat reads Linux's /proc/mdstat. An array whose level has no spare disk
// is never degraded; a container of arrays (imsm, ddf) is inactive by nature.
func ParseMDStat(data []byte) ([]Array, error) {
	if !strings.HasPrefix(string(data), "Personalities") {
		return nil, errors.New("mdstat: does not begin with its personalities")
	}
	arrays := []Array{}
	for line := range strings.Lines(string(data)) {
		if m := mdHead.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil && m[1] != "Personalities" {
			arrays = append(arrays, mdArray(m[1], m[2] == "inactive", strings.Fields(m[3])))
			continue
		}
		indented := line[0] == ' ' || line[0] == '\t'
		if len(arrays) > 0 && indented {
			arrays[len(arrays)-1].addMD(line)
		}
	}
	return arrays, nil
}

func mdArray(name string, inactive bool, words []string) Array {
	a := Array{Name: name, Kind: "md", Stopped: inactive}
	for _, w := range words {
		switch member, flags, ok := strings.Cut(w, "["); {
		case ok && strings.Contains(flags, "(F)"):
			a.Failed = append(a.Failed, member)
			a.Degraded = true
		case !ok && !strings.HasPrefix(w, "(") && a.Kind == "md":
			a.Kind = "md " + w
		}
	}
	return a
}

func (a *Array) addMD(line string) {
	if strings.Contains(line, "super external:") && a.Kind == "md" {
		a.Stopped = false
	}
	if m := mdCount.FindStringSubmatch(line); m != nil && !strings.Contains(line, "bitmap") {
		all, _ := strconv.Atoi(m[1])
		up, _ := strconv.Atoi(m[2])
		a.Missing = max(all-up, strings.Count(m[3], "_"), 0)
		a.Degraded = a.Degraded || a.Missing > 0
	}
	if progress := mdProgress.FindString(line); progress != "" {
		a.State, a.Repairs = strings.Join(strings.Fields(progress), " "), true
	}
}

// readPools asks ZFS; fs.ErrNotExist where its module is not loaded.
func readPools(ctx context.Context, h host.Host) ([]Array, error) {
	if _, err := h.Lstat(ctx, "/dev/zfs"); err != nil {
		return nil, err
	}
	out, err := h.Query(ctx, "zpool", "list", "-H", "-o", "name,health")
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("the pools of ZFS: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return nil, err
	}
	pools, err := parsePools(out)
	if err != nil || len(pools) == 0 {
		return pools, err
	}
	if out, err = h.Query(ctx, "zpool", "status", "-x"); err != nil {
		return pools, err
	}
	addTroubles(pools, string(out))
	return pools, nil
}

// parsePools reads zpool list -H -o name,health: a line a pool, with a tab between.
func parsePools(out []byte) ([]Array, error) {
	pools := []Array{}
	for line := range strings.Lines(string(out)) {
		name, health, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		if !ok || name == "" || health == "" || strings.ToUpper(health) != health {
			return nil, fmt.Errorf("zpool: %.80q is no pool", line)
		}
		pools = append(pools, Array{
			Name: name, Kind: "zfs", State: health,
			Degraded: health != "ONLINE",
			Stopped:  slices.Contains([]string{"FAULTED", "UNAVAIL", "SUSPENDED", "OFFLINE", "REMOVED"}, health),
		})
	}
	return pools, nil
}

// addTroubles reads zpool status -x, which tells of the pools alone that are not
// as they should be: also of one that is on line and has had errors.
func addTroubles(pools []Array, out string) {
	name := ""
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		for i := range pools {
			p := &pools[i]
			switch value = strings.TrimSpace(value); {
			case key == "pool":
				name = value
			case p.Name != name || name == "":
			case key == "status":
				p.Errors = max(p.Errors, 1)
			case (key == "scan" || key == "scrub") && strings.Contains(value, "resilver in progress"):
				p.Repairs = true
			}
		}
	}
}

// readBtrfs reads what the kernel tells of each device of each mounted btrfs;
// fs.ErrNotExist where its module is not loaded.
func readBtrfs(ctx context.Context, h host.Host) ([]Array, error) {
	const top = "/sys/fs/btrfs"
	entries, err := h.ReadDir(ctx, top)
	if err != nil {
		return nil, err
	}
	arrays, errs := []Array{}, []error{}
	for _, e := range entries {
		if len(e.Name) != 36 || strings.Count(e.Name, "-") != 4 {
			continue // features, and what else is no file system
		}
		a := Array{Name: e.Name, Kind: "btrfs"}
		if err := a.addBtrfs(ctx, h, top+"/"+e.Name+"/devinfo"); err != nil {
			errs = append(errs, err)
		}
		arrays = append(arrays, a)
	}
	return arrays, errors.Join(errs...)
}

func (a *Array) addBtrfs(ctx context.Context, h host.Host, folder string) error {
	devices, err := h.ReadDir(ctx, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("btrfs %s: this kernel does not tell of its devices: %w", a.Name, errors.ErrUnsupported)
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range devices {
		errs = append(errs, a.addDevice(ctx, h, folder+"/"+d.Name))
	}
	return errors.Join(errs...)
}

func (a *Array) addDevice(ctx context.Context, h host.Host, folder string) error {
	missing, err := a.ofDevice(ctx, h, folder+"/missing")
	if err != nil {
		return err
	}
	if strings.TrimSpace(missing) == "1" {
		a.Missing++
		a.Degraded = true
	}
	stats, err := a.ofDevice(ctx, h, folder+"/error_stats")
	a.Errors += sumStats(stats)
	return err
}

// ofDevice reads what a kernel may be too old to tell.
func (a *Array) ofDevice(ctx context.Context, h host.Host, name string) (string, error) {
	data, err := h.ReadFile(ctx, name, 4096)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("btrfs %s: this kernel does not tell of the %s of its devices: %w", a.Name, path.Base(name), errors.ErrUnsupported)
	}
	return string(data), err
}

// sumStats adds up lines such as "write_errs 3".
func sumStats(text string) (sum uint64) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 2 && strings.HasSuffix(f[0], "_errs") {
			n, _ := strconv.ParseUint(f[1], 10, 53)
			sum += n
		}
	}
	return sum
}
