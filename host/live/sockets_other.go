//go:build !linux

package live

import (
	"context"
	"errors"
	"fmt"
)

// Beneath is for Linux alone: the error wraps errors.ErrUnsupported.
func Beneath(int) (name, exe string, sockets []uint64, err error) {
	return "", "", nil, fmt.Errorf("look below what is mounted on a process: %w", errors.ErrUnsupported)
}

// Listening is for Linux alone: the error wraps errors.ErrUnsupported.
func Listening(context.Context) ([]Socket, error) {
	return nil, fmt.Errorf("sockets of this machine, by sock_diag: %w", errors.ErrUnsupported)
}
