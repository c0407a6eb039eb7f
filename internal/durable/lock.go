package durable

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("another process is at work")

// A Lock keeps two processes from doing the same work at once. It is the
// kernel's: it dies with its process, so there is none to clean up.
type Lock struct{ f *os.File }

// Acquire takes the lock file name, without waiting. If another process has
// it, the error wraps ErrLocked, names that process and says what to do.
func Acquire(name string) (*Lock, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := holderOf(f)
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w%s (lock file %s)", ErrLocked, holder, name)
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	// The number only helps a person; the lock holds without it, on a full disk too.
	if f.Truncate(0) == nil {
		f.WriteString(strconv.Itoa(os.Getpid()) + "\n") //nolint:errcheck
	}
	return &Lock{f}, nil
}

// Release gives the lock back. The file stays: removing it would let two
// processes hold locks on two files of one name. A child that this process is just
// starting has the descriptor too until it becomes its program, so that closing it
// here is not enough.
func (l *Lock) Release() error {
	return errors.Join(unix.Flock(int(l.f.Fd()), unix.LOCK_UN), l.f.Close())
}

func holderOf(f *os.File) string {
	data, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return ""
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid <= 0 {
		return ""
	}
	return fmt.Sprintf(": process %d; let it end, or see with ps -p %d what it does", pid, pid)
}
