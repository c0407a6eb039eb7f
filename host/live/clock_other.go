//go:build !linux

package live

import (
	"errors"
	"fmt"
)

// ClockSynchronised reports whether the kernel says that something keeps its
// clock at the right time: here errors.ErrUnsupported.
func ClockSynchronised() (bool, error) {
	return false, fmt.Errorf("clock of this machine: %w", errors.ErrUnsupported)
}
