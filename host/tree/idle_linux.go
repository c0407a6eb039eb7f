package tree

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// The numbers of ioprio_set(2), which has no function in libraries.
const (
	ofThread  = 1 // IOPRIO_WHO_PROCESS, with 0 the calling thread
	classIdle = 3 << 13
)

// idle has the rest of this goroutine read only when nobody else wants the disk,
// where its scheduler knows of that. The priority is a thread's: this one is the
// goroutine's alone, and ends with it.
func idle() {
	runtime.LockOSThread()
	_, _, _ = unix.RawSyscall(unix.SYS_IOPRIO_SET, ofThread, 0, classIdle) // good manners: works without
}
