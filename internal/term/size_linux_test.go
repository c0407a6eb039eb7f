package term

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestATerminalTellsItsSize(t *testing.T) {
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	need.That(t, "pseudo terminals", err == nil)
	defer pty.Close()
	if err := unix.IoctlSetWinsize(int(pty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 132, Row: 43}); err != nil {
		t.Fatal(err)
	}
	columns, rows, err := Size(pty.Fd())
	if columns != 132 || rows != 43 || err != nil {
		t.Errorf("%d columns, %d rows, %v", columns, rows, err)
	}
	if !IsTerminal(pty.Fd()) {
		t.Error("a pseudo terminal is not called a terminal")
	}
}
