package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/live"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Memory checks that programs can still get memory. Its scopes are memory, swap
// and pressure/memory.
type Memory struct {
	Host  host.Host
	Local bool // Host is this machine: its kernel may be asked where no file answers
}

// Name returns "resource.memory".
func (Memory) Name() string { return "resource.memory" }

// The limits are shares of the whole. Memory is short only when few bytes are
// left as well; swap space that is used up is no trouble while memory is free:
// what was moved there is not asked for.
const (
	memoryLow      = 0.05 // available
	memoryCritical = 0.02
	memoryPlenty   = 8 << 30 // bytes that are enough whatever the share
	swapLow        = 0.10    // free
	swapNeeded     = 0.15    // with less memory available, swap space is asked for
)

// Check reads the memory's state once.
func (c Memory) Check(ctx context.Context, rec *report.Recorder) error {
	m, err := readMemory(ctx, c.Host)
	if errors.Is(err, fs.ErrNotExist) {
		return c.withoutProc(ctx, rec)
	}
	if err != nil {
		return err
	}
	c.checkMemory(ctx, rec, m.Total, m.Available)
	c.checkSwap(ctx, rec, m)
	checkPressure(ctx, rec, c.Host, "memory", memoryPressureHigh, func(share float64) report.Finding {
		return memoryPressureFinding(share, howto.Of(ctx, c.Host))
	})
	return nil
}

// withoutProc asks commands, and on this machine the kernel where they do not tell.
func (c Memory) withoutProc(ctx context.Context, rec *report.Recorder) error {
	m, swapErr, err := readBSDMemory(ctx, c.Host)
	if err != nil && c.Local {
		var here live.Memory
		swapErr = fmt.Errorf("swap: %w", err)
		here, err = live.ReadMemory(ctx)
		m = sysview.Memory{Total: here.Total, Available: here.Available}
	}
	if err != nil {
		return err
	}
	c.checkMemory(ctx, rec, m.Total, m.Available)
	if swapErr != nil {
		rec.Problem(swapErr, "swap")
		return nil
	}
	c.checkSwap(ctx, rec, m)
	return nil
}

func (c Memory) checkMemory(ctx context.Context, rec *report.Recorder, total, available uint64) {
	rec.Covered("memory")
	rec.Metric(report.Metric{Name: "memory_size_bytes", Unit: "bytes", Value: report.Count(total)})
	rec.Metric(report.Metric{Name: "memory_free_bytes", Unit: "bytes", Value: report.Count(available)})
	left := prose.Share(available, total)
	if left >= memoryLow || available >= memoryPlenty {
		return
	}
	severity := report.Warning
	if left < memoryCritical {
		severity = report.Critical
	}
	rec.Finding(memoryFinding(severity, total, available, howto.Of(ctx, c.Host)))
}

func (c Memory) checkSwap(ctx context.Context, rec *report.Recorder, m sysview.Memory) {
	rec.Covered("swap")
	if m.SwapTotal == 0 {
		return // a system without swap space has no figures of it
	}
	rec.Metric(report.Metric{Name: "swap_size_bytes", Unit: "bytes", Value: report.Count(m.SwapTotal)})
	rec.Metric(report.Metric{Name: "swap_free_bytes", Unit: "bytes", Value: report.Count(m.SwapFree)})
	if prose.Share(m.SwapFree, m.SwapTotal) >= swapLow || m.Available >= memoryPlenty ||
		prose.Share(m.Available, m.Total) >= swapNeeded {
		return
	}
	rec.Finding(swapFinding(m, howto.Of(ctx, c.Host)))
}
