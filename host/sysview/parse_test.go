package sysview

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMountInfoKeepsBlanksInNamesAndJoinsOptions(t *testing.T) {
	// recorded live on Debian 12, names changed by hand
	const text = `27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
30 27 0:27 / /mnt/a\040b\134c\012d ro,nosuid - tmpfs odd\040name rw,size=4k
41 27 254:0 /srv /srv rw - ext4 /dev/vda rw
`
	mounts, err := ParseMountInfo([]byte(text))
	require.NoError(t, err)
	require.Len(t, mounts, 3)
	want := Mount{
		Source: "odd name", Point: "/mnt/a b\\c\nd", Type: "tmpfs", Dev: "0:27", Root: "/",
		Options: []string{"ro", "nosuid", "rw", "size=4k"},
		System:  []string{"rw", "size=4k"},
		ID:      30, Parent: 27,
	}
	assert.Empty(t, cmp.Diff(want, mounts[1]))
	assert.True(t, mounts[1].ReadOnly())
	assert.False(t, mounts[1].SystemReadOnly())
	assert.False(t, mounts[0].ReadOnly())
	assert.Equal(t, "/srv", mounts[2].Root)
}

func TestOnlyMountsThatAPathLeadsToAreSeen(t *testing.T) {
	// /proc was moved below the root, so it stands before it; /dev/shm has two on
	// top of each other; /a hides /a/b and what is mounted there, /a/d is on /a.
	const text = `22 27 0:21 / /proc rw - proc proc rw
24 27 0:6 / /dev rw - devtmpfs devtmpfs rw
25 24 0:23 / /dev/shm rw - tmpfs below rw
27 1 254:0 / / rw - ext4 /dev/vda rw
30 25 0:27 / /dev/shm rw - tmpfs top rw
31 27 0:31 / /a/b rw - tmpfs hidden rw
32 31 0:32 / /a/b/c rw - tmpfs hidden rw
33 27 0:33 / /a rw - tmpfs seen rw
34 33 0:34 / /a/d rw - tmpfs seen rw
35 27 0:35 / /ab rw - tmpfs seen rw
`
	all, err := ParseMountInfo([]byte(text))
	require.NoError(t, err)
	var got []int
	for _, m := range visible(all) {
		got = append(got, m.ID)
	}
	assert.Equal(t, []int{22, 24, 27, 30, 33, 34, 35}, got)
	bsd := []Mount{{Point: "/", Source: "a"}, {Point: "/mnt", Source: "b"}, {Point: "/mnt", Source: "c"}}
	assert.Equal(t, []Mount{bsd[0], bsd[2]}, visible(bsd))
}

func TestAMadeUpMountTableTakesNoTimeWithoutBound(t *testing.T) {
	var b strings.Builder
	const n = 50_000
	for i := range n { // one circle of all mounts, each on a folder of the last
		fmt.Fprintf(&b, "%d %d 0:1 / /a/%d rw - tmpfs x rw\n", i+1, (i+1)%n+1, i)
	}
	all, err := ParseMountInfo([]byte(b.String()))
	require.NoError(t, err)
	assert.Len(t, visible(all), n)
	// And all of them on one folder of their common parent.
	for i := range all {
		all[i].Parent, all[i].Point = 0, "/a"
	}
	assert.Len(t, visible(all), n)
}

func TestABrokenMountTableIsAnErrorAndNotShorter(t *testing.T) {
	for _, text := range []string{"", "\n", "27 1 254:0 / /\n", "27 1 254:0 / / rw - ext4 /dev/vda\n", "no\n"} {
		_, err := ParseMountInfo([]byte(text))
		assert.Error(t, err, "%q", text)
	}
	_, err := ParseMount([]byte("garbage\n"))
	assert.Error(t, err)
}

func TestANameIsOnTheDeepestMountAboveIt(t *testing.T) {
	mounts := []Mount{{Point: "/var"}, {Point: "/"}, {Point: "/var/log"}}
	for name, want := range map[string]string{"/var/log/x": "/var/log", "/var/log": "/var/log", "/var/logs": "/var", "/etc/x": "/"} {
		on, ok := MountOf(mounts, name)
		assert.True(t, ok)
		assert.Equal(t, want, on.Point, name)
	}
	_, ok := MountOf(nil, "/etc")
	assert.False(t, ok)
}

func TestMountOfEveryBSDIsRead(t *testing.T) {
	// after documentation: mount(8) of OpenBSD, NetBSD, FreeBSD and macOS
	const text = `/dev/sd0a on / type ffs (local, nodev)
/dev/wd0e on /home type ffs (NFS exported, local, read-only)
/dev/ada0p2 on /usr (ufs, local, soft-updates)
tank/x on /mnt/a on b (c) (zfs, local, nfsv4acls)
`
	mounts, err := ParseMount([]byte(text))
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff([]Mount{
		{Source: "/dev/sd0a", Point: "/", Type: "ffs", Options: []string{"local", "nodev"}},
		{Source: "/dev/wd0e", Point: "/home", Type: "ffs", Options: []string{"NFS exported", "local", "read-only"}},
		{Source: "/dev/ada0p2", Point: "/usr", Type: "ufs", Options: []string{"local", "soft-updates"}},
		{Source: "tank/x", Point: "/mnt/a on b (c)", Type: "zfs", Options: []string{"local", "nfsv4acls"}},
	}, mounts))
	assert.True(t, mounts[1].ReadOnly())
}

func TestFstabLeavesOutSwapAndComments(t *testing.T) {
	const text = `# /etc/fstab
UUID=1-2 /           ext4 errors=remount-ro 0 1
UUID=3-4 none        swap sw                0 0
/dev/sdb1 /mnt/my\040disk ext4
short
`
	assert.Empty(t, cmp.Diff([]Mount{
		{Source: "UUID=1-2", Point: "/", Type: "ext4", Options: []string{"errors=remount-ro"}},
		{Source: "/dev/sdb1", Point: "/mnt/my disk", Type: "ext4"},
	}, ParseFstab([]byte(text))))
}

// recorded live on Debian 12
const tcp4 = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 0100007F:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 1146 1 00000000ac9445e8 100 0 0 10 0                      
   1: 020200C0:DD08 507100CB:0050 06 00000000:00000000 03:00001419 00000000     0        0 0 3 0000000043317946                                      
`

const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0 0 10 0
   1: B80D0120000000000000000002000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 78 1 0 100 0 0 10 0
`

func TestHexAddressesAreReadInTheOrderOfTheMachine(t *testing.T) {
	sockets, err := ParseProcNet("tcp", []byte(tcp4), binary.LittleEndian)
	require.NoError(t, err)
	require.Len(t, sockets, 1, "a connection is no listener")
	assert.Equal(t, netip.MustParseAddrPort("127.0.0.1:2024"), sockets[0].Local)
	assert.Equal(t, uint32(33), sockets[0].UID)
	assert.Equal(t, uint64(1146), sockets[0].Inode)

	sockets, err = ParseProcNet("tcp", []byte(tcp6), binary.LittleEndian)
	require.NoError(t, err)
	require.Len(t, sockets, 2)
	assert.Equal(t, netip.MustParseAddrPort("[::1]:22"), sockets[0].Local)
	assert.Equal(t, netip.MustParseAddrPort("[2001:db8::2]:443"), sockets[1].Local)

	big := "head\n0: 7F000001:0019 00000000:0000 0A 0:0 0:0 0 0 0 9 1\n"
	sockets, err = ParseProcNet("tcp", []byte(big), orderOf("s390x"))
	require.NoError(t, err)
	assert.Equal(t, netip.MustParseAddrPort("127.0.0.1:25"), sockets[0].Local)
}

func TestABrokenSocketTableIsAnErrorAndNotShorter(t *testing.T) {
	for _, text := range []string{
		"", "head\nx\n", "head\n0: zz:0016 0:0 0A 0 0 0 0 0 9\n",
		"head\n0: 0100007F:FFFFF 00000000:0000 0A 0:0 0:0 0 0 0 9 1\n",
		"head\n0: 0100007F:0016 00000000:0000 0A 0:0 0:0 0 -1 0 9 1\n",
	} {
		_, err := ParseProcNet("tcp", []byte(text), binary.LittleEndian)
		assert.Error(t, err, "%q", text)
	}
}

func TestSockstatReadsBothAddressForms(t *testing.T) {
	// after documentation: sockstat(1) of FreeBSD 14 (colons) and NetBSD 10 (dots)
	const text = `USER     COMMAND    PID   FD  PROTO  LOCAL ADDRESS         FOREIGN ADDRESS
root     sshd       812   3   tcp6   *:22                  *:*
root     odd name   900   3   tcp4   127.0.0.1:25          *:*
?        ?          ?     ?   tcp46  *:111                 *:*
ntpd     ntpd       700   21  udp6   fe80::1%lo0:123       *:*
ntpd     ntpd       700   22  udp    127.0.0.1.123         *.*
root     syslogd    600   9   udp4   *:*                   *:*
root     devd       500   4   stream /var/run/devd.pipe    x
mysql    mysqld     1567  10 tcp4 6 *:3306                *:*
salt-mas python2.781106 35 tcp4   127.0.0.1:4505        *:*
`
	sockets, err := ParseSockstat([]byte(text))
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff([]Socket{
		{Network: "tcp", User: "root", Local: netip.MustParseAddrPort("[::]:22"), Process: Process{PID: 812, Name: "sshd"}},
		{Network: "tcp", User: "root", Local: netip.MustParseAddrPort("127.0.0.1:25"), Process: Process{PID: 900, Name: "odd name"}},
		{Network: "tcp", Local: netip.MustParseAddrPort("[::]:111")},
		{Network: "udp", User: "ntpd", Local: netip.MustParseAddrPort("[fe80::1%lo0]:123"), Process: Process{PID: 700, Name: "ntpd"}},
		{Network: "udp", User: "ntpd", Local: netip.MustParseAddrPort("127.0.0.1:123"), Process: Process{PID: 700, Name: "ntpd"}},
		{Network: "tcp", User: "mysql", Local: netip.MustParseAddrPort("[::]:3306"), Process: Process{PID: 1567, Name: "mysqld"}},
		{Network: "tcp", User: "salt-mas", Local: netip.MustParseAddrPort("127.0.0.1:4505")},
	}, sockets, addrPorts))
	_, err = ParseSockstat(nil)
	assert.Error(t, err, "no output is no empty answer")
}

func TestNetstatKeepsWhatWaits(t *testing.T) {
	// after documentation: netstat(1) of OpenBSD 7.6
	const text = `Active Internet connections (including servers)
Proto   Recv-Q Send-Q  Local Address          Foreign Address        TCP-State
tcp          0      0  192.0.2.10.22          198.51.100.7.50022     ESTABLISHED
tcp          0      0  *.22                   *.*                    LISTEN
udp          0      0  127.0.0.1.514          *.*
udp          0      0  192.0.2.10.123         203.0.113.1.123
udp          0      0  *.*                    *.*
Active Internet connections (including servers)
Proto   Recv-Q Send-Q  Local Address          Foreign Address        TCP-State
tcp6         0      0  ::1.25                 *.*                    LISTEN
Active UNIX domain sockets
Address            Type   Recv-Q Send-Q    Inode           Conn           Refs      Nextref Addr
0xfffffd807a0f3  stream      0      0 0x0 0x0 0x0 0x0 /var/run/x
`
	sockets, err := ParseNetstat([]byte(text))
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff([]Socket{
		{Network: "tcp", Local: netip.MustParseAddrPort("0.0.0.0:22")},
		{Network: "udp", Local: netip.MustParseAddrPort("127.0.0.1:514")},
		{Network: "tcp", Local: netip.MustParseAddrPort("[::1]:25")},
	}, sockets, addrPorts))
	_, err = ParseNetstat(nil)
	assert.Error(t, err, "no output is no empty answer")
}

func TestFstatTellsWhoHoldsASocket(t *testing.T) {
	// after documentation: fstat(1) of OpenBSD 7.6
	const text = `USER     CMD          PID   FD MOUNT        INUM  MODE         R/W    SZ|DV
root     odd name   75629    3* internet stream tcp 0x0 *:22
root     sshd        4321    3* internet stream tcp 0x0 192.0.2.2:22 <-- 192.0.2.1:5000
_unwind  unwind     19822    7* internet6 dgram udp [::1]:53
_unwind  unwind     19822   11* unix stream 0x0 /dev/unwind.sock
_unwind  unwind     19822   wd  /             2  drwxr-xr-x     r      512
_syslogd syslogd      300    4* internet dgram udp *:*
`
	holders, err := ParseFstat([]byte(text))
	require.NoError(t, err)
	ssh := Socket{Network: "tcp", User: "root", Local: netip.MustParseAddrPort("0.0.0.0:22"), Process: Process{PID: 75629, Name: "odd name"}}
	require.Len(t, holders, 3)
	assert.Empty(t, cmp.Diff(ssh, holders[0], addrPorts))
	sockets := []Socket{{Network: "tcp", Local: ssh.Local}, {Network: "udp", Local: ssh.Local}}
	addHolders(sockets, append([]Socket{{Network: "tcp", Local: ssh.Local, Process: Process{PID: 80000, Name: "child"}}}, holders...))
	assert.Empty(t, cmp.Diff([]Socket{ssh, {Network: "udp", Local: ssh.Local}}, sockets, addrPorts))
	_, err = ParseFstat(nil)
	assert.Error(t, err, "no output is no empty answer")
}

var addrPorts = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

func TestAProcessNameMayHoldAnything(t *testing.T) {
	p, ticks, err := ParseStat([]byte("812 (a) R 1 (b) S 1 812 812 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 4711 9 9\n"))
	require.NoError(t, err)
	assert.Equal(t, Process{PID: 812, Parent: 1, Name: "a) R 1 (b"}, p)
	assert.Equal(t, uint64(4711), ticks)
}

func TestMeminfoOfAnOldKernelCountsCachesAsAvailable(t *testing.T) {
	const text = "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 30 kB\nSwapTotal: 50 kB\nSwapFree: 40 kB\n"
	m, err := ParseMeminfo([]byte(text))
	require.NoError(t, err)
	assert.Equal(t, Memory{1000 << 10, 150 << 10, 50 << 10, 40 << 10}, m)
	m, err = ParseMeminfo([]byte(text + "MemAvailable: 120 kB\n"))
	require.NoError(t, err)
	assert.Equal(t, uint64(120<<10), m.Available)
	_, err = ParseMeminfo([]byte("MemTotal: 1000 kB\n"))
	assert.Error(t, err)
}

func TestLoadIsReadInBothForms(t *testing.T) {
	for _, text := range []string{"0.50 1.25 2.00 2/123 4567\n", "{ 0.50 1.25 2.00 }\n", "0.50 1.25 2.00\n"} {
		l, err := ParseLoadavg([]byte(text))
		require.NoError(t, err, "%q", text)
		assert.Equal(t, Load{One: 0.5, Five: 1.25, Fifteen: 2}, l)
	}
	for _, text := range []string{"", "1 2", "NaN 1 1", "-1 1 1", "1 Inf 1"} {
		_, err := ParseLoadavg([]byte(text))
		assert.Error(t, err, "%q", text)
	}
}

func TestKernelStatGivesBootAndProcessors(t *testing.T) {
	k, err := ParseKernelStat([]byte("cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\nbtime 1764000000\n"))
	require.NoError(t, err)
	assert.Equal(t, KernelStat{Boot: time.Unix(1764000000, 0).UTC(), CPUs: 2}, k)
}

// The lines without a unit were recorded live (Debian 12 in a container); the
// others are after documentation: cgroups(7), systemd.unit(5).
var cgroups = []struct{ sentence, text, unit string }{
	{"a service of the system", "0::/system.slice/ssh.service\n", "ssh.service"},
	{"an instance in a slice of its own", "0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n", "postgresql@15-main.service"},
	{"systemd's tree beside the first version", "4:memory:/x.service\n1:name=systemd:/system.slice/cron.service\n0::/\n", "cron.service"},
	{"what a unit names below itself is not asked", "0::/user.slice/user-1000.slice/user@1000.service/app.slice/ssh.service\n", "user@1000.service"},
	{"nor is what a login does", "0::/user.slice/user-0.slice/session-5.scope/ssh.service\n", ""},
	{"a name that systemd had to mark", "0::/system.slice/_cgroup.service\n", "cgroup.service"},
	{"an escaped name stays as systemd writes it", "0::/system.slice/a\\x2db.service\n", "a\\x2db.service"},
	{"seen from another tree", "0::/../../system.slice/ssh.service\n", ""},
	{"no unit", "9:name=systemd:/\n8:pids:/\n0::/\n", ""},
	{"no name", "0::/system.slice/.service\n", ""},
	{"an impossible name", "0::/system.slice/a b.service\n", ""},
	{"another tree alone", "4:memory:/system.slice/ssh.service\n", ""},
	{"nothing", "", ""},
}

func TestTheUnitOfAProcessIsTheOutermostService(t *testing.T) {
	for _, c := range cgroups {
		assert.Equal(t, c.unit, ParseCgroup([]byte(c.text)), c.sentence)
	}
}

func ExampleUnitFiles() {
	for _, file := range UnitFiles("postfix@-.service")[:4] {
		fmt.Println(file)
	}
	// Output:
	// /usr/lib/systemd/system/postfix@-.service
	// /usr/lib/systemd/system/postfix@.service
	// /lib/systemd/system/postfix@-.service
	// /lib/systemd/system/postfix@.service
}
