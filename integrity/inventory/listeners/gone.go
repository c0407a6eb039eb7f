package listeners

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// gone completes the finding that a service is gone by what else can have done it:
// its package, and when it stopped.
func (r *listenerRun) gone(f report.Finding, was Listener) report.Finding {
	f.Evidence = append(f.Evidence, r.packageOf(was)...)
	if owner := r.removed[was.Exe]; owner != "" && r.isGone(was.Exe) {
		f.Evidence = append(f.Evidence, report.Package.Of(owner))
		f.Detail += " Its program is not there any more, and the package " + prose.Clip(owner, 100) + ", which it was of, has it no more."
		f.Fix = "If the package was removed on purpose, accept it. Otherwise find out who removed it."
		return f
	}
	if was.Unit == "" {
		return f
	}
	at, err := r.stopped(was.Unit)
	switch {
	case err != nil:
		f.Detail += " When it stopped could not be asked: " + prose.Clip(err.Error(), 200) + "."
	case !at.IsZero():
		f.First, f.Last = at, at
		f.Evidence = append(f.Evidence, report.AtTime(at))
	}
	return f
}

// ownersOf are the packages of the programs that listened at the last run, and of those
// that are told to be gone, by their files.
func ownersOf(network string) report.State[map[string]string] {
	return report.State[map[string]string]{Name: network + "-packages", Version: 1}
}

// remember keeps whose programs listen: when a package is gone nobody tells any more.
func (r *listenerRun) remember(table Table, gone []Listener) error {
	if r.rec == nil || r.check.Attestor == nil {
		return nil
	}
	state := ownersOf(table.Network)
	were, _, err := state.Load(r.rec)
	if err != nil {
		r.rec.Problem(err, "listeners/"+table.Network)
	}
	now := map[string]string{}
	for _, l := range slices.Concat(table.Listeners, gone) {
		claim, told := r.claims[l.Exe]
		if !told { // that nobody could be asked is no reason to forget
			claim.Package = were[l.Exe]
		}
		if owner := claim.Package; owner != "" && !l.Deleted && report.Package.Of(owner).Validate() == nil {
			now[l.Exe] = owner
		}
	}
	r.removed = map[string]string{}
	for _, l := range gone {
		if claim, told := r.claims[l.Exe]; told && claim.Package == "" && were[l.Exe] != "" {
			now[l.Exe], r.removed[l.Exe] = were[l.Exe], were[l.Exe]
		}
	}
	return state.Keep(r.rec, now)
}

// stopped gives the time at which a unit of systemd ended or failed; zero where it
// runs, or where there is no systemd.
func (r *listenerRun) stopped(unit string) (time.Time, error) {
	out, err := r.check.Host.Query(r.ctx, "systemctl", "show", "--property=ActiveState,InactiveEnterTimestampMonotonic", "--", unit)
	if errors.Is(err, exec.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	values := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	if state := values["ActiveState"]; state != "inactive" && state != "failed" {
		return time.Time{}, nil
	}
	since, err := strconv.ParseInt(values["InactiveEnterTimestampMonotonic"], 10, 64)
	if err != nil || since <= 0 { // it never ran in this boot
		return time.Time{}, nil
	}
	up, err := r.uptime()
	if err != nil {
		return time.Time{}, err
	}
	return r.check.Host.Time().Add(time.Duration(since)*time.Microsecond - up).UTC().Truncate(time.Second), nil
}

// uptime is how long the kernel runs.
func (r *listenerRun) uptime() (time.Duration, error) {
	data, err := r.check.Host.ReadFile(r.ctx, "/proc/uptime", 256)
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(data), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil || !(seconds >= 0 && seconds < 1e9) {
		return 0, fmt.Errorf("/proc/uptime: %.40q", data)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// packageOf names the package of a program, where one vouches for it.
func (r *listenerRun) packageOf(l Listener) []report.Attr {
	if a := report.Package.Of(r.claims[l.Exe].Package); !l.Deleted && a.Validate() == nil {
		return []report.Attr{a}
	}
	return nil
}
