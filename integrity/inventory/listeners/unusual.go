package listeners

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

const ruleUnusual = "integrity.listeners.unusual"

// mostAsks bounds what is looked at of programs whose names their users chose.
const mostAsks = 4096

var (
	// relays pass on to others whatever they are told to: a port of theirs says nothing
	// of what is behind it.
	relays = []string{"nc", "nc.openbsd", "nc.traditional", "ncat", "netcat", "socat", "sh", "bash", "dash", "ksh", "zsh"}
	// threads begin the names of what is the kernel's own, and has no file.
	threads = []string{"kworker/", "ksoftirqd/", "kthreadd", "kswapd", "migration/", "rcu_"}
	// programDirs are where programs have the names that people know.
	programDirs = []string{"/usr/sbin", "/usr/bin", "/usr/libexec", "/usr/lib/systemd", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin", "/usr/lib/openssh"}
)

// unusual gives of each listener, by its place in the list, why it is out of the
// ordinary though a package may own its file; "" where nothing is.
func (r *listenerRun) unusual(list []Listener) []string {
	out := make([]string, len(list))
	var asks []host.Ask
	var asked []func(host.Answer)
	ask := func(op host.Op, name string, fn func(host.Answer)) {
		asks, asked = append(asks, host.Ask{Op: op, Name: name, Limit: 1 << 16}), append(asked, fn)
	}
	client := clientSide(list, r.chosen)
	for _, i := range inTurn(list) {
		l := list[i]
		base := path.Base(l.Exe)
		switch from := ", from " + prose.Clip(l.Exe, 200); {
		case l.Exe == "" || client.may(l):
		case slices.ContainsFunc(threads, func(name string) bool { return strings.HasPrefix(l.Program, name) }):
			out[i] = "under the name of a thread of the kernel" + from
		case slices.Contains(relays, base):
			out[i] = "by " + prose.Clip(l.Exe, 200) + ", which passes on to others what it is told to"
		case !l.goesByItsFile():
			for _, dir := range programDirs {
				ask(host.OpLstat, dir+"/"+l.Program, func(a host.Answer) {
					if a.Err == nil && a.Stat.IsRegular() { // a link may lead to the very file
						out[i] = "under the name of another program" + from
					}
				})
			}
		case l.Reachable() && l.PID > 1 && (l.Unit == "" || strings.HasPrefix(l.Unit, "user@")):
			ask(host.OpRead, "/proc/"+strconv.Itoa(l.PID)+"/cgroup", func(a host.Answer) {
				if a.Err == nil && strings.Contains(string(a.Data), ":/user.slice/") {
					out[i] = "from the session of a user, and not as a service"
				}
			})
		}
	}
	var err error
	if all := len(asks); all > mostAsks {
		asks, err = asks[:mostAsks], fmt.Errorf("%d places of programs were to be looked at: those beyond %d were not", all, mostAsks)
	}
	if len(asks) > 0 {
		err = errors.Join(err, r.check.Host.Batch(r.ctx, asks, func(i int, a host.Answer) error { asked[i](a); return nil }))
	}
	if err != nil && r.rec != nil {
		r.rec.Problem(err, "listeners/unusual")
	}
	return out
}

// inTurn gives the places of a list, of each user one in turn: whoever opens many
// sockets crowds out nobody else's.
func inTurn(list []Listener) []int {
	count, nth, order := map[string]int{}, make([]int, len(list)), make([]int, len(list))
	for i, l := range list {
		order[i], nth[i] = i, count[l.User]
		count[l.User]++
	}
	slices.SortStableFunc(order, func(a, b int) int { return nth[a] - nth[b] })
	return order
}

// goesByItsFile reports whether a process has the name of its file, or of what an
// interpreter runs. Names are cut at 15 bytes.
func (l Listener) goesByItsFile() bool {
	base := path.Base(l.Exe)
	stem := strings.TrimRight(base, "0123456789.-")
	return l.Program == "" || strings.Contains(l.Program, "/") || len(l.Program) == 15 ||
		strings.HasPrefix(base, l.Program) || strings.HasPrefix(l.Program, stem) ||
		inventory.Interprets(base)
}

// unusualRule is that of what is out of the ordinary.
var unusualRule = report.Rule{
	ID: ruleUnusual, Kind: report.Condition, Severity: report.Notice, Since: since,
	Title:   "A program listens in an unusual way",
	Explain: "Services are started by the system, under their own name, and say what they serve. A relay, a program in disguise and one from somebody's session are how hidden servers are run.",
	Remedy:  "If somebody set it up so, accept it. Otherwise find out who started it.",
}
