package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// KernelLimits checks how much is left of what the kernel has a fixed number of:
// open files, processes, and connections that its firewall keeps track of; on Linux
// also which programs have nearly all the open files that each may have. Its scopes
// are limits/files, limits/processes, limits/connections and limits/descriptors.
type KernelLimits struct {
	Host host.Host
}

// Name returns "resource.limits".
func (KernelLimits) Name() string { return "resource.limits" }

// The limits are shares of what there can be.
const (
	limitNear = 0.85
	limitFull = 0.95
)

// A Limit is how many there are and can be of one thing. Both zero: the system
// has no such limit.
type Limit struct {
	Thing     string // "open file"
	Used, Max uint64
}

// A limitReader is one question.
type limitReader struct {
	scope, thing string
	read         func(ctx context.Context, h host.Host) (used, most uint64, err error)
}

// limitReaders are the questions on Linux.
var limitReaders = []limitReader{
	{"limits/files", "open file", openFiles},
	{"limits/processes", "process", processCount},
	{"limits/connections", "tracked connection", tracked},
}

// limitNouns are of what a page says that it was counted.
var limitNouns = map[string]report.Noun{"limits/processes": {One: "process", Many: "processes"}}

// Check reads each once.
func (c KernelLimits) Check(ctx context.Context, rec *report.Recorder) error {
	kernel, err := facts.Uname(ctx, c.Host)
	if err != nil {
		return err
	}
	readers := limitReaders
	if kernel.System != "Linux" {
		if readers = bsdLimits[kernel.System]; readers == nil {
			return fmt.Errorf("how much %s uses of its limits: %w", kernel.System, errors.ErrUnsupported)
		}
	}
	for _, r := range readers {
		used, most, err := r.read(ctx, c.Host)
		if err != nil {
			rec.Problem(err, r.scope)
			continue
		}
		c.judge(ctx, rec, r.scope, Limit{r.thing, used, most})
	}
	if kernel.System == "Linux" {
		c.descriptors(ctx, rec)
	}
	return nil
}

func (c KernelLimits) judge(ctx context.Context, rec *report.Recorder, scope string, l Limit) {
	rec.Covered(scope)
	if l.Max == 0 {
		return
	}
	name := strings.TrimPrefix(scope, "limits/")
	rec.Metric(report.Metric{Name: name + "_used", Value: report.Count(l.Used), Noun: limitNouns[scope]})
	rec.Metric(report.Metric{Name: name + "_limit", Value: report.Count(l.Max)})
	switch used := prose.Share(l.Used, l.Max); {
	case used >= limitFull:
		rec.Finding(limitFinding(l, scope, report.Critical, howto.Of(ctx, c.Host)))
	case used >= limitNear:
		rec.Finding(limitFinding(l, scope, report.Warning, howto.Of(ctx, c.Host)))
	}
}

// numbers reads the first numbers of text, all of which must be there.
func numbers(text string, most int) ([]uint64, error) {
	var out []uint64
	for _, f := range strings.Fields(text) {
		if len(out) == most {
			break
		}
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%.40q is no number", f)
		}
		out = append(out, n)
	}
	if len(out) < most {
		return nil, fmt.Errorf("%d numbers in place of %d", len(out), most)
	}
	return out, nil
}

func numberIn(ctx context.Context, h host.Host, name string) (uint64, error) {
	data, err := h.ReadFile(ctx, name, 4096)
	if err != nil {
		return 0, err
	}
	n, err := numbers(string(data), 1)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return n[0], nil
}

// openFiles reads file-nr: allocated, free ones among these, and the most.
func openFiles(ctx context.Context, h host.Host) (used, most uint64, err error) {
	data, err := h.ReadFile(ctx, "/proc/sys/fs/file-nr", 4096)
	if err != nil {
		return 0, 0, err
	}
	n, err := numbers(string(data), 3)
	if err != nil {
		return 0, 0, fmt.Errorf("file-nr: %w", err)
	}
	return n[0] - min(n[1], n[0]), n[2], nil
}

// processCount reads the number of tasks, which threads count among, from
// loadavg, and the smaller of the two limits.
func processCount(ctx context.Context, h host.Host) (used, most uint64, err error) {
	data, err := h.ReadFile(ctx, "/proc/loadavg", 4096)
	if err != nil {
		return 0, 0, err
	}
	f := strings.Fields(string(data))
	if len(f) < 4 {
		return 0, 0, errors.New("loadavg: malformed")
	}
	_, tasks, _ := strings.Cut(f[3], "/")
	if used, err = strconv.ParseUint(tasks, 10, 64); err != nil {
		return 0, 0, fmt.Errorf("loadavg: %.40q is no number of tasks", f[3])
	}
	for _, name := range []string{"pid_max", "threads-max"} {
		n, err := numberIn(ctx, h, "/proc/sys/kernel/"+name)
		if err != nil {
			return 0, 0, err
		}
		if most == 0 || n < most {
			most = n
		}
	}
	own, limit, err := ofGroup(ctx, h)
	if err != nil {
		return 0, 0, err
	}
	if prose.Share(own, limit) > prose.Share(used, most) {
		return own, limit, nil
	}
	return used, most, nil
}

// taskGroups are the files of the limit of a container, which sees its own control
// group at the top: of the second form of control groups, and of the first.
var taskGroups = []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup/pids/pids"}

// ofGroup gives the tasks of a container and how many it may have; zero where there
// is no limit.
func ofGroup(ctx context.Context, h host.Host) (used, most uint64, err error) {
	for _, name := range taskGroups {
		text, err := optional(ctx, h, name+".max")
		if err != nil {
			return 0, 0, err
		}
		if most, err = strconv.ParseUint(strings.TrimSpace(text), 10, 63); err != nil || most == 0 {
			continue // "max"
		}
		used, err = numberIn(ctx, h, name+".current")
		return used, most, err
	}
	return 0, 0, nil
}

// tracked reads the connections of the firewall; a kernel that tracks none has
// no such limit.
func tracked(ctx context.Context, h host.Host) (used, most uint64, err error) {
	used, err = numberIn(ctx, h, "/proc/sys/net/netfilter/nf_conntrack_count")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	most, err = numberIn(ctx, h, "/proc/sys/net/netfilter/nf_conntrack_max")
	return used, most, err
}
