package render

import (
	"time"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
)

// SignedSince says since when a report tells: since the last sign-off, or since
// the first report that nobody signed. It is "" where nobody knows what people did:
// what the last report knew of it may be wrong by now, and a notice says so.
func SignedSince(rep *report.Report, zone *time.Location) string {
	r := rep.Review
	const layout = "Mon 2 Jan 15:04"
	switch {
	case r == nil || r.Unknown != "":
		return ""
	case r.Signed != nil:
		return term.Visible("since "+r.Signed.By+" signed, ") + r.Signed.At.In(zone).Format(layout)
	case !r.Since.IsZero():
		return "nobody has signed since " + r.Since.In(zone).Format(layout)
	}
	return ""
}

// Reminders are what people have left undone, as far as that is known.
func Reminders(rep *report.Report) []string {
	if rep.Review == nil || rep.Review.Unknown != "" {
		return nil
	}
	return rep.Review.Reminders
}
