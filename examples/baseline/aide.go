package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/aide"
	"github.com/pugetsoundtech/upkeep/integrity/changelist"
	"github.com/pugetsoundtech/upkeep/integrity/rotation"
)

// A chooser says which files there are beyond a profile.
type chooser interface {
	Choose(path string, st host.Stat) (take, descend bool)
	Profile() integrity.Profile
	Digest() string
}

// rules are by what files are chosen beyond a profile: those of an aide.conf, those
// of a changelist, or none.
type rules struct {
	chooser              // nil: a profile alone
	config  *aide.Config // of these, if they are
	pace    integrity.Pace

	mu    sync.Mutex
	grown map[string]bool
}

// readRules reads what -aide or -changelist names.
func (o *options) readRules(ctx context.Context, h host.Host, c cli.Call) (*rules, error) {
	if o.changelist != "" {
		data, err := h.ReadFile(ctx, o.changelist, 1<<20)
		if err != nil {
			return nil, err
		}
		list, err := changelist.Parse(data)
		return &rules{chooser: list, pace: o.pace()}, err
	}
	if o.aide == "" {
		return &rules{pace: o.pace()}, nil
	}
	name := ""
	if kernel, err := facts.Uname(ctx, h); err == nil {
		name, _, _ = strings.Cut(kernel.Node, ".")
	}
	config, err := aide.Load(ctx, h, o.aide, aide.Options{Old: o.aideOld, Hostname: name, Execute: o.aideRun})
	if err != nil {
		return nil, err
	}
	for _, skipped := range config.Skipped {
		fmt.Fprintln(c.Stderr, "baseline: "+skipped+" was not taken: what it would choose is not looked at")
	}
	return &rules{chooser: config, config: config, pace: o.pace(), grown: map[string]bool{}}, nil
}

// pace is what the flags say of it.
func (o *options) pace() integrity.Pace {
	return integrity.Pace{Bytes: int64(o.bytes), Files: int64(o.files)}
}

// fit reports why these are not the rules by which a baseline was taken.
func (r *rules) fit(b *integrity.Baseline) error {
	if r == nil {
		return nil // the error of reading them says more
	}
	switch {
	case r.chooser == nil && b.Profile.Rules != "":
		kind, _, _ := strings.Cut(b.Profile.Rules, ":")
		return cli.Advise(errors.New("the baseline was taken by the rules of a file"), "name it with -%s", kind)
	case r.chooser != nil && r.Digest() != b.Profile.Rules:
		return cli.Advise(errors.New("the rules are not those by which the baseline was taken"), "if they were changed on purpose, init -anew expects all as it is now")
	}
	return nil
}

// entries scans by the rules; old may be nil.
func (r *rules) entries(ctx context.Context, h host.Host, p integrity.Profile, old integrity.Entries, logs *rotation.Logs, counts *integrity.Counts) integrity.Entries {
	s := integrity.Scanner{Files: h.Files, Profile: p, Pace: r.pace}
	if r.chooser != nil {
		s.Choose = r.Choose
	}
	switch {
	case r.config != nil:
		s.Old, s.Read = old, rotation.Grown(r.grew)
	case len(p.Logs) > 0 && logs != nil:
		s.Old, s.Read = old, logs.Read()
	}
	return s.Entries(ctx, counts)
}

// fromAide gives what a database of AIDE expects, and when it was made. The contents
// are known from then on by SHA-256, or by what the database has of them all.
func (o *options) fromAide() (all []host.Entry, algorithms []string, made time.Time, err error) {
	f, err := os.Open(o.aideDB)
	if err != nil {
		return nil, nil, made, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	st, err := f.Stat()
	if err != nil {
		return nil, nil, made, err
	}
	all, err = aide.ReadDatabase(f)
	for _, name := range []string{"sha256", "sha512", "sha1", "md5"} { // the strongest first
		without := func(e host.Entry) bool { _, has := e.Digest(name); return e.Hashed() && !has }
		if len(algorithms) == 0 && !slices.ContainsFunc(all, without) {
			algorithms = []string{name}
		}
	}
	if len(algorithms) == 0 {
		algorithms = []string{"sha256"} // what has another is unknown, and told
	}
	return all, algorithms, st.ModTime(), err
}

// chosenOf gives the entries of a database that a profile looks at.
func chosenOf(all []host.Entry, p integrity.Profile, counts *integrity.Counts) integrity.Entries {
	return func(yield func(host.Entry, error) bool) {
		for _, e := range all {
			e.Digests = slices.DeleteFunc(e.Digests, func(d host.Digest) bool { return !slices.Contains(p.Digests, d.Algorithm) })
			if !p.Selects(e.Path, e.Stat.IsDir()) {
				continue
			}
			if counts.Entries++; !yield(e, nil) {
				return
			}
		}
	}
}

func (r *rules) grew(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grown[path] = true
}

// reported gives a change as the rules would have it told.
func (r *rules) reported(ch integrity.Change) (integrity.Change, bool) {
	if r.config == nil {
		return ch, true
	}
	return r.config.Reported(ch, r.isGrown)
}

func (r *rules) isGrown(path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.grown[path]
}
