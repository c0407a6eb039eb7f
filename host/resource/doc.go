// Package resource tells whether a system runs out of something: space and
// inodes of its file systems, memory, processor time; and whether it keeps its
// clock, waits for a reboot, or has services that failed.
//
//	for _, c := range resource.Checkers(resource.Options{Host: h}) {
//		result, err := report.Collect(ctx, c)
//	}
//
// ReadUsage gives the figures of the file systems with no check around them. The
// package frees nothing, restarts nothing and asks no network file system,
// which could keep it waiting for ever: these are the business of their server.
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
//	clock_offset_seconds    services_failed
//
// Free is what a program without special rights can still get.
//
// # Design
//
// Each question is a checker of its own, so that one which fails spoils no other.
// Space comes from df(1), which is on every system, remote ones too; a full disk
// is reported only when it is short by both measures, the share and the free
// bytes, because nine tenths of a large disk leave plenty. Percentages are no
// evidence: a figure that moves every day must not make a finding "updated".
package resource

import (
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// Options say what is looked at. The zero Host answers nothing.
type Options struct {
	Host   host.Host
	Local  bool // Host is this machine: its kernel may be asked where no file answers
	Limits Limits
}

// Checkers returns all checks of the package over one host.
func Checkers(o Options) []report.Checker {
	return []report.Checker{
		Filesystems{Host: o.Host, Limits: o.Limits},
		Memory{Host: o.Host, Local: o.Local},
		Load{Host: o.Host},
		Clock{Host: o.Host, Local: o.Local},
		Reboot{Host: o.Host},
		Services{Host: o.Host},
	}
}

// since is the version in which all rules so far came.
const since = "0.1.0"
