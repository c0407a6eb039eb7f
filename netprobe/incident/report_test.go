package incident_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/text"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// refused is the message about a mail server.
func refused(kind incident.Kind) incident.Event {
	return incident.Event{
		ID: "4fd2c0de/" + string(kind), Incident: "4fd2c0de", Kind: kind, Subject: "smtp://mx.example.org:25", Level: incident.Major, Worst: incident.Major,
		At: noon, Onset: noon.Add(-5 * time.Minute), Summary: "smtp://mx.example.org:25 is down, say a and b (proto.reject at banner)",
		Detail: "banner: 554 no service here", Cause: netprobe.ProtoReject, Phase: netprobe.PhaseBanner, Code: 554,
		Transcript: "< 554 no service here\n> QUIT\n", Note: "run it by hand", Argv: []string{"/usr/sbin/postfix", "start"},
	}
}

func ExampleEvent_Report() {
	rep, err := refused(incident.Problem).Report(context.Background(), report.Labels{Observer: "a"}, 2)
	if err != nil {
		fmt.Println(err)
	}
	text.Write(os.Stdout, rep, text.Options{}) //nolint:errcheck // an example
	// Output:
	// mx.example.org: 1 critical new
	// Sun 29 Nov 2026, 12:00 UTC, report 2, seen from a
	//
	// NEW
	//   CRITICAL  smtp://mx.example.org:25 is down, say a and b (proto.reject at
	//             banner)
	//             banner: 554 no service here. The reply code is 554. Run it by
	//             hand. Incident 4fd2c0de.
	//             line    < 554 no service here
	//             line    > QUIT
	//             do      /usr/sbin/postfix start
	//
	// WELL
	//   1 of 1 check fully looked at
}

func TestEachKindOfMessageIsAReport(t *testing.T) {
	for kind, want := range map[incident.Kind]report.ChangeKind{
		incident.Problem: report.New, incident.Changed: report.Updated, incident.Repeat: report.Still, incident.Recovery: report.Fixed,
		incident.Flapping: report.Updated, incident.Retired: report.Retired, incident.Suggestion: report.Updated,
		incident.Muted: report.New,
	} {
		for _, subject := range []string{"smtp://mx.example.org:25", "vantage:b", "icmp://[::1]", "\xff://\x01 |"} {
			e := refused(kind)
			if e.Subject = subject; kind == incident.Recovery {
				e.Level = incident.Well
			}
			rep, err := e.Report(t.Context(), report.Labels{}, 7)
			require.NoError(t, err, "%s of %q", kind, subject)
			require.Len(t, rep.Changes, 1)
			assert.Equal(t, want, rep.Changes[0].Kind)
			assert.Equal(t, e.ID, rep.ID)
			again, err := e.Report(t.Context(), report.Labels{}, 7)
			require.NoError(t, err)
			one, err := report.Encode(rep)
			require.NoError(t, err)
			two, err := report.Encode(again)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(one, two), "the same message is the same report")
		}
	}
}

func TestWhoGetsOnlyWhatIsCriticalIsToldOfNoVantage(t *testing.T) {
	e := refused(incident.Problem)
	e.Subject = "vantage:b"
	rep, err := e.Report(t.Context(), report.Labels{}, 7)
	require.NoError(t, err)
	assert.Equal(t, report.Warning, rep.Changes[0].Finding.Severity)
	e = refused(incident.Problem)
	e.Level, e.Worst = incident.Minor, incident.Minor
	rep, err = e.Report(t.Context(), report.Labels{}, 7)
	require.NoError(t, err)
	assert.Equal(t, report.Warning, rep.Changes[0].Finding.Severity, "some see it up")
}
