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
	list := Diff(old.packages, now)
	if len(list) == 0 {
		return
	}
	times := c.history(ctx, old.at)
	for _, ch := range list[:min(len(list), c.maxEvents)] {
		c.rec.Finding(c.event(ch, times[eventKey{ch.Pkg.Name, ch.To.String()}]))
	}
	if more := list[min(len(list), c.maxEvents):]; len(more) > 0 {
		c.rec.Finding(c.moreEvents(more))
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

// event is the finding about one change; at is zero when not known.
func (c *managerCheck) event(ch Change, at time.Time) report.Finding {
	f := report.Finding{
		Rule: changeRules[ch.Kind], Subject: packageAttr(ch.Pkg), Scope: c.scope("changes"),
		Title: changeLine(ch), First: at, Last: at,
	}
	if v, ok := versionAttr(ch.Pkg.Version); ok {
		f.Identity = []report.Attr{v}
	}
	if !ch.From.IsZero() {
		f.Evidence = append(f.Evidence, report.Attr{Key: report.Was, Value: "version=" + ch.From.String()})
	}
	if !ch.To.IsZero() {
		f.Evidence = append(f.Evidence, report.Attr{Key: report.Now, Value: "version=" + ch.To.String()})
	}
	if at.IsZero() {
		f.Detail = "It happened since the last run; the package manager's log does not say when."
	} else {
		f.Evidence = append(f.Evidence, report.AtTime(at))
		f.Detail = "It happened at " + at.UTC().Format("2006-01-02 15:04:05") + " UTC, as the package manager's log says."
	}
	return f
}

// moreEvents is the finding about the changes beyond the bound.
func (c *managerCheck) moreEvents(list []Change) report.Finding {
	var text strings.Builder
	names := make([]string, len(list))
	for i, ch := range list {
		fmt.Fprintln(&text, changeLine(ch))
		names[i] = ch.Pkg.Name
	}
	sum := sha256.Sum256([]byte(text.String()))
	f := report.Finding{
		Rule: ruleMany, Subject: report.Attr{Key: report.System, Value: c.info.ID}, Scope: c.scope("changes"),
		Identity: []report.Attr{{Key: report.Digest, Value: "sha256:" + hex.EncodeToString(sum[:])}},
		Title:    "And " + plural(len(list), "more package") + " changed since the last run",
		Detail:   "They are " + shortList(names, maxNames) + ".",
	}
	if ref := c.rec.Artifact("changed-"+c.info.ID+".txt", "text/plain", strings.NewReader(text.String())); ref != "" {
		f.Artifacts = []string{ref}
	}
	return f
}

func changeLine(ch Change) string {
	name := ch.Pkg.Name
	if ch.Pkg.Foreign {
		name += ":" + ch.Pkg.Arch
	}
	switch ch.Kind {
	case Installed:
		return fmt.Sprintf("%s %s was installed", name, ch.To)
	case Removed:
		return fmt.Sprintf("%s %s was removed", name, ch.From)
	}
	return fmt.Sprintf("%s was %s from %s to %s", name, ch.Kind, ch.From, ch.To)
}
