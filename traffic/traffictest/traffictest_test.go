package traffictest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/ftplog"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
	"github.com/pugetsoundtech/upkeep/traffic/traffictest"
	"github.com/pugetsoundtech/upkeep/traffic/weblog"
)

var start = time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)

func TestOurAnalyzersPassTheKit(t *testing.T) {
	for name, c := range map[string]struct {
		make  func() traffic.Analyzer
		lines []string
	}{
		"mail": {func() traffic.Analyzer { return maillog.New(maillog.Options{}) }, []string{
			"Nov 25 10:00:00 mx postfix/smtpd[1]: 4CA1B2: client=a.example.org[192.0.2.1]",
			"Nov 25 10:00:00 mx postfix/smtp[1]: 4CA1B2: to=<x@example.net>, relay=mx[198.51.100.1]:25, delay=1.2, delays=0.1/0/0.8/0.3, dsn=2.0.0, status=sent (250 ok)",
			"2026-11-25 10:00:00 1tFabc-000001-2D => b@example.net R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.1] C=\"250 ok\" QT=2s",
			"Nov 25 10:00:00 mx sm-mta[2]: 4AP1aBcD000123: to=<b@example.net>, delay=00:00:02, relay=mx, dsn=4.0.0, stat=Deferred: no",
			"Nov 25 10:00:00 mx smtpd[1]: 3d0c2aa00a1b2c3d mta delivery evpid=b1f20d3a8f6c1a00 from=<a> to=<b> relay=\"x\" delay=1s result=\"Ok\" stat=\"250\"",
		}},
		"web": {func() traffic.Analyzer { return weblog.New(weblog.Options{}) }, []string{
			`192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET /%41?x=\"y HTTP/1.1" 200 512 "-" "Mozilla/5.0 Firefox/115" 0.1`,
			`{"ts":1795597200.5,"status":200,"size":5,"request":{"client_ip":"192.0.2.7","method":"GET","uri":"/x","proto":"HTTP/2.0","headers":{"User-Agent":["x"]}}}`,
			`Nov 25 10:00:00 lb haproxy[1]: 192.0.2.7:33317 [25/Nov/2026:10:00:00.123] web app/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /h HTTP/1.1"`,
		}},
		"ftp": {func() traffic.Analyzer { return &ftplog.Stats{} }, []string{
			"Wed Nov 25 10:00:00 2026 3 192.0.2.7 1048576 /pub/a.iso b _ o r anna ftp 0 * c",
		}},
	} {
		require.NoError(t, traffictest.TestAnalyzer(t.Context(), c.make, c.lines), name)
	}
}

// bad panics on long lines, and understands everything.
type bad struct{}

func (bad) Add(r *logstream.Record) bool { return r.Raw[1] != 'z' }

func TestTheKitFindsABadAnalyzer(t *testing.T) {
	err := traffictest.TestAnalyzer(t.Context(), func() traffic.Analyzer { return bad{} }, []string{"line"})
	require.ErrorContains(t, err, "sentence 1")
	require.ErrorContains(t, err, "sentence 2")
}

func TestEachScriptEndsWithWhatTrulyWentThrough(t *testing.T) {
	for name, c := range map[string]struct {
		card *traffictest.Card
		lost uint64 // what no counter tells
	}{
		"plain":       {traffictest.NewCard("eth0", start).Carry(time.Hour, 5000, 7), 0},
		"reboot":      {traffictest.NewCard("eth0", start).Carry(time.Hour, 5000, 7).Reboot().Carry(time.Hour, 300, 3), 0},
		"renewed":     {traffictest.NewCard("eth0", start).Carry(time.Hour, 5000, 7).Renew().Carry(time.Hour, 300, 3), 0},
		"renamed":     {traffictest.NewCard("eth0", start).Carry(time.Hour, 5000, 7).Rename("lan0").Carry(time.Hour, 300, 3), 0},
		"unplugged":   {traffictest.NewCard("eth0", start).Carry(time.Hour, 5000, 7).Unplug(time.Hour).Carry(time.Hour, 300, 3), 0},
		"zero once":   {traffictest.NewCard("eth0", start).Carry(time.Hour, 5000, 7).Misread(0, 0).Carry(time.Hour, 300, 3).Carry(time.Hour, 300, 3), 0},
		"absurd once": {traffictest.NewCard("eth0", start).Carry(time.Hour, 5000, 7).Misread(1<<63, 1<<63).Carry(time.Hour, 300, 3).Carry(time.Hour, 300, 3), 0},
		"wrong clock": {traffictest.NewCard("eth0", start).Carry(time.Hour, 5000, 7).WrongClock(-20*365*24*time.Hour).Carry(time.Hour, 300, 3).Carry(time.Hour, 300, 3), 0},
		"wrap": {func() *traffictest.Card {
			card := traffictest.NewCard("eth0", start)
			card.Width = 32
			return card.Carry(time.Hour, 4_000_000_000, 7).Carry(time.Hour, 500_000_000, 7)
		}(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			var a netif.Archive
			for _, snap := range c.card.Snapshots() {
				a.Advance(snap)
			}
			i := a.Interfaces[c.card.Name]
			require.NotNil(t, i)
			assert.Equal(t, c.card.Received-c.lost, i.Received)
			for n := range i.Rings {
				received, sent := i.Rings[n].Sum()
				assert.Equal(t, i.Received, received)
				assert.Equal(t, i.Sent, sent)
			}
		})
	}
}

func TestCardsThatSwapTheirNamesKeepWhatIsTheirs(t *testing.T) {
	a := traffictest.NewCard("eth0", start)
	b := a.Beside("eth1")
	a.Carry(time.Hour, 5000, 7)
	b.Carry(time.Hour, 966_000_000_000, 9)
	a.Swap(b).Carry(time.Hour, 300, 3)
	b.Carry(time.Hour, 700, 4)
	var archive netif.Archive
	for _, snap := range traffictest.Together(a, b) {
		archive.Advance(snap)
	}
	for _, card := range []*traffictest.Card{a, b} {
		assert.Equal(t, []uint64{card.Received, card.Sent}, []uint64{archive.Interfaces[card.Name].Received, archive.Interfaces[card.Name].Sent}, card.Name)
	}
	assert.Equal(t, "eth1", a.Name)
}
