package netif_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

const procNetDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
  eth0:18446744073709551615 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0
eth0:1:    1 1 0 0 0 0 0 0 2 2 0 0 0 0 0 0
`

func n(v uint64) report.Number { return report.Count(v) }

func TestProcNetDevIsReadFromTheLastColon(t *testing.T) {
	got, err := netif.ParseProcNetDev([]byte(procNetDev))
	require.NoError(t, err)
	want := []netif.Sample{
		{Name: "lo", Width: 64, Received: netif.Counters{n(1000), n(10), n(0), n(0)}, Sent: netif.Counters{n(1000), n(10), n(0), n(0)}},
		{Name: "eth0", Width: 64, Received: netif.Counters{n(1<<64 - 1), n(2), n(3), n(4)}, Sent: netif.Counters{n(5), n(6), n(7), n(8)}},
		{Name: "eth0:1", Width: 64, Received: netif.Counters{n(1), n(1), n(0), n(0)}, Sent: netif.Counters{n(2), n(2), n(0), n(0)}},
	}
	assert.Equal(t, want, got)
}

func TestMalformedTablesAreErrors(t *testing.T) {
	for _, text := range []string{"", "lo: 1 2 3\n", procNetDev + "eth1: 1 2\n", procNetDev + "eth1 -1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"} {
		_, err := netif.ParseProcNetDev([]byte(text))
		assert.Error(t, err, text)
	}
	for _, text := range []string{"", "netstat: kvm not available\n", "Name Mtu Network Address Ibytes Obytes\nem0 1500 <Link> x\n"} {
		_, err := netif.ParseNetstat([]byte(text))
		assert.Error(t, err, text)
	}
}

// The texts follow what netstat(1) of each system prints, with other values. FreeBSD's
// wide one is as chef/ohai has it in spec/unit/plugins/freebsd/network_spec.rb
// (FreeBSD 14) and issue 30 of bashclub/checkmk-opnsense-agent (13.1), the narrow one as
// kellyjonbrazil/jc in tests/fixtures/freebsd12/netstat-ib.out (12.1); OpenBSD's as
// dantecatalfamo/OPF recorded it in internal/sysinfo/testdata/openbsd-7.9/netstat_-ibn.txt;
// NetBSD's after usr.bin/netstat/if.c 1.82, since nobody publishes one with bytes.
func TestNetstatOfEachBSDTakesTheLinkRow(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"freebsd": {`Name    Mtu Network       Address              Ipkts Ierrs Idrop     Ibytes    Opkts Oerrs     Obytes  Coll  Drop
vtnet0 1500 <Link#1>      52:54:00:12:34:56      100     1     2       3000      200     4       5000     0     6
vtnet0    - 10.0.0.0/24   10.0.0.2                90     -     -       2900      190     -       4900     -     -
lo0*  16384 <Link#2>      lo0                      7     0     0         70        7     0         70     0     0
`, "vtnet0#1 52:54:00:12:34:56 up=true physical in 3000/100/1/2 out 5000/200/4/6; lo0#2  up=false loopback in 70/7/0/0 out 70/7/0/0; "},
		"freebsd, wide": {`Name     Mtu Network                  Address                                   Ipkts Ierrs Idrop     Ibytes    Opkts Oerrs     Obytes  Coll  Drop
vtnet0  1500 <Link#1>                 52:54:00:12:34:56                           579     0     3      46746      210     0      26242     0     4
vtnet0     - fe80::%vtnet0/64         fe80::5054:ff:fe12:3456%vtnet0                3     -     -        272        5     -        328     -     -
vtnet0     - 2001:db8:10:506::/64     2001:db8:10:506:5054:ff:fe12:3456            38     -     -       3648       38     -       3648     -     -
vtnet0     - 192.0.2.64/26            192.0.2.91                                  189     -     -      18998      159     -      18594     -     -
lo0    16384 <Link#2>                 lo0                                           1     0     0         80        1     0         80     0     0
lo1    16384 <Link#3>                 lo1                                           0     0     0          0        0     0          0     0     0
lo1        - ::/64                    ::1                                           0     -     -          0        0     -          0     -     -
`, "vtnet0#1 52:54:00:12:34:56 up=true physical in 46746/579/0/3 out 26242/210/0/4; lo0#2  up=true loopback in 80/1/0/0 out 80/1/0/0; lo1#3  up=true loopback in 0/0/0/0 out 0/0/0/0; "},
		"freebsd, narrow": {`Name    Mtu Network       Address              Ipkts Ierrs Idrop     Ibytes    Opkts Oerrs     Obytes  Coll
em0    1500 <Link#1>      52:54:00:12:34:56   372717     1     0  372538087   213821     2  198573339     0
em0       - fe80::%em0/64 fe80::5054:ff:fe1        0     -     -          0        4     -        264     -
em0       - 192.0.2.0/24  192.0.2.163          97396     -     -   68178099   175413     -  193957797     -
lo0   16384 <Link#2>      lo0                     98     0     0      21024       98     0      21024     0
lo0       - your-net      localhost               73     -     -      16195       73     -      16195     -
`, "em0#1 52:54:00:12:34:56 up=true physical in 372538087/372717/1/0 out 198573339/213821/2/unknown; lo0#2  up=true loopback in 21024/98/0/0 out 21024/98/0/unknown; "},
		"freebsd, a firewall": {`Name       Mtu Network            Address              Ipkts Ierrs Idrop     Ibytes    Opkts Oerrs     Obytes  Coll  Drop
igc0      1500 <Link#1>           52:54:00:12:34:56 75184337     0     0 98298281886 49062740     0 17215226957     0     9
lo0      16384 <Link#5>           lo0                  45528     0     0    8016768    45528     0    8016768     0     0
pflog0*  33160 <Link#7>           pflog0                   0     0     0          0  1065553     0   75302523     0     0
vlan0.20  1500 <Link#9>           52:54:00:12:34:56        0     0     0          0        1     1          6     0     0
lagg0     1500 <Link#10>          52:54:00:12:34:56        0     0     0          0        1     1          6     0     0
igc0.7    1500 <Link#11>          52:54:00:12:34:56        0     0     0          0        1     1          6     0     0
`, "igc0#1 52:54:00:12:34:56 up=true physical in 98298281886/75184337/0/0 out 17215226957/49062740/0/9; lo0#5  up=true loopback in 8016768/45528/0/0 out 8016768/45528/0/0; " +
			"pflog0#7  up=false virtual in 0/0/0/0 out 75302523/1065553/0/0; vlan0.20#9 52:54:00:12:34:56 up=true vlan in 0/0/0/0 out 6/1/1/0; " +
			"lagg0#10 52:54:00:12:34:56 up=true bond in 0/0/0/0 out 6/1/1/0; igc0.7#11 52:54:00:12:34:56 up=true vlan in 0/0/0/0 out 6/1/1/0; "},
		"netbsd": {`Name  Mtu   Network       Address               Ibytes     Obytes Drops
vioif0 1500 <Link>        52:54:00:12:34:56       3000       5000     2
vioif0 1500 192.0.2/24    192.0.2.2               3000       5000     2
vioif1* 1500 <Link>        52:54:00:12:34:57          0          0     0
lo0   33648<Link>                                  70         70     0
lo0   33648127/8         127.0.0.1                 70         70     0
`, "vioif0#0 52:54:00:12:34:56 up=true physical in 3000/unknown/unknown/unknown out 5000/unknown/unknown/2; vioif1#0 52:54:00:12:34:57 up=false physical in 0/unknown/unknown/unknown out 0/unknown/unknown/unknown; lo0#0  up=true loopback in 70/unknown/unknown/unknown out 70/unknown/unknown/unknown; "},
		"openbsd": {`Name    Mtu   Network     Address               Ibytes     Obytes
lo0     32768 <Link>                                70         70
lo0     32768 fe80::%lo0/ fe80::1%lo0               70         70
vio0    1500  <Link>      52:54:00:12:34:56     127363      58770
vio0    1500  192.0.2/24  192.0.2.11            127363      58770
vio0    1500  fe80::%vio0 fe80::5054:ff:f       127363      58770
enc0*   0     <Link>                                 0          0
pflog0  33136 <Link>                              4000          0
`, "lo0#0  up=true loopback in 70/unknown/unknown/unknown out 70/unknown/unknown/unknown; vio0#0 52:54:00:12:34:56 up=true physical in 127363/unknown/unknown/unknown out 58770/unknown/unknown/unknown; " +
			"enc0#0  up=false virtual in 0/unknown/unknown/unknown out 0/unknown/unknown/unknown; pflog0#0  up=true virtual in 4000/unknown/unknown/unknown out 0/unknown/unknown/unknown; "},
	} {
		t.Run(name, func(t *testing.T) {
			samples, err := netif.ParseNetstat([]byte(c.text))
			require.NoError(t, err)
			got := ""
			for _, s := range samples {
				got += fmt.Sprintf("%s#%d %s up=%v %s in %s out %s; ", s.Name, s.Index, s.MAC, s.Up, s.Kind, counters(s.Received), counters(s.Sent))
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func counters(c netif.Counters) string {
	return fmt.Sprintf("%v/%v/%v/%v", c.Bytes, c.Packets, c.Errors, c.Drops)
}

func TestBootTimeOfEachBSD(t *testing.T) {
	for text, want := range map[string]int64{
		"{ sec = 1700000000, usec = 12345 } Tue Nov 14 22:13:20 2023\n": 1700000000,
		"1700000000\n": 1700000000,
	} {
		got, ok := netif.ParseBootTime([]byte(text))
		assert.True(t, ok)
		assert.Equal(t, want, got)
	}
	_, ok := netif.ParseBootTime([]byte("Tue Nov 14 22:13:20 2023"))
	assert.False(t, ok)
}

func TestEveryPairHasItsClass(t *testing.T) {
	const gigabit = 1_000_000_000
	for name, c := range map[string]struct {
		pair netif.Pair
		want netif.Delta
	}{
		"normal":                        {netif.Pair{Before: n(5), After: n(8)}, netif.Delta{netif.Normal, 3, 3}},
		"nothing":                       {netif.Pair{Before: n(5), After: n(5)}, netif.Delta{netif.Normal, 0, 0}},
		"not told":                      {netif.Pair{Before: n(5)}, netif.Delta{}},
		"within the speed":              {netif.Pair{Before: n(0), After: n(1_250_000_000), Speed: gigabit, Over: 10 * time.Second}, netif.Delta{netif.Normal, 1_250_000_000, 1_250_000_000}},
		"above the speed":               {netif.Pair{Before: n(0), After: n(2_500_000_000), Speed: gigabit, Over: 10 * time.Second}, netif.Delta{netif.Implausible, 0, 2_500_000_000}},
		"zero":                          {netif.Pair{Before: n(5), After: n(0), Width: 64}, netif.Delta{Class: netif.Zero}},
		"zero was a glitch":             {netif.Pair{Before: n(5), After: n(9), Width: 64, ZeroBefore: true}, netif.Delta{netif.Glitch, 4, 4}},
		"zero was a reset":              {netif.Pair{Before: n(5), After: n(3), Width: 64, ZeroBefore: true}, netif.Delta{netif.Reset, 3, 3}},
		"zero twice":                    {netif.Pair{Before: n(5), After: n(0), Width: 64, ZeroBefore: true}, netif.Delta{netif.Reset, 0, 0}},
		"64 bits never wrap":            {netif.Pair{Before: n(1<<64 - 1), After: n(3), Width: 64}, netif.Delta{netif.Reset, 3, 3}},
		"32 bits wrap":                  {netif.Pair{Before: n(1<<32 - 10), After: n(2_000_000_000), Width: 32, Speed: gigabit, Over: 17 * time.Second}, netif.Delta{netif.Wrap, 2_000_000_010, 2_000_000_010}},
		"32 bits reset":                 {netif.Pair{Before: n(1_000_000_000), After: n(1000), Width: 32, Speed: gigabit, Over: time.Second}, netif.Delta{netif.Reset, 1000, 1000}},
		"unknown width, either":         {netif.Pair{Before: n(1 << 31), After: n(7)}, netif.Delta{netif.Ambiguous, 7, 1<<31 + 7}},
		"32 bits, no sign of a restart": {netif.Pair{Before: n(4_000_000_000), After: n(1_000_000), Width: 32}, netif.Delta{netif.Wrap, 295_967_296, 295_967_296}},
		"the packets went on":           {netif.Pair{Before: n(4_000_000_000), After: n(1_000_000), Others: netif.WentOn}, netif.Delta{netif.Wrap, 295_967_296, 295_967_296}},
		"the packets began anew":        {netif.Pair{Before: n(4_000_000_000), After: n(1_000_000), Width: 32, Others: netif.Fell}, netif.Delta{netif.Reset, 1_000_000, 1_000_000}},
		"grown above what it was":       {netif.Pair{Before: n(1000), After: n(1500), ZeroBefore: true, Others: netif.Fell}, netif.Delta{netif.Reset, 1500, 1500}},
		"absurd at an unknown speed":    {netif.Pair{Before: n(5), After: n(1 << 63), Over: time.Hour}, netif.Delta{netif.Implausible, 0, 1<<63 - 5}},
		"absurd by a clock set back":    {netif.Pair{Before: n(5), After: n(1 << 63), Over: -time.Hour}, netif.Delta{netif.Implausible, 0, 1<<63 - 5}},
		"absurd after a restart":        {netif.Pair{Before: n(1 << 62), After: n(1 << 61), Width: 64, Over: time.Hour}, netif.Delta{netif.Implausible, 0, 1 << 61}},
		"unknown width, but big":        {netif.Pair{Before: n(1 << 33), After: n(7)}, netif.Delta{netif.Reset, 7, 7}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, netif.Classify(c.pair)) })
	}
}

var start = time.Date(2026, 11, 25, 6, 30, 0, 0, time.UTC)

func snapshot(at time.Time, boot string, samples ...netif.Sample) netif.Snapshot {
	return netif.Snapshot{Time: at, Boot: boot, Interfaces: samples}
}

func eth(index int, received, sent uint64) netif.Sample {
	return netif.Sample{
		Name: "eth0", Index: index, MAC: "52:54:00:12:34:56", Width: 64, Kind: netif.Physical,
		Received: netif.Counters{Bytes: n(received)}, Sent: netif.Counters{Bytes: n(sent)},
	}
}

func TestHistoryTellsBootsInstancesAndNamesApart(t *testing.T) {
	h, steps := netif.History{}.Advance(snapshot(start, "a", eth(2, 1000, 1000)))
	assert.Equal(t, netif.Base, steps[0].Received.Class, "the first reading is a base, not traffic")
	h2, steps := h.Advance(snapshot(start.Add(time.Hour), "b", eth(2, 5000, 10)))
	assert.Equal(t, netif.Delta{netif.Reboot, 5000, 5000}, steps[0].Received, "after a boot all that is counted is new")
	assert.EqualValues(t, 5000, h2.Lines[0].Received)
	_, steps = h.Advance(snapshot(start.Add(time.Hour), "a", eth(7, 5000, 10)))
	assert.Equal(t, netif.NewInstance, steps[0].Sent.Class)
	other := eth(2, 1500, 1000)
	other.Name = "lan0"
	_, steps = h.Advance(snapshot(start.Add(time.Hour), "a", other))
	require.Len(t, steps, 1)
	assert.Equal(t, "eth0", steps[0].Renamed)
	assert.Equal(t, netif.Delta{netif.Normal, 500, 500}, steps[0].Received)
	_, steps = h.Advance(snapshot(start.Add(time.Hour), "a"))
	assert.True(t, steps[0].Gone)
}

func TestAnotherCardAnotherBootAndAnAbsurdSentCounterAreSeen(t *testing.T) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", eth(0, 1000, 1000)))
	other := eth(0, 5000, 10)
	other.MAC = "52:54:00:ff:ff:ff"
	_, steps := h.Advance(snapshot(start.Add(time.Hour), "a", other))
	assert.Equal(t, netif.NewInstance, steps[0].Received.Class, "where no index is known the hardware address tells")

	h, _ = netif.History{}.Advance(snapshot(start, "a", eth(2, 1000, 1000)))
	booted := snapshot(start.Add(10*time.Hour), "b", eth(2, 500, 10))
	booted.Booted = start.Add(9 * time.Hour)
	_, steps = h.Advance(booted)
	assert.Equal(t, booted.Booted, steps[0].From, "what is counted came after the boot")

	h, steps = h.Advance(snapshot(start.Add(time.Hour), "a", eth(2, 1100, 1<<63)))
	assert.Equal(t, netif.Implausible, steps[0].Sent.Class)
	h, _ = h.Advance(snapshot(start.Add(2*time.Hour), "a", eth(2, 1200, 1500)))
	assert.EqualValues(t, 500, h.Lines[0].Sent, "it goes on from where it was before")
	assert.EqualValues(t, 200, h.Lines[0].Received)
}

func TestMomentaryZeroInventsNothingAndLosesNothing(t *testing.T) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", eth(2, 1000, 1000)))
	h, steps := h.Advance(snapshot(start.Add(time.Hour), "a", eth(2, 0, 0)))
	assert.Equal(t, netif.Zero, steps[0].Received.Class)
	h, steps = h.Advance(snapshot(start.Add(2*time.Hour), "a", eth(2, 1700, 1000)))
	assert.Equal(t, netif.Delta{netif.Glitch, 700, 700}, steps[0].Received)
	assert.EqualValues(t, 700, h.Lines[0].Received)
}

func TestLongIntervalIsSpreadInProportion(t *testing.T) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", eth(2, 0, 0)))
	h, _ = h.Advance(snapshot(start.Add(2*time.Hour), "a", eth(2, 400, 5)))
	first := start.Unix() / 3600
	assert.Equal(t, netif.Hours{
		{first, 100, 1, true, 0}, {first + 1, 200, 3, true, 0}, {first + 2, 100, 1, true, 0},
	}, h.Lines[0].Hours)
}

func TestHoursAddUpToTheDifferencesWhateverHappens(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		h, at := netif.History{}, start
		var sum, counter uint64
		boot, index := 'a', 1
		for range 30 {
			at = at.Add(time.Duration(r.Int64N(int64(7 * time.Hour))))
			switch r.IntN(8) {
			case 0:
				boot, counter = boot+1, 0
			case 1:
				index, counter = index+1, 0
			case 2:
				counter = r.Uint64N(counter + 1)
			}
			counter += r.Uint64N(1 << r.UintN(45))
			var steps []netif.Step
			h, steps = h.Advance(snapshot(at, string(boot), eth(index, counter, counter/3)))
			sum += steps[0].Received.Bytes
			data, err := h.Encode()
			require.NoError(t, err)
			h, err = netif.Decode(data)
			require.NoError(t, err)
		}
		var hours uint64
		for _, hour := range h.Lines[0].Hours {
			hours += hour.Received
		}
		var days uint64
		for _, day := range h.Lines[0].Days {
			days += day.Received
		}
		require.Equal(t, sum, h.Lines[0].Received)
		require.Equal(t, sum, hours)
		require.Equal(t, sum, days)
	}
}

func TestClockThatWasSetBackKeepsTheBytes(t *testing.T) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", eth(2, 0, 0)))
	h, _ = h.Advance(snapshot(start.Add(-48*time.Hour), "a", eth(2, 400, 5)))
	assert.EqualValues(t, 400, h.Lines[0].Received)
	require.Len(t, h.Lines[0].Hours, 1)
	assert.EqualValues(t, 400, h.Lines[0].Hours[0].Received)
}

func TestHistoryOfManyInterfacesFitsInWhatARunMayKeep(t *testing.T) {
	var h netif.History
	for hour := range 400 {
		var samples []netif.Sample
		for i := range 100 {
			s := eth(i+1, uint64(hour)<<40, uint64(hour)<<40)
			s.Name = fmt.Sprintf("interface%05d", i)
			samples = append(samples, s)
		}
		h, _ = h.Advance(snapshot(start.Add(time.Duration(hour)*time.Hour), "a", samples...))
	}
	data, err := h.Encode()
	require.NoError(t, err)
	assert.Less(t, len(data), 1<<20)
	t.Logf("%d bytes", len(data))
}

const linux = `A machine with one card, written for this test.
-- machine now=%s --
-- /proc/net/dev --
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
  eth0: %d 100000 %d 0 0 0 0 0 %d 100000 0 0 0 0 0 0
-- /sys/class/net/eth0/ dir complete --
-- /sys/class/net/eth0/ifindex --
2
-- /sys/class/net/eth0/address --
52:54:00:12:34:56
-- /sys/class/net/eth0/speed --
1000
-- /sys/class/net/eth0/type --
1
-- /sys/class/net/eth0/operstate --
up
-- /sys/class/net/eth0/uevent --
INTERFACE=eth0
-- /sys/class/net/eth0/device link=../../../0000:00:03.0 --
-- /proc/sys/kernel/random/boot_id --
%s
-- /proc/uptime --
%d.25 100.00
`

func machine(at time.Time, received, errors, sent int, boot string) *hosttest.Machine {
	return hosttest.New(fmt.Sprintf(linux, at.Format(time.RFC3339), received, errors, sent, boot, 3600))
}

func run(t *testing.T, store memory.Store, m *hosttest.Machine) report.Result {
	t.Helper()
	rep, err := (&suite.Suite{Checks: []report.Checker{netif.Interfaces{Host: m.Host()}}, Store: store}).Run(t.Context())
	require.NoError(t, err)
	return rep.Results[0]
}

func metrics(res report.Result) map[string]string {
	out := map[string]string{}
	for _, m := range res.Metrics {
		out[m.Name] = m.Value.String()
	}
	return out
}

func TestSecondRunTellsTheTrafficSinceTheFirst(t *testing.T) {
	var store reporttest.Store
	res := run(t, &store, machine(start, 1000, 0, 500, "a"))
	assert.Equal(t, report.OK, res.Status, res.Problems)
	assert.NotContains(t, metrics(res), "interface_received_bytes", "the first reading is a base")
	res = run(t, &store, machine(start.Add(3*time.Hour), 4000, 0, 700, "a"))
	assert.Equal(t, "3000", metrics(res)["interface_received_bytes"])
	assert.Equal(t, "200", metrics(res)["interface_sent_bytes"])
	assert.Equal(t, "10800", metrics(res)["interface_interval_seconds"])
	require.Len(t, res.Series, 2)
	assert.Equal(t, []report.Number{n(500), n(1000), n(1000)}, res.Series[0].Values, "the hour that is not over is left out")
	assert.Empty(t, res.Findings)
	assert.True(t, res.Covers("interfaces/eth0"))
}

func TestErrorsAreAConditionThatCloses(t *testing.T) {
	var store reporttest.Store
	run(t, &store, machine(start, 1000, 0, 500, "a"))
	res := run(t, &store, machine(start.Add(time.Hour), 2000, 900, 700, "a"))
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "Network interface eth0 counts damaged packets", res.Findings[0].Title)
	assert.Empty(t, run(t, &store, machine(start.Add(2*time.Hour), 3000, 900, 800, "a")).Findings)
}

func TestRestartOfCountersIsReportedAndABootIsNot(t *testing.T) {
	var store reporttest.Store
	run(t, &store, machine(start, 1000, 0, 500, "a"))
	assert.Empty(t, run(t, &store, machine(start.Add(time.Hour), 50, 0, 50, "b")).Findings)
	res := run(t, &store, machine(start.Add(2*time.Hour), 20, 0, 20, "b"))
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "traffic.netif.counter-restarted", res.Findings[0].Rule)
	assert.Equal(t, "20", metrics(res)["interface_received_bytes"])
}

func TestInterfaceThatGoesAndComesIsReported(t *testing.T) {
	var store reporttest.Store
	run(t, &store, machine(start, 1000, 0, 500, "a"))
	empty := machine(start.Add(time.Hour), 0, 0, 0, "a")
	require.NoError(t, empty.WriteFile("/proc/net/dev", []byte("Inter-| Receive | Transmit\n face |bytes |bytes\n"), 0o444))
	res := run(t, &store, empty)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "Network interface eth0 (physical) vanished", res.Findings[0].Title)
	res = run(t, &store, machine(start.Add(2*time.Hour), 1000, 0, 500, "a"))
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "traffic.netif.appeared", res.Findings[0].Rule)
}

func TestDamagedHistoryIsSaidAndCountingStartsAnew(t *testing.T) {
	for _, kept := range []string{"{", `{"version":9}`, `{"version":1,"history":{"lines":[{"hours":[[2,0,0,0],[1,0,0,0]]}]}}`} {
		var store reporttest.Store
		require.NoError(t, store.Save(t.Context(), memory.Saved{Kept: map[string]map[string][]byte{"traffic.netif": {"history": []byte(kept)}}}))
		res := run(t, &store, machine(start, 1000, 0, 500, "a"))
		assert.Equal(t, report.Partial, res.Status, kept)
		assert.NotContains(t, metrics(res), "interface_received_bytes")
		assert.Empty(t, res.Findings)
	}
}

func TestUnreadableCountersAreAFailure(t *testing.T) {
	m := hosttest.New("Nothing is told.\n-- /proc/net/dev error=permission --\n")
	res, err := suite.Collect(t.Context(), netif.Interfaces{Host: m.Host()})
	require.NoError(t, err)
	assert.Equal(t, report.Failed, res.Status)
	assert.Empty(t, res.Covered)
}

func TestBSDIsAskedByItsCommands(t *testing.T) {
	m := hosttest.New(`A BSD, after documentation.
-- machine now=2026-11-25T06:00:00Z --
-- /proc/net/dev absent --
-- $ ["netstat","-ibdn"] --
Name Mtu Network Address Ibytes Obytes
em0 1500 <Link> 52:54:00:12:34:56 3000 5000
-- $ ["sysctl","-n","kern.boottime"] --
{ sec = 1700000000, usec = 0 } Tue Nov 14 22:13:20 2023
`)
	snap, err := netif.Read(t.Context(), m.Host())
	require.NoError(t, err)
	assert.Equal(t, "at 1700000000", snap.Boot)
	require.Len(t, snap.Interfaces, 1)
}

func TestInterfacesKeepTheContractOfCheckers(t *testing.T) {
	m := machine(start, 1000, 0, 500, "a")
	assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return netif.Interfaces{Host: m.Host()} }, reporttest.Options{}))
}

func ExampleHistory_Advance() {
	at := time.Date(2026, 11, 25, 6, 0, 0, 0, time.UTC)
	reading := func(bytes uint64) []netif.Sample {
		return []netif.Sample{{Name: "eth0", Width: 64, Received: netif.Counters{Bytes: report.Count(bytes)}, Sent: netif.Counters{Bytes: report.Count(0)}}}
	}
	history, _ := netif.History{}.Advance(netif.Snapshot{Time: at, Boot: "x", Interfaces: reading(1000)})
	_, steps := history.Advance(netif.Snapshot{Time: at.Add(time.Hour), Boot: "x", Interfaces: reading(5000)})
	fmt.Println(steps[0].Sample.Name, steps[0].Received.Class, steps[0].Received.Bytes)
	// Output: eth0 normal 4000
}

func ExampleInterfaces() {
	m := machine(start, 1000, 0, 500, "a")
	res, err := suite.Collect(context.Background(), netif.Interfaces{Host: m.Host()})
	fmt.Println(res.Status, len(res.Findings), err)
	// Output: ok 0 <nil>
}
