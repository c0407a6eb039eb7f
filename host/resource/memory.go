package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/live"
	"github.com/pugetsoundtech/upkeep/internal/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// Memory checks that programs can still get memory. Its scopes are memory and swap.
type Memory struct {
	Host  host.Host
	Local bool // Host is this machine: its kernel may be asked where no file answers
}

// Name returns "host.memory".
func (Memory) Name() string { return "host.memory" }

// Rules returns the catalogue.
func (Memory) Rules() []report.Rule {
	return []report.Rule{{
		ID: "memory.low", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "Little memory is left",
		Explain: "When none is left the kernel ends programs, often the largest and most important one.",
		Remedy:  "Find what takes the memory, limit or restart it, or add memory.",
	}, {
		ID: "memory.swap", Kind: report.Condition, Severity: report.Notice, Since: since,
		Title:   "Swap space is nearly used up",
		Explain: "A system that has swapped out so much is slow, and has no reserve when a program needs more.",
		Remedy:  "Find what takes the memory, or add memory.",
	}}
}

// The limits are shares of the whole.
const (
	memoryLow      = 0.05 // available
	memoryCritical = 0.02
	swapLow        = 0.10 // free
)

// Check reads the memory's state once.
func (c Memory) Check(ctx context.Context, rec *report.Recorder) error {
	m, err := sysview.ReadMemory(ctx, c.Host)
	if errors.Is(err, fs.ErrNotExist) {
		return c.withoutProc(ctx, rec)
	}
	if err != nil {
		return err
	}
	checkMemory(rec, m.Total, m.Available)
	checkSwap(rec, m)
	return nil
}

// withoutProc asks the kernel, which a check from afar cannot do.
func (c Memory) withoutProc(ctx context.Context, rec *report.Recorder) error {
	if !c.Local {
		return fmt.Errorf("memory is told without /proc/meminfo only to a program that runs there: %w", errors.ErrUnsupported)
	}
	m, err := live.ReadMemory(ctx)
	if err != nil {
		return err
	}
	checkMemory(rec, m.Total, m.Available)
	rec.Problem(fmt.Errorf("swap: %w", errors.ErrUnsupported), "swap")
	return nil
}

func checkMemory(rec *report.Recorder, total, available uint64) {
	rec.Covered("memory")
	rec.Metric(report.Metric{Name: "memory_size_bytes", Unit: "bytes", Value: report.Count(total)})
	rec.Metric(report.Metric{Name: "memory_free_bytes", Unit: "bytes", Value: report.Count(available)})
	left := part(available, total)
	if left >= memoryLow {
		return
	}
	severity := report.Warning
	if left < memoryCritical {
		severity = report.Critical
	}
	rec.Finding(report.Finding{
		Rule: "memory.low", Subject: report.Attr{Key: report.System, Value: "memory"}, Scope: "memory", Severity: severity,
		Title:  fmt.Sprintf("Only %s of %s memory can still be used", size(available), size(total)),
		Detail: "What the kernel can take back from its caches is counted as usable. This is the state of one moment.",
		Fix:    "See what takes it: ps axo pid,user,rss,args | sort -k3 -n | tail -n 10; then limit or restart that program, or add memory.",
	})
}

func checkSwap(rec *report.Recorder, m sysview.Memory) {
	rec.Covered("swap")
	if m.SwapTotal == 0 {
		return // a system without swap space has no figures of it
	}
	rec.Metric(report.Metric{Name: "swap_size_bytes", Unit: "bytes", Value: report.Count(m.SwapTotal)})
	rec.Metric(report.Metric{Name: "swap_free_bytes", Unit: "bytes", Value: report.Count(m.SwapFree)})
	if part(m.SwapFree, m.SwapTotal) >= swapLow {
		return
	}
	rec.Finding(report.Finding{
		Rule: "memory.swap", Subject: report.Attr{Key: report.System, Value: "swap"}, Scope: "swap",
		Title:  fmt.Sprintf("Only %s of %s swap space is free", size(m.SwapFree), size(m.SwapTotal)),
		Detail: "Memory was short at some time since the start, and programs were moved to the disk.",
		Fix:    "See what takes the memory: ps axo pid,user,rss,args | sort -k3 -n | tail -n 10; then limit or restart that program, or add memory.",
	})
}
