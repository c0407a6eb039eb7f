package resource

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

func limitFinding(l Limit, scope string, severity report.Severity, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleLimit, Subject: report.Attr{Key: report.System, Value: strings.TrimPrefix(scope, "limits/")}, Scope: scope, Severity: severity,
		Title:  fmt.Sprintf("%s of %s are in use", prose.Percent(prose.Share(l.Used, l.Max)), prose.Count(l.Max, "possible "+l.Thing)),
		Detail: "This is the state of one moment.",
		Fix:    "Find the program that has so many, then mend or restart it, or raise the limit.", Remedy: report.Look(guide.Command(howto.ProcessorUsers)),
	}
}

func memoryPressureFinding(share float64, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleMemoryPressure, Subject: report.Attr{Key: report.System, Value: "memory"},
		Title: fmt.Sprintf("For %s of the last five minutes all programs waited for memory", prose.Percent(share)),
		Fix:   memoryFix, Remedy: report.Look(guide.Command(howto.MemoryUsers)),
	}
}

func diskPressureFinding(share float64, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleDiskPressure, Subject: report.Attr{Key: report.System, Value: "disk"},
		Title: fmt.Sprintf("For %s of the last five minutes all programs waited for a disk", prose.Percent(share)),
		Fix:   "See what waits for a disk (state D), then stop, limit or move it, and check the disk.", Remedy: report.Look(guide.Command(howto.ProcessorUsers)),
	}
}

func memoryFinding(severity report.Severity, total, available uint64, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleMemory, Subject: report.Attr{Key: report.System, Value: "memory"}, Scope: "memory", Severity: severity,
		Title:  fmt.Sprintf("Only %s of %s memory can still be used", prose.Bytes(available), prose.Bytes(total)),
		Detail: "What the kernel can take back from its caches is counted as usable. This is the state of one moment.",
		Fix:    memoryFix, Remedy: report.Look(guide.Command(howto.MemoryUsers)),
	}
}

const memoryFix = "See what takes the memory, then limit or restart that program, or add memory."

func swapFinding(m sysview.Memory, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleSwap, Subject: report.Attr{Key: report.System, Value: "swap"}, Scope: "swap",
		Title:  fmt.Sprintf("Only %s of %s swap space is free", prose.Bytes(m.SwapFree), prose.Bytes(m.SwapTotal)),
		Detail: "Memory was short at some time since the start, and programs were moved to the disk.",
		Fix:    memoryFix, Remedy: report.Look(guide.Command(howto.MemoryUsers)),
	}
}

func loadFinding(l sysview.Load, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleLoad, Subject: report.Attr{Key: report.System, Value: "load"}, Scope: "load",
		Title: fmt.Sprintf("For a quarter of an hour %.0f programs on average wanted to run on %s", l.Fifteen, prose.Count(l.CPUs, "processor")),
		Detail: fmt.Sprintf("Averages of 1, 5 and 15 minutes: %.2f, %.2f, %.2f. All of them are above %.0f for each processor.",
			l.One, l.Five, l.Fifteen, loadHigh),
		Fix: "See what runs, or waits for a disk (state D), then stop, limit or move it.", Remedy: report.Look(guide.Command(howto.ProcessorUsers)),
	}
}

func clockFinding(state ClockState, container bool) report.Finding {
	f := report.Finding{
		Rule: ruleClock, Subject: report.Attr{Key: report.System, Value: "clock"}, Scope: "clock",
		Detail: "So says " + state.By + ". How far the clock is off is not known. " +
			"That a job sets it now and then, or the host of a virtual machine does, would not show here.",
		Fix: "Install and start a time service, such as chrony; if one runs, see that it reaches its servers on UDP port 123.",
	}
	if container {
		f.Severity = report.Notice
		f.Detail += " This is a container: its clock is that of the machine that runs it."
		f.Fix = "Look at the time service of the machine that runs this container; in here the clock cannot be set."
	}
	return f
}

func offsetFinding(state ClockState, guide howto.Guide) report.Finding {
	off := time.Duration(min(state.Offset, 1e9) * float64(time.Second))
	f := report.Finding{
		Rule: ruleOffset, Subject: report.Attr{Key: report.System, Value: "clock"}, Scope: "clock",
		Title:  "The clock is wrong by " + prose.Duration(off),
		Detail: "So says " + state.By + ", which calls it synchronised all the same.",
		Fix:    "See what the time service measures, then let it set the clock.", Remedy: report.Look(guide.Command(howto.ClockStatus)),
	}
	if state.Offset >= offsetCritical {
		f.Severity = report.Critical
	}
	return f
}

// setBackFinding tells of a server that was heard at a time that is still to come.
func setBackFinding(state ClockState, by time.Duration, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleOffset, Subject: report.Attr{Key: report.System, Value: "clock"}, Scope: "clock", Severity: report.Critical,
		Title: "The clock was set back by " + prose.Duration(by) + " or more",
		Detail: "By this clock " + state.By + " last heard a server at a time that is still to come, and calls it synchronised all the same. " +
			"It was set by somebody else, or by the machine below this one.",
		Fix: "See what the time service measures, then let it set the clock.", Remedy: report.Look(guide.Command(howto.ClockStatus)),
	}
}

func silentFinding(state ClockState, age time.Duration, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleSilent, Subject: report.Attr{Key: report.System, Value: "clock"}, Scope: "clock",
		Title:  "The time service has heard no server for " + prose.Duration(age),
		Detail: "So says " + state.By + ", which calls the clock synchronised all the same.",
		Fix:    "See which servers it asks, then let it reach them on UDP port 123.", Remedy: report.Look(guide.Command(howto.ClockStatus)),
	}
}

func kernelFinding(running, newest string, guide howto.Guide) report.Finding {
	return report.Finding{
		Rule: ruleRebootKernel, Subject: report.Attr{Key: report.System, Value: "kernel"}, Scope: "reboot/kernel",
		Title:  fmt.Sprintf("Kernel %s is installed, but %s still runs", newest, running),
		Detail: "Compared were the kernels of the same flavour whose image is installed; on a BSD, the one that starts next.",
		Fix:    rebootFix, Remedy: rebootRemedy(guide),
		Evidence: []report.Attr{
			{Key: report.Was, Value: "kernel=" + running}, {Key: report.Now, Value: "kernel=" + newest},
		},
	}
}

func rebootFinding(by, scheme string, packages []string, guide howto.Guide) report.Finding {
	f := report.Finding{
		Rule: ruleRebootAsked, Subject: report.Attr{Key: report.Path, Value: by}, Scope: "reboot/asked",
		Title:  "An update asks for a reboot of the system",
		Detail: "The file " + by + " is there.",
		Fix:    rebootFix, Remedy: rebootRemedy(guide),
	}
	if by == needsRestarting {
		f.Detail = "So says " + prose.Quote(by, "-r") + "."
	}
	if len(packages) > 0 {
		f.Detail += " These packages asked: " + prose.List(packages, 20) + "."
	}
	for _, p := range packages[:min(len(packages), packagesMost)] {
		if a := report.Package.Of(scheme + ":" + p); a.Validate() == nil {
			f.Evidence = append(f.Evidence, a)
		}
	}
	return f
}

const rebootFix = "Plan a time at which the services may be down, start the system again, then see that they are all back."

func rebootRemedy(guide howto.Guide) *report.Remedy {
	return remedy(report.Remedy{Do: howto.Commands(guide.Command(howto.Reboot))})
}

// remedy is nil for one without a command.
func remedy(r report.Remedy) *report.Remedy {
	if len(r.Look)+len(r.Do) == 0 {
		return nil
	}
	return &r
}

// unitKinds are the words for units that are no services.
var unitKinds = map[string]string{
	".mount": "mount", ".automount": "mount", ".swap": "swap space", ".timer": "timer", ".socket": "socket", ".device": "device", ".path": "watch",
}

// serviceFinding tells of one unit; of is the software behind it.
func serviceFinding(u Failed, of []report.Attr, guide howto.Guide) report.Finding {
	kind := cmp.Or(unitKinds[path.Ext(u.Unit)], "service")
	f := report.Finding{
		Rule: ruleServicesFailed, Subject: report.Attr{Key: report.Service, Value: u.Unit},
		Scope:    "services/" + strings.ReplaceAll(u.Unit, "/", "-"),
		Title:    "The " + kind + " " + u.Unit + " has failed",
		Detail:   u.Description + ".",
		Evidence: append(unitEvidence(u), of...),
	}
	if u.Result != "" {
		f.Detail += " The service manager's reason: " + u.Result + "."
	}
	if len(u.Instances) > 0 {
		return instancesFinding(f, kind, u, guide)
	}
	f.Fix = "Read why, then remove the cause and start it again."
	f.Remedy = remedy(report.Remedy{
		Look:   howto.Commands(guide.Command(howto.ServiceLog, u.Unit)),
		Do:     howto.Commands(guide.Command(howto.Restart, u.Unit)),
		Verify: howto.Commands(guide.Command(howto.Status, u.Unit)),
	})
	return f
}

// instancesFinding makes one of many: each connection to a socket may be a unit.
func instancesFinding(f report.Finding, kind string, u Failed, guide howto.Guide) report.Finding {
	f.Title = prose.Count(len(u.Instances), kind) + " of " + u.Unit + " have failed"
	f.Detail += " They are " + prose.List(u.Instances, 5) + "."
	f.Fix = "Read why, then remove the cause, and have systemd forget those that are over."
	f.Remedy = &report.Remedy{
		Look: howto.Commands(guide.Command(howto.ServiceLog, u.Instances[0])),
		Do:   [][]string{{"systemctl", "reset-failed", strings.Replace(u.Unit, "@", "@*", 1)}},
	}
	return f
}

// unitEvidence gives the typed facts of the manager's own.
func unitEvidence(u Failed) (out []report.Attr) {
	if a := report.Unit.Of(u.Unit); a.Validate() == nil {
		out = append(out, a)
	}
	if !u.Since.IsZero() {
		out = append(out, report.AtTime(u.Since))
	}
	if u.Result != "" {
		out = append(out, report.Reason.Of(u.Result))
	}
	return out
}
