package main

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

func (w *watcher) publicKey() string {
	key, _ := w.node.Key.Public().(ed25519.PublicKey)
	return exchange.FormatKey(key)
}

// showKey prints the key of this host.
func showKey(_ context.Context, c cli.Call, s settings, _ options) (int, error) {
	folder, err := s.folder()
	if err != nil {
		return 0, err
	}
	if err := statedir.MkdirAll(folder); err != nil {
		return 0, cli.Advise(err, "give another directory with -state")
	}
	private, err := exchange.LoadKey(filepath.Join(folder, "key"))
	if err != nil {
		return 0, err
	}
	key, _ := private.Public().(ed25519.PublicKey)
	return 0, c.Say(map[string]string{"key": exchange.FormatKey(key)}, exchange.FormatKey(key))
}

// votes are the words and exit statuses of a look.
var votes = map[verdict.Vote]struct {
	word   string
	status int
}{verdict.Up: {"up", 0}, verdict.Down: {"down", 2}, verdict.None: {"unknown", 3}}

// look probes each target once, and stores nothing.
func look(ctx context.Context, c cli.Call, s settings, _ options) (status int, err error) {
	parser := netprobe.Parser{Timeout: s.Timeout, Schemes: schemes()}
	var probers []netprobe.Prober
	for _, target := range c.Args {
		p, err := parser.Parse(target)
		if err != nil {
			return 0, err
		}
		probers = append(probers, p)
	}
	worst := 0
	for i, p := range probers {
		o := observation(c.Args[i], p.Probe(ctx), 1, s.Interval)
		vote := votes[o.Vote]
		if vote.status == 2 || worst == 0 {
			worst = vote.status
		}
		if err := c.Say(o, vote.word, o.Target, string(o.Cause), string(o.Phase), o.Detail); err != nil {
			return 0, err
		}
	}
	return worst, nil
}

// A line of the status.
type line struct {
	Subject  string
	State    string
	Votes    map[string]string `json:",omitempty"` // by host
	Cause    string            `json:",omitempty"`
	Incident string            `json:",omitempty"`
	Since    time.Time         `json:",omitzero"`
	Until    time.Time         `json:",omitzero"` // of what is muted
	Ack      string            `json:",omitempty"`
}

// status says what the stored observations mean now.
func status(ctx context.Context, c cli.Call, s settings, _ options) (int, error) {
	w := &watcher{set: s, errs: c.Stderr}
	var err error
	if w.folder, err = s.folder(); err != nil {
		return 0, err
	}
	if err := w.configure(); err != nil {
		return 0, err
	}
	w.last, w.said = map[string]verdict.Observation{}, map[string]time.Time{}
	if err := w.open(); err != nil {
		return 0, err
	}
	set, err := w.node.Set(ctx)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	observations, _ := apart(set.All())
	health := w.policy.Health(observations, now)
	worst := 0
	for _, l := range w.lines(set, health, now) {
		if l.State != "up" && l.State != "well" {
			worst = 1
		}
		since := ""
		if !l.Since.IsZero() {
			since = "for " + now.Sub(l.Since).Round(time.Minute).String()
		}
		if err := c.Say(l, l.State, l.Subject, l.Cause, since, l.Incident, l.Ack); err != nil {
			return 0, err
		}
	}
	return worst, nil
}

func (w *watcher) lines(set verdict.Set, health map[string]verdict.Health, now time.Time) []line {
	var out []line
	for _, target := range w.set.watched() {
		v := w.policy.Judge(set.Of(target), health, now)
		l := line{Subject: target, State: v.State.String(), Cause: string(v.Why.Cause), Since: v.Onset, Votes: map[string]string{}}
		for word, names := range map[string][]string{"up": v.Up, "down": v.Down, "none": v.None} {
			for _, name := range names {
				l.Votes[name] = word
			}
		}
		if r := w.memory.Book.Subjects[target]; r != nil {
			l.Incident = r.Incident
			if r.Ack != nil {
				l.Ack = "known to " + r.Ack.By
			}
		}
		out = append(out, l)
	}
	for _, m := range w.memory.Book.Windows {
		l := line{Subject: "mute " + m.Subject, State: "muted", Since: m.From, Until: m.To, Ack: "by " + m.By + ", until " + m.To.Local().Format(time.DateTime)}
		if m.Vantage != "" {
			l.Ack += ", says " + m.Vantage
		}
		out = append(out, l)
	}
	for _, name := range slices.Sorted(slices.Values(w.policy.Vantages)) {
		out = append(out, line{Subject: "vantage " + name, State: health[name].State.String(), Cause: health[name].Reason})
	}
	return out
}
