package listeners

import (
	"errors"
	"fmt"
	"os/exec"
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
