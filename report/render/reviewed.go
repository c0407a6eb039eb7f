package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
)

// SignedSince says since when a report tells: since the last sign-off, or since
// the first report that nobody signed. It is "" for that report itself, and where nobody
// knows what people did: what the last report knew of it may be wrong by now, and a
// notice says so.
func SignedSince(rep *report.Report, zone *time.Location) string {
	r := rep.Review
	const layout = "Mon 2 Jan 15:04"
	switch {
	case r == nil || r.Unknown != "":
		return ""
	case r.Signed != nil:
		return term.Visible("since "+r.Signed.By+" signed, ") + r.Signed.At.In(zone).Format(layout)
	case !r.Since.IsZero() && r.Since.Before(rep.Started):
		return "nobody has signed since " + r.Since.In(zone).Format(layout)
	}
	return ""
}

// Reminders are what people have left undone, and what was done in somebody's name
// since the last sign-off, or before it and after the last report, as far as that is
// known: who did not do it finds out here.
func Reminders(rep *report.Report) []string {
	if rep.Review == nil || rep.Review.Unknown != "" {
		return nil
	}
	return slices.Concat(rep.Review.Reminders, done(rep.Review))
}

// words of what a person made of a finding; "resolved" is what the next run makes of
// a change that was accepted.
var words = map[string]string{"acknowledged": "acknowledged", "accepted": "accepted", "accepted-risk": "accepted the risk of", "resolved": "accepted"}

// mostDone titles of what was dealt with are told of each person, worst first; of more
// than wholeLists a person went through a list, and the worst are told.
const (
	mostDone   = 5
	wholeLists = 20
	worstDone  = 2
)

// done says in a line for each person and kind of act what was dealt with. What no
// report knew is told once, though somebody signed since.
func done(r *report.Review) []string {
	handled := slices.Clone(r.Handled)
	slices.SortStableFunc(handled, func(a, b report.Handled) int {
		return int(Rank(b.Change.Finding.Severity)) - int(Rank(a.Change.Finding.Severity))
	})
	titles := map[string][]string{}
	for _, h := range handled {
		word, when := words[h.State], "since then "
		if !h.At.After(r.Since) {
			if !h.New {
				continue
			}
			when = "before that "
			if r.Signed != nil {
				when = "before " + r.Signed.By + " signed, "
			}
		}
		if word != "" {
			who := when + h.By + " " + word
			titles[who] = append(titles[who], cmp.Or(h.Change.Finding.Title, h.Change.Finding.Rule))
		}
	}
	var out []string
	for _, who := range slices.Sorted(maps.Keys(titles)) {
		most := mostDone
		if len(titles[who]) > wholeLists {
			most = worstDone
		}
		out = append(out, fmt.Sprintf("%s %s: %s", who, prose.Count(len(titles[who]), "finding"), prose.List(titles[who], most)))
	}
	return out
}
