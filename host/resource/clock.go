package resource

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/live"
	"github.com/pugetsoundtech/upkeep/report"
)

// Clock checks that something keeps the system's clock at the right time. Its
// scope is clock.
type Clock struct {
	Host  host.Host
	Local bool // Host is this machine: its kernel may be asked where no tool answers
}

// Name returns "host.clock".
func (Clock) Name() string { return "host.clock" }

// Rules returns the catalogue.
func (Clock) Rules() []report.Rule {
	return []report.Rule{{
		ID: "clock.unsynchronised", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "The clock is not kept at the right time by a time service",
		Explain: "With a wrong clock certificates seem invalid, mail is refused, and logs of several machines cannot be put together.",
		Remedy:  "Run a time service, and let it reach its servers (UDP port 123).",
	}}
}

// A ClockState is what a time service says of the clock.
type ClockState struct {
	Synchronised bool
	Offset       float64 // seconds from the right time, either way; NaN when not told
	By           string  // the program that said so
}

// clockTools are asked in this order: the time services first, since they know more
// than the kernel's flag, which timedatectl shows.
var clockTools = []struct {
	args  []string
	parse func(out []byte) (ClockState, error)
}{
	{[]string{"chronyc", "-c", "-n", "tracking"}, ParseChrony},
	{[]string{"ntpctl", "-s", "status"}, ParseNtpctl},
	{[]string{"ntpq", "-n", "-c", "rv 0 leap,stratum,offset"}, ParseNtpq},
	{[]string{"timedatectl", "show"}, ParseTimedatectl},
}

// ReadClock asks the time services that the system has, until one knows. The
// error joins what each said; it is errors.ErrUnsupported when there is none.
func ReadClock(ctx context.Context, h host.Host) (ClockState, error) {
	if h.Exec == nil {
		return ClockState{}, fmt.Errorf("the time services of a system on which no commands can be run: %w", errors.ErrUnsupported)
	}
	var errs []error
	for _, tool := range clockTools {
		out, err := h.Query(ctx, tool.args...)
		if errors.Is(err, exec.ErrNotFound) {
			continue
		}
		var state ClockState
		if err == nil {
			state, err = tool.parse(out)
		}
		if err == nil {
			state.By = tool.args[0]
			return state, nil
		}
		errs = append(errs, err)
	}
	if errs == nil {
		return ClockState{}, fmt.Errorf("no time service that could tell: %w", errors.ErrUnsupported)
	}
	return ClockState{}, errors.Join(errs...)
}

// Check asks once.
func (c Clock) Check(ctx context.Context, rec *report.Recorder) error {
	state, err := ReadClock(ctx, c.Host)
	if err != nil && c.Local {
		state, err = askKernel(err)
	}
	if err != nil {
		return err
	}
	rec.Covered("clock")
	if !math.IsNaN(state.Offset) {
		rec.Metric(report.Metric{Name: "clock_offset_seconds", Unit: "seconds", Value: report.Measure(state.Offset)})
	}
	if !state.Synchronised {
		rec.Finding(c.unsynchronised(ctx, state))
	}
	return nil
}

func (c Clock) unsynchronised(ctx context.Context, state ClockState) report.Finding {
	f := report.Finding{
		Rule: "clock.unsynchronised", Subject: report.Attr{Key: report.System, Value: "clock"}, Scope: "clock",
		Detail: "So says " + state.By + ". How far the clock is off is not known. " +
			"That a job sets it now and then, or the host of a virtual machine does, would not show here.",
		Fix: "Install and start a time service, such as chrony; if one runs, see that it reaches its servers on UDP port 123.",
	}
	if inContainer(ctx, c.Host) {
		f.Severity = report.Notice
		f.Detail += " This is a container: its clock is that of the machine that runs it."
		f.Fix = "Look at the time service of the machine that runs this container; in here the clock cannot be set."
	}
	return f
}

// inContainer reports whether the system has the mark of Docker, Podman or
// systemd on a container. One without a mark is taken for a machine.
func inContainer(ctx context.Context, h host.Host) bool {
	for _, mark := range []string{"/.dockerenv", "/run/.containerenv", "/run/systemd/container"} {
		if _, err := h.Lstat(ctx, mark); err == nil {
			return true
		}
	}
	return false
}

// askKernel gives what the kernel says, or the tools' error where it says nothing.
func askKernel(toolErr error) (ClockState, error) {
	synchronised, err := live.ClockSynchronised()
	if err != nil {
		return ClockState{}, errors.Join(toolErr, err)
	}
	return ClockState{Synchronised: synchronised, Offset: math.NaN(), By: "the kernel"}, nil
}

// ParseChrony reads chronyc -c tracking: one line of comma-separated fields, of
// which the fifth is the offset of the clock and the last the leap status.
func ParseChrony(out []byte) (ClockState, error) {
	f := strings.Split(firstLine(out), ",")
	if len(f) != 14 {
		return ClockState{}, fmt.Errorf("chronyc: %d fields in place of 14", len(f))
	}
	if f[0] == localReference {
		return ClockState{Offset: math.NaN()}, nil
	}
	offset, err := strconv.ParseFloat(f[4], 64)
	if err != nil {
		return ClockState{}, fmt.Errorf("chronyc: offset: %w", err)
	}
	switch f[13] {
	case "Normal", "Insert second", "Delete second":
		return ClockState{Synchronised: true, Offset: math.Abs(offset)}, nil
	case "Not synchronised":
		return ClockState{Offset: math.NaN()}, nil
	}
	return ClockState{}, fmt.Errorf("chronyc: leap status %.40q is not known", f[13])
}

// localReference is the reference by which chrony names the machine's own clock,
// which it serves to others as if it were right (127.127.1.1).
const localReference = "7F7F0101"

// ParseNtpctl reads ntpctl -s status of OpenBSD:
//
//	4/4 peers valid, clock synced, stratum 3
//	3/4 peers valid, clock unsynced, clock offset is 12.3ms
func ParseNtpctl(out []byte) (ClockState, error) {
	for line := range strings.Lines(string(out)) {
		switch {
		case strings.Contains(line, "clock synced"):
			return ClockState{Synchronised: true, Offset: math.NaN()}, nil
		case strings.Contains(line, "clock unsynced"):
			return ClockState{Offset: math.NaN()}, nil
		}
	}
	return ClockState{}, errors.New("ntpctl: says nothing of the clock")
}

// ParseNtpq reads the variables of ntpq -c rv: leap is two bits, 11 (alarm) when
// the clock was never set, and offset is in milliseconds.
func ParseNtpq(out []byte) (ClockState, error) {
	values := map[string]string{}
	for _, pair := range strings.FieldsFunc(string(out), func(r rune) bool { return r == ',' || r == '\n' }) {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		values[name] = value
	}
	state := ClockState{Offset: math.NaN()}
	switch values["leap"] {
	case "00", "01", "10":
		state.Synchronised = true
	case "11":
		return state, nil
	default:
		return ClockState{}, fmt.Errorf("ntpq: leap %.40q is not known", values["leap"])
	}
	if ms, err := strconv.ParseFloat(values["offset"], 64); err == nil {
		state.Offset = math.Abs(ms) / 1000
	}
	return state, nil
}

// ParseTimedatectl reads timedatectl show.
func ParseTimedatectl(out []byte) (ClockState, error) {
	for line := range strings.Lines(string(out)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "NTPSynchronized="); ok && (value == "yes" || value == "no") {
			return ClockState{Synchronised: value == "yes", Offset: math.NaN()}, nil
		}
	}
	return ClockState{}, errors.New("timedatectl: says nothing of the clock")
}
