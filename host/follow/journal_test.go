package follow

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// exportOf writes entries n to m, one a second, as an export.
func exportOf(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, "__CURSOR=c%d\n__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=f1b1c1d1e1f14a5b8c7d6e5f4a3b2c1d\n_HOSTNAME=web\nSYSLOG_IDENTIFIER=odd\n_PID=7\nPRIORITY=6\nMESSAGE=entry %d\n\n",
			i, int64(1_764_000_000_000_000)+int64(i)*1_000_000, 1_000_000+i*1_000_000, i)
	}
	return b.String()
}

// entries reads to the end.
func entries(t *testing.T, j Journal, c JournalCheckpoint) (got []string, notes []Note, _ JournalCheckpoint) {
	t.Helper()
	r, err := j.Resume(t.Context(), c)
	require.NoError(t, err)
	for {
		b, err := r.Next(t.Context())
		if err == io.EOF {
			return got, notes, c
		}
		require.NoError(t, err)
		for _, e := range b.Entries {
			got = append(got, string(e.Message))
		}
		notes = append(notes, b.Notes...)
		c = b.Checkpoint
	}
}

// realJournal writes a journal file with systemd's own program.
func realJournal(t *testing.T, dir, name string, from, to int) {
	t.Helper()
	program := "/lib/systemd/systemd-journal-remote"
	_, err := os.Stat(program)
	need.That(t, "systemd-journal-remote", err == nil)
	need.Program(t, "journalctl")
	cmd := exec.Command(program, "-o", filepath.Join(dir, name), "-")
	cmd.Stdin = strings.NewReader(exportOf(from, to))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestARealJournalIsReadOnceEntryByEntry(t *testing.T) {
	dir := t.TempDir()
	realJournal(t, dir, "a.journal", 1, 40)
	j := Journal{Host: host.Local(), Directory: dir, Limit: 2000} // some entries a call
	got, notes, c := entries(t, j, JournalCheckpoint{})
	require.Len(t, got, 40)
	assert.Equal(t, "entry 1", got[0])
	assert.Equal(t, "entry 40", got[39])
	assert.Empty(t, notes)

	got, notes, c = entries(t, j, c)
	assert.Empty(t, got)
	assert.Empty(t, notes)

	realJournal(t, dir, "b.journal", 41, 43)
	got, notes, _ = entries(t, j, c)
	assert.Equal(t, []string{"entry 41", "entry 42", "entry 43"}, got)
	assert.Empty(t, notes)
}

func TestAVacuumedRealJournalIsAGapAndLosesNothingElse(t *testing.T) {
	dir := t.TempDir()
	realJournal(t, dir, "a.journal", 1, 5)
	j := Journal{Host: host.Local(), Directory: dir}
	_, _, c := entries(t, j, JournalCheckpoint{})
	require.NoError(t, os.Remove(filepath.Join(dir, "a.journal")))
	realJournal(t, dir, "b.journal", 8, 10)
	got, notes, _ := entries(t, j, c)
	assert.Equal(t, []string{"entry 8", "entry 9", "entry 10"}, got)
	assert.Equal(t, []NoteKind{Gap}, kinds(notes))
}

func TestARefusedCursorIsAGapAndRestartsAfterTheLastEntry(t *testing.T) {
	dir := t.TempDir()
	realJournal(t, dir, "a.journal", 1, 5)
	j := Journal{Host: host.Local(), Directory: dir}
	last := time.UnixMicro(1_764_000_000_000_000 + 3*1_000_000)
	got, notes, _ := entries(t, j, JournalCheckpoint{Cursor: "nonsense", Last: last})
	assert.Equal(t, []string{"entry 4", "entry 5"}, got)
	assert.Equal(t, []NoteKind{Gap}, kinds(notes))
}

// fakeJournal is a host with journal files whose journalctl answers out.
func fakeJournal(out host.Output, args ...string) *hosttest.Machine {
	m := hosttest.New("-- /j/ dir complete --\n-- /j/x.journal --\nx\n")
	m.SetCommand(append([]string{"journalctl", "--output=export", "--all", "--no-pager", "--directory=/j"}, args...), out, nil)
	return m
}

func TestCutOutputIsAskedForAgainFromTheLastWholeEntry(t *testing.T) {
	whole := exportOf(1, 3)
	m := fakeJournal(host.Output{Stdout: []byte(whole[:len(whole)-10]), Truncated: true})
	m.SetCommand([]string{"journalctl", "--output=export", "--all", "--no-pager", "--directory=/j", "--cursor=c2"}, host.Output{Stdout: []byte(exportOf(2, 3))}, nil)
	got, notes, c := entries(t, Journal{Host: m.Host(), Directory: "/j"}, JournalCheckpoint{})
	assert.Equal(t, []string{"entry 1", "entry 2", "entry 3"}, got)
	assert.Empty(t, notes)
	assert.Equal(t, "c3", c.Cursor)
}

func TestAJournalctlThatFailsIsAnError(t *testing.T) {
	for name, out := range map[string]host.Output{
		"status":   {Exit: 1, Stderr: []byte("Failed to open")},
		"signal":   {Exit: -1, Signal: "killed"},
		"garbage":  {Stdout: []byte("\n=x\n")},
		"half":     {Stdout: []byte("__CURSOR=c1\nMESS")},
		"too long": {Stdout: []byte("__CURSOR=c1\nMESS"), Truncated: true},
	} {
		r, err := Journal{Host: fakeJournal(out).Host(), Directory: "/j"}.Resume(t.Context(), JournalCheckpoint{})
		require.NoError(t, err)
		_, err = r.Next(t.Context())
		assert.Error(t, err, name)
		assert.NotErrorIs(t, err, io.EOF, name)
	}
}

func TestAJournalThatMayNotBeReadIsAPermissionError(t *testing.T) {
	m := fakeJournal(host.Output{Exit: 1, Stderr: []byte("No journal files were opened due to insufficient permissions.\n")})
	r, err := Journal{Host: m.Host(), Directory: "/j"}.Resume(t.Context(), JournalCheckpoint{})
	require.NoError(t, err)
	_, err = r.Next(t.Context())
	assert.ErrorIs(t, err, fs.ErrPermission)
}

func TestAHostWithoutAJournalSaysSo(t *testing.T) {
	m := hosttest.New("-- /var/log/ dir complete --\n-- /run/log/ dir complete --\n")
	_, err := Journal{Host: m.Host()}.Resume(t.Context(), JournalCheckpoint{})
	assert.ErrorIs(t, err, ErrNoJournal)
}

func TestJournalFilesWithoutJournalctlAreNotNoJournal(t *testing.T) {
	m := hosttest.New("-- /j/ dir complete --\n-- /j/x.journal --\nx\n-- $ [\"journalctl\"] notfound --\n")
	r, err := Journal{Host: m.Host(), Directory: "/j"}.Resume(t.Context(), JournalCheckpoint{})
	require.NoError(t, err)
	_, err = r.Next(t.Context())
	assert.NotErrorIs(t, err, ErrNoJournal)
	assert.Error(t, err)
}

func TestBinaryFieldsAreTakenByTheirLength(t *testing.T) {
	data := []byte("__CURSOR=c1\nMESSAGE\n\x08\x00\x00\x00\x00\x00\x00\x00two\nl=\n\xff\nPRIORITY=3\nSYSLOG_PID=4\n_PID=5\n_COMM=c\n\n")
	var got []Entry
	used, ok := parseExport(data, func(e *Entry) { got = append(got, *e) })
	require.True(t, ok)
	assert.Equal(t, len(data), used)
	require.Len(t, got, 1)
	assert.Equal(t, "two\nl=\n\xff", string(got[0].Message))
	assert.Equal(t, 3, got[0].Priority)
	assert.Equal(t, "5", string(got[0].PID))
	assert.Equal(t, "c", string(got[0].Tag))
}

func ExampleJournal() {
	m := fakeJournal(host.Output{Stdout: []byte(exportOf(1, 2))})
	r, err := Journal{Host: m.Host(), Directory: "/j"}.Resume(context.Background(), JournalCheckpoint{})
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := r.Next(context.Background())
	for _, e := range b.Entries {
		fmt.Printf("%s[%s]: %s\n", e.Tag, e.PID, e.Message)
	}
	fmt.Println(b.Checkpoint.Cursor, err)
	// Output:
	// odd[7]: entry 1
	// odd[7]: entry 2
	// c2 <nil>
}

func FuzzExport(f *testing.F) {
	f.Add([]byte(exportOf(1, 2)))
	f.Add([]byte("__CURSOR=c1\nMESSAGE\n\x05\x00\x00\x00\x00\x00\x00\x00two\nl\n\n"))
	f.Add([]byte("A\n\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		used, _ := parseExport(data, func(*Entry) { n++ })
		if used > len(data) {
			t.Fatal("used more than there is")
		}
		again := 0
		if parseExport(bytes.Clone(data[:used]), func(*Entry) { again++ }); again != n {
			t.Fatalf("%d entries, then %d", n, again)
		}
	})
}
