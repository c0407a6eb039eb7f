package logwatch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/logwatchtest"
)

// cases are programs, messages as these write them, and the rules that know them.
var cases = [][3]string{
	{"sshd", "Accepted publickey for root from 192.0.2.7 port 40022 ssh2: ED25519 SHA256:x", "ssh.root-login"},
	{"sshd-session", "Accepted password for anna from 2001:db8::7 port 40022 ssh2", "ssh.login"},
	{"sshd", "Failed password for root from 192.0.2.7 port 40022 ssh2", "ssh.failed-login"},
	{"sshd", "Failed password for invalid from y from 192.0.2.7 port 40022 ssh2", "ssh.failed-login"},
	{"sshd", "Failed password for invalid user x from y from 192.0.2.7 port 40022 ssh2", "ignore.sshd-again"},
	{"sshd", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.7  user=root", "ignore.sshd-again"},
	{"sshd", "PAM service(sshd) ignoring max retries; 6 > 3", "ignore.sshd-again"},
	{"kernel", `audit: type=1400 audit(1764000000.123:42): apparmor="DENIED" operation="open" profile="/usr/sbin/mysqld" name="/etc/shadow" pid=4712 comm="mysqld"`, "security.denied"},
	{"kernel", `audit: type=1400 audit(1764000000.123:42): avc:  denied  { read } for  pid=1 comm="httpd" name="shadow" dev="dm-0"`, "security.denied"},
	{"kernel", `audit: type=1400 audit(1764000000.123:42): apparmor="STATUS" operation="profile_load" profile="unconfined" name="x" pid=1 comm="apparmor_parser"`, "ignore.firewall"},
	{"kernel", `audit: type=1404 audit(1764000000.123:42): enforcing=0 old_enforcing=1 auid=0 ses=1`, "security.off"},
	{"kernel", `audit: type=1326 audit(1764000000.123:42): auid=0 uid=33 gid=33 ses=1 pid=7 comm="php-fpm" exe="/usr/sbin/php-fpm8.2" sig=31`, "security.denied"},
	{"kernel", `audit: type=1701 audit(1764000000.123:42): auid=0 uid=33 gid=33 ses=1 pid=7 comm="php-fpm" exe="/usr/sbin/php-fpm8.2" sig=11`, "process.crash"},
	{"unattended-upgrade", "ERROR Installing the upgrades failed!", "packages.failed"},
	{"unattended-upgrade", "INFO Packages that will be upgraded: libssl3", "ignore.packages"},
	{"nginx", `2026/11/25 10:00:00 [error] 900#900: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: x`, "web.upstream"},
	{"nginx", `2026/11/25 10:00:00 [error] 900#900: *7 open() "/var/www/x.php" failed (2: No such file or directory), client: 192.0.2.7, server: _`, "ignore.web"},
	{"nginx", `192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 404 153 "-" "Mozilla/5.0"`, "ignore.web"},
	{"php8.2-fpm", "[pool www] server reached pm.max_children setting (5), consider raising it", "web.workers"},
	{"named", "client @0x7f0e1 192.0.2.7#4711 (x.example): query (cache) 'x.example/A/IN' denied", "ignore.named"},
	{"named", "timed out resolving 'x.example/A/IN': 192.0.2.7#53", "ignore.named"},
	{"sshd", "Invalid user admin from 192.0.2.7 port 4", "ssh.invalid-user"},
	{"sshd", "Invalid user admin from 192.0.2.7 port 4 and more", ""},
	{"sshd", "pam_unix(sshd:session): session opened for user anna(uid=1000) by (uid=0)", "ignore.pam-session"},
	{"sudo", "  anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/id", "sudo.command"},
	{"sudo", "anna : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh", "sudo.failed"},
	{"su", "(to root) anna on pts/0", "su.done"},
	{"su", "FAILED SU (to root) anna on pts/0", "su.failed"},
	{"useradd", "new user: name=eve, UID=1001, GID=1001, home=/home/eve, shell=/bin/sh, from=/dev/pts/0", "account.new-user"},
	{"usermod", "add 'eve' to group 'sudo'", "account.change"},
	{"passwd", "pam_unix(passwd:chauthtok): password changed for anna", "account.password"},
	{"kernel", "Out of memory: Killed process 77 (mysqld) total-vm:1kB", "kernel.oom"},
	{"kernel", "EXT4-fs error (device sda1): ext4_lookup:1: inode #2", "filesystem.error"},
	{"kernel", "EXT4-fs (sda1): Remounting filesystem read-only", "filesystem.read-only"},
	{"kernel", "blk_update_request: I/O error, dev sda, sector 12345 op 0x0", "disk.io-error"},
	{"kernel", "nginx[812]: segfault at 0 ip 00007f error 4 in libc.so", "process.crash"},
	{"kernel", "BUG: unable to handle page fault for address: ffff", "kernel.oops"},
	{"smartd", "Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors", "disk.smart"},
	{"mdadm", "DegradedArray event detected on md device /dev/md0", "raid.degraded"},
	{"systemd", "nginx.service: Failed with result 'exit-code'.", "service.failed"},
	{"systemd", "nginx.service: Start request repeated too quickly.", "service.start-limit"},
	{"systemd", "Started Daily apt download activities.", "ignore.systemd"},
	{"CRON", "(root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)", "ignore.cron"},
	{"cron", "(*system*foo) WRONG FILE OWNER (/etc/cron.d/foo)", "cron.error"},
	{"myapp", "write /var/lib/x: No space left on device", "disk.full"},
	{"postfix/smtpd", "connect from unknown[192.0.2.7]", "ignore.postfix"},
	{"postfix/smtpd", "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6", "mail.auth-failed"},
	{"postfix/master", "fatal: bind 0.0.0.0 port 25: Address already in use", "service.fatal"},
	{"chronyd", "System clock was stepped by 12.5 seconds", "clock.step"},
	{"myapp", "something nobody foresaw", ""},
	{"kernel", "usb 1-1: new high-speed USB device number 2", ""},
	{"kernel", "Kernel panic - not syncing: Fatal exception", "kernel.panic"},
	{"kernel", "WARNING: CPU: 1 PID: 77 at net/core/dev.c:1", "kernel.warning"},
	{"kernel", "INFO: task kworker/0:1:77 blocked for more than 120 seconds.", "kernel.hung-task"},
	{"kernel", "ata1.00: exception Emask 0x0 SAct 0x0 SErr 0x0 action 0x6 frozen", "disk.link-error"},
	{"kernel", "Linux version 6.1.0-40-amd64 (debian-kernel@lists.debian.org)", "system.boot"},
	{"kernel", "mce: [Hardware Error]: Machine check events logged", "hardware.error"},
	{"kernel", "CPU1: Core temperature above threshold, cpu clock throttled (total events = 1)", "hardware.hot"},
	{"kernel", "TCP: request_sock_TCP: Possible SYN flooding on port 80. Sending cookies.", "network.flood"},
	{"kernel", "device eth0 entered promiscuous mode", "network.promiscuous"},
	{"kernel", "e1000e 0000:00:19.0 eth0: NIC Link is Down", "network.link-down"},
	{"kernel", "e1000e 0000:00:19.0 eth0: NIC Link is Up 1000 Mbps", ""},
	{"kernel", "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null)", "ignore.firewall"},
	{"sshd", "reverse mapping checking getaddrinfo for x.example.org [192.0.2.7] failed - POSSIBLE BREAK-IN ATTEMPT!", "ssh.break-in-hint"},
	{"sshd", "error: beginning MaxStartups throttling", "ssh.overload"},
	{"login", "ROOT LOGIN  on '/dev/tty1'", "login.root"},
	{"login", "FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure", "login.failed"},
	{"login", "pam_faillock(login:auth): Consecutive login failures for user anna account temporarily locked", "auth.locked"},
	{"dovecot", "pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=anna rhost=192.0.2.7", "auth.failed"},
	{"userdel", "delete user 'eve'", "account.removed"},
	{"crontab", "(anna) REPLACE (anna)", "cron.crontab"},
	{"systemd", "nginx.service: Scheduled restart job, restart counter is at 3.", "service.restarted"},
	{"systemd", "Dependency failed for /srv.", "service.dependency"},
	{"systemd", "nginx.service: A process of this unit has been killed by the OOM killer.", "service.oom"},
	{"systemd", "nginx.service: Main process exited, code=exited, status=1/FAILURE", "ignore.systemd"},
	{"CRON", "(CRON) info (No MTA installed, discarding output)", "cron.no-mail"},
	{"named", "zone example.org/IN: not loaded due to errors.", "dns.zone"},
	{"systemd-journald", "Suppressed 5000 messages from nginx.service", "logging.lost"},
	{"dovecot", "imap-login: Login: user=<anna>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, TLS", "ignore.dovecot"},
	{"sudo", "pam_unix(sudo:session): session opened for user root(uid=0) by anna(uid=1000)", "ignore.pam-session"},
	{"systemd-logind", "New session 12 of user anna.", "ignore.logind"},
	{"dhclient", "bound to 192.0.2.7 -- renewal in 3210 seconds.", "ignore.network"},
	{"rsyslogd", "[origin software=\"rsyslogd\" swVersion=\"8.2302.0\" x-pid=\"1\" x-info=\"https://www.rsyslog.com\"] rsyslogd was HUPed", "ignore.logging"},
	{"postfix/smtp", "3F2A9C01B7: to=<anna@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=0.5, dsn=2.0.0, status=sent (250 ok)", "ignore.postfix"},
	{"kernel", "[UFW BLOCK] IN=eth0 OUT= MAC=00 SRC=203.0.113.9 DST=192.0.2.1 LEN=40", "ignore.firewall"},
	{"smartd", "Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from 30 to 31", "ignore.disks"},
}

func TestEveryRuleKnowsItsMessages(t *testing.T) {
	var all []logwatchtest.Case
	for _, c := range cases {
		all = append(all, logwatchtest.Case{Tag: c[0], Message: c[1], Rule: c[2]})
	}
	require.NoError(t, logwatchtest.TestRules(logwatch.Builtin(), all))
}
