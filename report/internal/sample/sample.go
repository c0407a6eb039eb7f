// Package sample holds what the tests of report and of the packages below it look at.
package sample

import (
	"context"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// Rules is a catalogue with a condition, an event and a rule that was renamed.
var Rules = []report.Rule{
	{ID: "full", Kind: report.Condition, Severity: report.Warning, Title: "nearly full", Explain: "e", Remedy: "r", Since: "0.1.0"},
	{ID: "login", Kind: report.Event, Severity: report.Notice, Title: "root logged in", Explain: "e", Remedy: "r", Since: "0.1.0"},
	{ID: "renamed", Kind: report.Condition, Severity: report.Notice, Title: "t", Explain: "e", Remedy: "r", Since: "0.2.0", Former: []string{"full"}},
}

// Full is a condition: a file system that is nearly full.
func Full(mount string, edit ...func(*report.Finding)) report.Finding {
	f := report.Finding{Rule: "full", Subject: report.Attr{Key: report.Mount, Value: mount}, Scope: "fs" + strings.TrimSuffix(mount, "/")}
	for _, e := range edit {
		e(&f)
	}
	return f
}

// Login is an event: root logged in.
func Login(evidence string) report.Finding {
	return report.Finding{
		Rule: "login", Subject: report.Attr{Key: report.User, Value: "root"}, Scope: "logs",
		Evidence: []report.Attr{{Key: report.Sample, Value: evidence}},
	}
}

// Severity edits a finding.
func Severity(s report.Severity) func(*report.Finding) {
	return func(f *report.Finding) { f.Severity = s }
}

// Evidence edits a finding.
func Evidence(s string) func(*report.Finding) {
	return func(f *report.Finding) { f.Evidence = []report.Attr{{Key: report.Now, Value: s}} }
}

// Found is a check that finds these, and has looked at all.
func Found(fs ...report.Finding) reporttest.Checker {
	return reporttest.Checker{Findings: fs, Covered: []string{"fs", "logs"}}
}

// Check is a check that may report by Rules.
func Check(id string, fn func(ctx context.Context, rec *report.Recorder) error) report.Checker {
	return report.CheckerFunc{ID: id, Catalogue: Rules, Func: fn}
}

// Numbers is a check that records one number of each kind.
func Numbers(_ context.Context, rec *report.Recorder) error {
	rec.Metric(report.Metric{Name: "bytes", Unit: "bytes", Value: report.Count(math.MaxUint64), Attrs: []report.Attr{{Key: report.Interface, Value: "eth0"}}, Time: rec.Now()})
	rec.Metric(report.Metric{Name: "load", Value: report.Measure(2)})
	rec.Series(report.Series{Name: "rx", Unit: "bytes", Start: rec.Now(), Step: time.Hour, Values: []report.Number{report.Count(1 << 53), {}, report.Count(1<<53 + 1), report.Measure(0.1)}})
	rec.Finding(Full("/odd", func(f *report.Finding) {
		f.Artifacts = []string{rec.Artifact("diff\xff", "text/plain", strings.NewReader("a\x00\xff"))}
	}))
	return nil
}

// InSuite runs fn as a check of a suite with a store.
func InSuite(t *testing.T, store memory.Store, fn func(rec *report.Recorder) error) {
	t.Helper()
	check := report.CheckerFunc{ID: "a", Func: func(_ context.Context, rec *report.Recorder) error { return fn(rec) }}
	if _, err := (&suite.Suite{Checks: []report.Checker{check}, Store: store}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Spoil replaces the bytes of a file, which may share them with a copy.
func Spoil(t *testing.T, name string, harm func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err == nil {
		err = os.Remove(name)
	}
	if err == nil {
		err = os.WriteFile(name, harm(data), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Finds is a check under a name that finds these, and has looked at all.
func Finds(id string, fs ...report.Finding) *reporttest.Checker {
	return &reporttest.Checker{ID: id, Catalogue: Rules, Findings: fs, Covered: []string{"fs", "logs"}}
}
