package local

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/report"
)

// memory is one service that answered.
type memory struct {
	URL      string `json:"url"`
	Listener string `json:"listener"`
	Process  string `json:"process,omitempty"`
	Unit     string `json:"unit,omitempty"`
}

// keptAnswered is the services that answered and still listened at the last
// stored run.
var keptAnswered = report.State[[]memory]{Name: "answered", Version: 1}

const maxMemories = 1000

// remember gives the services that have answered, now or before, and still
// listen; of those that were left out now it remembers what it did.
func remember(before []memory, targets, left []Target, results []netprobe.Result) []memory {
	var out []memory
	for i, t := range targets {
		answered := results[i].State == netprobe.OK || results[i].State == netprobe.Warning ||
			slices.ContainsFunc(before, func(b memory) bool { return b.URL == t.URL })
		if answered && len(out) < maxMemories {
			out = append(out, memory{t.URL, t.Listener, t.Process, t.Unit})
		}
	}
	for _, t := range left {
		i := slices.IndexFunc(before, func(b memory) bool { return b.URL == t.URL })
		if i >= 0 && len(out) < maxMemories {
			out = append(out, before[i])
		}
	}
	return out
}
