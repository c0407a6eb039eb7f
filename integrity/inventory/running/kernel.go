package running

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/integrity/inventory"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Kernel is the check "integrity.kernel" of Linux: why the kernel says that it is
// tainted, and modules that one list shows and the other does not. Its scopes
// are kernel/taint and kernel/modules.
type Kernel struct {
	Host host.Host
}

// Name returns "integrity.kernel".
func (Kernel) Name() string { return "integrity.kernel" }

// Rules returns the catalogue.
func (Kernel) Rules() []report.Rule {
	return []report.Rule{{
		ID: "integrity.kernel.tainted", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "The kernel runs code that its makers do not vouch for",
		Explain: "A module from elsewhere may do anything, and its faults are the kernel's. Intruders hide in modules.",
		Remedy:  "If you installed the module on purpose, accept it. Otherwise find out which one it is, and who loaded it.",
	}, {
		ID: "integrity.kernel.hidden-module", Kind: report.Condition, Severity: report.Critical, Since: since,
		Title:   "A module of the kernel is hidden",
		Explain: "The kernel has it, and its list of modules does not show it. Modules that are meant to be seen are not hidden.",
		Remedy:  "Take it for an intruder's: do not trust what this system tells of itself, and look at its disks from another one.",
	}}
}

// taints are the bits of /proc/sys/kernel/tainted that speak of code, see
// Documentation/admin-guide/tainted-kernels.rst of Linux.
var taints = []struct {
	bit      int
	why      string
	severity report.Severity
}{
	{0, "a module with a licence of its own", report.RuleSeverity},
	{1, "a module that was loaded by force", report.Warning},
	{3, "a module that was removed by force", report.RuleSeverity},
	{12, "a module from outside the kernel's source", report.RuleSeverity},
	{13, "a module that nobody signed", report.Warning},
	{15, "a live patch", report.RuleSeverity},
}

// Check reads what the kernel tells.
func (c Kernel) Check(ctx context.Context, rec *report.Recorder) error {
	data, err := c.Host.ReadFile(ctx, "/proc/sys/kernel/tainted", 100)
	if errors.Is(err, fs.ErrNotExist) {
		return report.Skip("this system has no Linux kernel that tells it")
	}
	bits, parseErr := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
	if err = errors.Join(err, parseErr); err != nil {
		rec.Problem(err, "kernel/taint")
	} else {
		rec.Covered("kernel/taint")
		taint(rec, bits)
	}
	if err := c.modules(ctx, rec); err != nil {
		rec.Problem(err, "kernel/modules")
	}
	return nil
}

func taint(rec *report.Recorder, bits uint64) {
	f := report.Finding{Rule: "integrity.kernel.tainted", Subject: report.System.Of("kernel"), Scope: "kernel/taint"}
	var why []string
	for _, t := range taints {
		if bits&(1<<t.bit) != 0 {
			why = append(why, t.why)
			f.Severity = max(f.Severity, t.severity)
			f.Evidence = append(f.Evidence, report.Reason.Of(t.why))
		}
	}
	if len(why) > 0 {
		f.Title = "The kernel has had " + prose.List(why, len(why)) + " since it started"
		rec.Finding(f)
	}
}

// modules compares the list of modules with their folders in /sys.
func (c Kernel) modules(ctx context.Context, rec *report.Recorder) error {
	missing, err := c.unlisted(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a kernel without modules, or no /sys
	}
	if err == nil && len(missing) > 0 { // one may have come between the two looks
		var again []string
		again, err = c.unlisted(ctx)
		missing = slices.DeleteFunc(missing, func(name string) bool { return !slices.Contains(again, name) })
	}
	if err != nil {
		return err
	}
	rec.Covered("kernel/modules")
	for _, name := range missing {
		rec.Finding(report.Finding{
			Rule: "integrity.kernel.hidden-module", Subject: report.System.Of(inventory.Word(prose.Clip(name, 100))), Scope: "kernel/modules",
			Title: fmt.Sprintf("The kernel's module %s is in /sys/module and not in /proc/modules", prose.Clip(name, 100)),
		})
	}
	return nil
}

func (c Kernel) unlisted(ctx context.Context) ([]string, error) {
	folders, err := c.Host.ReadDir(ctx, "/sys/module")
	if err != nil {
		return nil, err
	}
	data, err := c.Host.ReadFile(ctx, "/proc/modules", 4<<20)
	if err != nil {
		return nil, err
	}
	listed := map[string]bool{}
	for line := range bytes.Lines(data) {
		name, _, _ := strings.Cut(string(line), " ")
		listed[name] = true
	}
	var out []string
	for _, f := range folders {
		if listed[f.Name] {
			continue
		}
		// What is built into the kernel has no state.
		_, err := c.Host.Lstat(ctx, "/sys/module/"+f.Name+"/initstate")
		if err == nil {
			out = append(out, f.Name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return out, nil
}
