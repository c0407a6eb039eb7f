package sysview

import (
	"context"
	"path"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

// ParseCgroup gives the unit of systemd in which a process runs, from Linux's
// /proc/PID/cgroup: "ssh.service" for "0::/system.slice/ssh.service". It is
// empty for a process in none, such as that of a login. What stands below a
// unit was named by the unit itself, and is not asked: a user's own services
// all run in "user@1000.service". The form is that of cgroups(7); that names
// may begin with "_" is systemd's, see systemd.unit(5).
func ParseCgroup(data []byte) string {
	for _, line := range lines(data) {
		hierarchy, rest, _ := strings.Cut(line, ":")
		controllers, path, ok := strings.Cut(rest, ":")
		// With both versions of control groups, systemd's own tree has a name.
		if !ok || controllers != "name=systemd" && (hierarchy != "0" || controllers != "") {
			continue
		}
		if unit := unitOf(path); unit != "" {
			return unit
		}
	}
	return ""
}

// unitOf gives the outermost unit of a path that is no slice.
func unitOf(path string) string {
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		name = strings.TrimPrefix(name, "_")
		switch {
		case strings.HasSuffix(name, ".slice"):
			continue
		case strings.HasSuffix(name, ".service") && isUnitName(name):
			return name
		}
		return ""
	}
	return ""
}

// isUnitName reports whether a name has only what systemd.unit(5) allows.
func isUnitName(name string) bool {
	return len(name) > len(".service") && len(name) < 256 && !strings.ContainsFunc(name, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(`:-_.\@`, r)
	})
}

// unitDirs are where systemd looks for the units of a system.
var unitDirs = []string{
	"/usr/lib/systemd/system", "/lib/systemd/system", "/usr/local/lib/systemd/system", "/etc/systemd/system", "/etc/systemd/system.control",
	"/run/systemd/system", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator", "/run/systemd/generator.early", "/run/systemd/generator.late",
}

// UnitFiles gives the paths at which the file of a unit of the system, or of its
// template, may be, see systemd.unit(5): where none is there, it is not installed.
func UnitFiles(unit string) (out []string) {
	names := []string{unit}
	if template, _, ok := strings.Cut(unit, "@"); ok {
		names = append(names, template+"@"+path.Ext(unit))
	}
	for _, dir := range unitDirs {
		for _, name := range names {
			out = append(out, path.Join(dir, name))
		}
	}
	return out
}

// BootID tells one start of the system from another: that of the kernel, and
// that of the first process, since containers start again without the kernel.
// It is empty when not known.
func BootID(ctx context.Context, h host.Host) string {
	kernel, err := facts.BootID(ctx, h)
	if err != nil || len(kernel) > 64 {
		return ""
	}
	first, err := host.Once(ctx, h, "sysview.first-process", func(ctx context.Context) ([]Process, error) {
		return readProcesses(ctx, h, []int{1})
	})
	if err != nil || len(first) == 0 {
		return ""
	}
	return kernel + "+" + first[0].Uptime.String()
}
