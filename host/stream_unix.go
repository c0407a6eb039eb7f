//go:build linux || freebsd || openbsd || netbsd || darwin

package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A stream takes what a process writes to one pipe, to its end or until finish.
// After finish or forsake it neither writes to its writer nor keeps anything.
type stream struct {
	pipe   *os.File
	to     io.Writer // nil: keep up to limit
	limit  int64
	failed chan struct{} // closed when to refused a write
	done   chan struct{} // closed when nothing reads the pipe any more

	mu        sync.Mutex
	forsaken  bool
	kept      []byte
	truncated bool
	err       error
}

func (s *stream) start() {
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		buf := make([]byte, 32<<10)
		for {
			n, err := s.pipe.Read(buf)
			s.take(buf[:n])
			if err != nil {
				s.ended(err)
				return
			}
		}
	}()
}

// ended notes why reading ended, unless that was the end or finish.
func (s *stream) ended(err error) {
	if err == io.EOF || errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = errors.Join(s.err, err)
}

func (s *stream) take(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.forsaken || s.err != nil || len(b) == 0:
	case s.to != nil:
		if _, err := s.to.Write(b); err != nil {
			s.err = fmt.Errorf("write output: %w", err)
			close(s.failed)
		}
	default:
		room := min(s.limit-int64(len(s.kept)), int64(len(b)))
		s.kept = append(s.kept, b[:room]...)
		s.truncated = s.truncated || room < int64(len(b))
	}
}

func (s *stream) forsake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forsaken = true
}

// finish takes what is in the pipe, for the process has ended and all that it
// wrote is there. It does not wait for the end of the pipe, which a process left
// in the background may hold for ever. With spare the pipe stays open for that
// one, since it may be a service that the command has started, and a closed pipe
// would end it.
func (s *stream) finish(spare bool) {
	s.pipe.SetReadDeadline(time.Unix(1, 0))
	<-s.done
	s.pipe.SetReadDeadline(time.Time{})
	atEnd := s.drain()
	s.forsake()
	if atEnd || !spare {
		s.pipe.Close()
		return
	}
	s.start()
	go func() {
		<-s.done
		s.pipe.Close()
	}()
}

// largestPipe is the most that a pipe of a user holds on Linux, and more than
// elsewhere: a flood from a process left behind does not keep drain reading.
const largestPipe = 1 << 20

// drain reads what stands in the pipe now, without waiting for more.
func (s *stream) drain() (atEnd bool) {
	raw, err := s.pipe.SyscallConn()
	if err != nil {
		return true
	}
	raw.Control(func(fd uintptr) {
		buf := make([]byte, 32<<10)
		for left := largestPipe; left > 0; {
			n, err := retryInt(func() (int, error) { return unix.Read(int(fd), buf) })
			if n <= 0 || err != nil {
				atEnd = err == nil
				return
			}
			s.take(buf[:n])
			left -= n
		}
	})
	return atEnd
}
