package html

import (
	"strings"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

func TestSeriesOfOneSubjectShareAPictureOfEachSpan(t *testing.T) {
	series := func(name string, n int, step time.Duration) report.Series {
		s := report.Series{Name: name, Unit: "bytes", Attrs: []report.Attr{report.Interface.Of("eth0")}, Start: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Step: step}
		for i := range n {
			s.Values = append(s.Values, report.Count(uint64(i)))
		}
		return s
	}
	got := write(t, &report.Report{Results: []report.Result{{Check: "traffic.netif", Status: report.OK, Series: []report.Series{
		series("interface_received_bytes", 21*24, time.Hour), series("interface_sent_bytes", 21*24, time.Hour),
		series("interface_received_bytes", 300, 24*time.Hour), series("interface_sent_bytes", 300, 24*time.Hour),
	}}}}, Options{})
	checkGrammar(t, got)
	for _, want := range []string{
		"<desc>received 480 B to 503 B, last 503 B; sent 480 B to 503 B, last 503 B</desc>",
		"<title>eth0: last day</title>", "<title>eth0: last week</title>", "<title>eth0: last 21 days</title>",
		"<title>eth0 by day</title><desc>0 B on 1 Nov 2026 is the least, 598 B on 27 Aug 2027 the most</desc>",
	} {
		if strings.Count(got, want) != 1 {
			t.Errorf("it does not say %q", want)
		}
	}
	if n := strings.Count(got, "<svg"); n != 4 {
		t.Errorf("%d pictures", n)
	}
}
