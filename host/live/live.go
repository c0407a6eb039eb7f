// Package live asks the kernel of the machine on which this process runs for
// what no file of the system tells.
//
//	m, err := live.ReadMemory(ctx)
//
// Its answers are those of this machine alone: a caller must know that the host
// it looks at is this one. It is the only importer of gopsutil, and is asked
// after our own parsers. What this system cannot tell is errors.ErrUnsupported.
//
// # Design
//
// Swap is not taken from gopsutil: on two BSDs it gives zero, and no error, when
// its command fails.
package live

import (
	"context"
	"errors"
	"fmt"

	"github.com/shirou/gopsutil/v3/mem"
)

// Memory says how much memory this machine has, in bytes.
type Memory struct {
	Total     uint64
	Available uint64 // what programs can still get without swapping
}

// ReadMemory asks the kernel.
func ReadMemory(ctx context.Context) (Memory, error) {
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return Memory{}, fmt.Errorf("memory of this machine: %w", err)
	}
	if m.Total == 0 || m.Available > m.Total {
		return Memory{}, fmt.Errorf("memory of this machine: %w", errors.ErrUnsupported)
	}
	return Memory{Total: m.Total, Available: m.Available}, nil
}
