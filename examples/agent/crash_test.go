package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// buildAgent builds the real binary, once, without libraries of this machine.
func buildAgent(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		dir, err := os.MkdirTemp("", "upkeep-agent")
		require.NoError(t, err)
		built.dir = dir
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "agent"), ".")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	})
	require.FileExists(t, filepath.Join(built.dir, "agent"))
	return filepath.Join(built.dir, "agent")
}

var built struct {
	sync.Once
	dir string // is removed by TestMain
}

// machine is a replayed host whose log has some lines.
type machine struct {
	t     *testing.T
	file  string
	state string
	lines int
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{t: t, file: filepath.Join(dir, "machine.txtar"), state: filepath.Join(dir, "state")}
	m.write(1)
	return m
}

// write gives the log n more lines, each of another pattern.
func (m *machine) write(n int) {
	m.t.Helper()
	m.lines += n
	var b strings.Builder
	b.WriteString("A small machine for the tests of the agent.\nall: written for the tests\n")
	b.WriteString("-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 dev=1 mtime=2026-11-25T05:00:00Z --\n")
	b.WriteString("-- /etc/ dir complete --\n-- /etc/hostname --\ntesthost\n-- /etc/passwd --\nroot:x:0:0::/root:/bin/sh\n")
	b.WriteString("-- /var/log/ dir complete --\n-- /var/log/syslog ino=7 --\n")
	for i := range m.lines {
		fmt.Fprintf(&b, "2026-11-25T05:00:00.000000+00:00 testhost daemon%c%c: an odd thing happened\n", 'a'+i/26, 'a'+i%26)
	}
	require.NoError(m.t, os.WriteFile(m.file, []byte(b.String()), 0o600))
}

func (m *machine) args() []string { return []string{"-host", "replay:" + m.file, "-state", m.state} }

// folder is where the state of the machine is.
func (m *machine) folder() string {
	m.t.Helper()
	dirs, err := filepath.Glob(filepath.Join(m.state, "*"))
	require.NoError(m.t, err)
	require.Len(m.t, dirs, 1)
	return dirs[0]
}

// run runs the agent in this process.
func (m *machine) run(args ...string) (code int, stdout, stderr string) {
	m.t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), append(m.args(), args...), &out, &errs)
	return code, out.String(), errs.String()
}

// told gives the programs whose lines the stored report tells.
func (m *machine) told() (seq uint64, programs []string) {
	m.t.Helper()
	saved, err := memory.FileStore{Dir: m.folder()}.Load(m.t.Context())
	require.NoError(m.t, err)
	if saved.Report == nil {
		return 0, nil
	}
	for _, f := range saved.Report.Result("logwatch.logs").Findings {
		if f.Subject.Key == report.Service {
			programs = append(programs, f.Subject.Value)
		}
	}
	return saved.Report.Seq, programs
}

func TestKilledAtAnyMomentEveryLogLineStandsInOneReport(t *testing.T) {
	agent := buildAgent(t)
	m := newMachine(t)
	stood := map[string]int{}
	var last uint64
	note := func() {
		if dirs, err := filepath.Glob(filepath.Join(m.state, "*")); err != nil || len(dirs) == 0 {
			return // killed before there was any state
		}
		if seq, programs := m.told(); seq != last {
			last = seq
			for _, p := range programs {
				stood[p]++
			}
		}
	}
	full := time.Minute // of a run that nobody kills
	killed := 0
	for i := range 40 {
		m.write(1)
		cmd := exec.Command(agent, m.args()...)
		start := time.Now()
		require.NoError(t, cmd.Start())
		patience := rand.N(full * 5 / 4)
		if i%10 == 0 { // so that no report has more lines than it tells one by one
			patience = time.Minute
		}
		timer := time.AfterFunc(patience, func() { cmd.Process.Kill() }) //nolint:errcheck // it may have ended
		cmd.Wait()                                                       //nolint:errcheck // its exit status says what it found
		timer.Stop()
		if cmd.ProcessState.Exited() {
			full = time.Since(start)
		} else {
			killed++
		}
		note()
	}
	code, _, stderr := m.run()
	require.NotEqual(t, exitUnstored, code, stderr)
	note()
	assert.Greater(t, killed, 5, "of 40 runs too few were killed to prove anything")
	assert.Len(t, stood, m.lines)
	for program, n := range stood {
		assert.Equal(t, 1, n, "%s stands in %d stored reports", program, n)
	}
}

func TestTwoAtOnceTheSecondSaysWhoIsAtWork(t *testing.T) {
	m := newMachine(t)
	m.run()
	held, err := durable.Acquire(filepath.Join(m.folder(), "lock"))
	require.NoError(t, err)
	code, stdout, stderr := m.run()
	assert.Equal(t, exitUnknown, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, fmt.Sprintf("another process is at work: process %d", os.Getpid()))
	assert.Equal(t, 1, strings.Count(stderr, "\n"))
	require.NoError(t, held.Release())
	code, _, stderr = m.run()
	assert.NotEqual(t, exitUnstored, code)
	assert.Empty(t, stderr)
}

func TestCorruptStateIsSaidAndTheNextRunIsRight(t *testing.T) {
	m := newMachine(t)
	m.run()
	m.run()
	state := filepath.Join(m.folder(), "state.json")
	spoil(t, state)
	_, stdout, stderr := m.run()
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "could not be used")
	_, stdout, _ = m.run()
	assert.NotContains(t, stdout, "could not be used")

	spoil(t, state)
	spoil(t, state+".1")
	code, stdout, stderr := m.run()
	assert.Equal(t, exitUnstored, code)
	assert.Contains(t, stdout, "not stored", "the report is shown all the same")
	assert.Contains(t, stderr, "to start anew, move both away")
	assert.FileExists(t, state)
}

func spoil(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.Remove(name)) // the copy before may be the same file
	require.NoError(t, os.WriteFile(name, append(data[:len(data)/2], 0), 0o600))
}

func TestClockThatWasWrongIsSaid(t *testing.T) {
	m := newMachine(t)
	m.run()
	store := memory.FileStore{Dir: m.folder()}
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	saved.Report.Started = saved.Report.Started.AddDate(3, 0, 0)
	require.NoError(t, store.Save(t.Context(), saved))
	m.write(1)
	_, stdout, stderr := m.run()
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "the clock stands")
	seq, programs := m.told()
	assert.Equal(t, uint64(2), seq)
	assert.Equal(t, []string{"daemonab"}, programs)
}

// inMounts runs the agent where a shell command has prepared its state directory.
func inMounts(t *testing.T, m *machine, prepare string) (code int, stdout, stderr string) {
	t.Helper()
	need.Root(t)
	unshare := need.Program(t, "unshare")
	require.NoError(t, os.MkdirAll(m.state, 0o700))
	cmd := exec.Command(unshare, append([]string{"--mount", "/bin/sh", "-c", prepare + ` && exec "$@"`, m.state, buildAgent(t)}, m.args()...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	require.NotNil(t, cmd.ProcessState, "%v", err)
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestFullDiskIsSaidAndNothingIsLost(t *testing.T) {
	m := newMachine(t)
	need.Root(t)
	code, stdout, stderr := inMounts(t, m, `mount -t tmpfs -o size=16k,mode=0700 tmpfs "$0"`)
	assert.Equal(t, exitUnstored, code)
	assert.Contains(t, stdout, "testhost", "the report is shown all the same")
	assert.Contains(t, stderr, "no space left on device")
	code, _, stderr = m.run()
	assert.NotEqual(t, exitUnstored, code, stderr)
	_, programs := m.told()
	assert.Equal(t, []string{"daemonaa"}, programs)
}

func TestReadOnlyStateDirectoryIsSaid(t *testing.T) {
	m := newMachine(t)
	need.Root(t)
	m.run()
	m.write(1)
	code, stdout, stderr := inMounts(t, m, `mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"`)
	assert.Equal(t, exitUnstored, code)
	assert.Contains(t, stdout, "testhost")
	assert.Contains(t, stderr, "read-only file system")
	assert.Contains(t, stderr, "-state")
	m.run()
	_, programs := m.told()
	assert.Equal(t, []string{"daemonab"}, programs)
}

func TestStateDirectoryThatOthersCanWriteIsRefused(t *testing.T) {
	m := newMachine(t)
	m.run()
	require.NoError(t, os.Chmod(m.folder(), 0o770))
	code, stdout, stderr := m.run()
	assert.Equal(t, exitUnknown, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "chmod 700")
}
