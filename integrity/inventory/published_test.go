package inventory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/report"
)

// The accounts have the shape of freebsd/freebsd-src : etc/master.passwd and
// openbsd/src : etc/master.passwd, with other values: a line that is only a #, a
// second root without a shell, root without a password, a class, commas in the name.
var masters = map[string]struct {
	text string
	want []string
}{
	"FreeBSD": {
		"#\nroot::0:0::0:0:Somebody &:/root:/bin/csh\ntoor:*:0:0::0:0:Second Superuser:/root:\nbin:*:3:7::0:0:Commands and Source:/:/usr/sbin/nologin\n_dhcp:*:65:65::0:0:dhcp programs:/var/empty:/usr/sbin/nologin\n",
		[]string{"critical: The account root needs no password", "notice: The account toor has user number 0, and so all rights of root"},
	},
	"OpenBSD": {
		"root:$2b$10$x:0:0:daemon:0:0:Somebody &:/root:/bin/ksh\nbin:*:3:7::0:0:Commands and Source,,,:/:/sbin/nologin\n_ntp:*:83:83::0:0:NTP Daemon:/var/empty:/sbin/nologin\n",
		[]string{},
	},
}

func TestPublishedAccountsOfTheBSDsAreRead(t *testing.T) {
	for name, c := range masters {
		t.Run(name, func(t *testing.T) {
			passwd := "#\n"
			for line := range strings.Lines(strings.TrimPrefix(c.text, "#\n")) {
				f := strings.Split(line, ":")
				passwd += strings.Join(append([]string{f[0], "*", f[2], f[3]}, f[7:]...), ":")
			}
			m := hosttest.New("-- /etc/passwd --\n" + passwd + "-- /etc/shadow absent --\n-- /etc/group --\nwheel:*:0:root\n-- /etc/master.passwd --\n" + c.text)
			res := integritytest.Collect(t, inventory.Check{Question: accounts.Users{Host: m.Host()}})
			assert.Equal(t, report.OK, res.Status, res.Problems)
			assert.Equal(t, c.want, integritytest.Titles(res))
		})
	}
}

// What the tools print has the shape of kellyjonbrazil/jc :
// tests/fixtures/freebsd12/netstat-an.out (as on a system that has no other tool here),
// saltstack/salt : tests/pytests/unit/utils/test_network.py (sockstat, once with a long
// name that runs into the process number; netstat of OpenBSD), and a Portuguese course
// on OpenBSD (netstat and fstat of 6.x), with other values.
var listening = map[string]struct{ text, want string }{
	"FreeBSD": {`-- $ ["uname", "-snrm"] --
FreeBSD web 14.1-RELEASE amd64
-- $ ["sockstat", "-46l"] --
USER     COMMAND    PID   FD PROTO  LOCAL ADDRESS    FOREIGN ADDRESS
root     python3.9  1294  41 tcp4   127.0.0.1:61115  *:*
salt-master python3.981106 35 tcp4  127.0.0.1:4506   *:*
root     sshd       812   3  tcp6   *:22             *:*
`, "127.0.0.1:4506  0; 127.0.0.1:61115 python3.9 1294; [::]:22 sshd 812"},
	"OpenBSD": {`-- $ ["uname", "-snrm"] --
OpenBSD web 7.6 amd64
-- $ ["netstat", "-an"] --
Active Internet connections (including servers)
Proto   Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp          0      0  127.0.0.1.61115        127.0.0.1.4506         ESTABLISHED
tcp          0      0  *.80                   *.*                    LISTEN
Active Internet connections (including servers)
Proto   Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp6         0      0  *.80                   *.*                    LISTEN
tcp6         0      0  fe80::1%lo0.25         *.*                    LISTEN
-- $ ["fstat"] --
USER     CMD          PID   FD MOUNT        INUM  MODE         R/W    SZ|DV
www      httpd2     22930    3* internet stream tcp 0xffff8000008e9660 *:80
www      httpd2     22930    4* internet6 stream tcp 0xffff8000008e9440 *:80
www      httpd2     12747    3* internet stream tcp 0xffff8000008e9660 *:80
www      httpd2     12747   wd /var          2  drwxr-xr-x     r      512
_mysql   mysqld     22190    5* internet stream tcp 0xd0bc25a4 *:3306
`, "0.0.0.0:80 httpd2 12747; [::]:80 httpd2 22930; [fe80::1%lo0]:25  0"},
	"another": {`-- $ ["uname", "-snrm"] --
MidnightBSD web 3.2 amd64
-- $ ["netstat", "-an"] --
Active Internet connections (including servers)
Proto Recv-Q Send-Q Local Address          Foreign Address        (state)    
tcp4       0      0 192.0.2.163.22         192.0.2.1.56321        ESTABLISHED
tcp4       0      0 127.0.0.1.25           *.*                    LISTEN     
tcp6       0      0 *.22                   *.*                    LISTEN     
udp4       0      0 *.514                  *.*                    
Active UNIX domain sockets
Address          Type   Recv-Q Send-Q            Inode             Conn             Refs          Nextref Addr
fffff80003ab6100 stream      0      0                0 fffff80003ab6200                0                0
fffff80003abf000 stream      0      0 fffff80003c581e0                0                0                0 /var/run/devd.pipe
`, "0.0.0.0:514  0; 127.0.0.1:25  0; [::]:22  0"},
}

func TestPublishedListenersOfTheBSDsAreRead(t *testing.T) {
	for name, c := range listening {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, table := range listeners.ReadListeners(t.Context(), hosttest.New("-- /proc/ absent --\n"+c.text).Host()) {
				assert.NoError(t, table.Err)
				for _, l := range table.Listeners {
					got = append(got, fmt.Sprint(l.Addr, " ", l.Program, " ", l.PID))
				}
			}
			slices.Sort(got)
			assert.Equal(t, c.want, strings.Join(got, "; "))
		})
	}
}
