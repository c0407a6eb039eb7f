package suite_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// position runs fn over one memory after a run that kept "1", and gives what
// the memory holds then.
func position(t *testing.T, fn func(rec *report.Recorder)) string {
	t.Helper()
	store := &reporttest.Store{}
	for _, step := range []func(rec *report.Recorder){func(rec *report.Recorder) { _ = rec.Keep("at", []byte("1")) }, fn} {
		set := &suite.Suite{Store: store, Limits: report.Limits{KeptBytes: 100}, Checks: []report.Checker{
			check("logs", func(_ context.Context, rec *report.Recorder) error { step(rec); return nil }),
		}}
		_, err := set.Run(t.Context())
		require.NoError(t, err)
	}
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	return string(saved.Kept["logs"]["at"])
}

func TestAPositionDoesNotPassWhatWasNotRecorded(t *testing.T) {
	got := position(t, func(rec *report.Recorder) {
		assert.True(t, rec.Finding(full("/")))
		assert.True(t, rec.Finding(full("/")), "the same again is counted")
		assert.NoError(t, rec.Keep("at", []byte("2")))
	})
	assert.Equal(t, "2", got)
	got = position(t, func(rec *report.Recorder) {
		assert.False(t, rec.Finding(full("/", func(f *report.Finding) { f.Rule = "nobody knows" })))
		assert.NoError(t, rec.Keep("at", []byte("2")))
	})
	assert.Equal(t, "1", got)
}

func TestKeepAnswersAndLeavesWhatWasThere(t *testing.T) {
	got := position(t, func(rec *report.Recorder) {
		assert.Error(t, rec.Keep("at", []byte(strings.Repeat("x", 101))))
	})
	assert.Equal(t, "1", got)
	assert.Empty(t, position(t, func(rec *report.Recorder) { assert.NoError(t, rec.Keep("at", nil)) }))
}

func TestARemedyIsTakenAsItIsOrNotAtAll(t *testing.T) {
	many := make([][]string, 17)
	for i := range many {
		many[i] = []string{"true"}
	}
	cases := map[string]struct {
		remedy report.Remedy
		taken  bool
	}{
		"three parts":           {report.Remedy{Do: [][]string{{"rm", "--", "/a b"}}, Verify: [][]string{{"ls", "/"}}, Undo: [][]string{{"touch", "/a b"}}}, true},
		"an empty command":      {report.Remedy{Do: [][]string{{}}}, false},
		"a secret":              {report.Remedy{Undo: [][]string{{"mysql", "password=" + "s3cr3t-v4lue"}}}, false},
		"a command without end": {report.Remedy{Do: [][]string{{"rm", strings.Repeat("x", 5000)}}}, false},
		"too many commands":     {report.Remedy{Verify: many}, false},
	}
	for name, c := range cases {
		set := &suite.Suite{Checks: []report.Checker{check("fs", func(_ context.Context, rec *report.Recorder) error {
			assert.True(t, rec.Finding(full("/", func(f *report.Finding) { f.Remedy = &c.remedy })), name)
			return nil
		})}}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		got := rep.Results[0].Findings[0].Remedy
		if c.taken {
			assert.Equal(t, &c.remedy, got, name)
		} else {
			assert.Nil(t, got, name)
		}
	}
}

func TestAKeyOfAUsersOwnLosesNoFinding(t *testing.T) {
	valid := []report.Attr{
		report.Key("x-rack").Of("B 12"), report.Key("x-acme.shelf-2").Of("é\xff"), report.Program.Of("/usr/sbin/sshd"),
		report.Unit.Of("apt-daily.timer"), report.Session.Of("ssh:4711"), report.Transaction.Of("dnf:42"),
	}
	for _, a := range valid {
		assert.NoError(t, a.Validate(), a)
	}
	for _, a := range []report.Attr{
		report.Key("x-").Of("a"), report.Key("x-Rack").Of("a"), report.Key("rack").Of("a"), report.Key("x-rack").Of(""),
		report.Program.Of("sshd"), report.Unit.Of("sshd"), report.Unit.Of("../a.timer"), report.Session.Of("4711"), report.Transaction.Of("dnf:"),
	} {
		assert.Error(t, a.Validate(), a)
	}
}

func TestACatalogueIsOneReadableEntryARule(t *testing.T) {
	got := report.Since("0.1.0",
		report.Condition.Rule("fs.space", report.Warning, "A file system is nearly full").
			Text("Programs that cannot write lose data.", "Find what grew."),
		report.Rule{ID: "fs.old", Since: "0.0.9"},
	)
	assert.Equal(t, []report.Rule{
		{ID: "fs.space", Kind: report.Condition, Severity: report.Warning, Title: "A file system is nearly full", Explain: "Programs that cannot write lose data.", Remedy: "Find what grew.", Since: "0.1.0"},
		{ID: "fs.old", Since: "0.0.9"},
	}, got)
}
