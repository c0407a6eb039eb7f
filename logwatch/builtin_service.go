package logwatch

// unitRules are about services that systemd sees failing.
func unitRules() []Rule {
	systemd := []string{"systemd"}
	return []Rule{
		{
			ID: "service.failed", Level: Warning, Tags: systemd, Key: "unit", Title: "A service failed",
			Patterns: []string{"{unit}: Failed with result '{w}'.", "Unit {unit} entered failed state."},
			Say:      "{unit} failed {times}", Explain: "It may have been restarted since.",
			Remedy: "See its state and why: systemctl status {unit}; journalctl -u {unit} -n 50",
		},
		{
			ID: "service.start-limit", Level: Critical, Tags: systemd, Key: "unit", Title: "A service was given up after too many restarts",
			Patterns: []string{"{unit}: Start request repeated too quickly."},
			Say:      "{unit} was given up {times} after it failed again and again", Explain: "It is down and will not come back by itself.",
			Remedy: "Find the cause (journalctl -u {unit} -n 100), then: systemctl reset-failed {unit}; systemctl start {unit}",
		},
		{
			ID: "service.restarted", Level: Notice, Tags: systemd, Key: "unit", Title: "A service was restarted after it ended",
			Patterns: []string{"{unit}: Scheduled restart job, restart counter is at {n}.", "{unit}: Service RestartSec={w} expired, scheduling restart."},
			Say:      "{unit} ended and was restarted {times}", Explain: "Something makes it end; its users saw an interruption.",
			Remedy: "See why it ended: journalctl -u {unit}",
		},
		{
			ID: "service.dependency", Level: Warning, Tags: systemd, Title: "Services did not start because another failed",
			Patterns: []string{"Dependency failed for {*}", "Timed out waiting for device {*}"},
			Say:      "Services did not start {times} because what they need was not there", Explain: "Often a disk in /etc/fstab that is gone.",
			Remedy: "See: systemctl --failed",
		},
		{
			ID: "service.oom", Level: Critical, Tags: systemd, Key: "unit", Title: "A process of a service was killed because memory ran out",
			Patterns: []string{"{unit}: A process of this unit has been killed by the OOM killer."},
			Say:      "A process of {unit} was killed {times} because memory ran out", Explain: "The service may be down or half alive.",
			Remedy: "systemctl status {unit}; see what uses memory: ps -eo rss,cmd --sort=-rss | head",
		},
	}
}

// serviceRules are about programs that fail.
func serviceRules() []Rule {
	return []Rule{
		{
			ID: "cron.error", Level: Warning, Tags: []string{"cron", "CRON", "crond", "/usr/sbin/cron", "anacron"}, Title: "A scheduled job could not run",
			Patterns: []string{
				"({*}) ERROR ({*})", "(CRON) error ({*})", "(CRON) DEATH ({*})", "Error: {*}", "({*}) WRONG FILE OWNER ({*})", "({*}) INSECURE MODE ({*})",
				"({*}) BAD FILE MODE ({*})", "({*}) AUTH ({*})", "{*}grandchild #{n} failed with exit status {n}", "({*}) NO PASSWD ENTRY ({*})", "({*}) FAILED {*}",
			},
			Say: "A scheduled job could not run or failed {times}", Explain: "Backups and cleaning jobs are started this way.",
			Remedy: "See which: {read}",
		},
		{
			ID: "cron.no-mail", Level: Notice, Tags: []string{"cron", "CRON", "crond"}, Title: "The output of scheduled jobs was thrown away",
			Patterns: []string{"(CRON) info (No MTA installed, discarding output)"},
			Say:      "The output of scheduled jobs was thrown away {times}: no mail program is installed", Explain: "Their error messages are lost.",
			Remedy: "Install a mail program, or send the jobs' output to the journal: systemd-cat.",
		},
		{
			ID: "clock.step", Level: Warning, Title: "The clock was set by a step",
			Tags: []string{"ntpd", "chronyd", "systemd-timesyncd", "systemd", "ntpdate", "openntpd"},
			Patterns: []string{
				"time reset {*}", "System clock was stepped by {*} seconds", "System clock wrong by {*} seconds{*}", "{*}step time server {*}",
				"Time has been changed", "Clock change detected. Flushing caches.", "{*}time stepped by {*}", "Forward time jump detected{*}", "Backward time jump detected{*}",
			},
			Say: "The clock was set by a step {times}", Explain: "Log times around it cannot be compared; jobs may run twice or not at all.",
			Remedy: "See whether the clock is kept: timedatectl; chronyc tracking; ntpq -p",
		},
		{
			ID: "dns.zone", Level: Warning, Tags: []string{"named"}, Title: "The name server refused a zone or its configuration",
			Patterns: []string{
				"zone {*}: not loaded due to errors.", "loading configuration: {*}", "{*}exiting (due to fatal error){*}", "zone {*}: loading from master file {*} failed: {*}",
				"zone {*}: expired", "{*}: dns_master_load: {*}",
			},
			Say: "The name server refused a zone or its configuration {times}", Explain: "Names of that zone are not answered, or with old data.",
			Remedy: "named-checkconf -z; {read}",
		},
		{
			ID: "packages.failed", Level: Warning, Title: "An update of software reported errors",
			Tags:     []string{"apt.systemd.daily", "unattended-upgrade", "apt-helper", "dpkg", "apt", "yum", "dnf", "dnf-automatic"},
			Patterns: []string{"E: {*}", "{*}ERROR{*}", "{*}rror: {*}", "{*}ailed{*}"},
			Say:      "{program} reported errors {times}", Explain: "Security updates may not be installed.",
			Remedy: "See what failed: {read}; then whether updates are pending: apt list --upgradable, dnf check-update",
		},
		{
			ID: "logging.lost", Level: Warning, Title: "Log lines were dropped",
			Tags: []string{"systemd-journald", "rsyslogd", "kernel", "syslog-ng", "imuxsock"},
			Patterns: []string{
				"Suppressed {n} messages from {*}", "{*}begin to drop messages due to rate-limiting{*}", "{*}messages lost due to rate-limiting{*}", "Missed {n} kernel messages",
				"File {*} corrupted or uncleanly shut down, renaming and replacing.", "audit: backlog limit exceeded{*}", "audit: kauditd hold queue overflow{*}",
			},
			Say: "The logging itself lost or dropped lines {times} ({program})", Explain: "What was dropped cannot be read here.",
			Remedy: "Find what logs so much, and raise the limit (RateLimitBurst= in journald.conf).",
		},
		{
			ID: "service.fatal", Level: Warning, Title: "A program gave up with a fatal error",
			Patterns: []string{
				"fatal: {*}", "FATAL: {*}", "Fatal: {*}", "panic: {*}", "PANIC: {*}", "Panic: {*}", "[emerg] {*}", "[crit] {*}", "[alert] {*}", "emergency: {*}",
				"{*}core dumped{*}", "*** {*} ***: terminated", "terminate called {*}",
			},
			Say: "{program} gave up with a fatal error {times}", Explain: "The service may be down.",
			Remedy: "See what it said and whether it runs: {read} | tail -50",
		},
	}
}

// webRules are about web servers that do not serve.
func webRules() []Rule {
	return []Rule{
		{
			ID: "web.upstream", Level: Warning, Tags: []string{"nginx"}, Title: "The web server does not reach the application behind it",
			Patterns: []string{
				"{*}: *{n} connect() {*} while connecting to upstream, {*}", "{*}: *{n} upstream timed out {*}", "{*}: *{n} no live upstreams {*}", "{*}: *{n} upstream prematurely closed connection {*}",
			},
			Say: "The web server did not reach the application behind it {times}", Explain: "Visitors saw an error page.",
			Remedy: "See which (upstream: in the line): {read} | grep upstream; then whether it runs: ss -ltnp",
		},
		{
			ID: "web.workers", Level: Notice, Title: "A web application ran out of workers",
			Patterns: []string{"{*}server reached pm.max_children setting ({n}), consider raising it", "{*}server reached MaxRequestWorkers setting{*}"},
			Say:      "{program} ran out of workers {times}", Explain: "Visitors wait until a worker is free.",
			Remedy: "See what keeps them busy; else raise pm.max_children or MaxRequestWorkers as far as memory allows.",
		},
	}
}
