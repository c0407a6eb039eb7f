package maillog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// hostLog is the log of one of several hosts; some of its messages stay open.
func hostLog(host int) string {
	var b strings.Builder
	for i := range 40 {
		at := fmt.Sprintf("Nov 25 %02d:%02d:00 mx%d postfix/", 8+host, i, host)
		id := fmt.Sprintf("A%04X", i)
		fmt.Fprintf(&b, "%ssmtpd[1]: %s: client=c%d.example.org[192.0.2.%d]\n%sqmgr[1]: %s: from=<s%d@x.org>, size=%d, nrcpt=1 (queue active)\n", at, id, i%7, i%7, at, id, i%5, 100+i)
		if i%4 > 0 {
			fmt.Fprintf(&b, "%ssmtp[1]: %s: to=<r%d@y.org>, relay=mx[198.51.100.1]:25, %s\n%sqmgr[1]: %s: removed\n", at, id, i*host%9, sent, at, id)
		}
	}
	return b.String()
}

func TestMergingHostsIsReadingThemAllInAnyGrouping(t *testing.T) {
	of := func(hosts ...int) *Stats {
		s := New(Options{})
		for _, host := range hosts {
			read(t, s, hostLog(host))
		}
		return s
	}
	merged := func(a, b *Stats) *Stats {
		a.Merge(b)
		return a
	}
	want := of(1, 2, 3).Report(-1, nil)
	assert.EqualValues(t, 120, want.Totals.Received)
	assert.Equal(t, 30, want.Open)
	assert.Equal(t, want, merged(merged(of(1), of(2)), of(3)).Report(-1, nil))
	assert.Equal(t, want, merged(of(1), merged(of(2), of(3))).Report(-1, nil))
	assert.Equal(t, want, merged(of(3), merged(of(2), of(1))).Report(-1, nil))
	assert.Equal(t, want, merged(New(Options{}), of(1, 2, 3)).Report(-1, nil))
	s := merged(of(1), of(2))
	read(t, s, "Nov 25 12:00:00 mx2 postfix/smtp[1]: A0000: to=<r@y.org>, relay=mx[198.51.100.1]:25, "+sent+"\n")
	assert.Zero(t, s.Totals().Unsized, "a message that was open goes on")
}

func TestPseudonymsTellTheSameAddressAndNothingElse(t *testing.T) {
	report := func(secret string) Report {
		s := New(Options{Pseudonyms: traffic.Pseudonyms{Secret: []byte(secret)}})
		read(t, s, hostLog(1))
		return s.Report(-1, nil)
	}
	plain, a, again, b := report(""), report("sixteen bytes, and more"), report("sixteen bytes, and more"), report("another secret of that size")
	assert.Equal(t, a, again)
	assert.Equal(t, plain.Totals, a.Totals)
	assert.NotEqual(t, a.Senders, b.Senders)
	for _, row := range a.Senders {
		assert.Regexp(t, `^p-[a-z2-7]{15}@x\.org$`, row.Key)
	}
	merged := New(Options{Pseudonyms: traffic.Pseudonyms{Secret: []byte("sixteen bytes, and more")}})
	for _, host := range []int{2, 1} {
		s := New(Options{Pseudonyms: traffic.Pseudonyms{Secret: []byte("sixteen bytes, and more")}})
		read(t, s, hostLog(host))
		merged.Merge(s)
	}
	whole := New(Options{Pseudonyms: traffic.Pseudonyms{Secret: []byte("sixteen bytes, and more")}})
	read(t, whole, hostLog(1)+hostLog(2))
	assert.Equal(t, whole.Report(-1, nil), merged.Report(-1, nil), "hosts with one secret add up")
	for _, row := range a.Clients {
		assert.Regexp(t, `^p-[a-z2-7]{15}$`, row.Key)
	}
}
