package logwatch

// routineRules are what a healthy system says all day.
func routineRules() []Rule {
	cron := []string{"CRON", "cron", "crond", "/usr/sbin/cron", "crontab", "anacron", "run-parts", "fcron"}
	return []Rule{
		ignore("cron", cron,
			"({login}) CMD ({*})", "({login}) CMDEND ({*})", "({login}) CMDOUT ({*})", "(CRON) INFO ({*})", "({w}) RELOAD ({*})", "({login}) LIST ({w})", "({login}) BEGIN EDIT ({w})",
			"({login}) END EDIT ({w})", "Anacron {*} started on {*}", "Normal exit ({n} job{*} run)", "Job `{w}' {w}", "Job `{w}' {w} {*}", "Will run job `{w}' in {n} min.",
			"Jobs will be executed sequentially", "Updated timestamp for job `{w}' to {w}", "(/etc/cron.{w}) starting {w}", "(/etc/cron.{w}) finished {w}", "(CRON) STARTUP ({*})"),
		ignore("pam-session", nil,
			"pam_unix({w}:session): session opened for user {login} by {*}", "pam_unix({w}:session): session closed for user {login}",
			"pam_unix({w}:session): session opened for user {login}", "pam_unix({w}:auth): check pass; user unknown", "pam_systemd({w}:session): {*}"),
		ignore("sshd", []string{"sshd", "sshd-session", "sshd-auth"},
			"Connection closed by {*}", "Connection reset by {*}", "Connection from {*}", "Received disconnect from {*}", "Disconnected from {*}", "Disconnecting {*}",
			"Server listening on {*}", "Received signal {n}; terminating.", "Received SIGHUP; restarting.", "Exiting on signal {n}", "Starting session: {*}", "Close session: {*}",
			"Did not receive identification string from {*}", "{*}kex_exchange_identification: {*}", "banner exchange: {*}", "Unable to negotiate with {*}", "Postponed {*}",
			"User child is on pid {n}", "Bad protocol version identification {*}", "input_userauth_request: invalid user {*}", "fatal: Timeout before authentication for {*}",
			"ssh_dispatch_run_fatal: {*}", "fatal: ssh_dispatch_run_fatal: {*}", "exited MaxStartups throttling after {*}", "subsystem request for sftp {*}", "Timeout, client not responding{*}",
			"userauth_pubkey: {*}", "Timeout before authentication for {*}", "error: kex protocol error: {*}", "error: Protocol major versions differ: {*}", "error: Received disconnect from {*}", "fatal: Read from socket failed: {*}", "Transferred: {*}", "reverse mapping checking getaddrinfo for {*} failed."),
		ignore("systemd", []string{"systemd", "init"},
			"Started {*}", "Starting {*}", "Stopped {*}", "Stopping {*}", "Finished {*}", "Reached target {*}", "Created slice {*}", "Removed slice {*}", "Listening on {*}", "Closed {*}",
			"Mounted {*}", "Mounting {*}", "Unmounted {*}", "Unmounting {*}", "Reloading{*}", "Reloaded {*}", "Startup finished in {*}", "Queued start job for {*}", "Set up automount {*}",
			"{unit}: Deactivated successfully.", "{unit}: Succeeded.", "{unit}: Consumed {*}", "{*} was skipped because {*}", "Condition check resulted in {*} being skipped.",
			"Activated swap {*}", "Activating swap {*}", "Deactivated swap {*}", "Found device {*}", "Expecting device {*}", "Received SIGRTMIN{*}", "Got automount request for {*}", "Hostname set to {*}",
			"Set hostname to {*}", "Detected {*}", "Initializing machine ID from {*}", "Inserted module {*}", "Relabelled {*}", "systemd {*} running in {*}", "Running in {*}", "Queued {*}",
			"{unit}: Main process exited, code={w} status={*}", "{unit}: Main process exited, code={*}", "{unit}: Control process exited, code={*}", "Failed to start {*}", "{unit}: Triggering OnFailure= dependencies.",
			"{unit}: Killing process {*}", "{unit}: Unit process {*} remains running after unit stopped.", "{unit}: Sent signal SIG{*}", "Shutting down.", "Switching root.", "Activating special unit {*}",
			"{*}: Changed {w} -> {w}", "Cannot add dependency job{*}", "{unit}: Found left-over process {*}", "This usually indicates unclean termination {*}"),
		ignore("logind", []string{"systemd-logind", "elogind"},
			"New session {w} of user {login}.", "Session {w} logged out. Waiting for processes to exit.", "Removed session {w}.", "New seat {w}.", "Watching system buttons on {*}",
			"System is rebooting.", "System is powering down.", "The system will {*}"),
		ignore("time", []string{"systemd-timesyncd", "chronyd", "ntpd", "ntpd_intres"},
			"Synchronized to time server {*}", "Contacted time server {*}", "Initial {*}ynchronization to time server {*}", "Timed out waiting for reply from {*}", "Network configuration changed, {*}",
			"Selected source {*}", "Source {*}", "Can't synchronise: {*}", "Listen{w} {*}", "Deleting interface {*}", "new interface(s) found: waking up resolver", "kernel reports {*}", "Soliciting pool server {*}",
			"receive: {*}", "Frequency {*} read from {*}", "chronyd version {*} starting {*}", "chronyd exiting", "Using right/UTC{*}", "Loaded seccomp filter{*}", "{addr} {w} {w} {*}", "System clock TAI offset set to {*}"),
		ignore("network", []string{"dhclient", "dhcpcd", "NetworkManager", "systemd-networkd", "systemd-resolved", "wpa_supplicant", "ifup", "avahi-daemon", "networkd-dispatcher", "dhcpd", "resolvconf"},
			"DHCPREQUEST {*}", "DHCPACK {*}", "DHCPDISCOVER {*}", "DHCPOFFER {*}", "DHCPRELEASE {*}", "bound to {addr} -- renewal in {n} seconds.", "<info> {*}", "<info>  {*}", "{dev}: Gained {*}", "{dev}: DHCP{*}",
			"{dev}: Configur{*}", "{dev}: Link UP", "{dev}: renewing lease of {addr}", "{dev}: leased {*}", "{dev}: rebinding {*}", "Using degraded feature set {*}", "Positive Trust Anchors:{*}", "Negative trust anchors: {*}",
			"Server returned error NXDOMAIN, {*}", "Clock change detected. Flushing caches.", "{dev}: Reconfiguring {*}", "Joining mDNS multicast group {*}", "Leaving mDNS multicast group {*}",
			"Registering new address record {*}", "Withdrawing address record {*}", "New relevant interface {*}", "Interface {*} no longer relevant for mDNS.", "{dev}: WPA: Group rekeying completed {*}", "{dev}: CTRL-EVENT-{*}",
			"XMT: {*}", "RCV: {*}", "PRC: {*}", "{*}Internet Systems Consortium DHCP {*}", "Listening on {*}", "Sending on {*}"),
		ignore("bus", []string{"dbus-daemon", "dbus", "dbus-broker", "polkitd", "PackageKit", "packagekitd", "accounts-daemon", "rtkit-daemon", "udisksd", "ModemManager", "snapd", "fwupd"},
			"[system] Activating {*}", "[system] Successfully activated service {*}", "[session {*}", "[system] Reloaded configuration", "Registered Authentication Agent for {*}", "Unregistered Authentication Agent for {*}",
			"Acquired the name {*}", "Loading rules from directory {*}", "Finished loading, compiling and executing {*}", "daemon start{*}", "daemon quit", "started daemon {*}", "<info> {*}", "Started polkitd {*}", "udisks daemon version {*}"),
		ignore("logging", []string{"rsyslogd", "syslogd", "syslog-ng", "systemd-journald", "newsyslog", "logrotate", "liblogging-stdlog", "auditd", "audispd"},
			"[origin software={*}] rsyslogd was HUPed{*}", "[origin software={*}] start", "[origin software={*}] exiting on signal {*}", "imuxsock: Acquired UNIX socket {*}", "rsyslogd's {w} changed to {n}", "action '{w}' resumed{*}",
			"Journal started", "Runtime Journal {*}", "System Journal {*}", "Received client request to flush runtime journal.", "Journal stopped", "Time spent on flushing {*}", "Collecting audit messages is {*}",
			"restart", "kernel boot file is {path}", "logfile turned over{*}", "exiting on signal {n}", "Forwarding to syslog missed {n} messages.", "Received SIGTERM from PID {*}", "Vacuuming done, freed {*}", "Data hash table of {*}",
			"{path}: Journal header limits reached or header out-of-date, rotating.", "Log statistics; {*}"),
		ignore("firewall", []string{"kernel", "/bsd"},
			"[UFW {w}] {*}", "{*}IN={*} OUT={*} SRC={addr} DST={addr} {*}", "{*}IN={*} OUT={*} MAC={*} SRC={addr} DST={addr} {*}", "audit: type={*}", "audit({*}): {*}", "perf: interrupt took too long {*}",
			"perf interrupt took too long {*}", "EXT{n}-fs ({dev}): mounted filesystem {*}", "EXT{n}-fs ({dev}): re-mounted{*}", "EXT{n}-fs ({dev}): unmounting filesystem {*}", "device {dev} left promiscuous mode", "{dev}: left promiscuous mode",
			"{proc} invoked oom-killer: {*}", "oom-kill:{*}", "md: {*}resync{*}", "md: data-check of RAID array {*}", "IPv6: ADDRCONF({*}", "{*}: link becomes ready", "{*}entered {w} state"),
		ignore("fail2ban", []string{"fail2ban", "fail2ban.actions", "fail2ban.filter", "fail2ban-server"},
			"NOTICE {*}", "INFO {*}", "{*}: INFO {*}", "{*}: NOTICE {*}"),
		ignore("disks", []string{"smartd", "mdadm", "fstrim", "multipathd", "udisksd", "e2scrub_all", "systemd-fsck"},
			"Device: {path} {*} SMART {w} Attribute: {*} changed from {n} to {n}", "Device: {path} {*} SMART {w} Attribute: {*}changed from {*}", "Device: {path} {*} state written to {*}", "Device: {path} {*} previous self-test completed {*}",
			"Device: {path} {*} opened", "Device: {path} {*} found in smartd database{*}", "Device: {path} {*} is SMART capable{*}", "Device: {path} {*} self-test in progress{*}", "Device: {path} {*} starting scheduled {*}", "Monitoring {*}", "smartd {*}",
			"NewArray event detected on md device {*}", "Rebuild{w} event detected on md device {*}", "{path}: {*} bytes{*} trimmed{*}", "{path}: clean, {*}", "{*}: clean, {*}"),
		ignore("named", []string{"named"},
			"lame server resolving {*}", "{*} unexpected RCODE resolving {*}", "unexpected RCODE ({*}) resolving {*}", "connection refused resolving {*}", "host unreachable resolving {*}", "network unreachable resolving {*}",
			"timed out resolving {*}", "DNS format error from {*}", "success resolving {*}", "FORMERR resolving {*}", "resolver priming query complete{*}", "managed-keys-zone: {*}", "{*}: query{*} denied", "{*}: rate limit {*}",
			"zone {*}: notify from {*}: zone is up to date", "zone {*}: sending notifies {*}", "zone {*}: Transfer started.", "transfer of {*}: Transfer completed: {*}", "transfer of {*}: connected using {*}", "zone {*}: transferred serial {*}",
			"{*}: transfer of {*}: AXFR{*} {w}", "{*}: transfer of {*}: IXFR{*} {w}", "zone {*}: loaded serial {*}", "received control channel command {*}", "reloading configuration succeeded", "reloading zones succeeded", "all zones loaded", "running"),
		ignore("web", []string{"nginx", "apache2", "httpd", "lighttpd", "certbot"},
			"{addr} - {*}] \"{*}\" {n} {*}", "{*}[error] {*}: *{n} open() \"{*}\" failed (2: No such file or directory), client: {*}", "{*}[error] {*}: *{n} access forbidden by rule, client: {*}",
			"{*}[error] {*}: *{n} directory index of \"{*}\" is forbidden, client: {*}", "{*}[crit] {*}: *{n} SSL_do_handshake() failed (SSL: {*}) while SSL handshaking, client: {*}", "{*}[info] {*}", "{*}[notice] {*}",
			"Certificate not yet due for renewal", "No renewals were attempted.", "The following certificates are not due for renewal yet:{*}"),
		ignore("packages", []string{"apt.systemd.daily", "unattended-upgrade", "apt-helper", "dpkg", "apt", "yum", "dnf", "needrestart"},
			"{text}"),
	}
}

// mailRoutine is what mail servers say of each message; packages of traffic
// read that.
func mailRoutine() []Rule {
	return []Rule{
		ignore("postfix", []string{"postfix/", "postfix"},
			"connect from {*}", "disconnect from {*}", "lost connection after {*}", "timeout after {*}", "{x}: client={*}", "{w}: client={*}", "{w}: message-id={*}", "{w}: from=<{*}>, size={n}, nrcpt={n} (queue active)", "{w}: removed",
			"{w}: uid={n} from=<{*}>", "{w}: to=<{*}>, {*}status=sent {*}", "{w}: to=<{*}>, {*}status=deferred {*}", "{w}: to=<{*}>, {*}status=bounced {*}", "{w}: host {*} said: {*}", "NOQUEUE: reject: {*}", "{w}: reject: {*}",
			"warning: hostname {*} does not resolve to address {*}", "warning: non-SMTP command from {*}", "statistics: {*}", "Anonymous TLS connection established {*}", "Trusted TLS connection established {*}",
			"Untrusted TLS connection established {*}", "Verified TLS connection established {*}", "SSL_accept error from {*}", "warning: TLS library problem: {*}", "connect to {*}: Connection {*}", "{w}: sender non-delivery notification: {*}",
			"improper command pipelining after {*}", "{w}: enabling PIX workarounds: {*}", "table {*} has changed -- restarting", "daemon started -- version {*}", "refreshing the Postfix mail system", "starting the Postfix mail system", "reload -- version {*}"),
		ignore("dovecot", []string{"dovecot"},
			"{*}: Login: user=<{*}>{*}", "{*}Logged out {*}", "{*}: Disconnected{*}", "{*}: Connection closed{*}", "{*}: Info: {*}", "lmtp({*}): {*}: saved mail to {*}", "{*}sieve: {*}: stored mail into mailbox {*}", "lmtp({*}): Connect from {*}",
			"lmtp({*}): Disconnect from {*}", "master: Dovecot v{*} starting up for {*}", "{*}: Aborted login {*}"),
	}
}

// ignore makes a rule for routine lines.
func ignore(id string, tags []string, patterns ...string) Rule {
	return Rule{ID: "ignore." + id, Level: Ignore, Tags: tags, Patterns: patterns}
}
