package confdiff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/backup/confdiff"
)

func of(name, before, after string) string {
	return strings.Join(confdiff.Of(name, []byte(before), []byte(after), []byte("key")), "\n")
}

func TestWhatBecameOfEachRecordIsSaid(t *testing.T) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFOO"
	for _, c := range []struct{ name, before, after, want string }{
		{"/etc/passwd", "git:x:1:1::/srv:/bin/sh\n", "git:x:1:1::/srv:/usr/sbin/nologin\n", "user git: shell /bin/sh to /usr/sbin/nologin"},
		{"/etc/passwd", "a:x:1:1::/:/bin/sh\nb:x:2:2::/:/bin/sh\n", "a:x:0:1::/:/bin/sh\n", "user b removed\nuser a: uid 1 to 0"},
		{"/etc/passwd", "", "toor:x:0:0::/root:/bin/sh\n", "user toor added: password in shadow, uid 0, gid 0, home /root, shell /bin/sh"},
		{"/etc/passwd", "", "toor::0:0::/root:/bin/sh\n", "user toor added: password none needed, uid 0, gid 0, home /root, shell /bin/sh"},
		{"/etc/group", "sudo:x:27:\n", "sudo:x:27:eve\n", "group sudo: members nothing to eve"},
		{"/etc/shadow", "eve:$6$abc$def:1:0:9:7:::\n", "eve:!$6$abc$def:1:0:9:7:::\n", "user eve: password locked"},
		{"/etc/shadow", "eve:!$6$abc$def:1:0:9:7:::\n", "eve:$6$abc$def:1:0:9:7:::\n", "user eve: password unlocked"},
		{"/etc/shadow", "eve:*:1:0:9:7:::\n", "eve::1:0:9:7:::\n", "user eve: password locked to none needed"},
		{"/root/.ssh/authorized_keys", key + " me@home\n", "", "key ssh-ed25519 "},
		{"state:packages", "vim 1 amd64\n", "vim 2 amd64\n", "package vim: version 1 amd64 to 2 amd64"},
		{"/etc/sudoers.d/ops", "# who\nops ALL=(ALL) ALL\n", "ops  ALL=(ALL) ALL\neve ALL=(ALL) \\\n  NOPASSWD: ALL\n", "rule eve ALL=(ALL) NOPASSWD: ALL added"},
		{"/etc/sudoers", "@includedir /etc/sudoers.d\n#include /etc/x\n", "@includedir /etc/sudoers.d\n", "rule #include /etc/x removed"},
		{"/etc/crontab", "SHELL=/bin/sh\n1 2 * * * root /bin/a -x\n", "SHELL=/bin/sh\n1 3 * * * eve /bin/a -x\n", "job /bin/a -x: time 1 2 * * * to 1 3 * * *\njob /bin/a -x: user root to eve"},
		{"/var/spool/cron/crontabs/eve", "", "@reboot /tmp/.x\n", "job /tmp/.x added: time @reboot"},
		{"/etc/fstab", "/dev/sda1 / ext4 defaults 0 1\n", "/dev/sda1 / ext4 noatime 0 1\n//nas/x /x cifs user=a,password=hunter22 0 0\n", "file system /: options defaults to noatime"},
		{
			"/etc/ssh/sshd_config", "PermitRootLogin no\nPort 22\n", "PermitRootLogin yes\nPort 22\nPort 2222\nMatch User eve\n  PermitRootLogin no\n",
			"setting PermitRootLogin: value no to yes\nsetting Port 2222 added\nblock Match User eve added\nsetting for User eve: PermitRootLogin added: value no",
		},
		{"/etc/sysctl.d/1.conf", "net.ipv4.ip_forward = 0\n", "net/ipv4/ip_forward=1\n", "setting net.ipv4.ip_forward: value 0 to 1"},
		{"state:services-systemd", "ssh.service enabled enabled\n", "ssh.service  masked enabled\n", "service ssh.service: state enabled enabled to masked enabled"},
		{"state:firewall-iptables", "*filter\n:INPUT DROP\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n", "*filter\n:INPUT ACCEPT\nCOMMIT\n", "rule filter -A INPUT -p tcp -j ACCEPT removed\nchain filter INPUT: policy DROP to ACCEPT"},
		{"state:partitions", "sda1 1G part ext4 12 /\n", "sda1 2G part ext4 12 /\n", "partition sda1: size 1G to 2G"},
		{"/etc/hosts", "a\nb\n", "a\nc\n", " a\n-b\n+c"},
		{"/etc/blob", "a\x00", "b", "no text: 2 bytes"},
	} {
		assert.Contains(t, of(c.name, c.before, c.after), c.want, c.name)
	}
}

func TestSecretsAreMarksThatChangeWithThem(t *testing.T) {
	for _, c := range []struct{ name, before, after, first, second string }{
		{"/etc/shadow", "eve:$6$salt$firsthash:1:0:9:7:::\n", "eve:$6$salt$secondhash:1:0:9:7:::\n", "firsthash", "secondhash"},
		{"/etc/fstab", "//nas/x /x cifs user=a,password=hunter22 0 0\n", "//nas/x /x cifs user=a,password=correcthorse 0 0\n", "hunter22", "correcthorse"},
		{"/etc/cron.d/x", "DB_PASSWORD=hunter22\n1 * * * * root /bin/a\n", "DB_PASSWORD=correcthorse\n1 * * * * root /bin/a\n", "hunter22", "correcthorse"},
		{"/etc/crontab", "1 * * * * root mysqldump --password=hunter22 x\n", "1 * * * * root mysqldump --password=correcthorse x\n", "hunter22", "correcthorse"},
		{"/etc/app.ini", "password = hunter22\n", "password = correcthorse\n", "hunter22", "correcthorse"},
		{"/etc/shadow", "what: is this\neve:$6$salt$firsthash:1:0:9:7:::\n", "eve:$6$salt$secondhash:1:0:9:7:::\n", "firsthash", "secondhash"},
	} {
		text := of(c.name, c.before, c.after)
		assert.NotContains(t, text, c.first)
		assert.NotContains(t, text, c.second)
		assert.GreaterOrEqual(t, strings.Count(text, "«secret:"), 2, text)
	}
}

func TestEqualContentsHaveNoDifferenceAndUnlikeOnesAlwaysOne(t *testing.T) {
	assert.Empty(t, of("/etc/passwd", "x", "x"))
	assert.NotEmpty(t, confdiff.Of("/etc/empty", nil, []byte{}, nil), "an empty file is not no file")
	assert.NotEmpty(t, of("/etc/passwd", "# a\n", "# b\n"))
}

func ExampleOf() {
	fmt.Println(confdiff.Of("/etc/passwd", []byte("git:x:1:1::/srv:/bin/sh\n"), []byte("git:x:1:1::/srv:/usr/sbin/nologin\n"), nil))
	// Output: [user git: shell /bin/sh to /usr/sbin/nologin]
}
