package logstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// file is a log in a folder of its own.
type file struct {
	t   *testing.T
	log logstream.Log
}

func newFile(t *testing.T) file {
	return file{t, logstream.Log{Host: host.Local(), Path: filepath.Join(t.TempDir(), "mail.log"), Now: noon}}
}

func (f file) append(text string) {
	f.t.Helper()
	out, err := os.OpenFile(f.log.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(f.t, err)
	_, err = out.WriteString(text)
	require.NoError(f.t, errors.Join(err, out.Close()))
}

// read reads to the end, and commits as many batches as it is told.
func (f file) read(p logstream.Position, commits int) (texts []string, r *logstream.Reader) {
	f.t.Helper()
	r, err := f.log.Resume(f.t.Context(), p)
	require.NoError(f.t, err)
	defer r.Close()
	for {
		b, err := r.Next(f.t.Context())
		if err == io.EOF {
			return texts, r
		}
		require.NoError(f.t, err)
		for i := range b.Records {
			rec := &b.Records[i]
			texts = append(texts, fmt.Sprintf("%s %s %d", rec.Tag, rec.Message, rec.Events))
		}
		if commits != 0 {
			commits--
			r.Commit()
		}
	}
}

func line(text string) string { return noon.Format("Jan _2 15:04:05") + " web " + text + "\n" }

func TestARecordIsDeliveredAgainUntilItIsCommitted(t *testing.T) {
	f := newFile(t)
	f.append(line("app: one") + line("app: two"))
	got, r := f.read(logstream.Position{}, 0)
	assert.Equal(t, []string{"app one 1", "app two 1"}, got)
	assert.Zero(t, r.Position(), "nothing was committed")
	assert.Zero(t, r.Account())
	got, r = f.read(r.Position(), -1)
	assert.Len(t, got, 2)
	got, _ = f.read(r.Position(), -1)
	assert.Empty(t, got)
}

func TestAPositionSurvivesJSON(t *testing.T) {
	f := newFile(t)
	f.append(line("app: one"))
	_, r := f.read(logstream.Position{}, -1)
	data, err := json.Marshal(r.Position())
	require.NoError(t, err)
	var again logstream.Position
	require.NoError(t, json.Unmarshal(data, &again))
	assert.True(t, again.Check())
	assert.True(t, again.Begun())
	f.append(line("app: two"))
	got, _ := f.read(again, -1)
	assert.Equal(t, []string{"app two 1"}, got)
}

func TestADamagedPositionIsRefused(t *testing.T) {
	f := newFile(t)
	f.append(line("app: one"))
	for _, p := range []logstream.Position{{File: follow.Checkpoint{Offset: -1}}, {LastLine: make([]byte, 4096)}} {
		_, err := f.log.Resume(t.Context(), p)
		assert.ErrorContains(t, err, "damaged")
	}
}

func TestEveryLineAndByteStandsInOneAccount(t *testing.T) {
	f := newFile(t)
	f.log.Since, f.log.MaxLine = noon.Add(-time.Hour), 100
	f.append("Nov 25 10:00:00 web app: old\n" + line("app: one") + line("last message repeated 3 times") + line("-- MARK --") + "\n \n\x00\x00\n" +
		line("app: "+strings.Repeat("x", 200)) + "Nov 25 12:00:00 other last message repeated 2 times\n" + line("app: half")[:20])
	texts, r := f.read(logstream.Position{}, -1)
	assert.Equal(t, []string{"app one 1", "app one 3"}, texts[:2])
	a := r.Account()
	require.NoError(t, a.Balance())
	st, err := os.Stat(f.log.Path)
	require.NoError(t, err)
	assert.EqualValues(t, st.Size()-20, a.Bytes, "half a line is not read")
	assert.EqualValues(t, 9, a.Lines)
	assert.EqualValues(t, 3, a.Delivered)
	assert.EqualValues(t, 1, a.Old)
	assert.EqualValues(t, 1, a.Marks)
	assert.EqualValues(t, 3, a.Malformed)
	assert.EqualValues(t, 1, a.Orphans)
	assert.EqualValues(t, 1, a.Oversized)
	assert.EqualValues(t, 2, a.NULs)
	assert.Equal(t, []logstream.Generation{{Path: f.log.Path, Bytes: a.Bytes, Lines: 9}}, a.Generations)
	a.Old++
	assert.ErrorIs(t, a.Balance(), logstream.ErrAccounting)
}

func TestEachGenerationHasItsOwnAccount(t *testing.T) {
	f := newFile(t)
	f.append(line("app: one"))
	_, r := f.read(logstream.Position{}, -1)
	f.append(line("app: two"))
	require.NoError(t, os.Rename(f.log.Path, f.log.Path+".1"))
	f.append(line("app: three"))
	texts, r := f.read(r.Position(), -1)
	assert.Equal(t, []string{"app two 1", "app three 1"}, texts)
	require.Len(t, r.Account().Generations, 2)
	assert.Equal(t, f.log.Path+".1", r.Account().Generations[0].Path)
	assert.EqualValues(t, 1, r.Account().Generations[1].Lines)
}

func TestARepeatLineMeansTheLineOfTheReadingBefore(t *testing.T) {
	f := newFile(t)
	f.append(line("app: one"))
	_, r := f.read(logstream.Position{}, -1)
	f.append(line("last message repeated 41 times"))
	texts, _ := f.read(r.Position(), -1)
	assert.Equal(t, []string{"app one 41"}, texts)
	f.append("Nov 25 12:00:01 --- last message repeated 5 times ---\n") // as macOS writes it
	texts, _ = f.read(r.Position(), -1)
	assert.Equal(t, []string{"app one 41", "app one 5"}, texts)
}

func TestABeginningInALineIsCountedAsCut(t *testing.T) {
	f := newFile(t)
	f.log.Tail = 60
	f.append(strings.Repeat(line("app: one"), 10))
	_, r := f.read(logstream.Position{}, -1)
	a := r.Account()
	assert.EqualValues(t, 60, a.Bytes)
	assert.EqualValues(t, 29*10-60, a.Skipped)
	assert.NotZero(t, a.Cut)
	assert.NoError(t, a.Balance())
}

func TestWhatIsNotThereSaysSo(t *testing.T) {
	_, err := newFile(t).log.Resume(t.Context(), logstream.Position{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	m := hosttest.New("-- /var/log/journal absent --\n-- /run/log/journal absent --\n")
	_, err = logstream.Log{Host: m.Host()}.Resume(t.Context(), logstream.Position{})
	require.ErrorIs(t, err, follow.ErrNoJournal)
}

const machine = `A machine with one log.
-- machine now=2026-11-25T12:00:00Z --
-- /var/log/ dir complete --
-- /var/log/mail.log mtime=2026-11-25T12:00:00Z --
Nov 25 11:00:00 web postfix/smtpd[7]: connect from mail.example.org[192.0.2.7]
Nov 25 11:00:00 web last message repeated 2 times
`

func ExampleLog_Resume() {
	h := hosttest.New(machine).Host()
	ctx := context.Background()
	var kept logstream.Position // as the last run stored it
	in, err := logstream.Log{Host: h, Path: "/var/log/mail.log"}.Resume(ctx, kept)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer in.Close()
	for {
		batch, err := in.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, r := range batch.Records {
			fmt.Printf("%s %s ×%d: %s\n", r.At.Format(time.TimeOnly), r.Tag, r.Events, r.Message)
		}
		in.Commit()
	}
	kept = in.Position() // to be stored together with what was counted
	fmt.Println(in.Account().Lines, "lines,", kept.File.Offset, "bytes")
	// Output:
	// 11:00:00 postfix/smtpd ×1: connect from mail.example.org[192.0.2.7]
	// 11:00:00 postfix/smtpd ×2: connect from mail.example.org[192.0.2.7]
	// 2 lines, 129 bytes
}

func TestALogOfSeveralYearsHasItsLinesInTheirYears(t *testing.T) {
	year := noon.AddDate(-1, 0, 0)
	years := func(odd string, ends ...time.Time) string {
		var b strings.Builder
		end := append(ends, noon)[0]
		for day := end.AddDate(-3, 0, 1); !day.After(end); day = day.AddDate(0, 0, 1) {
			fmt.Fprintf(&b, "%s web app: %s\n", day.Format(time.Stamp), strings.Repeat("x", 900))
		}
		return b.String() + odd
	}
	for name, c := range map[string]struct {
		text    string
		changed time.Time
		want    int
	}{
		"three years": {years(""), noon, 1},
		"one line of a clock that was ahead stands last": {years("Dec 20 12:00:00 web app: ahead\nNov 25 11:59:00 web app: x\n"), noon, 3},
		"its last line is of a clock that was ahead":     {years("Nov 25 11:58:00 web app: x\nDec 20 12:00:00 web app: ahead\n"), noon, 3},
		"one line that was ahead in a log of this month": {"Nov  1 12:00:00 web app: x\nDec 20 12:00:00 web app: ahead\n" + strings.Repeat("Nov 25 11:59:00 web app: "+strings.Repeat("x", 9000)+"\n", 20), noon, 21},
		"many lines of a clock that was behind": {"Nov 24 12:00:00 web app: x\nNov 25 11:50:00 web app: x\n" + strings.Repeat("Feb  1 12:00:00 web app: "+strings.Repeat("x", 1000)+"\n", 50) +
			strings.Repeat("Nov 25 11:59:00 web app: "+strings.Repeat("x", 1000)+"\n", 20), noon, 21},
		"nothing since a year": {years("", year), year, 0},
	} {
		f := newFile(t)
		f.append(c.text)
		require.NoError(t, os.Chtimes(f.log.Path, c.changed, c.changed))
		f.log.Since = noon.Add(-24 * time.Hour).Add(time.Second)
		in, err := f.log.Resume(t.Context(), logstream.Position{})
		require.NoError(t, err)
		got := 0
		for b, err := in.Next(t.Context()); err == nil; b, err = in.Next(t.Context()) {
			got += len(b.Records)
		}
		require.NoError(t, in.Close())
		assert.Equal(t, c.want, got, name)
	}
}
