//go:build !linux

package live

import (
	"context"
	"errors"
	"fmt"
)

// Processes returns the numbers of all processes that the kernel would send a
// signal to: here errors.ErrUnsupported.
func Processes(context.Context) ([]int, error) {
	return nil, fmt.Errorf("processes of this machine: %w", errors.ErrUnsupported)
}
