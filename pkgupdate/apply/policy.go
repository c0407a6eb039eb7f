package apply

import (
	"cmp"
	"fmt"
	"path"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// A Hold leaves packages alone by a person's decision, whatever the manager has on
// record.
type Hold struct {
	Package string    `json:"package"`           // a pattern, as in path.Match, of names of packages or of their source; required
	Reason  string    `json:"reason"`            // required
	By      string    `json:"by"`                // who decided it; required
	Version string    `json:"version,omitempty"` // a pattern of installed versions that have a fix of one's own: such a package is never replaced while the hold lasts; "": any, by no build of one's own
	Until   time.Time `json:"until,omitzero"`    // when it ends; zero: a person looks at each update, and names the package
}

// Validate reports what a hold lacks.
func (h Hold) Validate() error {
	_, err := path.Match(h.Package, "")
	if _, bad := path.Match(h.Version, ""); err != nil || bad != nil {
		return fmt.Errorf("hold of %.80q: %w", h.Package, path.ErrBadPattern)
	}
	if h.Package == "" || h.Reason == "" || h.By == "" {
		return fmt.Errorf("hold of %.80q: package, reason and by are required", h.Package)
	}
	return nil
}

// String says by whose decision, how long and why.
func (h Hold) String() string {
	text := "held by " + prose.Clip(h.By, 60) + " until " + prose.Time(h.Until, nil)
	switch {
	case h.Until.IsZero():
		text = "for a person to look at, says " + prose.Clip(h.By, 60)
	case h.Version != "":
		text = "fixed by a build of your own, says " + prose.Clip(h.By, 60) + ", until " + prose.Time(h.Until, nil)
	}
	return text + ": " + prose.Clip(h.Reason, 200)
}

// decisions looks at what people decided: what is wrong with it, and what has ended.
func (p *Plan) decisions() {
	for _, h := range p.Options.Holds {
		p.problem(h.Validate())
		if !h.Until.IsZero() && p.Made.After(h.Until) {
			p.Notes = append(p.Notes, fmt.Sprintf("the hold of %.80q ended on %s: %s", h.Package, prose.Time(h.Until, nil), prose.Clip(h.Reason, 200)))
		}
	}
}

// window says whether changes may be made now, in the zone of the windows.
func (p *Plan) window(zone *time.Location) {
	now, next := p.Made.In(cmp.Or(zone, time.UTC)), time.Time{}
	for _, w := range p.Options.Windows {
		if w.Open(now) {
			return
		}
		if at := w.Next(now); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if len(p.Options.Windows) > 0 {
		p.problem(fmt.Errorf("%w: the next begins on %s", ErrWindow, prose.Time(next, now.Location())))
	}
}

// holds is why people's decisions leave a package alone; "" when they do not. What is
// named is not left for a person to look at.
func (p *Plan) holds(s Step, source string, named bool) string {
	for _, h := range p.Options.Holds {
		byName, _ := path.Match(h.Package, s.Name)
		bySource, _ := path.Match(h.Package, source)
		own, _ := path.Match(h.Version, s.From)
		lasts := !p.Made.After(h.Until) && (own || h.Version == "" && !p.Options.Held)
		if (byName || bySource) && (lasts || h.Until.IsZero() && !named) {
			return h.String()
		}
	}
	return ""
}
