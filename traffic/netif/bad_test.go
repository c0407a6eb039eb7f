package netif_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

const freeBSD = `Name    Mtu Network       Address              Ipkts Ierrs Idrop     Ibytes    Opkts Oerrs     Obytes  Coll  Drop
vtnet0 1500 <Link#1>      52:54:00:12:34:56      100     1     2       3000      200     4       5000     0     6
lo0*  16384 <Link#2>      lo0                      7     0     0         70        7     0         70     0     0
`

// A counter that is cut off is another number, and no error of its own.
func TestATableCutAnywhereGivesWholeRowsOrAnError(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		parse func([]byte) ([]netif.Sample, error)
	}{
		"proc": {procNetDev, netif.ParseProcNetDev}, "netstat": {freeBSD, netif.ParseNetstat},
	} {
		whole, err := c.parse([]byte(c.text))
		require.NoError(t, err)
		for cut := range len(c.text) {
			got, err := c.parse([]byte(c.text[:cut]))
			if err == nil {
				require.Equal(t, whole[:len(got)], append([]netif.Sample{}, got...), "%s at %d", name, cut)
				require.True(t, strings.HasSuffix(c.text[:cut], "\n"), "%s at %d", name, cut)
			}
		}
	}
}

func TestABadRowIsNamedByItsLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a counter that overflows": {strings.Replace(procNetDev, "18446744073709551615", "18446744073709551616", 1), "line 4"},
		"a negative counter":       {strings.Replace(procNetDev, "18446744073709551615", "-1", 1), "line 4"},
		"NULs":                     {strings.Replace(procNetDev, "18446744073709551615", "\x00", 1), "line 4"},
		"a megabyte of digits":     {strings.Replace(procNetDev, "18446744073709551615", strings.Repeat("9", 1<<20), 1), "line 4"},
	} {
		_, err := netif.ParseProcNetDev([]byte(c.text))
		require.ErrorContains(t, err, c.want, name)
		assert.Less(t, len(err.Error()), 200, name)
		_, err = netif.ParseNetstat([]byte(strings.Replace(freeBSD, "5000", c.text[strings.Index(c.text, "eth0:")+5:strings.Index(c.text, " 2 3 4")], 1)))
		require.ErrorContains(t, err, "line 2", name)
		assert.Less(t, len(err.Error()), 200, name)
	}
}

func TestClocksThatAreWrongMoveNoByteAway(t *testing.T) {
	for name, wrong := range map[string]time.Duration{"back": -50 * 365 * 24 * time.Hour, "far ahead": 200 * 365 * 24 * time.Hour, "a little back": -time.Second} {
		var a netif.Archive
		for i, at := range []time.Duration{0, 5 * time.Minute, 10*time.Minute + wrong, 15 * time.Minute, 20*time.Minute + wrong, 25 * time.Minute} {
			a.Advance(snapshot(start.Add(at), "a", eth(2, uint64(1000*(i+1)), uint64(10*(i+1)))))
		}
		eth0 := a.Interfaces["eth0"]
		assert.EqualValues(t, 5000, eth0.Received, name)
		for i := range eth0.Rings {
			received, sent := eth0.Rings[i].Sum()
			assert.Equal(t, "5000 50", strings.Join([]string{n(received).String(), n(sent).String()}, " "), name)
			assert.LessOrEqual(t, len(eth0.Rings[i].Buckets), 2*eth0.Rings[i].Most)
		}
	}
}

func TestAPercentileIsThatOfTheSortedSteps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 1 + r.IntN(400)
		traffic := netif.Traffic{}
		values := make([]uint64, n)
		for i := range values {
			values[i] = 300 * r.Uint64N(1+r.Uint64N(1000))
			traffic.FiveMinutes().Buckets = append(traffic.FiveMinutes().Buckets, netif.Bucket{Start: int64(i) * 300, Received: values[i]})
		}
		slices.Sort(values)
		got := traffic.Percentile95(time.Unix(0, 0), time.Unix(int64(n)*300, 0), true)
		assert.InDelta(t, float64(values[max(0, int(math.RoundToEven(0.95*float64(n)))-1)]/300), got.Received, 0)
	}
}

func TestMergingHostsKeepsEveryByteInAnyGrouping(t *testing.T) {
	of := func(host uint64) *netif.Traffic {
		var a netif.Archive
		r := rand.New(rand.NewPCG(host, 7))
		at, counter := start, uint64(0)
		for range 200 {
			at, counter = at.Add(time.Duration(60+r.IntN(9000))*time.Second), counter+r.Uint64N(1<<30)
			a.Advance(snapshot(at, "a", eth(2, counter, counter/3)))
		}
		return a.Interfaces["eth0"]
	}
	merged := func(ts ...*netif.Traffic) *netif.Traffic {
		out := *ts[0]
		for i := range out.Rings {
			out.Rings[i].Buckets = slices.Clone(out.Rings[i].Buckets)
		}
		for _, o := range ts[1:] {
			out.Merge(o)
		}
		return &out
	}
	a, b, c := of(1), of(2), of(3)
	want := merged(a, b, c)
	assert.Equal(t, want, merged(a, merged(b, c)))
	assert.Equal(t, want, merged(merged(c, a), b))
	assert.Equal(t, a.Received+b.Received+c.Received, want.Received)
	for i := range want.Rings {
		received, sent := want.Rings[i].Sum()
		assert.Equal(t, want.Received, received)
		assert.Equal(t, want.Sent, sent)
	}
}

func TestNamesThatComeAndGoDoNotFillTheDisk(t *testing.T) {
	need.Long(t)
	var a netif.Archive
	for i := range 1010 {
		s := eth(i+2, 1000, 10)
		s.Name = fmt.Sprintf("wan%d", i)
		a.Advance(snapshot(start.Add(time.Duration(i)*time.Minute), "a", s))
	}
	assert.Len(t, a.Interfaces, 1000)
	assert.NotContains(t, a.Interfaces, "wan3")
	assert.Contains(t, a.Interfaces, "wan1009")
}

func TestOfABSDOnlyTheCardsAreAddedUp(t *testing.T) {
	samples, err := netif.ParseNetstat([]byte(`Name    Mtu   Network     Address               Ibytes     Obytes
vio0    1500  <Link>      52:54:00:12:34:56     127363      58770
pflog0  33136 <Link>                              4000          0
trunk0  1500  <Link>      52:54:00:12:34:56     127363      58770
vlan7   1500  <Link>      52:54:00:12:34:56     127363      58770
wg0     1420  <Link>                              4000          0
`))
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"vio0": true}, netif.Outer(samples))
}
