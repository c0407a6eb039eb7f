package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// reviewed is a machine whose first report has been made.
func reviewed(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t)
	_, out, _ := m.run()
	require.Contains(t, out, "already there")
	return m
}

func TestWhatIsAcceptedIsNotInTheHeadline(t *testing.T) {
	m := reviewed(t)
	code, out, errs := m.run("review", "accept", "all", "-by", "ann", "-comment", "known")
	require.Zero(t, code, errs)
	assert.Contains(t, out, "accepted, 0 refused")
	_, out, _ = m.run()
	first, _, _ := strings.Cut(out, "\n")
	assert.Contains(t, first, "nothing new")
	assert.NotContains(t, first, "still open")
	_, list, _ := strings.Cut(out, "\n\n")
	assert.NotContains(t, list, "odd thing")
	m.write(1)
	_, out, _ = m.run()
	_, list, _ = strings.Cut(out, "\n\n")
	assert.Contains(t, list, "odd thing", "another line is told")
}

func TestEachVerbSaysWhatItDidNot(t *testing.T) {
	m := reviewed(t)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"review", "accept", "zzzz", "-by", "ann"}, exitRefused, "zzzz names nothing that is open"},
		{[]string{"review", "ack", "all", "-by", "ann"}, exitUnknown, "say until when"},
		{[]string{"review", "ack", "all", "-by", "ann", "-until", "2020-01-01"}, exitUnstored, "that time is over"},
		{[]string{"review", "ack", "all", "-by", "ann", "-until", "soon"}, exitUnknown, "give a day"},
		{[]string{"review", "ack", "all", "-by", "ann", "-until", "14d", "-up-to", "bad"}, exitUnknown, "give info, notice, warning or critical"},
		{[]string{"review", "accept", "-by", "ann"}, exitUnknown, "say what to accept"},
		{[]string{"review", "acept", "all"}, exitUnknown, "did you mean accept?"},
		{[]string{"review", "accept", "zzzz", "all", "-by", "ann"}, exitRefused, "1 refused"},
		{[]string{"review", "show", "zzzz"}, exitRefused, "zzzz names nothing"},
		{[]string{"fix", "zzzz"}, exitRefused, "zzzz names nothing"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			code, out, errs := m.run(c.args...)
			assert.Equal(t, c.code, code)
			assert.Contains(t, out+errs, c.want)
		})
	}
	_, out, _ := m.run("review", "list")
	assert.Contains(t, out, "accepted by ann", "what was not refused was done")
}

func TestAnAcknowledgementSaysHowBadItMayBecome(t *testing.T) {
	m := reviewed(t)
	code, _, errs := m.run("review", "ack", "all", "-by", "ann", "-until", "2099-12-24", "-up-to", "warning")
	require.Zero(t, code, errs)
	_, out, _ := m.run("review", "list")
	assert.Contains(t, out, "acknowledged by ann until 2099-12-24, up to warning")
	_, out, _ = m.run("-json", "review", "list")
	assert.Contains(t, out, `"up_to":"warning"`)
}

func TestAReportIsSignedAndTheLedgerHasIt(t *testing.T) {
	m := reviewed(t)
	_, out, _ := m.run("review", "list")
	assert.Contains(t, out, "nobody has signed yet")
	before := time.Now()
	code, out, errs := m.run("review", "sign", "-by", "ann", "-comment", "seen")
	require.Zero(t, code, errs)
	assert.Contains(t, out, "ann signed report 1")
	_, out, _ = m.run("review", "list")
	assert.Contains(t, out, "signed last by ann")
	assert.NotContains(t, out, "New since then")
	m.run("review", "sign", "-by", "eve")
	_, out, _ = m.run("review", "ledger")
	assert.Contains(t, out, "before that by ann at ")
	out = strings.ReplaceAll(out, "signed by eve", "signed by ann")
	if !strings.Contains(out, before.Format(time.DateOnly)+"\tsigned by ann") { // or it was midnight
		assert.Contains(t, out, time.Now().Format(time.DateOnly)+"\tsigned by ann")
	}
}

func TestReviewNeedsAReport(t *testing.T) {
	code, out, errs := newMachine(t).run("review", "list")
	assert.Equal(t, exitUnknown, code)
	assert.Empty(t, out)
	assert.Contains(t, errs, "look once first")
}

func TestAPersonReviewsWhileARunIsUnderWay(t *testing.T) {
	m := reviewed(t)
	lock := filepath.Join(m.folder(), "lock")
	held := hold(t, lock)
	defer held()
	code, _, errs := m.run("review", "accept", "all", "-by", "ann")
	assert.Zero(t, code, errs)
}

// hold is a run under way.
func hold(t *testing.T, lock string) (release func()) {
	t.Helper()
	l, err := durable.Acquire(lock)
	require.NoError(t, err)
	return func() { l.Release() } //nolint:errcheck // the test is over
}

func TestAnEditedLogMakesNobodyBelieveWhatItSays(t *testing.T) {
	m := reviewed(t)
	_, _, errs := m.run("review", "accept", "all", "-by", "ann")
	require.Empty(t, errs)
	m.run()
	name := filepath.Join(m.folder(), logName)
	for what, edit := range map[string]func(text string) string{
		"another name":   func(text string) string { return strings.Replace(text, `"by":"ann"`, `"by":"eve"`, 1) },
		"nothing at all": func(string) string { return "" },
	} {
		t.Run(what, func(t *testing.T) {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(name, []byte(edit(string(data))), 0o600))
			code, out, _ := m.run()
			assert.Equal(t, exitUnknown, code)
			assert.Contains(t, out, "what people accepted and signed is not known")
			code, _, errs := m.run("review", "list")
			assert.Equal(t, exitUnknown, code)
			assert.Contains(t, errs, "damaged")
			require.NoError(t, os.WriteFile(name, data, 0o600))
		})
	}
}

func TestUntil(t *testing.T) {
	now := time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                     {},
		"2026-12-24":           time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC),
		"14d":                  time.Date(2026, 12, 15, 7, 0, 0, 0, time.UTC),
		"36h":                  time.Date(2026, 12, 2, 19, 0, 0, 0, time.UTC),
		"2026-12-24T12:00:00Z": time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC),
	} {
		got, err := (&person{until: text}).end(now)
		require.NoError(t, err, text)
		assert.True(t, got.Equal(want), "%s: %s", text, got)
	}
}

func TestTheListHasTheOrderOfThePage(t *testing.T) {
	m := newMachine(t)
	m.write(12)
	m.run()
	_, out, errs := m.run("review", "list")
	require.Empty(t, errs)
	programs := regexp.MustCompile(`daemon[a-z]+`).FindAllString(out, -1)
	require.Len(t, programs, 13, "one stood there before")
	assert.True(t, slices.IsSorted(programs), programs)
}
