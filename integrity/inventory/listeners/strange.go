package listeners

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// A suspicion is why a listener is out of the ordinary on any run, the first
// included.
type suspicion struct {
	rule, why string
	places    []Listener
}

// A strangeFinding is one about all places of a program.
type strangeFinding struct {
	report.Finding
	first Listener
}

// Rules of suspicions.
const (
	ruleNoFile  = "integrity.listeners.no-file"
	ruleUnowned = "integrity.listeners.unowned"
)

type suspicions []suspicion

// strange looks for listeners whose program file is gone, or is of no package, or that
// are out of the ordinary in another way.
func (r *listenerRun) strange(list []Listener) suspicions {
	var all suspicions
	unusual := r.unusual(list)
	for i, l := range list {
		s := suspicion{places: []Listener{l}}
		claim, told := r.claims[l.Exe]
		switch {
		case (sysview.Process{Exe: l.Exe}).InMemory():
			s.rule, s.why = ruleNoFile, "from memory alone"
		case l.Deleted && r.isGone(l.Exe):
			s.rule, s.why = ruleNoFile, "from "+prose.Clip(l.Exe, 200)+", a file that was removed"
		case told && claim.Package == "" && l.Deleted: // another file has its name
			s.rule, s.why = ruleUnowned, "from "+prose.Clip(l.Exe, 200)+", which was replaced since, and which no package owns"
		case told && claim.Package == "":
			s.rule, s.why = ruleUnowned, "from "+prose.Clip(l.Exe, 200)+", which no package owns"
		case unusual[i] != "":
			s.rule, s.why = ruleUnusual, unusual[i]
		default:
			continue
		}
		if i := slices.IndexFunc(all, s.like); i >= 0 {
			all[i].places = append(all[i].places, l)
			continue
		}
		all = append(all, s)
	}
	return all
}

// like reports whether both are about one program on one port.
func (s suspicion) like(o suspicion) bool {
	a, b := s.places[0], o.places[0]
	return s.rule == o.rule && a.identity() == b.identity() && a.Network == b.Network && a.Addr.Port() == b.Addr.Port()
}

// ask asks the packages of all program files.
func (r *listenerRun) ask(list []Listener) {
	var paths []string
	for _, l := range list {
		if path.IsAbs(l.Exe) {
			paths = append(paths, l.Exe)
		}
	}
	if r.check.Attestor == nil || len(paths) == 0 {
		return
	}
	slices.Sort(paths)
	claims, err := r.check.Attestor.Attest(r.ctx, slices.Compact(paths))
	if err != nil {
		r.rec.Problem(fmt.Errorf("ask which packages own programs that listen: %w", err), "packages")
	}
	if r.claims == nil {
		r.claims = map[string]host.Claim{}
	}
	maps.Copy(r.claims, claims)
}

// isGone reports whether nothing is at a path any more: what an update replaced
// has another file there.
func (r *listenerRun) isGone(name string) bool {
	_, err := r.check.Host.Lstat(r.ctx, name)
	return errors.Is(err, fs.ErrNotExist)
}

// takes reports whether a suspicion worse than a notice tells of a listener.
func (all suspicions) takes(l Listener) bool { return all.say(ruleNoFile, l) }

// say reports whether a suspicion of a rule is about a listener.
func (all suspicions) say(rule string, l Listener) bool {
	return slices.ContainsFunc(all, func(s suspicion) bool {
		return s.rule == rule && slices.ContainsFunc(s.places, l.is)
	})
}

// leaveOut forgets the suspicions that a change tells: a new program of no
// package is one finding, and so is another one in a known place. What a person
// accepted as new is not asked about again.
func (all *suspicions) leaveOut(changes []ListenerChange, accepted []Listener) {
	*all = slices.DeleteFunc(*all, func(s suspicion) bool {
		return s.rule != ruleNoFile && slices.ContainsFunc(accepted, s.places[0].is) || slices.ContainsFunc(changes, func(c ListenerChange) bool {
			return c.Now != nil && samePlace(*c.Now, s.places[0]) && (c.Was != nil || s.rule != ruleNoFile)
		})
	})
}

func (all suspicions) findings() []strangeFinding {
	var out []strangeFinding
	for _, s := range all {
		l := s.places[0]
		out = append(out, strangeFinding{report.Finding{
			Rule: s.rule, Subject: report.ListenerOf(l.Network, l.Addr), Scope: "listeners/" + l.Network,
			Title:    fmt.Sprintf("%s listens on %s %s", programOf(l), placeOf(s.places), s.why),
			Detail:   reach(s.places) + about(l),
			Fix:      strangeFix(s.rule),
			Evidence: append(evidenceOf(l), otherPlaces(s.places)...),
		}, l})
	}
	return out
}

func strangeFix(rule string) string {
	switch rule {
	case ruleUnowned:
		return "If it was installed by hand, accept it. Otherwise find out who started it."
	case ruleUnusual:
		return unusualRule.Remedy
	}
	return remedyStrange
}

// manyFinding tells of very many new sockets of one program.
func manyFinding(places []Listener) report.Finding {
	l := places[0]
	f := report.Finding{
		Rule: "integrity.listeners.many", Scope: "listeners/" + l.Network, Subject: report.Process.Of(programOf(l)),
		Title:    fmt.Sprintf("%s holds more than %s that are new", programOf(l), prose.Count(manyConversations, "UDP socket")),
		Detail:   reach(places) + about(l),
		Evidence: evidenceOf(l),
	}
	if l.Exe != "" {
		if a := report.Program.Of(l.Exe); a.Validate() == nil {
			f.Subject = a
		}
	}
	return f
}

// maxNetworks is the number of other networks that are looked at in one run.
const maxNetworks = 64

// otherNetworks tells what listens in the other networks of the machine, one
// finding a network and program.
func (c Sockets) otherNetworks(ctx context.Context, rec *report.Recorder) {
	view, err := sysview.NetNamespaces(ctx, c.Host)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		rec.Problem(err, "listeners/other-networks")
		return
	}
	own := networkOf(ctx, c.Host)
	names := userNames(ctx, c.Host)
	if own == "" {
		return
	}
	var firsts []int
	for _, ns := range view.Namespaces {
		if own != fmt.Sprintf("net:[%d]", ns.Inode) {
			firsts = append(firsts, ns.PIDs[0])
		}
	}
	all := len(firsts)
	firsts = firsts[:min(all, maxNetworks)]
	if len(firsts) > 0 {
		for _, tables := range sysview.SocketsIn(ctx, c.Host, firsts...) {
			c.otherNetwork(ctx, rec, tables, names)
		}
	}
	if all > maxNetworks {
		rec.Problem(fmt.Errorf("there are more than %d networks: those of later processes were not looked at", maxNetworks), "listeners/other-networks")
		return
	}
	rec.Covered("listeners/other-networks")
}

func (c Sockets) otherNetwork(ctx context.Context, rec *report.Recorder, tables []sysview.Table, names map[uint32]string) {
	for _, t := range tables {
		if t.Err != nil {
			if !errors.Is(t.Err, fs.ErrNotExist) { // the process has ended
				rec.Problem(t.Err, "listeners/other-networks")
			}
			continue
		}
		told := map[string]bool{}
		for _, s := range t.Sockets {
			l := listenerOf(s, names)
			if id := l.identity() + "\x00" + strconv.Itoa(int(l.Addr.Port())); told[id] || l.Network == "udp" && l.Addr.Port() >= 32768 {
				continue
			} else {
				told[id] = true
			}
			f := report.Finding{
				Rule: "integrity.listeners.other-network", Scope: "listeners/other-networks",
				Subject: report.ListenerOf(l.Network, l.Addr), Identity: evidenceOf(l)[:min(1, len(evidenceOf(l)))],
				Title:    fmt.Sprintf("%s listens on %s in a network of its own", programOf(l), placeOf([]Listener{l})),
				Detail:   strings.TrimSpace(about(l)),
				Evidence: evidenceOf(l),
			}
			if l.Deleted {
				if _, err := c.Host.Lstat(ctx, l.Exe); errors.Is(err, fs.ErrNotExist) {
					f.Severity = report.Critical
				}
			}
			rec.Finding(f)
		}
	}
}
