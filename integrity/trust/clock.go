package trust

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// Path is where it is kept by what clock the last full scan was made.
func Path(baseline string) string { return baseline + ".trust" }

// A clock is by what the times of a machine's files are told, and of what baseline
// all were read under it.
type clock struct {
	Root  string `json:"root"`  // of the baseline
	Boot  string `json:"boot"`  // identifies the run of the kernel
	Since int64  `json:"since"` // when that began by this clock, in seconds: setting the clock moves it
}

// clockSlack is by how many seconds a clock may have been moved; keeping it right
// moves it by less in a day.
const clockSlack = 2

func clockOf(ctx context.Context, h host.Host, b *integrity.Baseline) (clock, error) {
	boot, err := facts.BootID(ctx, h)
	if err != nil {
		return clock{}, fmt.Errorf("whether the machine was restarted: %w", err)
	}
	stat, err := h.ReadFile(ctx, "/proc/stat", 8<<20)
	if err != nil {
		return clock{}, fmt.Errorf("whether the clock was set: %w", err)
	}
	for line := range bytes.Lines(stat) {
		if text, ok := bytes.CutPrefix(line, []byte("btime ")); ok {
			since, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
			return clock{b.Root.String(), boot, since}, err
		}
	}
	return clock{}, errors.New("whether the clock was set, /proc/stat does not tell")
}

// follows reports why times since the last full scan, of which name tells, prove
// nothing.
func (c clock) follows(name string) error {
	text, err := durable.Read(name, 4096)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is the first time")
	}
	if err != nil {
		return err
	}
	var was clock
	switch err := json.Unmarshal(text, &was); {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case was.Root != c.Root:
		return errors.New("the baseline was another one")
	case was.Boot != c.Boot:
		return errors.New("the machine was restarted")
	case c.Since-was.Since > clockSlack || was.Since-c.Since > clockSlack:
		return fmt.Errorf("the clock was set by %d seconds", c.Since-was.Since)
	}
	return nil
}

// keep gives the entries, and when all were read writes down by what clock, unless
// one was forged.
func (c clock) keep(all integrity.Entries, forged *atomic.Bool, counts *integrity.Counts, name string) integrity.Entries {
	return func(yield func(host.Entry, error) bool) {
		for e, err := range all {
			if !yield(e, err) || err != nil {
				return
			}
		}
		if forged.Load() || c == (clock{}) {
			return
		}
		text, err := json.Marshal(c)
		if err == nil {
			err = durable.Write(name, text)
		}
		if err != nil {
			counts.Full = errors.Join(counts.Full, err)
		}
	}
}

// unforged looks whether a content is what it was, as its times say.
type unforged struct {
	was    host.Digest
	forged *atomic.Bool
}

// Write needs no bytes: the digest tells.
func (*unforged) Write(p []byte) (int, error) { return len(p), nil }

// End compares the digest of what was read.
func (u *unforged) End(now *host.Entry, err error) error {
	if err == nil && !slices.Contains(now.Digests, u.was) {
		u.forged.Store(true)
	}
	return nil
}
