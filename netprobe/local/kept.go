package local

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
	"github.com/pugetsoundtech/upkeep/report"
)

// memory is one service that answered.
type memory struct {
	URL      string `json:"url"`
	Listener string `json:"listener"`
	Process  string `json:"process,omitempty"`
	Unit     string `json:"unit,omitempty"`
	TLS      bool   `json:"tls,omitempty"`    // it was reached with TLS
	Served   bool   `json:"served,omitempty"` // of a web server: it answered a request
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
		known := known(before, t.URL)
		answered := results[i].State == netprobe.OK || results[i].State == netprobe.Warning || known.URL != ""
		if answered && len(out) < maxMemories {
			_, web := t.Prober.(webServer)
			out = append(out, memory{
				t.URL, t.Listener, t.Process, t.Unit,
				known.TLS || results[i].TLS != nil, known.Served || web && results[i].Code != 0,
			})
		}
	}
	for _, t := range left {
		if known := known(before, t.URL); known.URL != "" && len(out) < maxMemories {
			out = append(out, known)
		}
	}
	return out
}

// known is what is remembered of a service; the zero value: nothing.
func known(before []memory, url string) memory {
	i := slices.IndexFunc(before, func(b memory) bool { return b.URL == url })
	if i < 0 {
		return memory{}
	}
	return before[i]
}

// expecting asks no less of a service than it gave before: one that was reached with
// TLS must offer it still, and a web server that answered requests must do so.
func expecting(p netprobe.Prober, m memory) netprobe.Prober {
	want := protocol.Optional
	if m.TLS {
		want = protocol.Required
	}
	switch p := p.(type) {
	case protocol.SMTP:
		p.StartTLS = want
		return p
	case protocol.IMAP:
		p.StartTLS = want
		return p
	case protocol.POP3:
		p.StartTLS = want
		return p
	case webServer:
		p.tls, p.served = p.tls || m.TLS, m.Served
		return p
	}
	return p
}
