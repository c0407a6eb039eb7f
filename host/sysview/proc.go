package sysview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// Memory says how much memory there is, in bytes.
type Memory struct {
	Total     uint64
	Available uint64 // what programs can still get without swapping
	SwapTotal uint64
	SwapFree  uint64
}

// Load is the number of processes that run or wait to, as averages.
type Load struct {
	One, Five, Fifteen float64 // over so many minutes
	CPUs               int     // that are on line
}

// pidsOf gives the numbers of the running processes in ascending order.
func pidsOf(ctx context.Context, h host.Host) ([]int, error) {
	entries, err := h.ReadDir(ctx, "/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name); err == nil && pid > 0 {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}

// ParseMeminfo reads /proc/meminfo. Before Linux 3.14 MemAvailable is not told,
// and is counted as what is free or holds a copy of a file.
func ParseMeminfo(data []byte) (Memory, error) {
	values := map[string]uint64{}
	for _, line := range lines(data) {
		name, rest, _ := strings.Cut(line, ":")
		f := strings.Fields(rest)
		if len(f) != 2 || f[1] != "kB" {
			continue
		}
		if v, err := strconv.ParseUint(f[0], 10, 53); err == nil {
			values[name] = v * 1024
		}
	}
	for _, name := range []string{"MemTotal", "MemFree", "SwapTotal", "SwapFree"} {
		if _, ok := values[name]; !ok {
			return Memory{}, fmt.Errorf("meminfo: no %s", name)
		}
	}
	available, ok := values["MemAvailable"]
	if !ok {
		available = values["MemFree"] + values["Buffers"] + values["Cached"]
	}
	return Memory{values["MemTotal"], available, values["SwapTotal"], values["SwapFree"]}, nil
}

// ReadLoad reads Linux's /proc/loadavg and /proc/stat, and asks sysctl elsewhere.
func ReadLoad(ctx context.Context, h host.Host) (Load, error) {
	data, err := h.ReadFile(ctx, "/proc/loadavg", 0)
	if errors.Is(err, fs.ErrNotExist) {
		return sysctlLoad(ctx, h)
	}
	if err != nil {
		return Load{}, fmt.Errorf("load: %w", err)
	}
	l, err := ParseLoadavg(data)
	if err != nil {
		return Load{}, err
	}
	kernel, err := readKernelStat(ctx, h)
	if err != nil {
		return Load{}, fmt.Errorf("load: %w", err)
	}
	l.CPUs = kernel.CPUs
	return l, nil
}

func sysctlLoad(ctx context.Context, h host.Host) (Load, error) {
	out, err := h.Query(ctx, "sysctl", "-n", "vm.loadavg", "hw.ncpu")
	if err != nil {
		return Load{}, fmt.Errorf("load: %w", err)
	}
	averages, cpus, _ := bytes.Cut(out, []byte("\n"))
	l, err := ParseLoadavg(averages)
	if err != nil {
		return Load{}, err
	}
	l.CPUs, err = strconv.Atoi(string(bytes.TrimSpace(cpus)))
	if err != nil || l.CPUs < 1 {
		return Load{}, fmt.Errorf("load: %.40q is no number of processors", cpus)
	}
	return l, nil
}

// ParseLoadavg reads the averages from /proc/loadavg, or from sysctl's
// vm.loadavg, which some BSDs put in braces.
func ParseLoadavg(data []byte) (Load, error) {
	f := strings.Fields(strings.Trim(strings.TrimSpace(string(data)), "{}"))
	if len(f) < 3 {
		return Load{}, errors.New("loadavg: malformed")
	}
	var v [3]float64
	for i := range v {
		var err error
		if v[i], err = strconv.ParseFloat(f[i], 64); err != nil || math.IsNaN(v[i]) || math.IsInf(v[i], 0) || v[i] < 0 {
			return Load{}, fmt.Errorf("loadavg: %.40q is no load", f[i])
		}
	}
	return Load{One: v[0], Five: v[1], Fifteen: v[2]}, nil
}

// A KernelStat is what /proc/stat tells of the whole machine.
type KernelStat struct {
	Boot time.Time // when the kernel started, by the clock as it is set now
	CPUs int       // on line
}

func readKernelStat(ctx context.Context, h host.Host) (KernelStat, error) {
	data, err := h.ReadFile(ctx, "/proc/stat", maxTable)
	if err != nil {
		return KernelStat{}, err
	}
	return ParseKernelStat(data)
}

// ParseKernelStat reads Linux's /proc/stat.
func ParseKernelStat(data []byte) (KernelStat, error) {
	var k KernelStat
	for _, line := range lines(data) {
		name, rest, _ := strings.Cut(line, " ")
		if number, ok := strings.CutPrefix(name, "cpu"); ok && number != "" {
			k.CPUs++
		}
		if seconds, err := strconv.ParseInt(rest, 10, 64); name == "btime" && err == nil && seconds > 0 {
			k.Boot = time.Unix(seconds, 0).UTC()
		}
	}
	if k.CPUs == 0 || k.Boot.IsZero() {
		return KernelStat{}, errors.New("stat: no processor or no boot time")
	}
	return k, nil
}
