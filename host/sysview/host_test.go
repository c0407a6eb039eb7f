package sysview_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A small Linux, after documentation (proc(5)): sshd and its children share a
// socket, one of them with a low number since numbers start again at the end,
// and nobody may look into process 900.
const small = `A small Linux.
-- $ ["uname", "-snrm"] --
Linux mail 6.1.0-41-amd64 x86_64
-- /proc/ dir complete --
-- /proc/stat --
cpu  1 2 3
cpu0 1 2 3
btime 1764000000
-- /proc/net/tcp --
  sl  local_address rem_address   st
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1
   1: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000   101        0 4712 1
-- /proc/net/tcp6 absent --
-- /proc/net/udp --
  sl  local_address rem_address   st
   0: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4713 1
-- /proc/net/udp6 absent --
-- /proc/sys/kernel/random/boot_id --
4da61937-5e22-4288-bd67-aa911caddb55
-- /proc/1/stat --
1 (systemd) S 0 1 1 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 3 9 9
-- /proc/1/fd/ dir error=permission --
-- /proc/300/stat --
300 (sshd) S 812 812 812 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 5000 9 9
-- /proc/300/fd/ dir complete --
-- /proc/300/fd/3 link="socket:[4711]" --
-- /proc/812/cgroup --
0::/system.slice/ssh.service
-- /proc/812/stat --
812 (sshd) S 1 812 812 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 1000 9 9
-- "/proc/812/exe" link="/usr/sbin/sshd (deleted)" --
-- /proc/812/fd/ dir complete --
-- /proc/812/fd/0 link=/dev/null --
-- /proc/812/fd/3 link="socket:[4711]" --
-- /proc/812/fd/4 link="socket:[4711]" --
-- /proc/900/fd/ dir error=permission --
-- /proc/2000/fd/ dir complete --
-- /proc/2000/fd/3 link="socket:[4711]" --
-- /proc/2000/stat --
2000 (sshd) S 812 812 812 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 1000 9 9
`

func tcp(t *testing.T, h host.Host) []sysview.Socket {
	t.Helper()
	table := sysview.Sockets(t.Context(), h)[0]
	require.NoError(t, table.Err)
	require.Equal(t, "tcp", table.Network)
	return table.Sockets
}

func TestASocketBelongsToTheOldestOfThoseThatShareIt(t *testing.T) {
	sockets := tcp(t, hosttest.New(small).Host())
	require.Len(t, sockets, 2)
	assert.Equal(t, sysview.Process{
		PID: 812, Parent: 1, Name: "sshd", Exe: "/usr/sbin/sshd", Deleted: true,
		Start: time.Unix(1764000010, 0).UTC(), Uptime: 10 * time.Second, Unit: "ssh.service",
	}, sockets[0].Process)
}

func TestWithoutTheTimeOfBootAStartIsKnownFromBootOnOnly(t *testing.T) {
	m := hosttest.New(small)
	require.NoError(t, m.Remove("/proc/stat"))
	p := tcp(t, m.Host())[0].Process
	assert.True(t, p.Start.IsZero())
	assert.Equal(t, 10*time.Second, p.Uptime)
}

func TestTheBootIDIsAnotherAfterEachStartOfKernelOrContainer(t *testing.T) {
	m := hosttest.New(small)
	id := sysview.BootID(t.Context(), m.Host())
	assert.Equal(t, "4da61937-5e22-4288-bd67-aa911caddb55+30ms", id)
	container := hosttest.New(strings.ReplaceAll(small, " 1 0 3 9 9", " 1 0 4 9 9"))
	assert.NotEqual(t, id, sysview.BootID(t.Context(), container.Host()))
	for _, unknown := range []string{"/proc/1/stat", "/proc/sys/kernel/random/boot_id"} {
		m := hosttest.New(small)
		require.NoError(t, m.Remove(unknown))
		assert.Empty(t, sysview.BootID(t.Context(), m.Host()), unknown)
	}
}

func TestThatSomeProcessesMayNotBeSeenIsTold(t *testing.T) {
	for _, table := range sysview.Sockets(t.Context(), hosttest.New(small).Host()) {
		assert.True(t, table.Hidden)
	}
	all := strings.ReplaceAll(small, "fd/ dir error=permission", "fd/ dir complete")
	for _, table := range sysview.Sockets(t.Context(), hosttest.New(all).Host()) {
		assert.NoError(t, table.Err)
		assert.False(t, table.Hidden)
	}
}

func TestASocketOfAnInvisibleProcessIsStillASocket(t *testing.T) {
	sockets := tcp(t, hosttest.New(small).Host())
	s := sockets[1]
	assert.Equal(t, netip.MustParseAddrPort("127.0.0.1:25"), s.Local)
	assert.Equal(t, uint32(101), s.UID)
	assert.False(t, s.Process.Known())
}

func TestWhatCannotBeReadIsNoEmptyList(t *testing.T) {
	for _, table := range sysview.Sockets(t.Context(), host.Host{}) {
		assert.ErrorIs(t, table.Err, errors.ErrUnsupported)
	}
	_, err := sysview.Mounts(t.Context(), host.Host{})
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	m := hosttest.New(small)
	require.NoError(t, m.Remove("/proc/net/tcp"))
	tables := sysview.Sockets(t.Context(), m.Host())
	assert.ErrorIs(t, tables[0].Err, fs.ErrNotExist)
	assert.Len(t, tables[1].Sockets, 1, "the other network is known")
}

func TestTheBSDsAreAskedByTheirCommands(t *testing.T) {
	m := hosttest.New(`OpenBSD, after documentation (netstat(1), fstat(1), sysctl(8), mount(8)).
-- /proc/ absent --
-- $ ["uname", "-snrm"] --
OpenBSD box 7.6 amd64
-- $ ["netstat", "-an"] --
Proto   Recv-Q Send-Q  Local Address          Foreign Address        TCP-State
tcp          0      0  *.22                   *.*                    LISTEN
udp          0      0  *.514                  *.*
-- $ ["fstat"] --
USER     CMD          PID   FD MOUNT        INUM  MODE         R/W    SZ|DV
root     sshd       75629    3* internet stream tcp 0x0 *:22
-- $ ["sysctl", "-n", "vm.loadavg", "hw.ncpu"] --
0.50 0.40 0.30
4
-- $ ["sysctl", "-n", "net.inet.ip.portfirst", "net.inet.ip.portlast"] --
1024
49151
-- $ ["mount"] --
/dev/sd0a on / type ffs (local)
`)
	sockets := tcp(t, m.Host())
	require.Len(t, sockets, 1)
	assert.Equal(t, "sshd", sockets[0].Process.Name)
	first, last, err := sysview.Ephemeral(t.Context(), m.Host())
	require.NoError(t, err)
	assert.Equal(t, [2]uint16{1024, 49151}, [2]uint16{first, last})
	l, err := sysview.ReadLoad(t.Context(), m.Host())
	require.NoError(t, err)
	assert.Equal(t, sysview.Load{One: 0.5, Five: 0.4, Fifteen: 0.3, CPUs: 4}, l)
	mounts, err := sysview.Mounts(t.Context(), m.Host())
	require.NoError(t, err)
	assert.Equal(t, "/", mounts[0].Point)
}

func TestThisMachineShowsASocketThatWasJustOpened(t *testing.T) {
	need.That(t, "Linux", runtime.GOOS == "linux")
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue // no IPv6 here
		}
		defer l.Close()
		want := l.Addr().(*net.TCPAddr).AddrPort()
		sockets := tcp(t, host.Local())
		i := slices.IndexFunc(sockets, func(s sysview.Socket) bool { return s.Local == want })
		require.GreaterOrEqual(t, i, 0, "%v is not among %v", want, sockets)
		s := sockets[i]
		self, err := os.Executable()
		require.NoError(t, err)
		assert.Equal(t, os.Getpid(), s.Process.PID)
		assert.Equal(t, self, s.Process.Exe)
		assert.Equal(t, uint32(os.Getuid()), s.UID)
		assert.WithinDuration(t, time.Now(), s.Process.Start, 15*time.Minute)
	}
}

func TestTheMountsOfAnOldLinuxAreTheKernelsAndNotAFileOfMount(t *testing.T) {
	h := hosttest.New("2.6.8\n-- /proc/self/ dir complete --\n-- /proc/mounts --\nrootfs / rootfs rw 0 0\n/dev/root / ext3 ro,noatime 0 0\n/dev/hda2 /a\\040b ext3 rw 0 0\n").Host()
	mounts, err := sysview.Mounts(t.Context(), h)
	require.NoError(t, err)
	require.Len(t, mounts, 2, "what is below another is not seen")
	assert.True(t, mounts[0].ReadOnly() && mounts[0].SystemReadOnly())
	assert.Equal(t, "/a b", mounts[1].Point)
	for _, text := range []string{"", "\n", "/dev/root / ext3\n", "a b c d\n"} {
		_, err := sysview.ParseProcMounts([]byte(text))
		assert.Error(t, err, "%q", text)
	}
}

// The users of a machine may have a thousand mounts (mount_max of fuse.conf(5)).
func TestTheMountsOfUsersHideNoneOfTheSystems(t *testing.T) {
	var table strings.Builder
	table.WriteString("users\n-- /proc/self/mountinfo --\n27 1 254:0 / / rw - ext4 /dev/vda1 rw\n")
	blanks := strings.Repeat(`\040`, 4000)
	for i := range 540 {
		fmt.Fprintf(&table, "%d 27 0:%d / /home/ann/%d%s rw - fuse.x %s rw,user_id=1000\n", 100+i, 100+i, i, blanks[:16000], blanks[:16000])
	}
	table.WriteString("900000 27 254:16 / /srv rw - ext4 /dev/vdb rw\n")
	h := hosttest.New(table.String()).Host()
	mounts, err := sysview.Mounts(t.Context(), h)
	require.NoError(t, err)
	assert.Len(t, mounts, 542)
}

func TestThisMachineHasARootMount(t *testing.T) {
	mounts, err := sysview.Mounts(t.Context(), host.Local())
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(mounts, func(m sysview.Mount) bool { return m.Point == "/" && m.Type != "" }))
}

func ExampleSockets() {
	for _, table := range sysview.Sockets(context.Background(), hosttest.New(small).Host()) {
		for _, s := range table.Sockets {
			fmt.Println(s.Network, s.Local, s.Process.Known())
		}
	}
	// Output:
	// tcp 0.0.0.0:22 true
	// tcp 127.0.0.1:25 false
	// udp 0.0.0.0:68 false
}
