package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// look probes one target and signs what it saw.
func (w *watcher) look(ctx context.Context, target string) (failing bool) {
	result := w.probers[target].Probe(ctx)
	if ctx.Err() != nil {
		return false // we were ended: this says nothing
	}
	number, err := w.numbers.Next()
	if err != nil {
		w.trouble(err)
		return false
	}
	o := observation(target, result, number, w.set.Interval)
	w.mu.Lock()
	before := w.last[target]
	if before.Vote == o.Vote && !before.Since.IsZero() {
		o.Since = before.Since
	}
	w.last[target] = o
	if at := result.Addr.Addr(); at.IsValid() {
		w.at[target] = at.Unmap()
	}
	w.mu.Unlock()
	if err := w.node.Observe(ctx, o); err != nil {
		w.trouble(err)
	}
	if o.Vote != verdict.Up && before.Vote != o.Vote {
		w.hasten(w.set.References...) // is it us?
	}
	return o.Vote == verdict.Down
}

// observation turns a result into what is shared. Its text is bounded.
func observation(target string, r netprobe.Result, number uint64, interval time.Duration) verdict.Observation {
	now := time.Now()
	return verdict.Observation{
		Target: target, Seq: number, At: now, Since: now, Interval: interval, Vote: verdict.VoteOf(r),
		State: r.State, Cause: r.Cause, Phase: r.Phase, Code: r.Code, Detail: r.Detail[:min(len(r.Detail), 500)],
		Group: network(r, target), Transcript: transcript(r),
	}
}

// maxTranscript is how much of what was said goes into an alarm.
const maxTranscript = 600

// transcript is the end of what was said, of a look that counts against a target.
func transcript(r netprobe.Result) string {
	if verdict.VoteOf(r) != verdict.Down {
		return ""
	}
	text := ""
	for _, l := range slices.Backward(r.Transcript) {
		mark := map[bool]string{true: "> ", false: "< "}[l.Sent]
		said := mark + strings.ToValidUTF8(strings.TrimRight(l.Text, "\r\n"), "?") + "\n"
		if len(text)+len(said) > maxTranscript {
			break
		}
		text = said + text
	}
	return text
}

// network is what may fail together with a target: its network, or its name.
func network(r netprobe.Result, target string) string {
	return cmp.Or(prefixOf(r.Addr.Addr()), groupOf(target))
}

// prefixOf is the network of an address; "" of none.
func prefixOf(ip netip.Addr) string {
	ip = ip.Unmap()
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	prefix, err := ip.Prefix(bits)
	if err != nil || !ip.IsValid() {
		return ""
	}
	return prefix.String()
}

// groupOf is the host of a target.
func groupOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return ip.Unmap().String()
	}
	return u.Hostname()
}

// hasten asks for a look now; when many are asked for, it comes at its time.
func (w *watcher) hasten(targets ...string) {
	for _, target := range targets {
		select {
		case w.soon <- target:
		default:
		}
	}
}

// tick takes one step: what people did, what all saw, what it means, who is told.
// What was decided is stored before anybody is told.
func (w *watcher) tick(ctx context.Context, now time.Time) error {
	if now.Round(0).Sub(w.ticked.Round(0)) > w.set.Interval {
		w.begun = now // we were suspended, or could not work: what is known is old
	}
	w.ticked = now
	taken, actErr := takeActs(w.folder, w.memory.Book, w.hooks)
	set, err := w.node.Set(ctx)
	if err != nil {
		return errors.Join(actErr, err)
	}
	all, words := apart(set.All())
	health := w.policy.Health(all, now)
	w.confirm(all)
	sights := w.sights(all, health, now)
	events := w.rules.Step(w.memory.Book, now, sights)
	retired := w.memory.Book.Forget(w.isWatched, now)
	w.changed = w.learn(words, now) || w.changed || len(events)+len(retired)+len(taken) > 0
	w.changed = w.mend(ctx, sights, now) || w.changed
	w.number()
	if err := w.save(); err != nil {
		return errors.Join(actErr, err)
	}
	for _, a := range taken {
		actErr = errors.Join(actErr, a.tell(ctx, w, now), os.Remove(a.file))
	}
	failed := w.deliver(ctx, w.live(health), words, now)
	return errors.Join(append(failed, actErr, w.save())...)
}

// looksEvery is after how many steps the count of looks is stored. What was
// decided is stored at once.
const looksEvery = 6

// save stores what has changed.
func (w *watcher) save() error {
	if !w.changed && time.Since(w.written) < looksEvery*w.set.Tick {
		return nil
	}
	body, err := w.memory.encode()
	if err != nil || bytes.Equal(body, w.stored) {
		return err
	}
	if err := memoryFile(w.folder).Save(body); err != nil {
		return err
	}
	w.changed, w.stored, w.written = false, body, time.Now()
	return nil
}

// live are the hosts that can tell people something.
func (w *watcher) live(health map[string]verdict.Health) []string {
	return slices.DeleteFunc(slices.Clone(w.policy.Vantages), func(name string) bool { return health[name].State != verdict.Well })
}

func (w *watcher) isWatched(subject string) bool {
	return slices.Contains(w.watched, subject) ||
		slices.ContainsFunc(w.policy.Vantages, func(name string) bool {
			return subject == incident.OfVantage(name, verdict.Health{}, time.Time{}).Subject
		})
}

// confirm looks at once at what a peer sees down and we have not looked at since.
func (w *watcher) confirm(all []verdict.Observation) {
	for _, o := range all {
		if o.Vantage == w.node.Name || o.Vote != verdict.Down || w.asked[o.Target+" "+o.Vantage] == o.Seq {
			continue
		}
		w.asked[o.Target+" "+o.Vantage] = o.Seq
		w.mu.Lock()
		own := w.last[o.Target]
		w.mu.Unlock()
		if own.Vote != verdict.Down && own.At.Before(o.At) {
			w.hasten(o.Target)
		}
	}
}

// sights is what is known of every target and host. One that is sick itself, and
// has peers who see that, says nothing of others.
func (w *watcher) sights(all []verdict.Observation, health map[string]verdict.Health, now time.Time) []incident.Sight {
	peers := len(w.node.Peers) > 0
	if peers && health[w.node.Name].State == verdict.Sick {
		w.begun = now // what was seen until now is not to be believed
		return nil
	}
	byTarget := map[string][]verdict.Observation{}
	for _, o := range all {
		byTarget[o.Target] = append(byTarget[o.Target], o)
	}
	var out []incident.Sight
	for _, target := range w.watched {
		v := w.policy.Judge(byTarget[target], health, now)
		v.Target = target
		s := incident.Of(v)
		s.Soft = s.Soft || peers && w.young(now) && !(v.State == verdict.Failed && v.Confirmed)
		out = append(out, s)
	}
	for _, name := range w.policy.Vantages {
		if name == w.node.Name && health[name].State == verdict.Silent || w.young(now) {
			continue // we have only begun, or been cut off
		}
		out = append(out, incident.OfVantage(name, health[name], now))
	}
	return out
}

// young reports whether this host may not yet have looked and heard its peers
// since it began, or was sick.
func (w *watcher) young(now time.Time) bool {
	return now.Sub(w.begun) < 2*w.set.Interval+w.policy.Slack
}
