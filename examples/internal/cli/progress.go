package cli

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
)

// A Progress shows on a terminal how far long work has come; elsewhere it shows
// nothing. The zero Progress shows nothing. Its methods may be called from
// several goroutines at once.
type Progress struct {
	w     io.Writer
	drawn bool // w is a terminal that can draw over a line

	mu  sync.Mutex
	bar *progressbar.ProgressBar
}

// NewProgress makes a Progress on w, unless it is to be quiet.
func NewProgress(w io.Writer, quiet bool) *Progress {
	return &Progress{w: w, drawn: !quiet && Look(w, os.Getenv).Shown && !dumb(os.Getenv)}
}

// Begin starts a bar of so many steps.
func (p *Progress) Begin(steps int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.drawn {
		return
	}
	theme := progressbar.ThemeUnicode
	if Look(p.w, os.Getenv).ASCII {
		theme = progressbar.ThemeASCII
	}
	p.bar = progressbar.NewOptions(steps, progressbar.OptionSetWriter(p.w), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(14), progressbar.OptionSetTheme(theme), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false))
}

// Step says what is being done, and whether one step more is done.
func (p *Progress) Step(text string, done bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		return
	}
	p.bar.Describe(Visible(text))
	if done {
		p.bar.Add(1) //nolint:errcheck // a bar that cannot be drawn stops nothing
	}
}

// Note writes a line of its own, also where no bar is shown.
func (p *Progress) Note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear() //nolint:errcheck // as above
	}
	if p.w != nil {
		fmt.Fprintln(p.w, line)
	}
}

// End takes the bar away.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Finish() //nolint:errcheck // as above
		p.bar.Clear()  //nolint:errcheck // as above
		p.bar = nil
	}
}
