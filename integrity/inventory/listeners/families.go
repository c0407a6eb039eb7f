package listeners

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Families is the inventory "integrity.families": the programs that wait on
// sockets beside TCP and UDP, by which they can be talked to, or see the packets of
// others. Its scopes are families and the name of the family below it. A program is
// its file and its user; of the abstract names of Unix, which programs choose at
// random, only that it has some counts. Of the first process, which holds sockets
// for services that it starts when somebody comes, each socket counts by its name
// and by the unit that asked for it.
type Families struct {
	Host     host.Host
	Attestor integrity.Attestor // knows the packages of programs; nil: nobody does
}

// Name returns "integrity.families".
func (Families) Name() string { return "integrity.families" }

// Rules returns the catalogue.
func (Families) Rules() []report.Rule {
	return report.Since(since, report.Rule{
		ID: "integrity.families.new", Kind: report.Condition, Severity: report.Warning, Title: "A program waits on a socket of another family",
		Explain: "Lists of open ports do not show these sockets. A program that sees raw packets reads what others send, and can be woken by a packet to no port.",
		Remedy:  "If you know the program, accept it. Otherwise find out who started it.",
	}, report.Rule{
		ID: "integrity.families.gone", Kind: report.Condition, Severity: report.Info, Title: "A program no longer waits on a socket of another family",
		Explain: "The program ended, or closed the socket.", Remedy: "If it is missed, start it again. If it was stopped for good, accept it.",
	}, report.Rule{
		ID: "integrity.families.no-file", Kind: report.Condition, Severity: report.Critical, Title: "A program without its file waits on a socket of another family",
		Explain: "A program that runs from memory or from a file that was removed cannot be looked at. Intruders hide their servers so.",
		Remedy:  remedyStrange,
	}, report.Rule{
		ID: ruleFamilyUnowned, Kind: report.Condition, Severity: report.Warning, Title: "A program of no package waits on a socket of another family",
		Explain: "Nobody brings updates for it, and nothing says what it should be. Lists of open ports do not show it.",
		Remedy:  "If it was installed by hand, accept it. Otherwise find out who started it.",
	})
}

const (
	ruleFamilyUnowned = "integrity.families.unowned"
	fieldOwned        = "owned" // "no" where that is known
)

// does says what a program with a socket of a family can do.
var does = map[string]string{
	sysview.UDPLite: "listens on UDP-Lite port %s",
	sysview.Raw:     "sees all packets of IP protocol %s",
	sysview.Packet:  "sees all packets of protocol %s on the network, as a sniffer does",
	sysview.SCTP:    "listens on SCTP port %s",
	sysview.Unix:    "listens under abstract names, which no file shows",
	sysview.VSock:   "listens on vsock port %s, for the machine around this one",
}

// allPackets is the protocol of a packet socket that takes each (ETH_P_ALL).
const allPackets = "0003"

// Read reads who waits.
func (c Families) Read(ctx context.Context) *inventory.List {
	l := &inventory.List{}
	names := userNames(ctx, c.Host)
	tables := sysview.OtherSockets(ctx, c.Host)
	units, err := c.socketUnits(ctx, tables)
	claims := c.owners(ctx, l, tables)
	for _, t := range tables {
		l.Sections = append(l.Sections, t.Network)
		switch {
		case errors.Is(t.Err, errors.ErrUnsupported):
			l.Sections = l.Sections[:len(l.Sections)-1]
		case t.Err != nil:
			l.Fail(t.Network, t.Err)
		case err != nil && slices.ContainsFunc(t.Sockets, ofFirst):
			l.Fail(t.Network, err)
		}
		for _, s := range t.Sockets {
			c.add(l, t.Network, s, names, units, claims)
		}
	}
	return l
}

// owners asks for the packages of the programs, once. Abstract names of Unix are left
// out: nobody reaches them from elsewhere, and they are what desktops talk by.
func (c Families) owners(ctx context.Context, l *inventory.List, tables []sysview.Table) map[string]host.Claim {
	var paths []string
	for _, t := range tables {
		for _, s := range t.Sockets {
			if t.Network != sysview.Unix && path.IsAbs(s.Process.Exe) && !c.isGone(ctx, s.Process) {
				paths = append(paths, s.Process.Exe)
			}
		}
	}
	if c.Attestor == nil || len(paths) == 0 {
		return nil
	}
	slices.Sort(paths)
	claims, err := c.Attestor.Attest(ctx, slices.Compact(paths))
	if err != nil {
		l.Partly = append(l.Partly, fmt.Errorf("ask which packages own programs that wait: %w", err))
	}
	return claims
}

// add records a socket. Whose program nobody knows is known by its user alone. Of a
// program of no package it tells on every run.
func (c Families) add(l *inventory.List, network string, s sysview.Socket, names map[uint32]string, units map[string]string, claims map[string]host.Claim) {
	s.Network = network
	who := listenerOf(s, names)
	fields := inventory.Fields("program", who.Program, "exe", who.Exe, "user", who.User)
	if claim, told := claims[who.Exe]; told && claim.Package == "" && network != sysview.Unix {
		fields = append(fields, inventory.Fields(fieldOwned, "no")...)
		f := report.Finding{
			Rule: ruleFamilyUnowned, Scope: "families/" + network, Subject: report.Program.Of(inventory.Word(who.Exe)),
			Identity: []report.Attr{report.System.Of(network), report.User.Of(inventory.Word(cmp.Or(who.User, "?"))), report.Field.Of(inventory.Word(cmp.Or(s.Name, "?")))},
			Title:    fmt.Sprintf("%s %s, from %s, which no package owns", programOf(who), doing(network, s.Name), prose.Clip(who.Exe, 200)),
			Detail:   strings.TrimSpace(about(who)),
			Evidence: evidenceOf(who),
		}
		same := func(o report.Finding) bool { // it may have the socket for each version of IP
			return o.Scope == f.Scope && o.Subject == f.Subject && slices.Equal(o.Identity, f.Identity)
		}
		if !slices.ContainsFunc(l.Findings, same) {
			l.Findings = append(l.Findings, f)
		}
	}
	switch {
	case ofFirst(s) && units != nil:
		if unit := units[s.Name]; unit != "" {
			fields = append(fields, inventory.Fields("unit", unit)...)
		}
	case network == sysview.Unix:
		s.Name = anyName
	}
	l.Add(fields, network, cmp.Or(who.Exe, who.Program, "?"), cmp.Or(who.User, "?"), s.Name)
}

// anyName stands for the abstract names of a program.
const anyName = "*"

// ofFirst reports whether the first process holds a socket.
func ofFirst(s sysview.Socket) bool { return s.Process.PID == 1 }

// socketUnits gives systemd's units by the abstract names and the ports on which
// the first process waits for them; nil where that is another than systemd, and a
// program like any other.
func (c Families) socketUnits(ctx context.Context, tables []sysview.Table) (map[string]string, error) {
	if !slices.ContainsFunc(tables, func(t sysview.Table) bool { return slices.ContainsFunc(t.Sockets, ofFirst) }) {
		return nil, nil
	}
	if _, err := c.Host.Lstat(ctx, "/run/systemd/system"); err != nil { // see sd_booted(3)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return nil, err
	}
	out, err := c.Host.Query(ctx, "systemctl", "list-sockets", "--all", "--full", "--no-legend", "--no-pager")
	if err != nil {
		return nil, fmt.Errorf("for which units the first process holds sockets: %w", err)
	}
	return parseSocketUnits(out), nil
}

// parseSocketUnits reads systemctl list-sockets: what is waited on, which may hold
// blanks, the socket's unit and the unit that it starts.
func parseSocketUnits(out []byte) map[string]string {
	units := map[string]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		i := slices.IndexFunc(words, func(w string) bool { return strings.HasSuffix(w, ".socket") })
		if i < 1 {
			continue
		}
		at, unit := strings.Join(words[:i], " "), words[i]
		units[at] = unit
		if at[0] != '@' && at[0] != '/' {
			units[at[strings.LastIndexByte(at, ':')+1:]] = unit // the port of an address
		}
	}
	return units
}

// isGone reports whether a program runs from memory, or its file was removed and nothing
// is in its place.
func (c Families) isGone(ctx context.Context, p sysview.Process) bool {
	if p.InMemory() || !p.Deleted {
		return p.InMemory()
	}
	_, err := c.Host.Lstat(ctx, p.Exe)
	return errors.Is(err, fs.ErrNotExist)
}

// Inspect tells of programs without their file.
func (c Families) Inspect(ctx context.Context, rec *report.Recorder) error {
	names := userNames(ctx, c.Host)
	told := map[string]bool{}
	for _, t := range sysview.OtherSockets(ctx, c.Host) {
		for _, s := range t.Sockets {
			gone := c.isGone(ctx, s.Process)
			s.Network = t.Network
			l := listenerOf(s, names)
			if id := t.Network + "\x00" + l.identity(); gone && !told[id] {
				told[id] = true
				rec.Finding(report.Finding{
					Rule: "integrity.families.no-file", Scope: "families/" + t.Network, Subject: report.Process.Of(inventory.Word(l.Program)),
					Identity: []report.Attr{report.System.Of(t.Network)},
					Title:    fmt.Sprintf("%s %s, from %s, which is no file any more", programOf(l), doing(t.Network, s.Name), prose.Clip(l.Exe, 200)),
					Detail:   "It is process " + strconv.Itoa(l.PID) + ".",
				})
			}
		}
	}
	return nil
}

func doing(network, name string) string {
	switch {
	case network == sysview.Unix && name == anyName:
		return does[network]
	case network == sysview.Unix:
		return "listens under the abstract name " + prose.Clip(name, 100) + ", which no file shows"
	case network == sysview.Packet && name == allPackets:
		return "sees all packets on the network, as a sniffer does"
	}
	return fmt.Sprintf(does[network], prose.Clip(name, 40))
}

// Tell makes one finding of each program and family.
func (Families) Tell(changes []integrity.Change) (out []inventory.Finding) {
	for _, c := range changes {
		e, rule, verb := c.Now, "new", " now "
		if c.Kind == integrity.Removed {
			e, rule, verb = c.Was, "gone", " no longer "
		}
		key, r := inventory.KeyOf(e.Path), inventory.RecordOf(e)
		t := inventory.Finding{Changes: []integrity.Change{c}}
		t.Rule, t.Scope = "integrity.families."+rule, "families/"+key[0]
		t.Elsewhere = c.Kind != integrity.Removed && r.Get(fieldOwned) == "no"
		t.Subject = report.Process.Of(inventory.Word(key[1]))
		t.Identity = []report.Attr{report.System.Of(key[0]), report.User.Of(inventory.Word(key[2]))}
		t.Title = programOf(Listener{Program: r.Get("program"), Exe: r.Get("exe")}) + " of user " + prose.Clip(key[2], 64) + verb + doing(key[0], key[3])
		if unit := r.Get("unit"); unit != "" {
			t.Title += ", for " + prose.Clip(unit, 100)
			if a := report.Unit.Of(unit); a.Validate() == nil {
				t.Evidence = append(t.Evidence, a)
			}
		}
		if key[0] == sysview.Unix && key[3] != anyName { // each name of the first process is one
			t.Identity = append(t.Identity, report.Field.Of(inventory.Word(key[3])))
		}
		t.Evidence = append(t.Evidence, inventory.Differences(c)...)
		same := func(o inventory.Finding) bool {
			return o.Rule == t.Rule && o.Scope == t.Scope && o.Subject == t.Subject && slices.Equal(o.Identity, t.Identity)
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Changes = append(out[i].Changes, c)
			continue
		}
		out = append(out, t)
	}
	return out
}
