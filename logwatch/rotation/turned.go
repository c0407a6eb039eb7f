package rotation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// memory is which rotations were told.
var memory = report.State[state]{Name: "state", Version: 1, Valid: state.valid}

type state struct {
	Told []string `json:"told,omitempty"` // transactions, the last one last
}

const maxTold = 100

func (s state) valid() error {
	if len(s.Told) > maxTold {
		return errors.New("more than is kept")
	}
	return nil
}

// stateFiles are where logrotate keeps when it rotated what.
var stateFiles = []string{"/var/lib/logrotate/status", "/var/lib/logrotate/logrotate.status", "/var/lib/logrotate.status", "/var/lib/misc/logrotate.status"}

// A Turn is one log that was rotated.
type Turn struct {
	Log string
	At  time.Time // of logrotate: when that run of it began, the same for all its logs
	Run string    // transaction: scheme:id
}

// ParseStatus reads the state of logrotate, whose times are of a zone. It has each log
// with its last rotation, or with the moment when it was first seen.
func ParseStatus(data []byte, zone *time.Location) ([]Turn, error) {
	head, rest, _ := bytes.Cut(data, []byte("\n"))
	if !bytes.HasPrefix(head, []byte("logrotate state -- version")) {
		return nil, errors.New("not a state of logrotate")
	}
	var out []Turn
	for line := range bytes.Lines(rest) {
		text := strings.TrimSpace(string(line))
		at := strings.LastIndexByte(text, ' ')
		if at < 0 {
			continue
		}
		when, err := time.ParseInLocation("2006-1-2-15:4:5", text[at+1:], zone)
		name, quoted := strings.CutPrefix(text[:at], `"`)
		name, closed := strings.CutSuffix(name, `"`)
		if err != nil || !quoted || !closed {
			continue // an entry of version 1 has a day and no moment
		}
		name = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(name)
		out = append(out, Turn{name, when, fmt.Sprintf("logrotate:@%d", when.Unix())})
	}
	return out, nil
}

// day is how far back rotations are told.
const day = 48 * time.Hour

// turned tells which logs were rotated, one finding a run of what rotates them.
func (c Rotation) turned(ctx context.Context, rec *report.Recorder, l *look) error {
	old, _, err := memory.Load(rec)
	if err != nil {
		rec.Problem(fmt.Errorf("what was remembered is damaged: %w", err), "rotation/turned")
	}
	turns, err := c.turns(ctx, l)
	if err != nil {
		rec.Problem(err, "rotation/turned")
	} else {
		rec.Covered("rotation/turned")
	}
	runs := map[string][]Turn{}
	for _, t := range turns {
		if age := c.Host.Time().Sub(t.At); age < day && !slices.Contains(old.Told, t.Run) {
			runs[t.Run] = append(runs[t.Run], t)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(runs)) {
		if f, ok := l.turn(id, runs[id]); ok {
			rec.Finding(f)
			old.Told = append(old.Told, id)
		}
	}
	old.Told = old.Told[max(0, len(old.Told)-maxTold):]
	return memory.Keep(rec, old)
}

// turns reads what logrotate keeps, or what newsyslog writes at the front of a log.
func (c Rotation) turns(ctx context.Context, l *look) ([]Turn, error) {
	asks := make([]host.Ask, len(stateFiles))
	for i, name := range stateFiles {
		asks[i] = host.Ask{Op: host.OpRead, Name: name, Limit: maxConf}
	}
	answers, err := c.Host.BatchAll(ctx, asks)
	if err != nil {
		return nil, err
	}
	for i, name := range stateFiles {
		data, err := answers[i].Data, answers[i].Err
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		zone, err := facts.Zone(ctx, c.Host)
		if err != nil {
			return nil, err
		}
		turns, err := ParseStatus(data, zone)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return turns, nil
	}
	if l.tool != newsyslog {
		return nil, nil
	}
	zone, err := facts.Zone(ctx, c.Host)
	if err != nil {
		return nil, err
	}
	return c.overturned(ctx, l, zone)
}

// overturned looks for "logfile turned over" at the front of the logs that have copies.
func (c Rotation) overturned(ctx context.Context, l *look, zone *time.Location) (out []Turn, err error) {
	logs := slices.Sorted(maps.Keys(l.current))
	asks := make([]host.Ask, len(logs))
	for i, log := range logs {
		asks[i] = host.Ask{Op: host.OpRead, Name: log, Limit: 512}
	}
	var odd error
	err = c.Host.Batch(ctx, asks, func(i int, a host.Answer) error {
		if a.Err != nil && !errors.Is(a.Err, host.ErrTruncated) {
			odd = a.Err
			return nil
		}
		line, _, _ := bytes.Cut(a.Data, []byte("\n"))
		p := syslog.Parser{Location: zone, Reference: c.Host.Time()}
		if h := p.Parse(line); string(h.Tag) == "newsyslog" && bytes.HasPrefix(h.Message, []byte("logfile turned over")) {
			out = append(out, Turn{logs[i], h.Time, fmt.Sprintf("newsyslog:%s@%s", h.PID, h.Time.Format("20060102"))})
		}
		return nil
	})
	return out, errors.Join(err, odd)
}

// maxNamed bounds the files that one finding names.
const maxNamed = 240

// turn makes the finding of one run: the logs, and the copies that it touched by what
// the system says of their change. A log without such a copy was only seen by it.
func (l *look) turn(id string, turns []Turn) (f report.Finding, ok bool) {
	at := turns[0].At
	names := map[string]bool{}
	logs := 0
	for _, t := range turns {
		touched := l.touched(t)
		if len(touched) == 0 {
			continue
		}
		logs++
		names[t.Log] = true
		for _, name := range touched {
			names[name] = true
		}
	}
	f = report.Finding{
		Rule: ruleTurned, Subject: report.System.Of("logs"), Scope: "rotation/turned", Identity: []report.Attr{report.Transaction.Of(id)}, First: at, Last: at,
		Title: prose.Count(logs, "log") + " rotated", Evidence: []report.Attr{report.AtTime(at)},
	}
	sorted := slices.Sorted(maps.Keys(names))
	for _, name := range sorted[:min(len(sorted), maxNamed)] {
		if a := report.Path.Of(name); a.Validate() == nil {
			f.Evidence = append(f.Evidence, a)
		}
	}
	if more := len(sorted) - maxNamed; more > 0 {
		f.Detail = fmt.Sprintf("Not named here: %s.", prose.Count(more, "file"))
	}
	return f, logs > 0 && f.Identity[0].Validate() == nil
}

// after is how long what rotates a log may take.
const after = 15 * time.Minute

func (l *look) touched(t Turn) (out []string) {
	for name, log := range l.copies {
		st := l.files[name]
		if log != t.Log {
			continue
		}
		changed := time.Unix(0, st.Ctime)
		if !st.Known.Has(host.KnownCtime) || !changed.Before(t.At.Add(-time.Minute)) && changed.Before(t.At.Add(after)) {
			out = append(out, name)
		}
	}
	return out
}
