package resource

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/host/live"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// Clock checks that something keeps the system's clock at the right time. Its
// scope is clock.
type Clock struct {
	Host  host.Host
	Local bool // Host is this machine: its kernel may be asked where no tool answers
}

// Name returns "resource.clock".
func (Clock) Name() string { return "resource.clock" }

// A ClockState is what a time service says of the clock.
type ClockState struct {
	Synchronised bool
	Offset       float64   // seconds from the right time, either way; NaN when not told
	Stratum      int       // servers between it and the right time; zero when not told
	Heard        time.Time // when a server was last heard; zero when not told
	By           string    // the program that said so
}

// The limits of a clock that a service calls right. A service says so as long as
// it lives, whatever it has heard or measured.
const (
	offsetHigh     = 0.5 // seconds
	offsetCritical = 60.0
	heardLongAgo   = 24 * time.Hour // they ask every 17 minutes or oftener
	setBack        = time.Minute    // a service that sets the clock back itself counts anew
	stratumNone    = 16             // of one that is not synchronised
)

// clockTools are asked in this order: the time services first, since they know more
// than the kernel's flag, which timedatectl shows.
var clockTools = []struct {
	args  []string
	parse func(out []byte) (ClockState, error)
}{
	{[]string{"chronyc", "-c", "-n", "tracking"}, parseChrony},
	{[]string{"ntpctl", "-s", "status"}, parseNtpctl},
	{[]string{"ntpq", "-n", "-c", "rv 0 leap,stratum,offset,reftime"}, parseNtpq},
	{[]string{"timedatectl", "show"}, parseTimedatectl},
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
	switch age := rec.Now().Sub(state.Heard); {
	case !state.Synchronised, state.Stratum >= stratumNone:
		rec.Finding(clockFinding(state, sysview.InContainer(ctx, c.Host)))
	case !state.Heard.IsZero() && age <= -setBack:
		rec.Finding(setBackFinding(state, -age, howto.Of(ctx, c.Host)))
	case state.Offset >= offsetHigh:
		rec.Finding(offsetFinding(state, howto.Of(ctx, c.Host)))
	case !state.Heard.IsZero() && age >= heardLongAgo:
		rec.Finding(silentFinding(state, age, howto.Of(ctx, c.Host)))
	}
	return nil
}

// askKernel gives what the kernel says, or the tools' error where it says nothing.
func askKernel(toolErr error) (ClockState, error) {
	synchronised, err := live.ClockSynchronised()
	if err != nil {
		return ClockState{}, errors.Join(toolErr, err)
	}
	return ClockState{Synchronised: synchronised, Offset: math.NaN(), By: "the kernel"}, nil
}

// parseChrony reads chronyc -c tracking: one line of comma-separated fields. They
// are counted from the last, which is the leap status, since some versions have
// the address and the name of the reference in one.
func parseChrony(out []byte) (ClockState, error) {
	f := strings.Split(firstLine(out), ",")
	if len(f) != 13 && len(f) != 14 {
		return ClockState{}, fmt.Errorf("chronyc: %d fields in place of 14", len(f))
	}
	if f[0] == localReference {
		return ClockState{Offset: math.NaN()}, nil
	}
	last := len(f) - 1
	offset, err := strconv.ParseFloat(f[last-9], 64)
	if err != nil {
		return ClockState{}, fmt.Errorf("chronyc: offset: %w", err)
	}
	stratum, err := strconv.Atoi(f[last-11])
	if err != nil {
		return ClockState{}, fmt.Errorf("chronyc: stratum: %w", err)
	}
	heard, err := strconv.ParseFloat(f[last-10], 64)
	if err != nil || math.IsNaN(heard) || heard < 0 || heard > 1<<40 {
		return ClockState{}, fmt.Errorf("chronyc: %.40q is no time", f[last-10])
	}
	switch f[last] {
	case "Normal", "Insert second", "Delete second":
		state := ClockState{Synchronised: true, Offset: math.Abs(offset), Stratum: stratum}
		if heard > 0 {
			state.Heard = time.Unix(int64(heard), 0).UTC()
		}
		return state, nil
	case "Not synchronised":
		return ClockState{Offset: math.NaN()}, nil
	}
	return ClockState{}, fmt.Errorf("chronyc: leap status %.40q is not known", f[last])
}

// localReference is the reference by which chrony names the machine's own clock,
// which it serves to others as if it were right (127.127.1.1).
const localReference = "7F7F0101"

// parseNtpctl reads ntpctl -s status of OpenBSD:
//
//	4/4 peers valid, clock synced, stratum 3
//	3/4 peers valid, clock unsynced, clock offset is 12.3ms
func parseNtpctl(out []byte) (ClockState, error) {
	for line := range strings.Lines(string(out)) {
		switch {
		case strings.Contains(line, "clock synced"):
			_, stratum, _ := strings.Cut(strings.TrimSpace(line), "stratum ")
			n, _ := strconv.Atoi(stratum)
			return ClockState{Synchronised: true, Offset: math.NaN(), Stratum: max(n, 0)}, nil
		case strings.Contains(line, "clock unsynced"):
			return ClockState{Offset: math.NaN()}, nil
		}
	}
	return ClockState{}, errors.New("ntpctl: says nothing of the clock")
}

// parseNtpq reads the variables of ntpq -c rv: leap is two bits, 11 (alarm) when
// the clock was never set, and offset is in milliseconds.
func parseNtpq(out []byte) (ClockState, error) {
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
	if n, err := strconv.Atoi(values["stratum"]); err == nil {
		state.Stratum = max(n, 0)
	}
	state.Heard = ntpTime(values["reftime"])
	return state, nil
}

// ntpEpoch is 1970 in the seconds of NTP, which begin in 1900.
const ntpEpoch = 2208988800

// ntpTime reads the seconds of a time that ntpq writes as e9b1a2c3.12345678 with
// the date behind it; zero for what is none.
func ntpTime(text string) time.Time {
	text, _, _ = strings.Cut(text, ".")
	seconds, err := strconv.ParseUint(text, 16, 32)
	if err != nil || seconds < ntpEpoch {
		return time.Time{}
	}
	return time.Unix(int64(seconds)-ntpEpoch, 0).UTC()
}

// parseTimedatectl reads timedatectl show.
func parseTimedatectl(out []byte) (ClockState, error) {
	for line := range strings.Lines(string(out)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "NTPSynchronized="); ok && (value == "yes" || value == "no") {
			return ClockState{Synchronised: value == "yes", Offset: math.NaN()}, nil
		}
	}
	return ClockState{}, errors.New("timedatectl: says nothing of the clock")
}

// firstLine gives the first line of what a tool said.
func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}
