package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// An act is what a person did. It waits in a file of its own until the process
// that watches takes it.
type act struct {
	Do      string // "ack", "mute" or "approve"
	What    string
	By      string
	Comment string
	At      time.Time
	For     time.Duration

	subject string // of the incident, once it is applied
	file    string // that it came in
}

// maxComment is how long a comment or a glob may be.
const maxComment = 500

func ack(_ context.Context, c cli.Call, s settings, o options) (int, error) {
	return leave(c, s, o, act{Do: "ack", What: c.Args[0], For: o.length})
}

func mute(_ context.Context, c cli.Call, s settings, o options) (int, error) {
	if o.length <= 0 {
		return 0, cli.Advise(errors.New("for how long is not said"), "add -for 2h")
	}
	if o.length > incident.MaxMute {
		return 0, cli.Advise(fmt.Errorf("-for %s is longer than %s", o.length, incident.MaxMute), "mute it again when that is over")
	}
	return leave(c, s, o, act{Do: "mute", What: c.Args[0], For: o.length})
}

func approve(_ context.Context, c cli.Call, s settings, o options) (int, error) {
	return leave(c, s, o, act{Do: "approve", What: c.Args[0]})
}

// leave checks an act against what is stored, and leaves it for the watcher.
func leave(c cli.Call, s settings, o options, a act) (int, error) {
	if strings.TrimSpace(o.by) == "" {
		return 0, cli.Advise(errors.New("who does this is not said"), "add -by NAME")
	}
	folder, err := s.folder()
	if err != nil {
		return 0, err
	}
	m, _, err := readMemory(folder)
	if err != nil {
		return 0, err
	}
	if len(o.by)+len(o.comment)+len(a.What) > maxComment {
		return 0, fmt.Errorf("name, comment and target together are longer than %d bytes", maxComment)
	}
	hooks, err := s.hooks()
	if err != nil {
		return 0, err
	}
	a.By, a.Comment, a.At = o.by, o.comment, time.Now()
	if err := a.apply(m.Book, hooks); err != nil {
		return 1, cli.Advise(err, "see watch status")
	}
	if err := statedir.MkdirAll(filepath.Join(folder, "acts")); err != nil {
		return 0, err
	}
	data, err := json.Marshal(a)
	if err == nil {
		err = statedir.Write(filepath.Join(folder, "acts", rand.Text()), data)
	}
	if err != nil {
		return 0, err
	}
	return 0, c.Say(a, a.Do+" "+a.What+": noted, and takes effect with the next look")
}

func (a *act) apply(b *incident.Book, hooks []incident.Hook) (err error) {
	switch a.Do {
	case "ack":
		if a.subject, err = b.Open(a.What); err == nil {
			err = b.Acknowledge(a.subject, a.ack())
		}
		return err
	case "approve":
		return b.Approve(hooks, a.What, a.By, a.At)
	case "mute":
		if now := a.At; !b.Mute(a.window(), now) && len(b.WindowsOf("")) >= incident.MaxWindows {
			return fmt.Errorf("%d windows are open, and no more may be: say it of more targets by one, such as smtp://*", incident.MaxWindows)
		}
		return nil
	}
	return fmt.Errorf("%.40q is no act", a.Do)
}

func (a *act) ack() incident.Ack {
	known := incident.Ack{By: a.By, Comment: a.Comment, At: a.At}
	if a.For > 0 {
		known.Until = a.At.Add(a.For)
	}
	return known
}

func (a *act) window() incident.Window {
	return incident.Window{From: a.At, To: a.At.Add(a.For), Subject: a.What, By: a.By, Comment: a.Comment}
}

// tell tells the other hosts, once the act is stored here. What is approved is run
// from here alone.
func (a *act) tell(ctx context.Context, w *watcher, now time.Time) error {
	switch {
	case a.Do == "ack" && a.subject != "":
		return w.sayValue(ctx, ackWord+a.subject, a.ack(), now)
	case a.Do == "mute":
		return w.sayValue(ctx, muteWord, w.memory.Book.WindowsOf(""), now)
	}
	return nil
}

// takeActs applies what people have left, and gives it: its files are removed
// once the book is stored and the others are told.
func takeActs(folder string, b *incident.Book, hooks []incident.Hook) (taken []act, err error) {
	entries, err := os.ReadDir(filepath.Join(folder, "acts"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // is being written
		}
		name := filepath.Join(folder, "acts", e.Name())
		data, err := statedir.Read(name, 64<<10)
		var a act
		if err == nil {
			err = json.Unmarshal(data, &a)
		}
		if err == nil {
			err = a.apply(b, hooks)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		a.file = name
		taken = append(taken, a)
	}
	return taken, errors.Join(append(errs, err)...)
}
