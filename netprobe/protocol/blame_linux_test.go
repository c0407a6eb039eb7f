package protocol_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// network makes two namespaces, of a prober and of a router behind whom there
// is nobody, and returns the prober's.
func network(t *testing.T) (prober string) {
	t.Helper()
	need.Root(t)
	ip := need.Program(t, "ip")
	a, r := fmt.Sprintf("upk-a-%d", os.Getpid()), fmt.Sprintf("upk-r-%d", os.Getpid())
	t.Cleanup(func() {
		for _, ns := range []string{a, r} {
			exec.Command(ip, "netns", "del", ns).Run() //nolint:errcheck // it may never have been
		}
	})
	for _, ns := range []string{a, r} {
		out, err := exec.Command(ip, "netns", "add", ns).CombinedOutput()
		need.That(t, "network namespaces", err == nil && len(out) == 0)
	}
	for _, ns := range []string{a, r} {
		for _, name := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv6/conf/all/accept_dad", "ipv6/conf/default/accept_dad"} {
			value := map[bool]string{true: "0", false: "1"}[strings.HasSuffix(name, "accept_dad")] // IPv6 is ready at once
			out, err := exec.Command(ip, "netns", "exec", ns, "sh", "-c", "echo "+value+" > /proc/sys/net/"+name).CombinedOutput()
			need.That(t, "a namespace whose settings can be changed", err == nil && len(out) == 0)
		}
	}
	for line := range strings.Lines(`-n A link add v0 type veth peer name v1 netns R
-n A link set lo up
-n A link set v0 up
-n R link set lo up
-n R link set v1 up
-n A addr add 192.0.2.1/24 dev v0
-n R addr add 192.0.2.254/24 dev v1
-n A -6 addr add 2001:db8::1/64 dev v0 nodad
-n R -6 addr add 2001:db8::fe/64 dev v1 nodad
-n A route add 198.51.100.0/24 via 192.0.2.254
-n A -6 route add 2001:db8:1::/64 via 2001:db8::fe
-n R route add prohibit 198.51.100.1
-n R route add unreachable 198.51.100.2
-n R route add blackhole 198.51.100.3
-n R -6 route add prohibit 2001:db8:1::1
-n R -6 route add unreachable 2001:db8:1::2
-n R -6 route add blackhole 2001:db8:1::3
-n A route add prohibit 198.51.100.11
-n A route add unreachable 198.51.100.12
-n A route add blackhole 198.51.100.13
-n A -6 route add prohibit 2001:db8:1::11
-n A -6 route add unreachable 2001:db8:1::12
-n A -6 route add blackhole 2001:db8:1::13
`) {
		args := strings.Fields(line)
		for i := range args {
			args[i] = map[string]string{"A": a, "R": r}[args[i]] + map[bool]string{true: args[i]}[args[i] != "A" && args[i] != "R"]
		}
		out, err := exec.Command(ip, args...).CombinedOutput()
		require.NoError(t, err, "%s%s", line, out)
	}
	return a
}

// within runs fn on a thread of its own that is in a namespace, and dies there.
func within(t *testing.T, namespace string, fn func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		f, err := os.Open("/run/netns/" + namespace)
		if err == nil {
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
			f.Close()
		}
		if err == nil {
			fn()
		}
		done <- err
	}()
	require.NoError(t, <-done)
}

// What this system forbids or lacks is ours, and what a router far away says is
// not, over IPv4 and IPv6 alike.
func TestARealRouterAndTheOwnTableAreToldApart(t *testing.T) {
	namespace := network(t)
	for _, c := range []struct {
		name, last string
		state      netprobe.State
		causes     []netprobe.Cause
	}{
		{"prohibited by the router", "1", netprobe.Critical, []netprobe.Cause{netprobe.NetUnreachable}},
		{"unreachable, says the router", "2", netprobe.Critical, []netprobe.Cause{netprobe.NetUnreachable}},
		{"swallowed by the router", "3", netprobe.Critical, []netprobe.Cause{netprobe.NetTimeout}},
		{"prohibited here", "11", netprobe.Unknown, []netprobe.Cause{netprobe.LocalDenied, netprobe.LocalRoute}},
		{"unreachable by the own table", "12", netprobe.Unknown, []netprobe.Cause{netprobe.LocalRoute}},
		{"swallowed by the own table", "13", netprobe.Unknown, []netprobe.Cause{netprobe.LocalRoute}},
	} {
		for _, prefix := range []string{"198.51.100.%s:25", "[2001:db8:1::%s]:25"} {
			addr := fmt.Sprintf(prefix, c.last)
			var res netprobe.Result
			limit := 30 * time.Second // what a neighbour answers at once the kernel heeds at its second try only
			if c.last == "3" {
				limit = time.Second
			}
			within(t, namespace, func() { res = protocol.SMTP{Addr: addr, Timeout: limit}.Probe(t.Context()) })
			assert.Equal(t, c.state, res.State, "%s %s: %s", c.name, addr, res.Detail)
			assert.Contains(t, c.causes, res.Cause, "%s %s: %s", c.name, addr, res.Detail)
		}
	}
	for _, addr := range []string{"203.0.113.1:25", "[2001:db8:ffff::1]:25"} {
		var res netprobe.Result
		within(t, namespace, func() { res = protocol.SMTP{Addr: addr, Timeout: 30 * time.Second}.Probe(t.Context()) })
		assert.Equal(t, netprobe.LocalRoute, res.Cause, "no route to %s: %s", addr, res.Detail)
	}
}
