package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
)

// progress shows on a terminal which checks run; elsewhere it shows nothing.
type progress struct {
	out io.Writer

	mu  sync.Mutex
	bar *progressbar.ProgressBar
}

func newProgress(stderr io.Writer, quiet bool) *progress {
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(f.Fd()) && !quiet {
		return &progress{out: stderr}
	}
	return &progress{}
}

func (p *progress) begin(checks int) {
	if p.out == nil {
		return
	}
	p.bar = progressbar.NewOptions(checks, progressbar.OptionSetWriter(p.out), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(20), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false))
}

func (p *progress) show(step report.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		return
	}
	text := step.Check
	if step.State == "running" && step.Done > 0 {
		text = fmt.Sprintf("%s: %d %s", step.Check, step.Done, term.Visible(step.Unit))
	}
	p.bar.Describe(text)
	if step.State == "ended" {
		p.bar.Add(1) //nolint:errcheck // a bar that cannot be drawn stops nothing
	}
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Finish() //nolint:errcheck // as above
		p.bar.Clear()  //nolint:errcheck // as above
		p.bar = nil
	}
}
