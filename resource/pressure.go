package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// Pressure is the share of the last five minutes, from 0 to 1, in which all
// programs that wanted to run waited for one thing.
//
// The limits leave out what a busy system shows: a backup waits for its disk.
const (
	memoryPressureHigh = 0.20
	diskPressureHigh   = 0.60
)

// errNoPressure says that this kernel does not measure it.
var errNoPressure = errors.New("the kernel does not measure pressure")

// readPressure reads what Linux tells of "memory", "io" or "cpu" from 4.20 on.
func readPressure(ctx context.Context, h host.Host, thing string) (float64, error) {
	data, err := h.ReadFile(ctx, "/proc/pressure/"+thing, 4096)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) {
		return 0, errNoPressure
	}
	if err != nil {
		return 0, err
	}
	return parsePressure(string(data))
}

// parsePressure reads the line "full avg10=0.00 avg60=0.00 avg300=0.00 total=0".
func parsePressure(text string) (float64, error) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "full" {
			continue
		}
		for _, word := range f[1:] {
			value, ok := strings.CutPrefix(word, "avg300=")
			if !ok {
				continue
			}
			percent, err := strconv.ParseFloat(value, 64)
			if err != nil || math.IsNaN(percent) || percent < 0 || percent > 100 {
				return 0, fmt.Errorf("pressure: %.40q is no share", value)
			}
			return percent / 100, nil
		}
	}
	return 0, errors.New("pressure: says nothing of the last five minutes")
}

// checkPressure reports a pressure above high, under a scope of its own.
func checkPressure(ctx context.Context, rec *report.Recorder, h host.Host, thing string, high float64, finding func(share float64) report.Finding) {
	scope := "pressure/" + thing
	share, err := readPressure(ctx, h, thing)
	if errors.Is(err, errNoPressure) {
		return
	}
	if err != nil {
		rec.Problem(err, scope)
		return
	}
	rec.Covered(scope)
	rec.Metric(report.Metric{Name: thing + "_pressure_ratio", Unit: "ratio", Value: report.Measure(share)})
	if share >= high {
		f := finding(share)
		f.Scope = scope
		rec.Finding(f)
	}
}
