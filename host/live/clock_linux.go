package live

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// timeError is TIME_ERROR of adjtimex(2): nothing keeps the clock.
const timeError = 5

// ClockSynchronised reports whether the kernel says that something keeps its
// clock at the right time.
func ClockSynchronised() (bool, error) {
	state, err := unix.Adjtimex(&unix.Timex{})
	if err != nil {
		return false, fmt.Errorf("clock of this machine: %w", err)
	}
	return state != timeError, nil
}
