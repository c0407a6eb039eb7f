package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// A Fact is one piece of evidence, for a reader.
type Fact struct {
	Label   string // change, line, said, when, the attribute's key, or about for a key that is not known
	Value   string // of all but a change
	Changed bool   // Field went from Was to Now
	Field   string
	Was     string // "nothing" where only Now is known, and the other way round
	Now     string
}

// Facts lists a finding's evidence in its order. The first "was" and the first
// "now" of a field become one fact, and times are given in zone. What the
// subject says already is left out.
func Facts(f report.Finding, zone *time.Location) []Fact {
	var out []Fact
	change := map[string]int{}
	for _, a := range f.Evidence {
		if a == f.Subject {
			continue
		}
		if a.Key != report.Was && a.Key != report.Now {
			out = addFact(out, a, zone)
			continue
		}
		field, value, _ := strings.Cut(a.Value, "=")
		at, ok := change[field]
		if !ok || a.Key == report.Was && out[at].Was != nothing || a.Key == report.Now && out[at].Now != nothing {
			at = len(out)
			change[field] = at
			out = append(out, Fact{Label: "change", Changed: true, Field: field, Was: nothing, Now: nothing})
		}
		if value == "" {
			value = "empty"
		}
		if a.Key == report.Was {
			out[at].Was = value
		} else {
			out[at].Now = value
		}
	}
	return out
}

func addFact(out []Fact, a report.Attr, zone *time.Location) []Fact {
	f := fact(a, zone)
	for i := range out {
		if lists[a.Key] && out[i].Label == f.Label && !out[i].Changed {
			out[i].Value += ", " + f.Value
			return out
		}
	}
	return append(out, f)
}

// lists holds the keys whose values, one after another, make one line.
var lists = map[report.Key]bool{report.Package: true, report.Advisory: true, report.Addr: true, report.User: true, report.Repository: true}

func fact(a report.Attr, zone *time.Location) Fact {
	at, err := time.Parse(time.RFC3339Nano, a.Value)
	switch {
	case a.Key == report.At && err == nil:
		return Fact{Label: "when", Value: at.In(zone).Format("2006-01-02 15:04:05 MST")}
	case a.Key == report.Sample:
		return Fact{Label: "line", Value: a.Value}
	case a.Key == report.Reason:
		return Fact{Label: "said", Value: a.Value}
	}
	if a.Validate() == nil {
		return Fact{Label: string(a.Key), Value: a.Value}
	}
	return Fact{Label: "about", Value: string(a.Key) + " " + a.Value}
}

const nothing = "nothing"

// ShortID is the part of a fingerprint that people type.
func ShortID(fingerprint string) string {
	id := strings.TrimPrefix(fingerprint, "v1:")
	if len(id) > 12 {
		return id[:12]
	}
	return id
}

// Age says how many days.
func Age(days int) string {
	switch days {
	case 0:
		return "today"
	case 1:
		return "1 day"
	}
	return fmt.Sprintf("%d days", days)
}
