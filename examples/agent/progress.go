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
	stderr io.Writer
	drawn  bool // stderr is a terminal that can draw over a line

	mu  sync.Mutex
	bar *progressbar.ProgressBar
}

func newProgress(stderr io.Writer, quiet bool) *progress {
	f, ok := stderr.(*os.File)
	return &progress{stderr: stderr, drawn: ok && term.IsTerminal(f.Fd()) && !quiet}
}

func (p *progress) begin(checks int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.drawn {
		return
	}
	theme := progressbar.ThemeASCII
	if utf8Locale(os.Getenv) {
		theme = progressbar.ThemeUnicode
	}
	p.bar = progressbar.NewOptions(checks, progressbar.OptionSetWriter(p.stderr), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(14), progressbar.OptionSetTheme(theme), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false))
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

// note writes a line of its own.
func (p *progress) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear() //nolint:errcheck // as above
	}
	fmt.Fprintln(p.stderr, line)
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
