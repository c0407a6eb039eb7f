package logwatchtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// LogPath is the log file of the machine that TestChecker makes.
const LogPath = "/var/log/syslog"

// TestChecker tries a check that reads logs on a fake machine, and joins all
// violations of these sentences:
//
//  1. An odd line that is written after a run is told by the next run, once.
//  2. A run after which nothing was written tells nothing.
//  3. What a run told whose report was not stored is told again.
//  4. Lines that were written before a rotation by renaming are told, and those after it.
//  5. A half-written line is told when it is whole.
//  6. A log that cannot be read is a problem, and its scope is not covered.
//
// make is called with the machine's host; the check must read LogPath.
func TestChecker(ctx context.Context, make func(h host.Host) report.Checker) error {
	m, err := newMachine(make)
	if err != nil {
		return err
	}
	for _, try := range []func(context.Context) error{
		m.quiet, m.oneLine, m.lostReport, m.rotation, m.halfLine, m.unreadable,
	} {
		if e := try(ctx); e != nil {
			err = errors.Join(err, e)
		}
	}
	return err
}

// machine is a fake host with one log, and a check with its memory.
type machine struct {
	*hosttest.Machine
	check report.Checker
	store *reporttest.Store
	now   time.Time
}

func newMachine(make func(h host.Host) report.Checker) (*machine, error) {
	fake, err := hosttest.Parse([]byte(`A machine with one log file.
-- machine now=2026-11-25T12:00:00Z uid=0 gid=0 --
-- /etc/localtime absent --
-- /var/log/ dir complete --
-- /var/log/syslog mtime=2026-11-25T12:00:00Z --
Nov 25 11:00:00 web CRON[1]: (root) CMD (true)
-- /var/log/journal absent --
-- /run/log/journal absent --
`))
	if err != nil {
		return nil, err
	}
	m := &machine{Machine: fake, store: &reporttest.Store{}, now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	m.check = make(fake.Host())
	return m, nil
}

// write appends one line that no sensible rule explains.
func (m *machine) write(text string) error {
	return m.AppendFile(LogPath, []byte(m.now.Format("Jan _2 15:04:05")+" web oddity[7]: "+text+"\n"))
}

// run runs the check and returns its result with all text of its findings.
func (m *machine) run(ctx context.Context, store memory.Store) (report.Result, string, error) {
	rep, err := (&suite.Suite{Checks: []report.Checker{m.check}, Store: store}).Run(ctx)
	var stored *suite.StoreError
	if err != nil && !errors.As(err, &stored) {
		return report.Result{}, "", err
	}
	var text strings.Builder
	for _, f := range rep.Results[0].Findings {
		fmt.Fprintf(&text, "%s: %s %v\n", f.Rule, f.Title, f.Evidence)
	}
	return rep.Results[0], text.String(), nil
}

// expect runs the check and looks for the words in what it told; no words: it
// must tell nothing.
func (m *machine) expect(ctx context.Context, sentence string, words ...string) error {
	_, text, err := m.run(ctx, m.store)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", sentence, err)
	case len(words) == 0 && text != "":
		return fmt.Errorf("%s: told %q", sentence, text)
	}
	for _, w := range words {
		if n := strings.Count(text, w); n == 0 {
			return fmt.Errorf("%s: nothing of %q was told in %q", sentence, w, text)
		}
	}
	return nil
}

func (m *machine) quiet(ctx context.Context) error {
	return errors.Join(m.expect(ctx, "a routine line"), m.expect(ctx, "nothing was written"))
}

func (m *machine) oneLine(ctx context.Context) error {
	return errors.Join(m.write("wombat sighted"), m.expect(ctx, "a new line", "wombat"), m.expect(ctx, "the same line again"))
}

func (m *machine) lostReport(ctx context.Context) error {
	err := m.write("quokka sighted")
	m.store.SaveErr = errors.New("disk full")
	err = errors.Join(err, m.expect(ctx, "a line whose report is lost", "quokka"))
	m.store.SaveErr = nil
	return errors.Join(err, m.expect(ctx, "a lost report", "quokka"), m.expect(ctx, "a stored report"))
}

func (m *machine) rotation(ctx context.Context) error {
	return errors.Join(
		m.write("numbat before rotation"), m.Rename(LogPath, LogPath+".1"), m.WriteFile(LogPath, nil, 0o644),
		m.write("bilby after rotation"), m.expect(ctx, "a rotation", "numbat", "bilby"), m.expect(ctx, "after a rotation"))
}

func (m *machine) halfLine(ctx context.Context) error {
	return errors.Join(
		m.AppendFile(LogPath, []byte(m.now.Format("Jan _2 15:04:05")+" web oddity[7]: echidna")), m.expect(ctx, "half a line"),
		m.AppendFile(LogPath, []byte(" whole\n")), m.expect(ctx, "the whole line", "echidna whole"))
}

func (m *machine) unreadable(ctx context.Context) error {
	if err := m.Add("-- " + LogPath + " error=permission --\n"); err != nil {
		return err
	}
	res, _, err := m.run(ctx, m.store)
	switch {
	case err != nil:
		return err
	case len(res.Problems) == 0:
		return errors.New("a log that cannot be read is no problem")
	case res.Covers(res.Problems[0].Scope):
		return fmt.Errorf("scope %q is covered although it could not be read", res.Problems[0].Scope)
	}
	return nil
}
