package logwatch

import "slices"

// Builtin is the set of rules that every system starts with.
func Builtin() *RuleSet {
	s, err := Compile(slices.Concat(
		kernelRules(), processRules(), diskRules(), machineRules(),
		deniedRules(), sshRules(), authRules(), accountRules(),
		unitRules(), webRules(), serviceRules(), routineRules(), mailRoutine(),
	))
	if err != nil {
		panic(err) // a test compiles this very set
	}
	return s
}

// kernel is how the kernels of the supported systems sign their lines.
func kernel(others ...string) []string {
	return append(others, "kernel", "/bsd", "/netbsd", "unix", "vmunix")
}

// kernelRules are about the kernel itself.
func kernelRules() []Rule {
	return []Rule{
		{
			ID: "kernel.panic", Level: Critical, Tags: kernel(), Title: "The kernel panicked",
			Patterns: []string{"Kernel panic - not syncing: {*}", "panic: {*}"},
			Say:      "The kernel panicked {times}", Explain: "The system stopped on its own and needs a cause: hardware, driver or kernel fault.",
			Remedy: "Keep the lines around it (journalctl -k -b -1), check memory and disks, and see whether a newer kernel is pending.",
		},
		{
			ID: "kernel.oops", Level: Critical, Tags: kernel(), Title: "A fault inside the kernel",
			Patterns: []string{
				"BUG: {*}", "Oops: {*}", "kernel BUG at {*}", "watchdog: BUG: soft lockup{*}", "{*}general protection fault, {*}",
				"NMI watchdog: {*}lockup{*}", "rcu: INFO: rcu_{*} detected {*}stall{*}", "Unable to handle kernel {*}",
			},
			Say:     "The kernel reported a fault in itself {times}",
			Explain: "After such a fault the kernel's memory may be damaged; the system can lose data or stop.",
			Remedy:  "Plan a reboot. Keep the trace: journalctl -k | grep -A40 -e BUG -e Oops",
		},
		{
			ID: "kernel.warning", Level: Warning, Tags: kernel(), Title: "The kernel warned of an odd state in itself",
			Patterns: []string{"WARNING: CPU: {*}", "------------[ cut here ]------------", "WARNING: {*}"},
			Say:      "The kernel warned of an odd state in itself {times}", Explain: "Often a driver fault; sometimes the first sign of bad hardware.",
			Remedy: "Look at the trace: journalctl -k | grep -A30 'cut here'",
		},
		{
			ID: "system.boot", Level: Notice, Tags: kernel(), Title: "The system was started",
			Patterns: []string{"Linux version {*}", "Copyright (c) 1992-{*} The FreeBSD Project.", "OpenBSD {*} #{*}", "NetBSD {*} #{*}"},
			Say:      "The system was started {times}", Explain: "Expected after a planned reboot.",
			Remedy: "If nobody rebooted it, look at what stands before: journalctl -b -1 -n 50; last -x reboot",
		},
	}
}

// processRules are about processes that the kernel ends or cannot serve.
func processRules() []Rule {
	return []Rule{
		{
			ID: "kernel.hung-task", Level: Warning, Tags: kernel(), Key: "proc", Title: "A process is stuck in the kernel",
			Patterns: []string{"INFO: task {task}:{n} blocked for more than {n} seconds.{*}"},
			Say:      "{proc} was stuck in the kernel {times}", Explain: "Usually a disk or network file system that does not answer.",
			Remedy: "Check the disks and network mounts: dmesg -T | tail -50; ps -eo pid,stat,wchan,cmd | grep ' D'",
		},
		{
			ID: "kernel.oom", Level: Critical, Tags: kernel(), Key: "proc", Title: "Memory ran out and a process was killed",
			Patterns: []string{
				"Out of memory: Kill{w} process {n} ({proc}){*}", "Memory cgroup out of memory: Kill{w} process {n} ({proc}){*}",
				"Killed process {n} ({proc}){*}", "pid {n} ({proc}), jid {*} was killed: {*}",
			},
			Say:     "The kernel killed {proc} {times} because memory ran out",
			Explain: "The service is gone until it is restarted, and what used the memory may still be growing.",
			Remedy:  "See that {proc} runs again, and what uses memory: ps -eo rss,cmd --sort=-rss | head",
		},
		{
			ID: "process.crash", Level: Warning, Key: "proc", Title: "A program crashed",
			Tags: kernel("systemd-coredump"),
			Patterns: []string{
				"{proc}[{n}]: segfault at {*}", "traps: {proc}[{n}] {*}", "Process {n} ({proc}) of user {n} dumped core.{*}",
				"pid {n} ({proc}), {*}exited on signal {*}",
				`audit: type=1701 {*} comm="{proc}" {*}`,
			},
			Say: "{proc} crashed {times}", Explain: "A fault in the program, or an attempt to exploit one.",
			Remedy: "See whether an update of {proc} is pending, and what was logged: {read} | grep {proc}",
		},
	}
}

// deniedRules are about mandatory access control: what it refused, and its end.
func deniedRules() []Rule {
	return []Rule{{
		ID: "security.off", Level: Critical, Tags: kernel("audit", "auditd"), Title: "SELinux stopped to enforce its policy",
		Patterns: []string{"{*}enforcing=0 old_enforcing=1{*}"},
		Say:      "SELinux stopped to enforce its policy {times}", Explain: "What the policy forbade is allowed until it enforces again.",
		Remedy: "If nobody of yours ran setenforce 0, treat the system as broken into. See: getenforce; to enforce again: setenforce 1",
	}, {
		ID: "security.denied", Level: Warning, Tags: kernel("audit", "auditd", "dbus-daemon"), Key: "proc", Title: "A security policy denied a program an access",
		Patterns: []string{
			`{*}apparmor="DENIED" operation={w} {*}profile="{proc}" {*}`, `{*}apparmor="DENIED" {*}`, `{*}avc:  denied {*} comm="{proc}" {*}`, `{*}avc:  denied {*}`,
			`audit: type=1326 {*} comm="{proc}" {*}`, // seccomp
		},
		Say:     "A security policy denied {proc} an access {times}",
		Explain: "The program does what it is not meant to do: it was changed, it is attacked, or its profile is too narrow.",
		Remedy:  "See what it tried: {read} | grep -i denied; if it should be allowed, change the profile (aa-logprof, audit2allow).",
	}}
}

const hardware = "Check the backup first. Then see: smartctl -a /dev/{dev}; dmesg -T | grep {dev}"

// diskRules are about disks and file systems.
func diskRules() []Rule {
	return []Rule{
		{
			ID: "disk.io-error", Level: Critical, Tags: kernel(), Key: "dev", Title: "A disk reported read or write errors",
			Patterns: []string{
				"blk_update_request: {*}I/O error, dev {dev}, sector {*}", "I/O error, dev {dev}, sector {*}",
				"blk_update_request: critical {w} error, dev {dev}, sector {*}", "critical {w} error, dev {dev}, sector {*}",
				"Buffer I/O error on dev {dev}, {*}", "Buffer I/O error on device {dev}, {*}", "end_request: I/O error, dev {dev}, {*}",
				"sd {w} [{proc}] {*}Medium Error{*}", "print_req_error: I/O error, dev {dev}, sector {*}",
			},
			Say: "Disk {dev} reported input/output errors {times}", Explain: "Disks that begin to fail this way usually go on failing.",
			Remedy: hardware,
		},
		{
			ID: "disk.link-error", Level: Warning, Tags: kernel(), Key: "dev", Title: "A disk link failed",
			Patterns: []string{"{dev}: exception Emask {*}", "{dev}: failed command: {*}", "nvme {dev}: I/O {*} timeout{*}"},
			Say:      "Disk link {dev} reported errors {times}", Explain: "A cable, port or disk does not answer as it should.",
			Remedy: "Check the cabling and the disk behind {dev}: dmesg -T | grep {dev}; smartctl --scan",
		},
		{
			ID: "filesystem.error", Level: Critical, Tags: kernel(), Key: "dev", Title: "A file system is damaged",
			Patterns: []string{
				"EXT{n}-fs error (device {dev}): {*}", "EXT{n}-fs ({dev}): error count since last fsck: {*}", "XFS ({dev}): {*}orruption{*}",
				"XFS ({dev}): metadata I/O error{*}", "BTRFS error (device {dev}){*}", "BTRFS: error (device {dev}){*}", "JBD2: {*}error{*}",
			},
			Say: "The file system on {dev} reported damage {times}", Explain: "Files may already be unreadable or wrong.",
			Remedy: "Check the backup, then run fsck on {dev} while it is not mounted, and check the disk itself.",
		},
		{
			ID: "filesystem.read-only", Level: Critical, Tags: kernel(), Key: "dev", Title: "A file system became read-only",
			Patterns: []string{"EXT{n}-fs ({dev}): Remounting filesystem read-only", "{*}emounting filesystem read-only{*}"},
			Say:      "The kernel made the file system on {dev} read-only {times}", Explain: "Nothing can be written there: logs, mail and databases stop.",
			Remedy: "Find the cause (dmesg -T | grep -i -e error -e {dev}), check the disk, run fsck, then mount it again.",
		},
		{
			ID: "disk.smart", Level: Critical, Tags: []string{"smartd"}, Key: "path", Title: "A disk's self-monitoring predicts failure",
			Patterns: []string{
				"Device: {path} {*}Currently unreadable (pending) sectors{*}", "Device: {path} {*}Offline uncorrectable sectors{*}",
				"Device: {path} {*}FAILED SMART self-check{*}", "Device: {path} {*}Self-Test Log error count increased{*}",
				"Device: {path} {*}ATA error count increased{*}", "Device: {path} {*}Failed SMART usage Attribute{*}", "Device: {path} {*}unable to open{*}",
			},
			Say: "Self-monitoring of disk {path} reported a fault {times}", Explain: "The disk has lost sectors or expects to fail.",
			Remedy: "Check the backup and plan to replace the disk: smartctl -a {path}",
		},
		{
			ID: "raid.degraded", Level: Critical, Title: "A RAID array lost a disk",
			Tags: []string{"kernel", "mdadm", "mdmonitor"},
			Patterns: []string{
				"DegradedArray event detected on md device {*}", "Fail event detected on md device {*}", "FailSpare event detected on {*}",
				"DeviceDisappeared event detected on md device {*}", "md/raid{*}: Disk failure on {*}", "md/raid{*}: Operation continuing on {n} devices.",
			},
			Say: "A RAID array reported the loss of a disk {times}", Explain: "One more lost disk may mean lost data.",
			Remedy: "See which disk: cat /proc/mdstat; mdadm --detail /dev/md0. Replace it and add the new one with mdadm --add.",
		},
		{
			ID: "disk.full", Level: Critical, Title: "A program could not write because a disk is full",
			Patterns: []string{"{*}No space left on device{*}", "{*}: write failed, filesystem is full{*}", "{*}isk quota exceeded{*}", "{*}: file system full{*}"},
			Say:      "{program} could not write {times}: no space left", Explain: "Data may have been lost, and services stop one by one.",
			Remedy: "Find what is full and what fills it: df -h; df -i; du -xh / | sort -h | tail",
		},
	}
}

// machineRules are about processor, memory and network hardware.
func machineRules() []Rule {
	return []Rule{
		{
			ID: "hardware.error", Level: Critical, Tags: kernel("mcelog", "rasdaemon"), Title: "The processor or memory reported errors",
			Patterns: []string{"mce: [Hardware Error]: {*}", "[Hardware Error]: {*}", "EDAC {*} CE {*}", "EDAC {*} UE {*}", "Hardware event. {*}"},
			Say:      "The processor or memory reported hardware errors {times}", Explain: "Bad memory silently damages files.",
			Remedy: "Test the memory (memtest86+) and see: ras-mc-ctl --errors",
		},
		{
			ID: "hardware.hot", Level: Warning, Tags: kernel(), Title: "The processor is too hot",
			Patterns: []string{"{*}emperature above threshold, cpu clock throttled{*}", "{*}ritical temperature reached{*}"},
			Say:      "The processor was slowed down by heat {times}", Explain: "Fans or air flow are failing.",
			Remedy: "Check fans and room: sensors",
		},
		{
			ID: "network.flood", Level: Warning, Tags: kernel(), Title: "The network stack is overrun",
			Patterns: []string{"{*}Possible SYN flooding on port {*}", "nf_conntrack: {*}table full, dropping packet{*}", "{*}eighbour table overflow{*}"},
			Say:      "The network stack dropped connections {times}", Explain: "An attack, or more clients than the limits allow.",
			Remedy: "See who connects: ss -s; ss -tn state syn-recv. Raise net.netfilter.nf_conntrack_max or block the source.",
		},
		{
			ID: "network.promiscuous", Level: Warning, Tags: kernel(), Key: "dev", Title: "A network interface listens to all traffic",
			Patterns: []string{"device {dev} entered promiscuous mode{*}", "{w} {w} {dev}: entered promiscuous mode{*}", "{dev}: entered promiscuous mode{*}", "{dev}: promiscuous mode enabled{*}"},
			Say:      "Interface {dev} began to listen to all traffic {times}", Explain: "A sniffer does this; bridges, virtual machines and containers do as well.",
			Remedy: "See which process listens: ss -0 -p. On a host with bridges or containers it is routine.",
		},
		{
			ID: "network.link-down", Level: Notice, Tags: kernel("systemd-networkd"), Key: "dev", Title: "A network link went down",
			Patterns: []string{"{dev}: Lost carrier", "{*} {dev}: NIC Link is Down", "{*} {dev}: Link is Down", "{dev}: link state changed to DOWN", "{dev}: Link DOWN"},
			Say:      "The link of {dev} went down {times}", Explain: "Cable, switch or a restart of the network.",
			Remedy: "See: ip -s link show {dev}",
		},
	}
}
