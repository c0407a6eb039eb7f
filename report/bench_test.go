package report_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// many is a check with n findings that stay the same.
func many(n int) report.Checker {
	return check("many", func(_ context.Context, rec *report.Recorder) error {
		for i := range n {
			rec.Finding(full(fmt.Sprintf("/d%d", i)))
		}
		rec.Covered("fs")
		return nil
	})
}

func BenchmarkRecord(b *testing.B) {
	for b.Loop() {
		if _, err := suite.Collect(b.Context(), many(1000)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	rep, err := suite.Run(b.Context(), []report.Checker{many(1000)})
	if err != nil {
		b.Fatal(err)
	}
	open, _ := memory.Open{}.Next(rep)
	for b.Loop() {
		open.Next(rep)
	}
}

func BenchmarkEncode(b *testing.B) {
	rep, err := suite.Run(b.Context(), []report.Checker{many(1000)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := report.Encode(rep); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDay is a whole run with 1,000 open findings over the store on disk.
func BenchmarkDay(b *testing.B) {
	set := &suite.Suite{Checks: []report.Checker{many(1000)}, Store: memory.FileStore{Dir: b.TempDir()}}
	for b.Loop() {
		if _, err := set.Run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
