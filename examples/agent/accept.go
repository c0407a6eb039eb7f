package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/integrity"
	intfiles "github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// accept accepts findings. For a changed file the baseline moves by the same
// act; one that changed again since it was shown is refused, and the rest done.
func (d *desk) accept(ctx context.Context, items []memory.Item, terms review.Terms, overflow bool) (done int, refused []error, err error) {
	moved, refused, err := d.moveBaseline(ctx, items, terms)
	if err != nil {
		return 0, refused, err
	}
	renewed, stay, err := d.renewBaselines(ctx, items, terms, overflow)
	if err != nil {
		return 0, refused, err
	}
	maps.Copy(moved, renewed)
	refused = append(refused, stay...)
	more, err := d.moveInventories(ctx, items, terms)
	if err != nil {
		return 0, refused, err
	}
	maps.Copy(moved, more)
	items = slices.DeleteFunc(slices.Clone(items), func(it memory.Item) bool {
		return (ofBaseline(it) || aboutBaseline(it)) && !moved[it.Finding.Fingerprint]
	})
	if err := d.Accept(ctx, items, func(it memory.Item) bool { return moved[it.Finding.Fingerprint] }, terms); err != nil {
		return 0, refused, err
	}
	if overflow {
		err = d.AcceptOverflow(ctx, d.saved.Open.Overflow, terms)
	}
	return len(items), refused, err
}

// ofBaseline reports whether a finding says that a file differs from the baseline.
func ofBaseline(it memory.Item) bool {
	return kinds[it.Finding.Rule] != 0
}

// kinds are the kinds of change that findings about files tell, by their rules.
var kinds = map[string]integrity.Kind{
	"integrity.files.added": integrity.Added, "integrity.files.removed": integrity.Removed, "integrity.files.changed": integrity.Changed,
	"integrity.files.moved": integrity.Added, "integrity.files.baseline-gap": integrity.Unknown,
}

// aboutBaseline reports whether a finding is about a baseline itself: its rules
// are others, or it is lost or replaced.
func aboutBaseline(it memory.Item) bool {
	rule := it.Finding.Rule
	return rule == "integrity.files.rules" || strings.HasSuffix(rule, ".baseline-lost") || strings.HasSuffix(rule, ".baseline-replaced")
}

// renewBaselines accepts other rules, and begins lost and replaced baselines anew.
// That takes their ids: who accepts all has not looked at each.
func (d *desk) renewBaselines(ctx context.Context, items []memory.Item, terms review.Terms, all bool) (moved map[string]bool, refused []error, err error) {
	moved = map[string]bool{}
	says := integrity.Acceptance{Time: time.Now().UTC(), By: d.By, Comment: terms.Comment, Ticket: terms.Ticket}
	dir := d.state.Path("integrity")
	watched := intfiles.System{Host: d.target.Host, Dir: dir, Profile: d.settings.Files.Profile()}
	for _, it := range items {
		rule := it.Finding.Rule
		switch {
		case !aboutBaseline(it):
			continue
		case rule == "integrity.files.rules":
			err = watched.AcceptRules(ctx, says, d.Desk)
		case all:
			refused = append(refused, fmt.Errorf("%s: a baseline is begun anew only by the id of its finding, as all that changed before is then expected", it.Finding.Title))
			continue
		default:
			err = d.anew(ctx, rule, watched, says)
		}
		if err != nil {
			return moved, refused, err
		}
		moved[it.Finding.Fingerprint] = true
	}
	return moved, refused, nil
}

// anew begins the baseline anew that a rule is about.
func (d *desk) anew(ctx context.Context, rule string, watched intfiles.System, says integrity.Acceptance) error {
	if c := d.inventory(rule); c != nil {
		return c.Anew(ctx, says, d.Desk)
	}
	return watched.Anew(ctx, says, d.Desk)
}

// moveBaseline moves the baseline by the changes that the findings tell, and
// gives those by their fingerprints.
func (d *desk) moveBaseline(ctx context.Context, items []memory.Item, terms review.Terms) (moved map[string]bool, refused []error, err error) {
	want := map[string]report.Finding{}
	for _, it := range items {
		if ofBaseline(it) {
			want[it.Finding.Subject.Value] = it.Finding
		}
	}
	moved = map[string]bool{}
	if len(want) == 0 {
		return moved, nil, nil
	}
	name := intfiles.BaselinePath(d.state.Path("integrity"))
	all, err := d.differences(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	changes := map[string][]integrity.Change{} // one path may be changed in what is known of it, and unknown in the rest
	for _, c := range all {
		changes[c.Path] = append(changes[c.Path], c)
	}
	good := map[string]bool{} // by path
	for path, f := range want {
		switch told := changes[path]; {
		case told == nil:
			refused = append(refused, fmt.Errorf("%s no longer differs from the baseline: the next report says so", path))
		case !slices.ContainsFunc(told, func(c integrity.Change) bool { return tells(f, c) }):
			refused = append(refused, fmt.Errorf("%s %w: look at the next report", path, integrity.ErrMoved))
		default:
			good[path], moved[f.Fingerprint] = true, true
		}
	}
	if len(good) == 0 {
		return moved, refused, nil
	}
	a := integrity.Acceptor{
		Files: d.target.Host.Files, Baseline: name, Journal: d.Desk,
		Says: integrity.Acceptance{Time: time.Now().UTC(), By: d.By, Comment: terms.Comment, Ticket: terms.Ticket},
	}
	return moved, refused, a.Accept(ctx, intfiles.Select(all, func(c integrity.Change) bool { return good[c.Path] }))
}

// moveInventories moves the baselines of the inventories by the findings about
// what changed in them, and gives those by their fingerprints.
func (d *desk) moveInventories(ctx context.Context, items []memory.Item, terms review.Terms) (map[string]bool, error) {
	moved := map[string]bool{}
	shown := map[string]report.Finding{}
	for _, it := range items {
		if d.inventory(it.Finding.Rule) != nil {
			shown[it.Finding.Fingerprint] = it.Finding
		}
	}
	if len(shown) == 0 {
		return moved, nil
	}
	says := integrity.Acceptance{Time: time.Now().UTC(), By: d.By, Comment: terms.Comment, Ticket: terms.Ticket}
	same := func(f report.Finding) bool {
		was, ok := shown[f.Fingerprint]
		return ok && slices.Equal(untimed(was.Evidence), untimed(f.Evidence))
	}
	var errs []error
	for _, c := range d.target.Inventories(d.state, d.settings) {
		done, err := c.Accept(ctx, same, says, d.Desk)
		for _, f := range done {
			moved[f.Fingerprint] = err == nil
		}
		if !errors.Is(err, integrity.ErrNoBaseline) {
			errs = append(errs, err)
		}
	}
	return moved, errors.Join(errs...)
}

// untimed is evidence without times: when a service stopped is asked anew each time.
func untimed(evidence []report.Attr) []report.Attr {
	return slices.DeleteFunc(slices.Clone(evidence), func(a report.Attr) bool { return a.Key == report.At })
}

// inventory gives the inventory that a rule is of; nil: none.
func (d *desk) inventory(rule string) *inventory.Check {
	for _, c := range d.target.Inventories(d.state, d.settings) {
		if strings.HasPrefix(rule, c.Name()+".") {
			return &c
		}
	}
	return nil
}

// differences compares with the baseline once more.
func (d *desk) differences(ctx context.Context, name string) ([]integrity.Change, error) {
	b, err := integrity.OpenBaseline(name)
	if err != nil {
		return nil, err
	}
	defer b.Close() //nolint:errcheck // it was only read
	var all []integrity.Change
	err = integrity.Compare(b.Entries(), integrity.Scan(ctx, d.target.Host.Files, b.Profile, nil), b.Profile.Compared(), func(c integrity.Change) error {
		all = append(all, c)
		return nil
	})
	return all, errors.Join(err, ctx.Err())
}

// tells reports whether a change is the one that a finding showed: of the same
// kind, to the same content, mode and owner, at the same time.
func tells(f report.Finding, c integrity.Change) bool {
	if c.Kind != kinds[f.Rule] {
		return false
	}
	for _, a := range f.Evidence {
		switch {
		case a.Key == report.At && a != report.AtTime(time.Unix(0, c.Now.Stat.Ctime)):
			return false
		case a.Key == report.Now && len(a.Value) > 8 && a.Value[:8] == "content=":
			if !c.Now.Hashed() || a.Value[8:] != c.Now.Digests[0].String() {
				return false
			}
		}
	}
	return true
}
