package hosttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

const small = `A small machine.
etc: after documentation (passwd(5))
dpkg: recorded live, debian:12 2026-11-20
-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --
-- /etc/ dir complete --
-- /etc/passwd mode=0640 uid=0 gid=42 ino=7 mtime=2026-11-01T00:00:00.5Z --
root:x:0:0::/root:/bin/sh
-- /etc/hostname chomp --
box
-- "/etc/odd\xff name\n" base64 --
AAH/
-- /etc/localtime link=/usr/share/zoneinfo/UTC --
-- /etc/shadow error=permission --
-- /etc/nologin absent --
-- /usr/share/zoneinfo/UTC stat size=114 --
-- /root/x stat-error=permission --
-- /dev/null char rdev=259 mode=0666 --
-- $ ["uname", "-s"] --
Linux
-- $ ["dpkg-query","-W","nosuch"] exit=1 --
-- stderr --
dpkg-query: no packages found matching nosuch
-- $ ["slow"] signal=killed --
-- $ ["rpm"] notfound --
-- $ ["/sbin/x"] error=permission --
-- $ ["df"] hang --
-- dial tcp/127.0.0.1:22 --
SSH-2.0-OpenSSH_9.2p1
-- dial "tcp/[::1]:25" crlf --
220 box
-- dial tcp/192.0.2.3:25 base64 --
MjIwIGJveA0KIG4K
-- dial tcp/192.0.2.4:25 --
-- dial tcp/127.0.0.1:25 refused --
-- dial tcp/192.0.2.1:25 hang --
-- dial tcp/192.0.2.2:25 error="no route to host" --
`

var ctx = context.Background()

func ExampleNew() {
	m := hosttest.New(`A small machine.
-- machine now=2026-11-25T06:00:00Z --
-- /etc/hostname --
box
-- $ ["uname", "-s"] --
Linux
`)
	h := m.Host()
	name, err := h.ReadFile(context.Background(), "/etc/hostname", 0)
	fmt.Printf("%s%v\n", name, err)
	system, err := h.Query(context.Background(), "uname", "-s")
	fmt.Printf("%s%v\n", system, err)
	_, err = h.Query(context.Background(), "uname", "-r")
	fmt.Println(err)
	// Output:
	// box
	// <nil>
	// Linux
	// <nil>
	// run ["uname", "-r"]: not listed in the machine text
}

func TestContentIsGivenByteForByte(t *testing.T) {
	h := hosttest.New(small).Host()
	for name, want := range map[string]string{
		"/etc/passwd": "root:x:0:0::/root:/bin/sh\n", "/etc/hostname": "box", "/etc/odd\xff name\n": "\x00\x01\xff",
		"//etc/./x/../../etc/passwd": "",
	} {
		data, err := h.ReadFile(ctx, name, 0)
		if want == "" {
			assert.ErrorIs(t, err, fs.ErrNotExist, "x is not in the complete /etc")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, want, string(data))
	}
}

func TestStatKnowsOnlyWhatIsGiven(t *testing.T) {
	h := hosttest.New(small).Host()
	st, err := h.Lstat(ctx, "/etc/passwd")
	require.NoError(t, err)
	want := host.Stat{
		Name: "passwd", Mode: 0o100640, GID: 42, Size: 26, Ino: 7,
		Mtime: time.Date(2026, 11, 1, 0, 0, 0, 5e8, time.UTC).UnixNano(),
		Known: host.KnownMode | host.KnownOwner | host.KnownSize | host.KnownInode | host.KnownMtime,
	}
	assert.Empty(t, cmp.Diff(want, st))
	st, err = h.Lstat(ctx, "/usr/share")
	require.NoError(t, err)
	assert.Equal(t, host.Stat{Name: "share", Mode: 0o40755, Known: host.KnownMode}, st)
	st, err = h.Lstat(ctx, "/etc/localtime")
	require.NoError(t, err)
	assert.Equal(t, "/usr/share/zoneinfo/UTC", st.Link)
}

func TestAbsenceIsAnsweredOnlyWhenItIsProven(t *testing.T) {
	h := hosttest.New(small).Host()
	for name, want := range map[string]error{
		"/etc/nosuch": fs.ErrNotExist, "/etc/nologin": fs.ErrNotExist, "/etc/passwd/x": fs.ErrNotExist,
		"/usr/nosuch": hosttest.ErrUnlisted, "/nosuch/x": hosttest.ErrUnlisted,
		"/etc/localtime": hosttest.ErrUnlisted, "/etc/shadow": fs.ErrPermission, "/root/x": fs.ErrPermission,
		"/dev/null": host.ErrNotRegular, "/etc": host.ErrNotRegular, "etc": fs.ErrInvalid,
	} {
		_, err := h.Open(ctx, name)
		assert.ErrorIs(t, err, want, name)
		if want != fs.ErrNotExist {
			assert.NotErrorIs(t, err, fs.ErrNotExist, name)
		}
	}
	_, err := h.ReadDir(ctx, "/usr")
	assert.ErrorIs(t, err, hosttest.ErrUnlisted)
	list, err := h.ReadDir(ctx, "/etc")
	require.NoError(t, err)
	names := []string{}
	for _, st := range list {
		names = append(names, st.Name)
	}
	assert.Equal(t, []string{"hostname", "localtime", "odd\xff name\n", "passwd", "shadow"}, names)
}

func TestCompleteTreeHoldsBelow(t *testing.T) {
	h := hosttest.New("-- / dir complete=tree --\n-- /a/b/c --\n-- /a/locked dir error=permission --\n").Host()
	list, err := h.ReadDir(ctx, "/a/b")
	require.NoError(t, err)
	assert.Len(t, list, 1)
	_, err = h.Lstat(ctx, "/a/x/y")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = h.Lstat(ctx, "/a/locked/y")
	assert.ErrorIs(t, err, fs.ErrPermission)
}

func TestCommandsEndAsListed(t *testing.T) {
	m := hosttest.New(small)
	h := m.Host()
	out, err := h.Run(ctx, host.Command{Args: []string{"dpkg-query", "-W", "nosuch"}, Stdin: strings.NewReader("in")})
	require.NoError(t, err)
	assert.Equal(t, host.Output{Stderr: []byte("dpkg-query: no packages found matching nosuch\n"), Stdout: []byte{}, Exit: 1}, out)
	out, err = h.Run(ctx, host.Command{Args: []string{"slow"}})
	require.NoError(t, err)
	assert.Equal(t, "killed", out.Signal)
	assert.Equal(t, -1, out.Exit)
	for program, want := range map[string]error{
		"rpm": exec.ErrNotFound, "/sbin/x": fs.ErrPermission, "uname": hosttest.ErrUnlisted,
	} {
		_, err = h.Query(ctx, program)
		assert.ErrorIs(t, err, want)
	}
	_, err = h.Query(ctx, "rpm", "-qa")
	assert.ErrorIs(t, err, exec.ErrNotFound)
	ran := m.Commands()
	require.Len(t, ran, 6)
	assert.Equal(t, hosttest.Ran{Args: []string{"dpkg-query", "-W", "nosuch"}, Stdin: []byte("in"), Listed: true}, ran[0])
}

func TestHangWaitsForItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hosttest.New(small).Host()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := h.Run(ctx, host.Command{Args: []string{"df"}})
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err = h.Run(ctx, host.Command{Args: []string{"df"}, Mutates: true})
		assert.ErrorIs(t, err, host.ErrStillRunning)
		ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err = h.Connect(ctx, "tcp", "192.0.2.1:25")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestDialAnswersAsListed(t *testing.T) {
	m := hosttest.New(small)
	_, err := m.Host().Connect(ctx, "tcp", "127.0.0.1:25")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	_, err = m.Host().Connect(ctx, "tcp", "192.0.2.2:25")
	assert.ErrorContains(t, err, "no route to host")
	_, err = m.Host().Connect(ctx, "tcp", "192.0.2.5:25")
	assert.ErrorIs(t, err, hosttest.ErrUnlisted)
	m.SetServer("tcp", "127.0.0.1:25", func(c net.Conn) {
		defer c.Close()
		io.WriteString(c, "220 box\r\n")
	})
	c, err := m.Host().Connect(ctx, "tcp", "127.0.0.1:25")
	require.NoError(t, err)
	greeting, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "220 box\r\n", string(greeting))
}

func TestListedServerGreetsAndThenListensToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails when a goroutine stays
		m := hosttest.New(small)
		for addr, want := range map[string]string{"127.0.0.1:22": "SSH-2.0-OpenSSH_9.2p1\n", "[::1]:25": "220 box\r\n", "192.0.2.3:25": "220 box\r\n n\n", "192.0.2.4:25": ""} {
			c, err := m.Host().Connect(ctx, "tcp", addr)
			require.NoError(t, err)
			got := make([]byte, len(want))
			_, err = io.ReadFull(c, got)
			require.NoError(t, err)
			assert.Equal(t, want, string(got))
			_, err = c.Write(make([]byte, 1<<20))
			require.NoError(t, err, "what a client says is read")
			require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Hour)))
			_, err = c.Read(got)
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "the server waits for the client to close")
			require.NoError(t, c.Close())
		}
		c, err := m.Host().Connect(ctx, "tcp", "127.0.0.1:22")
		require.NoError(t, err)
		_, err = c.Write([]byte("SSH-2.0-me\r\n"))
		require.NoError(t, err, "a client may speak first")
		require.NoError(t, c.Close(), "and need not listen")
	})
}

func TestSourcesSayWhereEachPartComesFrom(t *testing.T) {
	assert.Equal(t, []hosttest.Source{
		{Part: "etc", Evidence: "after documentation", From: "passwd(5)"},
		{Part: "dpkg", Evidence: "recorded live", From: "debian:12 2026-11-20"},
	}, hosttest.New(small).Sources())
}

func TestEditsShowInTheNextRun(t *testing.T) {
	m := hosttest.New(small)
	h := m.Host()
	m.SetNow(time.Date(2026, 11, 26, 6, 0, 0, 0, time.UTC))
	require.NoError(t, m.WriteFile("/etc/hostname", []byte("new\n"), 0))
	require.NoError(t, m.WriteFile("/etc/cron.d/job", []byte("*\n"), 0o600))
	require.NoError(t, m.AppendFile("/etc/passwd", []byte("eve:x:0:0::/:/bin/sh\n")))
	require.NoError(t, m.Rename("/etc/odd\xff name\n", "/etc/even"))
	require.NoError(t, m.Remove("/etc/localtime"))
	require.NoError(t, m.Add("-- /etc/nologin --\nno\n-- $ [\"uname\",\"-s\"] --\nOpenBSD\n"))
	m.SetCommand([]string{"rpm", "-q"}, host.Output{Stdout: []byte("x")}, nil)

	list, err := h.ReadDir(ctx, "/etc")
	require.NoError(t, err)
	names := ""
	for _, st := range list {
		names += st.Name + " "
	}
	assert.Equal(t, "cron.d even hostname nologin passwd shadow ", names)
	st, err := h.Lstat(ctx, "/etc/hostname")
	require.NoError(t, err)
	assert.Equal(t, h.Time(), st.ModTime())
	st, err = h.Lstat(ctx, "/etc/cron.d/job")
	require.NoError(t, err)
	assert.Equal(t, uint32(0o100600), st.Mode)
	out, err := h.Query(ctx, "uname", "-s")
	require.NoError(t, err)
	assert.Equal(t, "OpenBSD\n", string(out))
	_, err = h.Query(ctx, "rpm", "-q")
	require.NoError(t, err)
	_, err = h.Query(ctx, "rpm", "-qa")
	assert.ErrorIs(t, err, hosttest.ErrUnlisted)
	_, err = h.Lstat(ctx, "/etc/odd\xff name\n")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestOpenFileKeepsItsContent(t *testing.T) {
	m := hosttest.New(small)
	f, err := m.Open(ctx, "/etc/passwd")
	require.NoError(t, err)
	require.NoError(t, m.WriteFile("/etc/passwd", []byte("x"), 0))
	data, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Equal(t, "root:x:0:0::/root:/bin/sh\n", string(data))
}

func TestTextGivesTheMachineBack(t *testing.T) {
	text := hosttest.New(small).Text()
	again, err := hosttest.Parse(text)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again.Text()))
	for _, line := range []string{
		"-- /etc/passwd mode=0640 uid=0 gid=42 dev=0 ino=7 mtime=2026-11-01T00:00:00.5Z --\n",
		"-- /etc/hostname mode=0644 uid=0 gid=0 chomp --\nbox\n", "-- /etc/ dir complete",
		"-- $ [\"rpm\"] notfound --\n", "-- /etc/shadow error=permission mode=0644", "-- /root/x stat-error=permission --",
		`-- dial tcp/192.0.2.2:25 error="no route to host" --`, "-- dial tcp/127.0.0.1:22 --\nSSH-2.0-OpenSSH_9.2p1\n", "-- dial tcp/[::1]:25 crlf --\n220 box\n",
		"-- dial tcp/192.0.2.3:25 base64 --\nMjIwIGJveA0KIG4K\n-- dial tcp/192.0.2.4:25 --\n", "-- /usr/share/zoneinfo/UTC stat mode=0644 uid=0 gid=0 size=114 --",
	} {
		assert.Contains(t, string(text), line)
	}
}

func TestWrongTextIsRefused(t *testing.T) {
	for _, text := range []string{
		"-- nonsense --\n", "-- relative/path --\n", "-- /a//b --\n", "-- /a/../b --\n", "-- /a --\n-- /a --\n",
		"-- /a --\n-- /a/b --\n", "-- /a/b --\n-- /a --\n", "-- /a absent --\n-- /a/b --\n", "-- /a colour=red --\n",
		"-- /a mode=999 --\n", "-- /a mode=10644 --\n", "-- /a uid=1 --\n", "-- /a uid=-1 gid=0 --\n", "-- /a mtime=yesterday --\n",
		"-- /a mtime=1000-01-01T00:00:00Z --\n", "-- /a base64 --\n!\n", "-- /a base64 chomp --\n", "-- /a dir --\ncontent\n",
		"-- /a dir fifo --\n", "-- /a/ --\n", "-- /a complete --\n", "-- /a dir complete=all --\n", "-- /a dir complete error=permission --\n",
		"-- /a link= --\n", "-- /a absent mode=0644 --\n", "-- /a error= --\n", "-- /a mode=0644 mode=0644 --\n", "-- \"/a --\n",
		"-- \"/a\\x00\" --\n", "-- $ uname --\n", "-- $ [] --\n", "-- $ [\"a\" \"b\"] --\n", "-- $ [\"a\"] exit=-1 --\n",
		"-- $ [\"a\"] exit=1 signal=killed --\n", "-- $ [\"a\",\"b\"] notfound --\n", "-- $ [\"a\"] notfound exit=1 --\n",
		"-- $ [\"a\"] --\n-- $ [\"a\"] --\n", "-- stderr --\n", "-- $ [\"a\"] --\n-- /x --\n-- stderr --\n",
		"-- $ [\"a\"] hang --\n-- stderr --\nx\n", "-- dial tcp/x refused --\nx\n", "-- dial tcp/x refused hang --\n", "-- dial tcp/x colour=red --\n",
		"-- /x --\n-- machine --\n", "-- /a --\r\n", "-- machine uid=0 --\n", "-- machine now=1 --\n",
	} {
		_, err := hosttest.Parse([]byte(text))
		assert.ErrorContains(t, err, "parse machine:", "%q", text)
	}
	assert.PanicsWithError(t, `parse machine: line 2: unknown attribute "x"`, func() { hosttest.New("c\n-- /a x --\n") })
}

func TestLinksResolveInside(t *testing.T) {
	h := hosttest.New("-- /a/f --\nx\n-- /a/up link=../../../a/f --\n-- /a/abs link=/a/up --\n-- /l link=a --\n" +
		"-- /loop link=loop --\n").Host()
	for _, name := range []string{"/a/up", "/a/abs", "/l/f", "/l/abs", "/../a/f", "/l/../a/f"} {
		data, err := h.ReadFile(ctx, name, 0)
		require.NoError(t, err, name)
		assert.Equal(t, "x\n", string(data))
	}
	_, err := h.Open(ctx, "/loop")
	assert.ErrorIs(t, err, syscall.ELOOP)
	_, err = h.Open(ctx, "/a/f/")
	assert.True(t, errors.Is(err, fs.ErrNotExist))
}

func TestEditsAndReadsAtOnce(t *testing.T) {
	m := hosttest.New("-- / dir complete=tree --\n-- $ [\"a\"] --\n")
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 200 {
				name := fmt.Sprintf("/d/%d", (i+n)%3)
				assert.NoError(t, m.WriteFile(name, []byte(name), 0o600))
				data, err := m.Host().ReadFile(ctx, name, 0)
				assert.True(t, errors.Is(err, fs.ErrNotExist) || err == nil && string(data) == name, "%q %v", data, err)
				assert.NoError(t, m.Remove(name))
				_, err = m.ReadDir(ctx, "/d")
				assert.NoError(t, err)
				_, err = m.Host().Query(ctx, "a")
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	assert.Len(t, m.Commands(), 800)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("-- /a complete=tree dir error=\"x y\" --\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := hosttest.Parse(text)
		if err != nil {
			return
		}
		written := m.Text()
		again, err := hosttest.Parse(written)
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		if diff := cmp.Diff(string(written), string(again.Text())); diff != "" {
			t.Fatal(diff)
		}
	})
}
