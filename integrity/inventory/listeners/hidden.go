package listeners

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// hidden tells of processes and sockets that one view shows and another does not.
func (r *listenerRun) hidden(tables []Table) {
	mounts, err := sysview.Mounts(r.ctx, r.check.Host)
	if err == nil {
		for _, m := range mounts {
			if pid, ok := inventory.ProcessOf(m.Point); ok {
				r.tell(r.covered(pid, m.Point, tables))
			}
		}
	}
	if r.check.Alive != nil {
		missing, err := always(r.unlisted)
		if err != nil {
			r.rec.Problem(err, "listeners/processes")
		} else {
			for _, pid := range missing {
				r.tell(hiddenFinding(pid, fmt.Sprintf("The kernel knows the process %d, and the listing of /proc does not show it.", pid)))
			}
			r.rec.Covered("listeners/processes")
		}
	}
	r.hiddenSockets(tables)
}

// hiddenSockets holds the tables against what the kernel tells by another way.
func (r *listenerRun) hiddenSockets(tables []Table) {
	if r.check.Listening == nil {
		return
	}
	looks := 0
	differ, err := always(func() ([]oneView, error) {
		if looks++; looks > 1 {
			tables = ReadListeners(host.Afresh(r.ctx), r.check.Host)
		}
		told, err := r.check.Listening(r.ctx)
		return views(tables, told), err
	})
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return // this kernel has one view
	case err != nil:
		r.rec.Problem(err, "listeners/sockets")
		return
	}
	for _, v := range differ {
		r.tell(v.finding())
	}
	r.rec.Covered("listeners/sockets")
}

// A oneView is a socket that one view alone shows.
type oneView struct {
	at      place
	inTable bool
}

// views compares the tables that could be read with what the kernel tells otherwise.
func views(tables []Table, told []Listener) (out []oneView) {
	known := map[place]bool{}
	for _, l := range told {
		known[placeOfSocket(l)] = true
	}
	listed := map[place]bool{}
	unread := map[string]bool{}
	for _, t := range tables {
		unread[t.Network] = t.Err != nil
		for _, l := range t.Listeners {
			if at := placeOfSocket(l); !listed[at] {
				listed[at] = true
				if !known[at] {
					out = append(out, oneView{at, true})
				}
			}
		}
	}
	for _, l := range told {
		if at := placeOfSocket(l); !listed[at] && !unread[l.Network] && !slices.Contains(out, oneView{at, false}) {
			out = append(out, oneView{at, false})
		}
	}
	return out
}

// placeOfSocket is where a socket is, without the zone, which not each view tells.
func placeOfSocket(l Listener) place {
	addr := l.Addr.Addr().WithZone("")
	return place{l.Network, netip.AddrPortFrom(addr, l.Addr.Port())}
}

func (v oneView) finding() report.Finding {
	shows, misses := "sock_diag(7)", "/proc/net/"+v.at.network
	if v.inTable {
		shows, misses = misses, shows
	}
	return report.Finding{
		Rule: ruleHidden, Scope: "listeners/sockets", Subject: report.ListenerOf(v.at.network, v.at.addr),
		Title:  fmt.Sprintf("The %s port %d of %s is hidden", v.at.network, v.at.addr.Port(), v.at.addr.Addr()),
		Detail: "The kernel tells of it by " + shows + ", and not by " + misses + ".",
	}
}

// sure is how often a thing has to be hidden, look for look. What comes or goes between
// looks is not; nor what a table leaves out by chance, as /proc/net/tcp does while others
// come and go, nor a port that was taken again between the looks.
const sure = 5

// always gives what all looks, one after the other, have in common.
func always[T comparable](look func() ([]T, error)) ([]T, error) {
	common, err := look()
	for n := 1; n < sure && err == nil && len(common) > 0; n++ {
		var again []T
		again, err = look()
		common = slices.DeleteFunc(common, func(v T) bool { return !slices.Contains(again, v) })
	}
	return common, err
}

// unlisted gives the processes that the kernel knows, and a fresh listing does not.
func (r *listenerRun) unlisted() ([]int, error) {
	alive, err := r.check.Alive(r.ctx)
	if err != nil {
		return nil, err
	}
	entries, err := r.check.Host.ReadDir(r.ctx, "/proc")
	if err != nil {
		return nil, err
	}
	listed := map[int]bool{}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name); err == nil {
			listed[pid] = true
		}
	}
	return slices.DeleteFunc(alive, func(pid int) bool { return listed[pid] }), nil
}

// covered is the finding about a process over whose folder something is mounted, with
// what can be seen below it.
func (r *listenerRun) covered(pid int, point string, tables []Table) report.Finding {
	why := "Something is mounted over " + point + ", so that nobody sees what the process is."
	if r.check.Beneath == nil {
		return hiddenFinding(pid, why)
	}
	name, exe, sockets, err := r.check.Beneath(pid)
	if err != nil {
		f := hiddenFinding(pid, why+" Nor could it be seen below that: "+prose.Clip(err.Error(), 200)+".")
		return f
	}
	var places []Listener
	for _, t := range tables {
		for _, l := range t.Listeners {
			if l.Inode != 0 && slices.Contains(sockets, l.Inode) {
				places = append(places, l)
			}
		}
	}
	file, _ := strings.CutSuffix(exe, " (deleted)")
	f := hiddenFinding(pid, "Something is mounted over "+point+". Below it the program is "+prose.Clip(name, 64)+" ("+prose.Clip(exe, 200)+").")
	f.Title = fmt.Sprintf("The process %d is hidden: it is %s, from %s", pid, prose.Clip(name, 64), prose.Clip(file, 200))
	if len(places) > 0 {
		f.Title += ", and listens on " + portsOf(places)
		f.Detail += " " + reach(places)
		f.Evidence = append(f.Evidence, report.ListenerOf(places[0].Network, places[0].Addr))
		f.Evidence = append(f.Evidence, otherPlaces(places)...)
	}
	if a := report.Program.Of(file); a.Validate() == nil {
		f.Evidence = append(f.Evidence, a)
	}
	return f
}

const ruleHidden = "integrity.listeners.hidden"

func hiddenFinding(pid int, why string) report.Finding {
	return report.Finding{
		Rule: ruleHidden, Scope: "listeners/processes",
		Subject: report.Process.Of(fmt.Sprintf("hidden[%d]", pid)),
		Title:   fmt.Sprintf("The process %d is hidden", pid), Detail: why,
	}
}
