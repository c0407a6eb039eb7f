package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/managers"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/mtree"
)

// matches reports whether a path is one of those that the patterns name: a
// pattern also takes all that is below what it matches.
func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if p == "all" {
			return true
		}
		for at := name; ; at = filepath.Dir(at) {
			if hit, _ := filepath.Match(p, at); hit {
				return true
			}
			if at == "/" {
				break
			}
		}
	}
	return false
}

// chosen gives the changes that the words of accept name: by their paths, or as what
// an update of a package did.
func chosen(ctx context.Context, h host.Host, p integrity.Profile, words []string, all []integrity.Change) ([]integrity.Change, error) {
	some := files.Select(all, func(ch integrity.Change) bool { return matches(words, ch.Path) })
	for _, w := range words {
		name, ok := strings.CutPrefix(w, ofPackage)
		if !ok {
			continue
		}
		system, err := facts.Identify(ctx, h)
		if system.Family == "" { // what else is not known does not matter
			return nil, errors.Join(errors.New("it is not known what system this is, and so not which packages it has"), err)
		}
		of, err := files.System{Host: h, Profile: p, Attestor: managers.Owners(h, system.Family)}.OfPackage(ctx, all, name)
		if err != nil {
			return nil, err
		}
		some = append(some, of...)
	}
	slices.SortFunc(some, func(a, b integrity.Change) int { return tree.Compare(a.Path, b.Path) })
	return slices.CompactFunc(some, func(a, b integrity.Change) bool { return a.Path == b.Path }), nil
}

// ofPackage begins a word that names a package.
const ofPackage = "package:"

// patterns leaves out the words that name packages.
func patterns(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.HasPrefix(w, ofPackage) && w != ofPackage })
}

func validPatterns(patterns []string) error {
	for _, p := range patterns {
		if _, err := filepath.Match(p, ""); err != nil || p != "all" && !filepath.IsAbs(p) {
			return cli.Advise(fmt.Errorf("%q is no pattern of whole paths", p), "such as /etc/ssh/*, or all")
		}
	}
	return nil
}

func (o *options) accept(ctx context.Context, c cli.Call) (int, error) {
	return o.with(ctx, func(h host.Host) (int, error) {
		if err := validPatterns(patterns(c.Args)); err != nil {
			return 0, err
		}
		if o.by == "" {
			return 0, cli.Advise(errors.New("nobody accepts"), "say who with -by")
		}
		b, err := integrity.OpenBaseline(o.db)
		if err != nil {
			return 0, err
		}
		by, err := o.readRules(ctx, h, c)
		if err = errors.Join(err, by.fit(b), o.signed(b)); err != nil {
			return 0, errors.Join(err, b.Close())
		}
		var all []integrity.Change
		err = integrity.Compare(b.Entries(), by.entries(ctx, h, b.Profile, nil, nil, nil), b.Profile.Compared(), func(ch integrity.Change) error {
			if ch.Kind != integrity.Unreadable && ch.Kind != integrity.Unstable {
				all = append(all, ch)
			}
			return nil
		})
		if err = errors.Join(err, b.Close()); err != nil {
			return 0, err
		}
		some, err := chosen(ctx, h, b.Profile, c.Args, all)
		if err != nil {
			return 0, err
		}
		mounts, over := acceptMounts(patterns(c.Args), b.Mounts, over(ctx, h, b.Profile))
		if len(some)+len(over) == 0 {
			return 0, errors.New("nothing that changed has such a path, or is what such a package brought")
		}
		says := integrity.Acceptance{Time: h.Time(), By: o.by, Comment: o.comment, Ticket: o.ticket}
		if err := (integrity.Acceptor{Files: h.Files, Baseline: o.db, Says: says, Mounts: mounts}).Accept(ctx, some); err != nil {
			return 0, err
		}
		for _, m := range over {
			some = append(some, integrity.Change{Kind: integrity.Changed, Path: m.Point})
		}
		for _, ch := range some {
			object := pathObject(ch.Path)
			object["accepted"] = ch.Kind.String()
			if err := c.Say(object, "accepted", ch.Kind.String(), ch.Path); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
}

// show says what the baseline is, or lists entries of it.
func (o *options) show(_ context.Context, c cli.Call) (int, error) {
	if err := validPatterns(c.Args); err != nil {
		return bitFailed, err
	}
	b, err := integrity.OpenBaseline(o.db)
	if err != nil {
		return bitFailed, err
	}
	defer b.Close() //nolint:errcheck // it was only read
	if o.asMtree != "" {
		return 0, mtree.Write(c.Stdout, o.asMtree, b.Entries())
	}
	if len(c.Args) == 0 {
		return o.head(c, b)
	}
	for e, err := range b.Entries() {
		if err != nil {
			return bitFailed, err
		}
		if !matches(c.Args, e.Path) {
			continue
		}
		object := pathObject(e.Path)
		object["attrs"] = entryWords(e)
		if err := c.Say(object, e.Path, files.Value(e, "type"), files.Value(e, "mode"), files.Value(e, "owner"), files.Value(e, "content")); err != nil {
			return bitFailed, err
		}
	}
	return 0, nil
}

func (o *options) head(c cli.Call, b *integrity.Baseline) (int, error) {
	all, err := integrity.Acceptances(o.db)
	if err != nil {
		return bitFailed, err
	}
	object := map[string]any{
		"entries": b.Count, "root": b.Root.String(), "created": b.Created, "host": b.Host, "boot": b.Boot, "previous": b.Previous, "roots": b.Profile.Tops(), "accepted": all, "damaged": b.Damaged != nil,
	}
	err = c.Say(object, fmt.Sprintf("%d entries below %v, taken at %s, root %s, accepted %d times",
		b.Count, b.Profile.Tops(), b.Created.Local().Format("2006-01-02 15:04"), b.Root, len(all)))
	for _, a := range all {
		if err == nil && !c.JSON {
			err = c.Say(nil, a.Time.Local().Format("2006-01-02 15:04"), a.By, fmt.Sprintf("%d changes", len(a.Changes)), a.Comment, a.Ticket)
		}
	}
	return 0, err
}

// explain shows one file in the baseline and now.
func (o *options) explain(ctx context.Context, c cli.Call) (int, error) {
	return o.with(ctx, func(h host.Host) (int, error) {
		name, err := filepath.Abs(c.Args[0])
		if err != nil {
			return 0, err
		}
		b, err := integrity.OpenIndex(o.db)
		if err != nil {
			return 0, err
		}
		defer b.Close() //nolint:errcheck // it was only read
		was, err := b.Entry(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		seen, err := integrity.Again(ctx, h.Files, b.Profile, []string{name}, integrity.Look{})
		if err != nil {
			return 0, err
		}
		now := seen[name].Entry
		if was.Path == "" && now.Path == "" {
			return 0, fmt.Errorf("%s is neither in the baseline nor there now, or the baseline does not look at it", name)
		}
		old, new := entryWords(was), entryWords(now)
		object := pathObject(name)
		object["was"], object["now"] = old, new
		if c.JSON {
			return 0, c.Say(object)
		}
		for _, field := range tree.FieldsAll.Names() {
			mark := ""
			if old[field] != new[field] {
				mark = "differs"
			}
			if old[field] != "" || new[field] != "" {
				if err := c.Say(nil, field, old[field], new[field], mark); err != nil {
					return 0, err
				}
			}
		}
		return 0, nil
	})
}
