package reporttest

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// ours gives the stacks of all goroutines but the runtime's own, by the first two
// words of their heads: goroutine 7.
func ours() map[string]string {
	buf := make([]byte, 4<<20)
	all := map[string]string{}
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if name, _, ok := strings.Cut(stack, " ["); ok {
			all[name] = stack
		}
	}
	return all
}

// settled waits a moment for the goroutines to end that were not there before.
func settled(before map[string]string) error {
	var left []string
	for range 100 {
		left = nil
		for name, stack := range ours() {
			if _, old := before[name]; !old {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%d goroutines are left; one of them:\n%s", len(left), left[0])
}
