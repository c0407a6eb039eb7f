package updates

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory/survey"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
	"github.com/pugetsoundtech/upkeep/report"
)

// An entry is the life of one security fix of a package here.
type entry struct {
	Package, Source string   // ids: deb:libssl3, deb:openssl
	From, Fix       string   // versions
	Advisories      []string `json:",omitempty"`
	Published       time.Time
	Offered         time.Time // by then it was on offer here
	Counted         time.Time // from then on the promise counts
	Installed       time.Time // zero: it is not
	Effective       time.Time // since then nothing runs the old code; zero: not yet, or not known
}

// state says how far it is.
func (e entry) state() string {
	switch {
	case e.Installed.IsZero():
		return "pending"
	case e.Effective.IsZero():
		return "installed"
	}
	return "in effect"
}

// A ledger is what became of the fixes of the last months, the newest at the end.
type ledger struct{ Entries []entry }

const (
	maxEntries  = 1000
	entriesLast = 90 * 24 * time.Hour
	month       = 30 * 24 * time.Hour
)

func (c *managerCheck) keptLedger() report.State[ledger] {
	return report.State[ledger]{Name: "ledger-" + c.info.ID, Version: 1}
}

// enter brings the ledger up to date: what is pending, what was installed since, and
// of what was installed whether it is in effect.
func (c *managerCheck) enter(ctx context.Context, list []item, seen sightings, installed []pkgupdate.Package, by holes, whole bool) {
	book, _, err := c.keptLedger().Load(c.rec)
	if err != nil {
		c.rec.Problem(fmt.Errorf("what became of earlier fixes is not known: %w", err), c.scope("ledger"))
	}
	pending := map[string]bool{}
	for _, it := range list {
		pending[it.id] = true
		book.open(it, seen.of[it.id], by.published(it))
	}
	if whole {
		c.close(&book, pending, installed)
	}
	known := c.settle(ctx, &book, installed)
	book.forget(c.rec.Now())
	c.tell(book)
	if known && whole {
		c.rec.Covered(c.scope("ledger"))
	}
	if err := c.keptLedger().Keep(c.rec, book); err != nil {
		c.rec.Problem(err, c.scope("ledger"))
	}
}

// open notes a fix that is pending.
func (l *ledger) open(it item, s sighting, published time.Time) {
	is := entry{
		Package: it.id, Source: it.source, From: it.from, Fix: it.to, Advisories: it.Advisories[:min(len(it.Advisories), maxAdvisories)],
		Published: published, Offered: s.offered, Counted: s.counted,
	}
	if i := slices.IndexFunc(l.Entries, func(e entry) bool { return e.Package == it.id && e.From == it.from && e.Installed.IsZero() }); i >= 0 {
		l.Entries[i] = is
		return
	}
	l.Entries = append(l.Entries, is)
}

// close notes what is not pending any more: it was installed, or it is gone.
func (c *managerCheck) close(l *ledger, pending map[string]bool, installed []pkgupdate.Package) {
	now := map[string]version.Version{}
	for _, p := range installed {
		now[p.ID()] = p.Version
	}
	l.Entries = slices.DeleteFunc(l.Entries, func(e entry) bool {
		v, there := now[e.Package]
		return e.Installed.IsZero() && !pending[e.Package] && (!there || v.String() == e.From)
	})
	for i := range l.Entries {
		e := &l.Entries[i]
		if e.Installed.IsZero() && (!pending[e.Package] || now[e.Package].String() != e.From) {
			e.Installed = c.when(e.Package, now[e.Package].String())
		}
	}
}

// when a version was installed: by the manager's log, else by now.
func (c *managerCheck) when(id, to string) time.Time {
	for _, a := range slices.Backward(c.acts) {
		for _, ev := range a.Events {
			if ev.To == to && c.packageOf(ev, nil).ID() == id {
				return a.Begin
			}
		}
	}
	return c.rec.Now()
}

// settle looks whether what was installed is in effect. Where nobody knows, it is
// not yet, and the answer is false.
func (c *managerCheck) settle(ctx context.Context, l *ledger, installed []pkgupdate.Package) bool {
	waiting := func(e entry) bool { return !e.Installed.IsZero() && e.Effective.IsZero() }
	if !slices.ContainsFunc(l.Entries, waiting) {
		return true
	}
	if c.host.Exec == nil {
		return false
	}
	old, err := c.oldCode(ctx, installed)
	if err != nil {
		c.rec.Problem(fmt.Errorf("whether installed fixes are in effect is not known: %w", err), c.scope("ledger/effect"))
		return false
	}
	c.old = old
	for i, e := range l.Entries {
		_, byPackage := old[e.Package]
		_, bySource := old[e.Source]
		if waiting(e) && !byPackage && !bySource {
			l.Entries[i].Effective = c.rec.Now()
		}
	}
	return true
}

// oldCode gives the packages, and the sources of kernels, whose old code still runs,
// with the files that were replaced.
func (c *managerCheck) oldCode(ctx context.Context, installed []pkgupdate.Package) (map[string][]string, error) {
	view, err := sysview.OutdatedFiles(ctx, c.host)
	files, filesErr := pkgupdate.OldCode(ctx, c.host, view)
	if n := len(view.Unread); n > 0 {
		filesErr = fmt.Errorf("what %s run cannot be read", prose.Count(n, "process"))
	}
	if err = errors.Join(err, filesErr); err != nil {
		return nil, err
	}
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	old := map[string][]string{}
	owners, ok := c.manager.(pkgupdate.Attestor)
	if len(paths) > 0 && !ok {
		return nil, fmt.Errorf("programs run old code, and %s does not say whose", c.info.ID)
	}
	if len(paths) > 0 {
		claims, err := owners.Attest(ctx, paths)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(claims)) {
			old[claims[name].Package] = append(old[claims[name].Package], name)
		}
	}
	system, err := survey.System(ctx, c.host, c.info, installed)
	for _, id := range system.Idle() {
		old[id] = nil
	}
	return old, err
}

// forget drops what is long done, the oldest first.
func (l *ledger) forget(now time.Time) {
	l.Entries = slices.DeleteFunc(l.Entries, func(e entry) bool {
		return !e.Effective.IsZero() && now.Sub(e.Effective) > entriesLast
	})
	if over := len(l.Entries) - maxEntries; over > 0 {
		l.Entries = slices.Delete(l.Entries, 0, over)
	}
}

// tell gives the promise as figures, the whole ledger as a text, and what waits to
// take effect as findings.
func (c *managerCheck) tell(l ledger) {
	kept, late := 0, 0
	idle := map[string]entry{}
	var text strings.Builder
	for _, e := range l.Entries {
		fmt.Fprintf(&text, "%s\t%s\t%s\t%s\t%s\tpublished %s\ton offer %s\tinstalled %s\tin effect %s\n", e.Package, e.From, e.Fix, e.state(), strings.Join(e.Advisories, " "),
			moment(e.Published), moment(e.Offered), moment(e.Installed), moment(e.Effective))
		if e.state() == "installed" && c.host.Exec != nil {
			idle[e.Source] = e
		}
		switch in := e.Installed.Sub(e.Counted); {
		case e.Installed.IsZero() || c.rec.Now().Sub(e.Installed) > month:
		case in <= c.policy.within():
			kept++
		default:
			late++
		}
	}
	c.count("security_fixes_in_time_30_days", kept)
	c.count("security_fixes_late_30_days", late)
	if slices.ContainsFunc(l.Entries, func(e entry) bool { return e.state() != "pending" }) {
		c.rec.Artifact("ledger-"+c.info.ID+".txt", "text/plain", strings.NewReader(text.String()))
	}
	for _, source := range slices.Sorted(maps.Keys(idle)) {
		if !c.idleTold[source] {
			c.rec.Finding(c.idle(idle[source]))
		}
	}
}

// idle is the finding about a fix that the ledger has as installed only.
func (c *managerCheck) idle(e entry) report.Finding {
	evidence := []report.Attr{report.Package.Of(e.Package), report.Now.Of("version=" + e.Fix)}
	for _, name := range c.old[e.Package][:min(len(c.old[e.Package]), mostOld)] {
		evidence = append(evidence, report.Path.Of(name))
	}
	return report.Finding{
		Rule: ruleIdle, Subject: report.Package.Of(e.Source), Scope: c.scope("ledger"),
		Title:    fmt.Sprintf("The security fix of %s is installed, and the old code still runs", sourceText(e.Source, nil)),
		Detail:   fmt.Sprintf("%s went from %s to %s on %s.", e.Package, e.From, e.Fix, prose.Time(e.Installed, nil)),
		Fix:      "Restart the programs that pkgupdate.restarts names; of a kernel, reboot",
		Evidence: append(evidence, advisoryAttrs(e.Advisories)...),
	}
}

// mostOld bounds the files that a finding names.
const mostOld = 20

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
