package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Processes returns the numbers of all processes that the kernel would send a
// signal to, in ascending order. It asks for each number that one can have, by
// kill(2) with no signal, so that a process which a changed /proc or a changed
// listing hides is among them. Threads are left out where /proc tells that they
// are; whoever compares asks twice, since processes come and go meanwhile.
func Processes(ctx context.Context) ([]int, error) {
	last, err := lastPID()
	if err != nil {
		return nil, fmt.Errorf("processes of this machine: %w", err)
	}
	var found []int
	for pid := 1; pid <= last; pid++ {
		if pid%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		switch err := unix.Kill(pid, 0); {
		case errors.Is(err, unix.ESRCH):
		case err != nil && !errors.Is(err, unix.EPERM):
			return nil, fmt.Errorf("processes of this machine: kill %d: %w", pid, err)
		case !isThread(pid):
			found = append(found, pid)
		}
	}
	return found, nil
}

// lastPID is the highest number to ask for; four million questions take seconds.
// Numbers are given in ascending order, so as long as the kernel has started fewer
// processes than there are numbers, none stands behind the last one that it gave.
// Whoever is root can choose another (clone3(2) with set_tid), so that all are asked
// for where the kernel counts more threads than the listing has. In a namespace of
// processes that is not the first, it counts those of the whole machine, and nobody
// can change the listing without a mount: there the last number is enough.
func lastPID() (int, error) {
	most, err := number("/proc/sys/kernel/pid_max")
	if err != nil || most > 1<<22 { // PID_MAX_LIMIT
		return 0, fmt.Errorf("pid_max: %d: %w", most, cmp.Or(err, strconv.ErrRange))
	}
	last, err := number("/proc/sys/kernel/ns_last_pid")
	if err != nil || started() >= most || inFirstNamespace() && !allListed() {
		return most, nil // no kernel has to tell
	}
	return min(most, last+startedMeanwhile), nil
}

// inFirstNamespace reports whether processes are numbered as the kernel does: the
// first namespace has a fixed number (PROC_PID_INIT_INO).
func inFirstNamespace() bool {
	link, err := os.Readlink("/proc/self/ns/pid")
	return err != nil || link == "pid:[4026531836]"
}

// startedMeanwhile is how many processes may start while the numbers are asked for.
const startedMeanwhile = 1 << 12

// started is how many processes and threads the kernel has started, as far as it
// says so.
func started() int {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return math.MaxInt
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "processes "); ok {
			if n, err := strconv.Atoi(strings.TrimSpace(rest)); err == nil {
				return n
			}
		}
	}
	return math.MaxInt
}

// allListed reports whether the listing of /proc has as many threads as the kernel
// counts. What ends between the two looks is not listed, so it looks again.
func allListed() bool {
	for range 3 {
		data, err := os.ReadFile("/proc/loadavg")
		f := strings.Fields(string(data))
		if err != nil || len(f) < 4 {
			return false
		}
		_, text, _ := strings.Cut(f[3], "/")
		total, err := strconv.Atoi(text)
		if err != nil {
			return false
		}
		if n, err := listedThreads(); err != nil || n >= total {
			return err == nil
		}
	}
	return false
}

// listedThreads counts the threads of the processes that /proc lists: a folder has
// two links, and one for each folder in it.
func listedThreads() (int, error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return 0, err
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	n := 0
	for _, name := range names {
		var st unix.Stat_t
		if _, err := strconv.Atoi(name); err == nil && unix.Stat("/proc/"+name+"/task", &st) == nil && st.Nlink > 2 {
			n += int(st.Nlink) - 2
		}
	}
	return n, err
}

// number reads a file that holds one positive number.
func number(name string) (int, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err == nil && n < 1 {
		err = strconv.ErrRange
	}
	return n, err
}

// isThread reports whether a number is proven to be that of a thread beside the
// first of its process.
func isThread(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "Tgid:"); ok {
			group, err := strconv.Atoi(strings.TrimSpace(rest))
			return err == nil && group != pid
		}
	}
	return false
}
