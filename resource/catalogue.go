package resource

import (
	"github.com/pugetsoundtech/upkeep/report"
)

// since is the version in which all rules so far came.
const since = "0.1.0"

// The rules of the package.
const (
	ruleMemory         = "resource.memory.low"
	ruleSwap           = "resource.memory.swap"
	ruleMemoryPressure = "resource.memory.pressure"
	ruleLoad           = "resource.load.high"
	ruleDiskPressure   = "resource.load.disk-pressure"
	ruleClock          = "resource.clock.unsynchronised"
	ruleOffset         = "resource.clock.offset"
	ruleSilent         = "resource.clock.no-answer"
	ruleRebootAsked    = "resource.reboot.asked"
	ruleRebootKernel   = "resource.reboot.kernel"
	ruleServicesFailed = "resource.services.failed"
	ruleLimit          = "resource.limits.near"
	ruleDescriptors    = "resource.limits.descriptors"
)

// Rules returns the catalogue.
func (Memory) Rules() []report.Rule {
	return report.Since(since,
		report.Condition.Rule(ruleMemory, report.Warning, "Little memory is left").
			Text("When none is left the kernel ends programs, often the largest and most important one.",
				"Find what takes the memory, limit or restart it, or add memory."),
		report.Condition.Rule(ruleSwap, report.Notice, "Swap space is nearly used up").
			Text("A system that has swapped out so much is slow, and has no reserve when a program needs more.",
				"Find what takes the memory, or add memory."),
		report.Condition.Rule(ruleMemoryPressure, report.Warning, "Programs wait for memory").
			Text("The kernel moves memory to and from the disk so much that nothing else is done.",
				"Find what takes the memory, limit or restart it, or add memory."))
}

// Rules returns the catalogue.
func (Load) Rules() []report.Rule {
	return report.Since(since,
		report.Condition.Rule(ruleLoad, report.Warning, "More programs want to run than the processors can serve").
			Text("Everything on the system takes longer; on Linux, programs that wait for a disk count too.",
				"Find what runs or waits, and stop, limit or move it."),
		report.Condition.Rule(ruleDiskPressure, report.Warning, "Programs wait for the disk").
			Text("For most of the time all that wants to run waits for a disk.",
				"Find what reads or writes so much, and whether the disk is well."))
}

// Rules returns the catalogue.
func (Clock) Rules() []report.Rule {
	return report.Since(since,
		report.Condition.Rule(ruleClock, report.Warning, "The clock is not kept at the right time by a time service").
			Text("With a wrong clock certificates seem invalid, mail is refused, and logs of several machines cannot be put together.",
				"Run a time service, and let it reach its servers (UDP port 123)."),
		report.Condition.Rule(ruleOffset, report.Warning, "The clock is wrong").
			Text("With a wrong clock certificates seem invalid, logins by ticket or code fail, and logs of several machines cannot be put together.",
				"See what the time service measures, and let it set the clock."),
		report.Condition.Rule(ruleSilent, report.Warning, "The time service has heard no server for a long time").
			Text("It still calls the clock right, which drifts away by seconds in a week.",
				"Let it reach its servers (UDP port 123)."))
}

// Rules returns the catalogue.
func (Reboot) Rules() []report.Rule {
	return report.Since(since,
		report.Condition.Rule(ruleRebootAsked, report.Warning, "An update asks for a reboot").
			Text("Until then the old code goes on running, with the holes that the update closes.", "Plan a reboot."),
		report.Condition.Rule(ruleRebootKernel, report.Warning, "A newer kernel is installed than the one that runs").
			Text("Until a reboot the old kernel goes on running, with the holes that the new one closes.", "Plan a reboot."))
}

// Rules returns the catalogue.
func (Services) Rules() []report.Rule {
	return report.Since(since,
		report.Condition.Rule(ruleServicesFailed, report.Warning, "A service has failed").
			Text("The service manager started it and it ended with an error, so what it does is not done.",
				"Read its messages, remove the cause, start it again."))
}

// Rules returns the catalogue.
func (KernelLimits) Rules() []report.Rule {
	return report.Since(since,
		report.Condition.Rule(ruleLimit, report.Warning, "A limit of the kernel is nearly reached").
			Text("When it is reached, programs cannot open files, start others, or take connections, and say so only in their logs.",
				"Find the program that holds so many, or raise the limit."),
		report.Condition.Rule(ruleDescriptors, report.Warning, "A program has nearly as many files open as it may have").
			Text("At its limit it takes no connection and opens no file any more, and says so only in its log, if it can still write to it.",
				"Mend what it does not close, or raise its limit, and start it again."))
}
