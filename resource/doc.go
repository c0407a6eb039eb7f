// Package resource tells whether a system runs out of something: space and
// inodes of its file systems, memory, processor time; and whether it keeps its
// clock, waits for a reboot, has services that failed, or an array of disks that
// is not whole.
//
//	for _, c := range resource.Checkers(resource.Options{Host: h}) {
//		result, err := suite.Collect(ctx, c)
//	}
//
// The checks of file systems and arrays are in resource/disk, where ReadUsage
// gives the figures with no check around them, as ReadClock, ReadFailed and Kernels
// do here. The package frees nothing and restarts nothing.
//
//	check            asks
//	filesystems      space, inodes, read-only, errors, hung, missing, when it will be full
//	memory           memory as the kernel really has it, swap, pressure
//	load             averages, pressure on the disks
//	clock            whether it is kept, how far it is off, when a server was heard
//	reboot           whether an update or a kernel waits for one
//	services         what its manager gave up, with program, package and time
//	raid             md, ZFS, btrfs, and the arrays of a BSD
//	limits           open files, processes, tracked connections; those of single programs
//
// With Options.Owners a failed service names the package of its program, so that
// report/explain finds the update before that. Whatever a system does not tell is a
// problem of the report, never a figure.
//
// # Metrics
//
// Renderers draw from these names. All but the loads are exact counts.
//
//	filesystem_size_bytes   filesystem_used_bytes   filesystem_free_bytes   attribute mount
//	filesystem_inodes       filesystem_inodes_used                          attribute mount
//	memory_size_bytes       memory_free_bytes
//	swap_size_bytes         swap_free_bytes
//	load_1  load_5  load_15  cpus
//	memory_pressure_ratio   io_pressure_ratio
//	files_used  files_limit  processes_used  processes_limit  connections_used  connections_limit
//	clock_offset_seconds    services_failed
//
// Free is what a program without special rights can still get.
//
// # Design
//
// Each question is a checker of its own, so that one which fails spoils no other.
// Percentages are no evidence: a figure that moves every day must not make a
// finding "updated".
//
// What a user of the system can bring about alone, and nobody else suffers from, is a
// notice, and stands behind what is the system's: his own /run/user, his programs' own
// limits. What strangers can bring about by connecting is one finding, however often.
package resource

import (
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/resource/disk"
)

// Options say what is looked at. The zero Host answers nothing.
type Options struct {
	Host   host.Host
	Local  bool // Host is this machine: its kernel may be asked where no file answers
	Limits disk.Limits
	Owners Owners // knows the packages of programs; nil: nobody does
}

// Checkers returns all checks of the package over one host.
func Checkers(o Options) []report.Checker {
	return []report.Checker{
		disk.Filesystems{Host: o.Host, Limits: o.Limits},
		Memory{Host: o.Host, Local: o.Local},
		Load{Host: o.Host},
		Clock{Host: o.Host, Local: o.Local},
		Reboot{Host: o.Host},
		Services{Host: o.Host, Owners: o.Owners},
		disk.Raid{Host: o.Host},
		KernelLimits{Host: o.Host},
	}
}
