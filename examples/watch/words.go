package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// What hosts tell each other besides observations has the form of one whose
// target is a word and a subject. The last of each host on each subject counts.
const (
	sentWord   = "sent:"   // a message about it was sent; the detail is its id
	ackWord    = "ack:"    // a person knows of it; the detail is an incident.Ack
	muteWord   = "mute:"   // without a subject: of what nothing is to be told; a list of incident.Window
	mendedWord = "mended:" // a command for it has begun; an incident.Mending
)

// wordOf splits such a target; "" for what is an observation.
func wordOf(target string) (word, subject string) {
	for _, word := range []string{sentWord, ackWord, muteWord, mendedWord} {
		if subject, ok := strings.CutPrefix(target, word); ok {
			return word, subject
		}
	}
	return "", target
}

// apart gives the observations, and the words.
func apart(all []verdict.Observation) (observations, words []verdict.Observation) {
	for _, o := range all {
		if word, _ := wordOf(o.Target); word != "" {
			words = append(words, o)
		} else {
			observations = append(observations, o)
		}
	}
	return observations, words
}

// takes reports whether something of a peer is taken.
func (w *watcher) takes(target string) bool {
	word, subject := wordOf(target)
	return w.probers[target] != nil || target == muteWord || word != "" && word != muteWord && w.isWatched(subject)
}

// say tells the peers.
func (w *watcher) say(ctx context.Context, target, detail string, now time.Time) error {
	if len(w.node.Peers) == 0 {
		return nil
	}
	number, err := w.numbers.Next()
	if err != nil {
		return err
	}
	return w.node.Observe(ctx, verdict.Observation{
		Target: target, Seq: number, At: now, Since: now, Interval: w.set.Interval, Detail: detail,
	})
}

// sayValue tells them what is more than text.
func (w *watcher) sayValue(ctx context.Context, target string, v any, now time.Time) error {
	detail, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.say(ctx, target, string(detail), now)
}

// learn takes what people did at other hosts, and what was run there. It reports
// whether the book has changed.
func (w *watcher) learn(words []verdict.Observation, now time.Time) (changed bool) {
	for _, o := range words {
		if o.Vantage == w.node.Name {
			continue
		}
		taken, err := learnOne(w.memory.Book, o, now)
		if err != nil {
			w.trouble(fmt.Errorf("%s says %.80q, which is not understood: %w", o.Vantage, o.Target, err))
		}
		changed = changed || taken
	}
	return changed
}

func learnOne(b *incident.Book, o verdict.Observation, now time.Time) (taken bool, err error) {
	word, subject := wordOf(o.Target)
	switch word {
	case ackWord:
		var a incident.Ack
		if err = json.Unmarshal([]byte(o.Detail), &a); err == nil {
			taken = b.Learn(subject, a, now)
		}
	case muteWord:
		taken, err = learnMutes(b, o, now)
	case mendedWord:
		var m incident.Mending
		if err = json.Unmarshal([]byte(o.Detail), &m); err == nil {
			taken = b.Heard(subject, m, now)
		}
	}
	return taken, err
}

func learnMutes(b *incident.Book, o verdict.Observation, now time.Time) (taken bool, err error) {
	var list []incident.Window
	if err := json.Unmarshal([]byte(o.Detail), &list); err != nil {
		return false, err
	}
	for _, m := range list[:min(len(list), incident.MaxWindows)] {
		if len(m.Subject)+len(m.By)+len(m.Comment) > maxComment {
			return taken, fmt.Errorf("a window has more than %d bytes of text", maxComment)
		}
		m.Vantage = o.Vantage
		taken = b.Mute(m, now) || taken
	}
	return taken, nil
}
