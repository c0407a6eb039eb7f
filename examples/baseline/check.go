package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/aide"
	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/rotation"
	"github.com/pugetsoundtech/upkeep/integrity/trust"
)

// The bits of the exit status, as aide's.
const (
	bitAdded = 1 << iota
	bitRemoved
	bitChanged
	_
	bitFailed
)

// with opens the system that is looked at.
func (o *options) with(ctx context.Context, fn func(h host.Host) (int, error)) (int, error) {
	t, err := cli.Open(ctx, o.target)
	if err != nil {
		return bitFailed, err
	}
	defer t.Close()
	status, err := fn(t.Host)
	if err != nil {
		status |= bitFailed
	}
	return status, err
}

// choose gives what init looks at.
func (o *options) choose(folders []string) (integrity.Profile, error) {
	if len(folders) == 0 {
		profiles := integrity.Profiles()
		p, ok := profiles[o.profile]
		if !ok {
			return integrity.Profile{}, cli.Unknown("profile", o.profile, slices.Sorted(maps.Keys(profiles)))
		}
		return p(), nil
	}
	p := integrity.Profile{Attrs: true}
	for _, f := range folders {
		abs, err := filepath.Abs(f)
		if err != nil {
			return p, err
		}
		p.Roots = append(p.Roots, abs)
	}
	return p, nil
}

func (o *options) init(ctx context.Context, c cli.Call) (int, error) {
	return o.with(ctx, func(h host.Host) (int, error) {
		by, err := o.readRules(ctx, h, c)
		if err != nil {
			return 0, err
		}
		p, err := o.choose(c.Args)
		if err != nil {
			return 0, err
		}
		if by.chooser != nil {
			p = by.Profile()
		}
		named := p
		p = integrity.FollowRoots(ctx, h.Files, p)
		for _, root := range slices.Concat(p.Roots[len(named.Roots):], p.Sparse[len(named.Sparse):]) {
			fmt.Fprintln(c.Stderr, "baseline: a folder that was named is a link: "+cli.Visible(root)+", where it leads, is looked at as well")
		}
		var counts integrity.Counts
		head := integrity.HeadOf(ctx, h, p)
		head.Mounts = over(ctx, h, p)
		entries := read(drawn(by.entries(ctx, h, p, nil, nil, &counts), c, -1), c)
		if o.aideDB != "" {
			var all []host.Entry
			if all, head.Profile.Digests, head.Created, err = o.fromAide(); err != nil {
				return 0, err
			}
			entries = chosenOf(all, head.Profile, &counts)
		}
		if o.anew {
			says := integrity.Acceptance{Time: h.Time(), By: o.by, Comment: o.comment, Ticket: o.ticket}
			err = integrity.Acceptor{Files: h.Files, Baseline: o.db, Says: says}.Anew(ctx, head, entries)
		} else if err = integrity.CreateBaseline(o.db, head, entries); errors.Is(err, fs.ErrExist) {
			err = cli.Advise(err, "accept moves it; init -anew takes another in its place")
		}
		if err != nil {
			return 0, err
		}
		sayOver(c, head.Mounts)
		return 0, c.Say(map[string]any{"entries": counts.Entries, "read_bytes": counts.Bytes, "db": o.db},
			fmt.Sprintf("%d entries are expected as they are now; the baseline is %s", counts.Entries, o.db))
	})
}

// read tells of what cannot be read, and goes on.
func read(entries integrity.Entries, c cli.Call) integrity.Entries {
	return func(yield func(host.Entry, error) bool) {
		for e, err := range entries {
			if err == nil && e.Err != nil {
				fmt.Fprintln(c.Stderr, "baseline: "+cli.Line(e.Err))
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// drawn shows on a terminal how far a scan has come, of as many entries as are
// expected; -1: nobody knows.
func drawn(entries integrity.Entries, c cli.Call, expected int64) integrity.Entries {
	const every = 500
	return func(yield func(host.Entry, error) bool) {
		bar := cli.NewProgress(c.Stderr, c.JSON)
		steps := -1
		if expected >= 0 {
			steps = int(expected/every) + 1
		}
		bar.Begin(steps)
		defer bar.End()
		n := 0
		for e, err := range entries {
			if n++; n%every == 0 {
				bar.Step(path.Dir(e.Path), true)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (o *options) check(ctx context.Context, c cli.Call) (int, error) {
	if o.mtree != "" {
		return o.with(ctx, func(h host.Host) (int, error) { return o.checkMtree(ctx, h, c) })
	}
	return o.with(ctx, func(h host.Host) (int, error) {
		b, err := integrity.OpenBaseline(o.db)
		if err != nil {
			return 0, cli.Advise(err, "init takes one, init -anew in the place of one that is lost")
		}
		defer b.Close() //nolint:errcheck // it was only read
		if b.Damaged != nil {
			fmt.Fprintln(c.Stderr, "baseline: "+cli.Line(b.Damaged)+"; its previous copy is used")
		}
		var counts integrity.Counts
		by, err := o.readRules(ctx, h, c)
		if err = errors.Join(err, by.fit(b), o.signed(b)); err != nil {
			return 0, err
		}
		logs, moves := rotation.Logs{Files: h.Files, Profile: b.Profile}, aide.Moves{Config: by.config, Files: h.Files}
		now := drawn(o.scan(ctx, h, b, by, &logs, &counts), c, b.Count)
		t := teller{call: c, asIs: by.config != nil, collect: o.asAide, began: h.Time()}
		err = integrity.Compare(b.Entries(), logs.Seen(now), b.Profile.Compared(), func(ch integrity.Change) error {
			if by.config != nil && moves.Take(ch) {
				return nil
			}
			ch, ok := by.reported(ch)
			if !ok || logs.Take(ch) {
				return nil
			}
			return t.take(ch)
		})
		left, rotated := logs.Left(ctx)
		for _, name := range rotated {
			fmt.Fprintln(c.Stderr, "baseline: rotation took what the log held, and no copy has it: "+strconv.Quote(name))
		}
		if by.config != nil {
			more, unread := moves.Left(ctx, by.isGrown)
			for _, why := range unread {
				fmt.Fprintln(c.Stderr, "baseline: it is not known whether this was moved: "+cli.Line(why))
			}
			left = append(left, more...)
		}
		for _, ch := range left {
			err = errors.Join(err, t.take(ch))
		}
		err = errors.Join(err, t.flush(), t.mounted(b.Mounts, over(ctx, h, b.Profile)))
		if counts.Full != nil {
			fmt.Fprintln(c.Stderr, "baseline: all was read: "+cli.Line(counts.Full))
		}
		if err == nil {
			err = t.summary(b, counts, o.asAide, h.Time())
		}
		return t.status(b.Damaged != nil), err
	})
}

// summary ends what was told: by AIDE's report, or an object.
func (t *teller) summary(b *integrity.Baseline, counts integrity.Counts, asAide bool, ended time.Time) error {
	switch {
	case asAide:
		r := aide.Report{Began: t.began, Ended: ended, Entries: counts.Entries, Fields: b.Profile.Compared(), Changes: t.held, Baseline: b.Path, Root: b.Root}
		return r.Write(t.call.Stdout)
	case t.call.JSON:
		return t.call.Say(map[string]any{
			"entries": counts.Entries, "read_bytes": counts.Bytes, "trusted": counts.Trusted,
			"added": t.added, "removed": t.removed, "changed": t.changed, "unknown": t.unknown, "root": b.Root.String(),
		})
	}
	return nil
}

func (o *options) scan(ctx context.Context, h host.Host, b *integrity.Baseline, by *rules, logs *rotation.Logs, counts *integrity.Counts) integrity.Entries {
	if !o.trust || by.chooser != nil {
		return by.entries(ctx, h, b.Profile, b.Entries(), logs, counts)
	}
	return trust.Scan(ctx, h, b, by.pace, counts)
}

// A teller prints changes, those of what was moved as one.
type teller struct {
	tally
	call cli.Call
	asIs bool // moves are not looked for

	collect bool // all are held, for a report
	began   time.Time
	held    []integrity.Change
}

// heldTogether is among how many changes both ends of a move are found.
const heldTogether = 4096

func (t *teller) take(ch integrity.Change) error {
	t.count(ch)
	t.held = append(t.held, ch)
	if len(t.held) < heldTogether {
		return nil
	}
	return t.flush()
}

func (t *teller) flush() error {
	if t.collect {
		return nil
	}
	var moved map[string]string
	if !t.asIs {
		moved = files.Moved(t.held)
	}
	gone := map[string]bool{}
	for _, from := range moved {
		gone[from] = true
	}
	for _, ch := range t.held {
		if ch.Kind == integrity.Removed && gone[ch.Path] {
			continue
		}
		if err := say(t.call, ch, moved[ch.Path]); err != nil {
			return err
		}
	}
	t.held = t.held[:0]
	return nil
}

// A tally counts changes by their kind.
type tally struct{ added, removed, changed, unknown int }

func (t *tally) count(ch integrity.Change) {
	switch ch.Kind {
	case integrity.Added:
		t.added++
	case integrity.Removed:
		t.removed++
	case integrity.Changed:
		t.changed++
	default:
		t.unknown++
	}
}

func (t *tally) status(damaged bool) (status int) {
	for bit, set := range map[int]bool{bitAdded: t.added > 0, bitRemoved: t.removed > 0, bitChanged: t.changed > 0, bitFailed: damaged || t.unknown > 0} {
		if set {
			status |= bit
		}
	}
	return status
}

// say prints one change; from is where it stood before, if it was moved.
func say(c cli.Call, ch integrity.Change, from string) error {
	kind := ch.Kind.String()
	switch {
	case from != "":
		kind = "moved"
	case ch.Kind > integrity.Changed:
		kind = "unknown"
	}
	if !c.JSON {
		words := []string{kind, ch.Path}
		if from != "" {
			words = append(words, "from "+from)
		}
		for _, name := range ch.Fields.Names() {
			words = append(words, name+" "+files.Value(ch.Was, name)+" to "+files.Value(ch.Now, name))
		}
		if ch.Now.Err != nil {
			words = append(words, ch.Now.Err.Error())
		}
		return c.Say(nil, words...)
	}
	object := pathObject(ch.Path)
	object["kind"] = kind
	if from != "" {
		object["from"] = pathObject(from)
	}
	attrs := map[string][2]string{}
	for _, name := range ch.Fields.Names() {
		attrs[name] = [2]string{files.Value(ch.Was, name), files.Value(ch.Now, name)}
	}
	if len(attrs) > 0 {
		object["attrs"] = attrs
	}
	if ch.Now.Err != nil {
		object["error"] = cli.Line(ch.Now.Err)
	}
	if ch.Now.Hashed() {
		object["verified"] = map[bool]string{true: "ctime", false: "content"}[ch.Now.Trusted]
	}
	return c.Say(object)
}

// pathObject is a path in JSON, whose texts cannot hold any bytes.
func pathObject(name string) map[string]any {
	object := map[string]any{"path": strings.ToValidUTF8(name, "\uFFFD")}
	if !utf8.ValidString(name) {
		object["path_b64"] = base64.StdEncoding.EncodeToString([]byte(name))
	}
	return object
}

// entryWords are the attributes of an entry that are known, as name and value.
func entryWords(e host.Entry) map[string]string {
	out := map[string]string{}
	for _, name := range tree.FieldsAll.Names() {
		if v := files.Value(e, name); v != "" {
			out[name] = v
		}
	}
	return out
}
