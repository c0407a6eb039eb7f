//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package term

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// IsTerminal reports whether the file descriptor is a terminal.
func IsTerminal(fd uintptr) bool {
	_, err := unix.IoctlGetTermios(int(fd), getTermios)
	return err == nil
}

// Size gives the columns and rows of the terminal behind a file descriptor. A
// terminal that does not know its size gives zeros and no error.
func Size(fd uintptr) (columns, rows int, err error) {
	ws, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, fmt.Errorf("terminal size: %w", err)
	}
	return int(ws.Col), int(ws.Row), nil
}
