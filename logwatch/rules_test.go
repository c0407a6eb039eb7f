package logwatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuiltinRulesCompile(t *testing.T) {
	require.NotPanics(t, func() { Builtin() })
}

func TestMessagesGetTheRuleThatKnowsThem(t *testing.T) {
	rules := Builtin()
	for _, c := range []struct{ tag, msg, rule string }{
		{"sshd", "Accepted publickey for root from 192.0.2.7 port 40022 ssh2: ED25519 SHA256:x", "ssh.root-login"},
		{"sshd-session", "Accepted password for anna from 2001:db8::7 port 40022 ssh2", "ssh.login"},
		{"sshd", "Failed password for root from 192.0.2.7 port 40022 ssh2", "ssh.failed-login"},
		{"sshd", "Failed password for invalid user x from y from 192.0.2.7 port 40022 ssh2", "ssh.failed-login"},
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
	} {
		v := rules.Classify(Line{Tag: []byte(c.tag), Message: []byte(c.msg)})
		assert.Equal(t, c.rule, v.Rule, "%s: %s", c.tag, c.msg)
	}
}

func TestKernelChatterIsRoutineOnlyWhenItIsMild(t *testing.T) {
	rules := Builtin()
	line := Line{Tag: []byte("kernel"), Message: []byte("usb 1-1: new high-speed USB device number 2"), Priority: 6}
	assert.Equal(t, Ignore, rules.Classify(line).Level)
	line.Message = []byte("usb 1-1: device descriptor read error -71")
	assert.Equal(t, Unexplained, rules.Classify(line).Level)
	line = Line{Tag: []byte("kernel"), Message: []byte("x86/fpu: Supporting XSAVE feature"), Uptime: []byte("0.000000")}
	assert.Equal(t, Ignore, rules.Classify(line).Level)
	line.Uptime = []byte("5000.1")
	assert.Equal(t, Unexplained, rules.Classify(line).Level)
}
