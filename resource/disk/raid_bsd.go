package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

// readBSD asks a BSD for the arrays of its own kernel; fs.ErrNotExist where it has
// none, and on Linux, whose arrays are others.
func readBSD(ctx context.Context, h host.Host) ([]Array, error) {
	kernel, err := facts.Uname(ctx, h)
	if err != nil {
		return nil, err
	}
	var arrays []Array
	switch kernel.System {
	case "Linux":
	case "OpenBSD":
		arrays, err = readSensors(ctx, h)
	case "FreeBSD":
		arrays, err = readGEOM(ctx, h)
	case "NetBSD":
		arrays, err = readRAIDframe(ctx, h)
	default:
		err = fmt.Errorf("the arrays of disks of %s: %w", kernel.System, errors.ErrUnsupported)
	}
	if err == nil && len(arrays) == 0 {
		return nil, fs.ErrNotExist
	}
	return arrays, err
}

// driveSensor is a line of sysctl hw.sensors about a volume of softraid(4) or of a
// controller: "hw.sensors.softraid0.drive0=degraded (sd4), WARNING".
var driveSensor = regexp.MustCompile(`^hw\.sensors\.(\w+?)(\d+)\.(drive\d+)=([^,]*?)(?: \([^)]*\))?(?:, ([A-Z]+))?$`)

func readSensors(ctx context.Context, h host.Host) ([]Array, error) {
	out, err := h.Query(ctx, "sysctl", "hw.sensors")
	if err != nil {
		return nil, err
	}
	var arrays []Array
	var errs []error
	for line := range strings.Lines(string(out)) {
		m := driveSensor.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil {
			continue
		}
		a := Array{Name: m[1] + m[2] + "." + m[3], Kind: m[1], State: m[4], Repairs: strings.HasPrefix(m[4], "rebuild")}
		switch m[5] {
		case "OK":
		case "WARNING":
			a.Degraded = true
		case "CRITICAL":
			a.Degraded, a.Stopped = true, true
		default:
			errs = append(errs, fmt.Errorf("%s: %.80q does not say whether it is whole", a.Name, line))
			continue
		}
		arrays = append(arrays, a)
	}
	return arrays, errors.Join(errs...)
}

// geomClasses are the kinds of arrays of FreeBSD, each with a folder in /dev as long
// as there is one.
var geomClasses = []struct{ folder, command string }{
	{"/dev/mirror", "gmirror"}, {"/dev/raid", "graid"}, {"/dev/raid3", "graid3"},
}

func readGEOM(ctx context.Context, h host.Host) ([]Array, error) {
	var arrays []Array
	var errs []error
	for _, class := range geomClasses {
		if _, err := h.Lstat(ctx, class.folder); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		out, err := h.Query(ctx, class.command, "status", "-s")
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found, err := parseGEOM(out, class.command)
		arrays, errs = append(arrays, found...), append(errs, err)
	}
	return arrays, errors.Join(errs...)
}

// parseGEOM reads gmirror status -s and its kin: a line for each disk of an array,
// "mirror/gm0  DEGRADED  ada1 (ACTIVE)".
func parseGEOM(out []byte, command string) (arrays []Array, err error) {
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) < 2 {
			return arrays, fmt.Errorf("%s: %.80q is no array", command, line)
		}
		i := slices.IndexFunc(arrays, func(a Array) bool { return a.Name == f[0] })
		if i < 0 {
			a := Array{Name: f[0], Kind: command, State: f[1]}
			switch f[1] {
			case "COMPLETE", "OPTIMAL":
			case "DEGRADED", "SUBOPTIMAL", "STARTING":
				a.Degraded = true
			case "BROKEN", "FAILED", "STOPPED":
				a.Degraded, a.Stopped = true, true
			default:
				return arrays, fmt.Errorf("%s: %s: state %.40q is not known", command, f[0], f[1])
			}
			arrays, i = append(arrays, a), len(arrays)
		}
		disk := strings.Join(f[2:], " ")
		arrays[i].Repairs = arrays[i].Repairs || strings.Contains(disk, "SYNCHRONIZING") || strings.Contains(disk, "REBUILD")
		if strings.Contains(disk, "(FAILED") {
			arrays[i].Failed = append(arrays[i].Failed, f[2])
		}
	}
	return arrays, nil
}

func readRAIDframe(ctx context.Context, h host.Host) ([]Array, error) {
	out, err := h.Query(ctx, "sysctl", "-n", "hw.disknames")
	if err != nil {
		return nil, err
	}
	var arrays []Array
	var errs []error
	for _, name := range strings.Fields(string(out)) {
		if number, ok := strings.CutPrefix(name, "raid"); !ok || number == "" || strings.Trim(number, "0123456789") != "" {
			continue
		}
		out, err := h.Query(ctx, "raidctl", "-s", name)
		if err == nil {
			var a Array
			if a, err = parseRAIDframe(name, string(out)); err == nil {
				arrays = append(arrays, a)
			}
		}
		errs = append(errs, err)
	}
	return arrays, errors.Join(errs...)
}

// raidProgress is what raidctl says of work on an array.
var raidProgress = regexp.MustCompile(`^(?:Reconstruction|Parity Re-write|Copyback) is (\d+)% complete`)

// parseRAIDframe reads raidctl -s: the components with their states, spares, the
// state of the parity, and how far its work is.
func parseRAIDframe(name, out string) (Array, error) {
	a := Array{Name: name, Kind: "raidframe"}
	section, told := "", false
	for line := range strings.Lines(out) {
		text := strings.TrimSpace(line)
		part, state, two := strings.Cut(text, ": ")
		switch {
		case text == "Components:", text == "Spares:", text == "No spares.":
			section = text
		case section == "Components:" && two && line[0] != text[0]:
			told = true
			if state != "optimal" && state != "spared" {
				a.Missing++
				a.Degraded, a.Repairs = true, a.Repairs || state == "reconstructing"
				a.Failed = append(a.Failed, part)
			}
		case part == "Parity status" && state != "clean":
			a.Degraded, a.State = true, "parity is "+state
		default:
			if m := raidProgress.FindStringSubmatch(text); m != nil && m[1] != "100" {
				a.State, a.Repairs = text, true
			}
		}
	}
	if !told {
		return a, fmt.Errorf("raidctl %s: it names no components", name)
	}
	return a, nil
}
