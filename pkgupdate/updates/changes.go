package updates

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/internal/inventory"
	"github.com/pugetsoundtech/upkeep/report"
)

// changes reports what was installed, removed or upgraded since the inventory
// that the last stored run kept, and keeps the present one. The first run
// only takes it.
func (c *managerCheck) changes(ctx context.Context, now pkgupdate.Answer[[]pkgupdate.Package]) {
	scope := c.scope("changes")
	if now.State == pkgupdate.Unknown {
		records := true
		for _, err := range pkgupdate.Parts(now.Reason) {
			records = records && isRecord(err)
		}
		if !records {
			c.problems(now.Reason, scope)
			return
		}
		c.problems(now.Reason, scope+"/records")
	}
	c.rec.Metric(report.Metric{Name: "packages_installed", Value: report.Count(uint64(len(now.Value))), Attrs: c.attrs(), Noun: report.Noun{One: "package", Many: "packages"}})
	kept := report.State[inventory.Inventory]{
		Name: "installed-" + c.info.ID, Version: 1,
		Encode: func(inv inventory.Inventory) ([]byte, error) { return inv.Encode(c.info) },
		Decode: func(data []byte) (inventory.Inventory, error) { return inventory.Decode(data, c.info) },
	}
	old, known, err := kept.Load(c.rec)
	if err != nil {
		c.rec.Problem(fmt.Errorf("what changed since the last run is not known: %w", err), scope)
	}
	c.events(ctx, old, now.Value, known && err == nil)
	// The host's own clock, since its log is asked for what came later.
	at := now.AsOf
	if at.IsZero() {
		at = c.rec.Now()
	}
	if err := kept.Keep(c.rec, inventory.Inventory{At: at, Packages: now.Value}); err != nil {
		c.rec.Problem(err, scope)
		return
	}
	c.rec.Covered(scope)
}

// events tells what was done since the last run, if there was one: the acts that
// the manager's log has, also of packages that came and went meanwhile, and the
// changes that it does not have.
func (c *managerCheck) events(ctx context.Context, old inventory.Inventory, now []pkgupdate.Package, known bool) {
	acts := c.newActs(ctx)
	c.acts = acts
	if !known {
		return
	}
	logged := map[changeKey]bool{}
	unlikely := c.unlikely(acts, old)
	for _, a := range acts {
		for part := range a.parts() {
			f := c.act(a, part, now)
			if from := unlikely[a.ID]; from != nil {
				f.Severity = report.Warning
				f.Title += ", which replaced what was not installed"
				f.Detail = "The log says that it replaced " + prose.List(from, maxNames) + ": it may be made up. " + f.Detail
			}
			c.rec.Finding(f)
		}
		for _, e := range a.Events {
			logged[changeKey{e.Name, e.To}] = true
		}
	}
	all := pkgupdate.Diff(old.Packages, now)
	for _, ch := range all {
		if ch.Kind != pkgupdate.Removed {
			c.came[ch.Pkg.ID()] = true
		}
	}
	changes := slices.DeleteFunc(all, func(ch pkgupdate.Change) bool {
		return logged[changeKey{ch.Pkg.Name, ch.To.String()}]
	})
	list := batches(changes)
	told := min(len(list), c.maxEvents)
	for _, b := range list[:told] {
		c.rec.Finding(c.event(b))
	}
	if told < len(list) {
		c.rec.Finding(c.moreEvents(list[told:]))
	}
}

// isRecord reports whether an error is about one record, and says nothing of the others.
func isRecord(err error) bool {
	var record *pkgupdate.RecordError
	return errors.As(err, &record)
}

// window is how far back in the manager's log is looked, from the last run on:
// an act may have begun before and ended since.
const window = 48 * time.Hour

// toldActs is which acts stored runs have told, and when the last one looked.
type toldActs struct {
	At  time.Time
	IDs []string
}

// newActs gives what the manager's log has and no stored run has told, and
// remembers it. An act that is under way is told, and told anew once it ended.
func (c *managerCheck) newActs(ctx context.Context) []act {
	h, ok := c.manager.(pkgupdate.Historian)
	if !ok {
		return nil
	}
	kept := report.State[toldActs]{Name: "acts-" + c.info.ID, Version: 1}
	told, known, err := kept.Load(c.rec)
	if err != nil {
		c.rec.Problem(fmt.Errorf("which acts of the package manager were told is not known: %w", err), c.scope("changes/log"))
	}
	if !known {
		told.At = c.rec.Now()
	}
	list, err := h.History(ctx, told.At.Add(-window))
	if err != nil {
		c.problems(fmt.Errorf("who changed packages, and when, is not known: %w", err), c.scope("changes/log"))
	}
	var acts []act
	next := toldActs{At: c.rec.Now()}
	for _, t := range list {
		if len(t.Events) == 0 {
			continue
		}
		if !slices.Contains(told.IDs, t.ID) {
			acts = append(acts, act{t})
		}
		if !t.End.IsZero() || c.rec.Now().Sub(t.Begin) > window/2 {
			next.IDs = append(next.IDs, t.ID)
		}
	}
	if err := kept.Keep(c.rec, next); err != nil {
		c.rec.Problem(err, c.scope("changes/log"))
	}
	return acts
}

type changeKey struct{ name, to string }

var changeRules = map[pkgupdate.ChangeKind]string{
	pkgupdate.Installed: ruleInstalled, pkgupdate.Removed: ruleRemoved, pkgupdate.Upgraded: ruleUpgraded, pkgupdate.Downgraded: ruleDowngraded, pkgupdate.Replaced: ruleUpgraded,
}

// event is the finding about one batch of changes that no log has.
func (c *managerCheck) event(b batch) report.Finding {
	f := report.Finding{
		Rule: changeRules[b.kind], Subject: report.Attr{Key: report.Package, Value: b.source}, Scope: c.scope("changes"),
		Title: b.title(), Evidence: b.evidence(),
	}
	if v, ok := versionAttr(b.version); ok {
		f.Identity = []report.Attr{v}
	}
	if len(b.list) > 1 {
		f.Detail = "The packages are " + prose.List(b.names(), maxNames) + ". "
	}
	f.Detail += "It happened since the last run; the package manager's log does not say when, or who did it."
	return f
}

// moreEvents is the finding about the changes beyond the bound.
func (c *managerCheck) moreEvents(list []batch) report.Finding {
	var text strings.Builder
	var names []string
	for _, b := range list {
		for _, ch := range b.list {
			fmt.Fprintln(&text, changeLine(ch))
		}
		names = append(names, b.names()...)
	}
	sum := sha256.Sum256([]byte(text.String()))
	f := report.Finding{
		Rule: ruleMany, Subject: report.Attr{Key: report.System, Value: c.info.ID}, Scope: c.scope("changes"),
		Identity: []report.Attr{{Key: report.Digest, Value: "sha256:" + hex.EncodeToString(sum[:])}},
		Title:    "And " + prose.Count(len(names), "more package") + " changed since the last run",
		Detail:   "They are " + prose.List(names, maxNames) + ".",
	}
	if ref := c.rec.Artifact("changed-"+c.info.ID+".txt", "text/plain", strings.NewReader(text.String())); ref != "" {
		f.Artifacts = []string{ref}
	}
	return f
}
