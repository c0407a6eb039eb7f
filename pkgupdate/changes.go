package pkgupdate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// changes reports what was installed, removed or upgraded since the inventory
// that the last stored run kept, and keeps the present one. The first run
// only takes it.
func (c *managerCheck) changes(ctx context.Context) {
	scope, name := c.scope("changes"), "installed-"+c.info.ID
	now := c.manager.Installed(ctx)
	if now.State == Unknown {
		c.problems(now.Reason, scope)
		return
	}
	c.count("packages_installed", len(now.Value))
	if kept := c.rec.Kept(name); kept != nil {
		old, err := decodeInventory(kept)
		if err != nil {
			c.rec.Problem(fmt.Errorf("what changed since the last run is not known: %w", err), scope)
		} else {
			c.events(ctx, old, now.Value)
		}
	}
	// The host's own clock, since its log is asked for what came later.
	at := now.AsOf
	if at.IsZero() {
		at = c.rec.Now()
	}
	data, err := inventory{at, now.Value}.encode(c.info.Scheme)
	if err != nil {
		c.rec.Problem(err, scope)
		return
	}
	c.rec.Keep(name, data)
	c.rec.Covered(scope)
}

func (c *managerCheck) events(ctx context.Context, old inventory, now []Package) {
	list := batches(Diff(old.packages, now))
	if len(list) == 0 {
		return
	}
	times := c.history(ctx, old.at)
	told := min(len(list), c.maxEvents)
	for _, b := range list[:told] {
		c.rec.Finding(c.event(b, b.times(times)))
	}
	if told < len(list) {
		c.rec.Finding(c.moreEvents(list[told:]))
	}
}

type eventKey struct{ name, to string }

// history gives the time of the last entry for each package and version in the
// manager's log. Without it the times are not known.
func (c *managerCheck) history(ctx context.Context, since time.Time) map[eventKey]time.Time {
	h, ok := c.manager.(Historian)
	if !ok {
		return nil
	}
	// The inventory was read some time before it was kept.
	events, err := h.History(ctx, since.Add(-time.Hour))
	if err != nil {
		c.problems(fmt.Errorf("when packages were changed is not known: %w", err), c.scope("changes/times"))
	}
	times := map[eventKey]time.Time{}
	for _, e := range events {
		times[eventKey{e.Name, e.To}] = e.At
	}
	return times
}

var changeRules = map[ChangeKind]string{
	Installed: ruleInstalled, Removed: ruleRemoved, Upgraded: ruleUpgraded, Downgraded: ruleDowngraded, Replaced: ruleUpgraded,
}

// event is the finding about one batch; times are when it happened, in order.
func (c *managerCheck) event(b batch, times []time.Time) report.Finding {
	f := report.Finding{
		Rule: changeRules[b.kind], Subject: report.Attr{Key: report.Package, Value: b.source}, Scope: c.scope("changes"),
		Title: b.title(), Evidence: b.evidence(),
	}
	if v, ok := versionAttr(b.version); ok {
		f.Identity = []report.Attr{v}
	}
	if len(b.list) > 1 {
		f.Detail = "The packages are " + shortList(b.names(), maxNames) + ". "
	}
	if len(times) == 0 {
		f.Detail += "It happened since the last run; the package manager's log does not say when."
		return f
	}
	f.First, f.Last = times[0], times[len(times)-1]
	f.Evidence = append(f.Evidence, report.AtTime(f.First))
	if !f.Last.Equal(f.First) {
		f.Evidence = append(f.Evidence, report.AtTime(f.Last))
	}
	f.Detail += "It happened at " + f.First.UTC().Format("2006-01-02 15:04:05") + " UTC, as the package manager's log says."
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
		Title:    "And " + plural(len(names), "more package") + " changed since the last run",
		Detail:   "They are " + shortList(names, maxNames) + ".",
	}
	if ref := c.rec.Artifact("changed-"+c.info.ID+".txt", "text/plain", strings.NewReader(text.String())); ref != "" {
		f.Artifacts = []string{ref}
	}
	return f
}
