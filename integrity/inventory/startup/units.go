package startup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
)

// secUnits are the units of systemd by which something is started, where the check of
// files does not look: in the homes of users, and those that last until the next start.
const secUnits = "units"

// transient is the folder of units that programs make while the system runs, such as
// systemd-run(1).
const transient = "/run/systemd/transient"

// passing are the folders of units that last until the next start. Of the second all but
// timers is with the files of the system.
var passing = []string{transient, "/run/systemd/system"}

// inHomes are the folders of units in a home, see systemd.unit(5).
var inHomes = []string{".config/systemd/user", ".config/systemd/user.control", ".local/share/systemd/user"}

// mostHomes bounds the homes that are looked into.
const mostHomes = 4096

// units gives the folders of timers that last until the next start, and of units of
// users.
func (c Jobs) units(ctx context.Context, l *inventory.List) (places []place) {
	seen := map[string]bool{}
	add := func(dir, owner string) {
		if seen[dir] {
			return
		}
		seen[dir] = true
		take := func(s host.Stat) {
			if isUnit(dir, s.Name) {
				c.unit(ctx, l, dir, s.Name, owner)
			}
		}
		fail := func(err error) { l.FailBelow(err, secUnits, dir) }
		places = append(places, place{dir, take, fail, func(folder string) place {
			below := path.Join(dir, folder)
			return place{below, func(s host.Stat) { c.change(ctx, l, below, s.Name, owner) }, fail, nil}
		}})
	}
	for _, dir := range passing {
		add(dir, "root")
	}
	users, err := etc.ReadPasswd(ctx, c.Host, etc.PasswdFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.Fail(secUnits, err)
	}
	for _, u := range users.Entries {
		if host.ValidName(u.Home) && u.Home != "/" {
			for _, dir := range inHomes {
				add(path.Join(u.Home, dir), u.Name)
			}
		}
	}
	if most := mostHomes * len(inHomes); len(places) > most {
		l.Partly = append(l.Partly, fmt.Errorf("there are more than %d homes: units of later users were not looked at", mostHomes))
		places = places[:most]
	}
	return places
}

// isUnit reports whether a name is of a unit that counts in a folder.
func isUnit(dir, name string) bool {
	e := ending(name)
	return e == ".timer" || e != "" && dir != "/run/systemd/system"
}

// runs reports whether the manager runs a service, which has a group of processes then,
// or a timer beside it tells of it. What runs ends, and is looked at as what it is; what
// waits in the folder to be started is a way to come back. So is what has the name of an
// installed service, before which it goes at the next start: the manager makes none.
func (c Jobs) runs(ctx context.Context, service string) (bool, error) {
	const v2, v1 = "/sys/fs/cgroup/system.slice/", "/sys/fs/cgroup/systemd/system.slice/"
	asks := []host.Ask{
		{Op: host.OpLstat, Name: path.Join(transient, service+".timer")},
		{Op: host.OpRead, Name: v2 + service + ".service/cgroup.events"},
		{Op: host.OpRead, Name: v1 + service + ".service/cgroup.procs"},
	}
	for _, file := range sysview.UnitFiles(service + ".service") {
		if path.Dir(file) != transient {
			asks = append(asks, host.Ask{Op: host.OpLstat, Name: file})
		}
	}
	answers, err := c.Host.BatchAll(ctx, asks)
	if err != nil || slices.ContainsFunc(answers[3:], func(a host.Answer) bool { return !errors.Is(a.Err, fs.ErrNotExist) }) {
		return false, err
	}
	timer, events, procs := answers[0], answers[1], answers[2]
	return timer.Err == nil && timer.Stat.IsRegular() || bytes.Contains(events.Data, []byte("populated 1")) || len(procs.Data) > 0, nil
}

func (c Jobs) unit(ctx context.Context, l *inventory.List, dir, name, owner string) {
	data, err := c.Host.ReadFile(ctx, path.Join(dir, name), maxTable)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, host.ErrNotRegular):
		return
	case err != nil:
		c.unread(ctx, l, dir, name, owner, err)
		return
	}
	if service, ok := strings.CutSuffix(name, ".service"); ok && dir == transient {
		told, err := c.runs(ctx, service)
		if err != nil {
			l.FailBelow(err, secUnits, dir, name)
		}
		if told || err != nil {
			return
		}
	}
	if slices.Contains(passing, dir) {
		if container, ok := c.healthCheck(ctx, dir, name, data); ok {
			addHealthCheck(l, dir, container)
			return
		}
	}
	if timer, ok := strings.CutSuffix(name, ".timer"); ok && dir == transient { // what it starts is one with it
		service, err := c.Host.ReadFile(ctx, path.Join(dir, timer+".service"), maxTable)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, host.ErrNotRegular) {
			l.FailBelow(err, secUnits, dir, name)
		}
		data = append(data, service...)
	}
	c.add(l, data, dir, name, owner, name)
}

// change records what stands beside a unit and changes it. Of those that last until the
// next start only what starts something counts: the others set bounds, as libvirt does.
func (c Jobs) change(ctx context.Context, l *inventory.List, dir, name, owner string) {
	if path.Ext(name) != ".conf" {
		return
	}
	data, err := c.Host.ReadFile(ctx, path.Join(dir, name), maxTable)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, host.ErrNotRegular):
	case err != nil:
		c.unread(ctx, l, dir, name, owner, err)
	default:
		if _, command := ParseUnit(string(data)); command != "" || !slices.Contains(passing, path.Dir(dir)) {
			c.add(l, data, dir, name, owner, path.Base(dir)+"/"+name)
		}
	}
}

// unread says that a unit could not be read.
func (c Jobs) unread(ctx context.Context, l *inventory.List, dir, name, owner string, err error) {
	l.Unread(ctx, c.Host, inventory.UserFile{Check: c.Name(), Section: secUnits, User: owner, File: path.Join(dir, name)}, err, dir, name)
}

// add records a unit, or a change to one, of which label is the name.
func (Jobs) add(l *inventory.List, data []byte, dir, name, owner, label string) {
	when, command := ParseUnit(string(data))
	if when == "" {
		when = "by " + label
	}
	sum := sha256.Sum256(data)
	l.Add(inventory.Fields("user", owner, "when", when, "command", command), secUnits, dir, name, hex.EncodeToString(sum[:12]))
}

// ParseUnit gives when a unit of systemd starts something, and what, as far as it says
// so: see systemd.timer(5), systemd.path(5) and systemd.service(5).
func ParseUnit(text string) (when, command string) {
	var at, what []string
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok || value == "":
		case strings.HasPrefix(name, "On"), strings.HasPrefix(name, "Path"), strings.HasPrefix(name, "Listen"):
			at = append(at, name+"="+value)
		case strings.HasPrefix(name, "Exec"), name == "Unit":
			what = append(what, value)
		}
	}
	return strings.Join(at, " "), strings.Join(what, "; ")
}
