package local

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/report"
)

// The worst of what one service does wrong is the title, whichever comes first.
func TestAnOutageIsAsBadAsItsWorstIssue(t *testing.T) {
	soon := failing{
		Target: Target{URL: "smtp://127.0.0.1:25", Listener: "tcp/0.0.0.0:25"},
		is:     netprobe.Issue{State: netprobe.Warning, Cause: netprobe.TLSExpiring, Phase: netprobe.PhaseTLS, Detail: "the certificate expires in 9 days"},
	}
	over := failing{
		Target: Target{URL: "smtp://[::1]:25", Listener: "tcp/[::]:25"},
		is:     netprobe.Issue{State: netprobe.Critical, Cause: netprobe.TLSExpired, Phase: netprobe.PhaseTLS, Detail: "the certificate expired 2 days ago"},
	}
	for _, order := range [][]failing{{soon, over}, {over, soon}} {
		var all []outage
		for _, f := range order {
			all = addOutage(all, f)
		}
		assert.Len(t, all, 1)
		f := all[0].finding(2)
		assert.Equal(t, report.Critical, f.Severity)
		assert.Equal(t, "smtp://localhost:25: the certificate expired 2 days ago", f.Title)
		assert.Contains(t, f.Detail, "the certificate expires in 9 days")
		assert.True(t, slices.Contains(f.Evidence, report.Attr{Key: report.Reason, Value: "tls.expiring"}))
	}
}
