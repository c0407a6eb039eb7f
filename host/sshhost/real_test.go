//go:build unix

package sshhost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// plant makes the sample tree for the user with the number uid.
func plant(t *testing.T, uid int) hosttest.Tree {
	t.Helper()
	dir := t.TempDir()
	open(t, dir)
	tree, err := hosttest.Plant(dir, dir)
	require.NoError(t, err)
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "locked"), 0o700) })
	if uid != os.Getuid() {
		require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			err = os.Lchown(path, uid, uid)
			if strings.HasSuffix(path, "/setuid") {
				err = errors.Join(err, os.Chmod(path, 0o755|os.ModeSetuid)) // chown takes it away
			}
			return err
		}))
	}
	return tree
}

func TestRealServerConforms(t *testing.T) {
	c := startServer(t, "").dial(t, nil)
	require.Equal(t, answer.Find, c.traits.dialect)
	require.NoError(t, hosttest.TestHost(t.Context(), c.Host(), plant(t, os.Getuid())))
}

// tools are what the scripts use, as a BusyBox system has them.
var tools = []string{"sh", "env", "find", "stat", "awk", "base64", "head", "tail", "od", "ls", "readlink", "sha256sum", "ps", "tr"}

// busyBox maps the real files of the tools to BusyBox, which does what its name says.
func busyBox(t *testing.T) map[string]string {
	t.Helper()
	box := need.Program(t, "busybox")
	mounts := map[string]string{}
	for _, tool := range tools {
		path, err := filepath.EvalSymlinks(need.Program(t, tool))
		require.NoError(t, err)
		mounts[path] = box
	}
	return mounts
}

func TestBusyBoxConforms(t *testing.T) {
	need.Root(t)
	c := startServerWith(t, "", busyBox(t)).dial(t, nil)
	require.Equal(t, answer.Stat, c.traits.dialect)
	require.NoError(t, hosttest.TestHost(t.Context(), c.Host(), plant(t, os.Getuid())))
}

// bsdStat stands in for the stat of the BSDs, as their manual pages have it.
const bsdStat = `#!/bin/bash
case $1 in -c) echo "stat: illegal option -- c" >&2; exit 1 ;; -f) ;; *) exit 1 ;; esac
[ "$2" = '%Op %Du %Dg %Dz %Db %Ud %Ui %Ul %Ur %Fm %Fc' ] || [ "$2" = '%Op %Ud %Fm' ] || exit 1
shift 2; follow=
if [ "$1" = -L ]; then follow=-L; shift; fi
OLDSTAT $follow -c '%f %u %g %s %b %d %i %h 0 %.9Y %.9Z' "$@" |
while read -r mode rest; do printf '%o %s\n' "0x$mode" "$rest"; done
exit "${PIPESTATUS[0]}"
`

func TestToolsOfTheBSDsConform(t *testing.T) {
	need.Root(t)
	mounts := busyBox(t)
	dir := t.TempDir()
	open(t, dir)
	stat, err := os.ReadFile("/usr/bin/stat")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir+"/oldstat", stat, 0o755))
	script := strings.Replace(bsdStat, "OLDSTAT", dir+"/oldstat", 1)
	require.NoError(t, os.WriteFile(dir+"/stat", []byte(script), 0o755))
	require.NoError(t, os.WriteFile(dir+"/none", []byte("#!/bin/bash\necho 'base64: not found' >&2; exit 127\n"), 0o755))
	mounts["/usr/bin/stat"] = dir + "/stat"
	mounts["/usr/bin/base64"] = dir + "/none"
	mounts["/usr/bin/head"] = dir + "/none"
	c := startServerWith(t, "", mounts).dial(t, nil)
	require.Equal(t, traits{system: "Linux", dialect: answer.BSD, sha256: c.traits.sha256}, c.traits)
	require.NoError(t, hosttest.TestHost(t.Context(), c.Host(), plant(t, os.Getuid())))
}

func TestNormalUserConforms(t *testing.T) {
	const uid = 54321
	s := startServer(t, account("plain", uid, "/", "/bin/sh"))
	s.user = "plain"
	c := s.dial(t, nil)
	tree := plant(t, uid)
	require.NoError(t, hosttest.TestHost(t.Context(), c.Host(), tree))
	ctx, h := t.Context(), c.Host()
	for _, name := range []string{"/secret", "/locked/x"} {
		_, err := h.Open(ctx, tree.Name+name)
		assert.ErrorIs(t, err, fs.ErrPermission, name)
	}
	_, err := h.ReadDir(ctx, tree.Name+"/locked")
	assert.ErrorIs(t, err, fs.ErrPermission)
	_, err = h.Query(ctx, tree.Name+"/locked/program")
	assert.ErrorIs(t, err, fs.ErrPermission, "its absence is not proven")
	_, err = h.Query(ctx, tree.Name+"/file")
	assert.ErrorIs(t, err, fs.ErrPermission, "no right to execute it")
	errs := map[string]error{}
	require.NoError(t, h.Files.(host.Walker).Walk(ctx, tree.Name, host.WalkOptions{Digests: []string{"sha256"}}, func(e *host.Entry) error {
		if e.Err != nil {
			errs[strings.TrimPrefix(e.Path, tree.Name)] = e.Err
		}
		return nil
	}))
	assert.Len(t, errs, 2)
	assert.ErrorIs(t, errs["/secret"], fs.ErrPermission)
	assert.ErrorIs(t, errs["/locked"], fs.ErrPermission)
}

func TestFilesThatAreLargerThanTheirShareAreReadTogether(t *testing.T) {
	s := startServer(t, "")
	c := s.dial(t, nil)
	var asks []host.Ask
	for i := range 300 {
		name, text := fmt.Sprintf("f%d", i), fmt.Sprint(i)
		if i%60 == 7 {
			text = strings.Repeat(text+"\n", 60_000)
		}
		s.write(t, name, text, 0o644)
		asks = append(asks, host.Ask{Op: host.OpRead, Name: s.path(name), Limit: 1 << 20})
	}
	before := c.RoundTrips()
	answers, err := c.Host().BatchAll(t.Context(), asks)
	require.NoError(t, err)
	assert.Equal(t, int64(2), c.RoundTrips()-before)
	for i, a := range answers {
		require.NoError(t, a.Err)
		want, err := os.ReadFile(asks[i].Name)
		require.NoError(t, err)
		require.Equal(t, want, a.Data)
	}
}

func TestTreesGiveWhatTheWalkOfEachDoes(t *testing.T) {
	c := startServer(t, "").dial(t, nil)
	dir := t.TempDir()
	open(t, dir)
	for _, name := range []string{"a/one", "a/sub/two", "a/left/out", "b/three", "c/locked/four", "d"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644))
	}
	require.NoError(t, os.Symlink("b", filepath.Join(dir, "link")))
	roots := []string{dir + "/a", dir + "/b", dir + "/c", dir + "/d", dir + "/link"}
	ctx, files := t.Context(), c.Host().Files
	o := host.WalkOptions{Digests: []string{"sha256"}, OneFileSystem: true, Prune: []string{dir + "/a/le*"}, Skip: func(name string, _ host.Stat) bool { return name == dir+"/c/locked" }}
	var each, all []host.Entry
	take := func(into *[]host.Entry) func(*host.Entry) error {
		return func(e *host.Entry) error { *into = append(*into, *e); return nil }
	}
	for _, root := range roots {
		require.NoError(t, files.(host.Walker).Walk(ctx, root, o, take(&each)))
	}
	before := c.RoundTrips()
	walk, err := files.(host.TreesWalker).Trees(ctx, roots, o)
	require.NoError(t, err)
	require.NoError(t, walk(ctx, take(&all)))
	assert.LessOrEqual(t, c.RoundTrips()-before, int64(2), "one for the lists, one for the contents")
	assert.Equal(t, each, all)
	assert.Len(t, all, 9)
	_, err = files.(host.TreesWalker).Trees(ctx, append(roots, dir+"/zz"), o)
	assert.Error(t, err, "one that is gone is to be walked by itself")
}

func TestWholeEtcIsReadWithin100Exchanges(t *testing.T) {
	c := startServer(t, "").dial(t, nil)
	ctx, h := t.Context(), c.Host()
	start := time.Now()
	entries := 0
	var names []string
	require.NoError(t, h.Files.(host.Walker).Walk(ctx, "/etc", host.WalkOptions{}, func(e *host.Entry) error {
		entries++
		if e.Err == nil && e.IsRegular() {
			names = append(names, e.Path)
		}
		return nil
	}))
	before := map[string]string{}
	for _, name := range names {
		data, _ := os.ReadFile(name)
		before[name] = string(data)
	}
	listed := c.RoundTrips()
	got := map[string][]byte{}
	require.NoError(t, c.ReadFiles(ctx, names, 0, func(name string, st host.Stat, data []byte, err error) error {
		if !errors.Is(err, fs.ErrPermission) {
			require.NoError(t, err, name)
			got[name] = data
		}
		return nil
	}))
	t.Logf("%d entries, %d files, %d exchanges (%d of them for names and stats), %v",
		entries, len(names), c.RoundTrips(), listed, time.Since(start))
	assert.LessOrEqual(t, c.RoundTrips(), int64(100))
	assert.NotEmpty(t, got)
	for name, data := range got {
		after, err := os.ReadFile(name)
		// What others change meanwhile cannot be compared; the server sees a passwd
		// of its own.
		if err == nil && string(after) == before[name] && name != "/etc/passwd" {
			require.Equal(t, string(after), string(data), name)
		}
	}
}

func TestReadFilesAnswersLikeOpen(t *testing.T) {
	for _, d := range []traits{{}, {system: "Linux", dialect: answer.Stat}} {
		c := startServer(t, "").dial(t, nil)
		if d.dialect != "" {
			c.traits = d
		}
		tree := plant(t, os.Getuid())
		names := []string{"bad", "/a\x00"}
		for _, n := range []string{
			"file", "nosuch", "zero", "fifo", "empty", "links/absolute", "links/dangling", "links/loop", "bytes", "odd/\n", "file",
		} {
			names = append(names, tree.Name+"/"+n)
		}
		i := 0
		require.NoError(t, c.ReadFiles(t.Context(), names, 100_000, func(name string, st host.Stat, data []byte, err error) error {
			require.Equal(t, names[i], name)
			i++
			wantData, wantErr := host.Host{Files: c.Host().Files}.ReadFile(t.Context(), name, 100_000)
			assert.Equal(t, string(wantData), string(data), name)
			assert.Equal(t, wantErr == nil, err == nil, "%s: %v, %v", name, err, wantErr)
			for _, kind := range []error{fs.ErrNotExist, host.ErrNotRegular, host.ErrTruncated} {
				assert.Equal(t, errors.Is(wantErr, kind), errors.Is(err, kind), "%s: %v, %v", name, err, wantErr)
			}
			return nil
		}))
		assert.Len(t, names, i)
	}
}

func TestLargeFileIsReadInBlocks(t *testing.T) {
	s := startServer(t, "")
	data := bytes.Repeat([]byte("0123456789abcdef"), (firstBytes+moreBytes+5000)/16)
	s.write(t, "large", string(data), 0o644)
	for _, headC := range []bool{true, false} {
		c := s.dial(t, nil)
		c.traits.headC = headC
		before := c.RoundTrips()
		f, err := c.Host().Open(t.Context(), s.path("large"))
		require.NoError(t, err)
		got, err := io.ReadAll(f)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got))
		assert.EqualValues(t, 3, c.RoundTrips()-before)
		buf := make([]byte, 10)
		n, err := f.ReadAt(buf, firstBytes-5)
		require.NoError(t, err)
		assert.Equal(t, string(data[firstBytes-5:firstBytes+5]), string(buf[:n]))

		s.write(t, "other", string(data), 0o644)
		require.NoError(t, os.Rename(s.path("other"), s.path("large")))
		_, err = f.ReadAt(buf, moreBytes+firstBytes)
		assert.ErrorIs(t, err, errReplaced)
		require.NoError(t, f.Close())
		_, err = f.Read(buf)
		assert.ErrorIs(t, err, fs.ErrClosed)
	}
}

func TestProcFileIsWhole(t *testing.T) {
	need.That(t, "/proc/self/status", exists("/proc/self/status"))
	c := startServer(t, "").dial(t, nil)
	data, err := c.Host().ReadFile(t.Context(), "/proc/self/status", 0)
	require.NoError(t, err)
	assert.Contains(t, string(data), "VmSize:")
}

func TestDeadlineEndsTheRemoteProcessGroup(t *testing.T) {
	s := startServer(t, "")
	c := s.dial(t, nil)
	require.NoError(t, exec.Command("mkfifo", s.path("alive")).Run())
	ctx, cancel := context.WithCancel(t.Context())
	running := make(chan error)
	go func() {
		// Both processes hold the FIFO open, so its reader sees the end of both.
		_, err := c.Host().Run(ctx, host.Command{Args: []string{
			"sh", "-c", `exec >"$1"; echo up; sleep 600 & sleep 600; echo late`, "sh", s.path("alive"),
		}})
		running <- err
	}()
	f, err := os.Open(s.path("alive"))
	require.NoError(t, err)
	defer f.Close()
	up := make([]byte, 3)
	_, err = io.ReadFull(f, up)
	require.NoError(t, err)
	cancel()
	assert.ErrorIs(t, <-running, context.Canceled)
	rest, err := io.ReadAll(f)
	require.NoError(t, err)
	assert.Empty(t, string(rest))
}

func TestMutatingCommandGoesOn(t *testing.T) {
	s := startServer(t, "")
	c := s.dial(t, nil)
	require.NoError(t, exec.Command("mkfifo", s.path("go"), s.path("done")).Run())
	ctx, cancel := context.WithCancel(t.Context())
	running := make(chan error)
	go func() {
		_, err := c.Host().Run(ctx, host.Command{Mutates: true, Args: []string{
			"sh", "-c", `read x <"$1"; echo started >"$2"; read x <"$1"; echo finished >"$2"`, "sh", s.path("go"), s.path("done"),
		}})
		running <- err
	}()
	require.NoError(t, os.WriteFile(s.path("go"), []byte("\n"), 0))
	read(t, s.path("done"), "started\n")
	cancel()
	err := <-running
	assert.ErrorIs(t, err, host.ErrStillRunning)
	assert.ErrorIs(t, err, context.Canceled)
	require.NoError(t, os.WriteFile(s.path("go"), []byte("\n"), 0))
	read(t, s.path("done"), "finished\n")
}

func read(t *testing.T, name, want string) {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, want, string(data))
}

func TestProcessLeftBehindDoesNotHoldTheAnswer(t *testing.T) {
	c := startServer(t, "").dial(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	out, err := c.Host().Run(ctx, host.Command{Args: []string{"sh", "-c", "sleep 300 & echo $!"}})
	require.NoError(t, err)
	pid := strings.TrimSpace(string(out.Stdout))
	require.NotEmpty(t, pid)
	_, err = c.Host().Query(ctx, "/bin/sh", "-c", "kill "+pid)
	require.NoError(t, err, "the process was left alone")
	c.conn.LateTotal = 100 * time.Millisecond
	out, err = c.Host().Run(ctx, host.Command{Stdout: io.Discard, Args: []string{"sh", "-c", "yes & echo $! >&2"}})
	require.NoError(t, err)
	assert.True(t, out.Truncated, "it still writes")
	_, _ = c.Host().Query(ctx, "/bin/sh", "-c", "kill "+string(out.Stderr))
}

const noise = `
head -c 100000 /dev/zero
echo "banner"; echo "@00112233445566778899aabbccddeeff begin 1"; echo "complaint" >&2; printf 'no newline'
`

func TestNoiseOfTheProfileIsDropped(t *testing.T) {
	bash := need.Program(t, "bash")
	home := t.TempDir()
	open(t, home)
	require.NoError(t, os.WriteFile(filepath.Join(home, ".bashrc"), []byte(noise), 0o644))
	s := startServer(t, account("noisy", 54322, home, bash))
	s.user = "noisy"
	c := s.dial(t, nil)
	tree := hosttest.Tree{Name: home}
	list, err := c.Host().ReadDir(t.Context(), tree.Name)
	require.NoError(t, err)
	require.Len(t, list, 1)
	data, err := c.Host().ReadFile(t.Context(), home+"/.bashrc", 0)
	require.NoError(t, err)
	assert.Equal(t, noise, string(data))
	require.NoError(t, hosttest.TestRunner(t.Context(), c.Host().Exec))
}

func TestNoiseInTheMiddleIsNeverContent(t *testing.T) {
	bash := need.Program(t, "bash")
	home := t.TempDir()
	open(t, home)
	const spam = "( i=0; while [ $i -lt 3000 ]; do echo aGkK; i=$((i+1)); done ) &\n"
	require.NoError(t, os.WriteFile(filepath.Join(home, ".bashrc"), []byte(spam), 0o644))
	s := startServer(t, account("noisy", 54322, home, bash))
	s.user = "noisy"
	for range 5 {
		c, err := Dial(t.Context(), s.config())
		if err != nil {
			assert.ErrorIs(t, err, session.ErrFrame)
			assert.ErrorContains(t, err, "start-up file")
			continue
		}
		data, err := c.Host().ReadFile(t.Context(), home+"/.bashrc", 0)
		if err == nil {
			assert.Equal(t, spam, string(data))
		}
		c.Close()
	}
}

func TestLoginShellMayBeCsh(t *testing.T) {
	s := startServer(t, account("csh", 54325, "/", need.Program(t, "tcsh")))
	s.user = "csh"
	c := s.dial(t, nil)
	require.NoError(t, hosttest.TestRunner(t.Context(), c.Host().Exec))
	_, err := c.Host().Lstat(t.Context(), "/etc/it's `not` $there!")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestServerWithoutUsableShellIsAnError(t *testing.T) {
	need.That(t, "nologin", exists("/usr/sbin/nologin"))
	s := startServer(t, account("none", 54323, "/", "/usr/sbin/nologin"))
	s.user = "none"
	_, err := Dial(t.Context(), s.config())
	assert.ErrorContains(t, err, "the remote shell did not begin (exit status 1): This account is currently not available.")
}

func TestDroppedConnectionIsAnError(t *testing.T) {
	s := startServer(t, "")
	c := s.dial(t, nil)
	require.NoError(t, exec.Command("mkfifo", s.path("up")).Run())
	var calls sync.WaitGroup
	for _, mutates := range []bool{false, true} {
		calls.Go(func() {
			out, err := c.Host().Run(t.Context(), host.Command{Mutates: mutates, Args: []string{"sh", "-c", `echo >"$1"; sleep 20`, "sh", s.path("up")}})
			assert.ErrorIs(t, err, session.ErrDropped)
			assert.Equal(t, mutates, errors.Is(err, host.ErrStillRunning))
			assert.Empty(t, out)
		})
		read(t, s.path("up"), "\n")
	}
	s.drop()
	calls.Wait()
	_, err := c.Host().ReadDir(t.Context(), "/etc")
	assert.Error(t, err)
	assert.NotErrorIs(t, err, fs.ErrNotExist)
}

func TestHostKeyMustBeTheKnownOne(t *testing.T) {
	s := startServer(t, "")
	_, otherKey := newKey(t)
	_, port, err := net.SplitHostPort(s.addr)
	require.NoError(t, err)
	entry := func(key ssh.PublicKey) string {
		return fmt.Sprintf("[127.0.0.1]:%s %s", port, ssh.MarshalAuthorizedKey(key))
	}
	s.write(t, "known", entry(s.hostKey), 0o644)
	s.write(t, "wrong", entry(otherKey), 0o644)
	s.write(t, "unknown", "", 0o644)
	s.write(t, "revoked", "@revoked "+entry(s.hostKey)+entry(otherKey), 0o644)
	for file, ok := range map[string]bool{"known": true, "wrong": false, "unknown": false, "revoked": false} {
		config := s.config()
		config.HostKey, config.KnownHosts = nil, []string{s.path(file)}
		c, err := Dial(t.Context(), config)
		if ok {
			require.NoError(t, err)
			c.Close()
			continue
		}
		require.Error(t, err, file)
		if file == "wrong" || file == "unknown" {
			var keyErr *knownhosts.KeyError
			assert.ErrorAs(t, err, &keyErr)
		}
	}
	config := s.config()
	config.HostKey = otherKey
	_, err = Dial(t.Context(), config)
	assert.ErrorContains(t, err, "host key mismatch")
}

func TestDialGoesThroughTheMachine(t *testing.T) {
	s := startServer(t, "")
	c := s.dial(t, nil)
	// The machine is its own jump host.
	again := s.dial(t, func(config *Config) { config.Connect = c.Host().Dial })
	out, err := again.Host().Query(t.Context(), "echo", "hop")
	require.NoError(t, err)
	assert.Equal(t, "hop\n", string(out))
	assert.WithinDuration(t, time.Now(), c.Host().Time(), time.Minute)
}

func TestManyCallsAtOnce(t *testing.T) {
	c := startServer(t, "").dial(t, nil)
	var calls sync.WaitGroup
	for i := range 25 {
		calls.Go(func() {
			out, err := c.Host().Query(t.Context(), "echo", fmt.Sprint(i))
			assert.NoError(t, err)
			assert.Equal(t, fmt.Sprintln(i), string(out))
		})
	}
	calls.Wait()
}

func TestEscalateRunsWithOtherRights(t *testing.T) {
	need.Root(t)
	sudo := need.Program(t, "sudo")
	s := startServer(t, account("admin", 54324, "/", "/bin/sh"))
	root := s.dial(t, func(c *Config) { c.Escalate = []string{sudo, "-n", "-u", "nobody", "--"} })
	out, err := root.Host().Query(t.Context(), "id", "-un")
	require.NoError(t, err)
	assert.Equal(t, "nobody\n", string(out))

	config := s.config()
	config.User, config.Escalate = "admin", []string{sudo, "-n", "--"}
	_, err = Dial(t.Context(), config)
	assert.ErrorIs(t, err, fs.ErrPermission, "no password is asked for")
	assert.ErrorContains(t, err, "sudo")
}
