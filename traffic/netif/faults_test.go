package netif_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

// named is a card with an address and packets of its own.
func named(name string, index int, mac string, bytes, packets uint64) netif.Sample {
	s := eth(index, bytes, bytes)
	s.Name, s.MAC = name, mac
	s.Received.Packets, s.Sent.Packets = n(packets), n(packets)
	return s
}

func TestTwoThatSwapNamesAreTwoRenames(t *testing.T) {
	a := func(name string, b uint64) netif.Sample { return named(name, 2, "52:54:00:00:00:02", b, b/100) }
	b := func(name string, b uint64) netif.Sample { return named(name, 3, "52:54:00:00:00:03", b, b/100) }
	h, _ := netif.History{}.Advance(snapshot(start, "a", a("eth0", 1000), b("eth1", 966_000_000_000)))
	h, steps := h.Advance(snapshot(start.Add(time.Hour), "a", b("eth0", 966_000_000_700), a("eth1", 1500)))
	require.Len(t, steps, 2)
	assert.Equal(t, "eth1", steps[0].Renamed)
	assert.Equal(t, netif.Delta{netif.Normal, 700, 700}, steps[0].Received)
	assert.Equal(t, "eth0", steps[1].Renamed)
	assert.Equal(t, netif.Delta{netif.Normal, 500, 500}, steps[1].Received)
	assert.EqualValues(t, 700, h.Lines[0].Received, "the history follows the card")
	assert.EqualValues(t, 500, h.Lines[1].Received)
	_, steps = h.Advance(snapshot(start.Add(2*time.Hour), "b", a("eth0", 70), b("eth1", 80)))
	assert.Equal(t, "eth1", steps[0].Renamed, "also over a boot")
	assert.Equal(t, netif.Delta{netif.Reboot, 70, 70}, steps[0].Received)
}

func TestANewCardUnderAnOldNameIsANewOne(t *testing.T) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", named("eth0", 2, "52:54:00:00:00:02", 5000, 50)))
	h, steps := h.Advance(snapshot(start.Add(time.Hour), "a", named("lan0", 2, "52:54:00:00:00:02", 6000, 60), named("eth0", 9, "52:54:00:00:00:09", 300, 3)))
	assert.Equal(t, netif.Delta{netif.Normal, 1000, 1000}, steps[0].Received)
	assert.Nil(t, steps[1].Before)
	_, steps = h.Advance(snapshot(start.Add(2*time.Hour), "a", named("lan0", 11, "52:54:00:00:00:11", 40, 1), named("eth0", 9, "52:54:00:00:00:09", 400, 4)))
	assert.Equal(t, netif.Delta{netif.NewInstance, 40, 40}, steps[0].Received)
	assert.Equal(t, netif.Delta{netif.Normal, 100, 100}, steps[1].Received)
}

func TestAnAbsurdCounterIsSaidAndInNoTotal(t *testing.T) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", eth(2, 1000, 1000)))
	h, _ = h.Advance(snapshot(start.Add(time.Hour), "a", eth(2, 2000, 1000)))
	h, steps := h.Advance(snapshot(start.Add(2*time.Hour), "a", eth(2, 1<<63, 1500)))
	assert.Equal(t, netif.Delta{netif.Implausible, 0, 1<<63 - 2000}, steps[0].Received)
	h, steps = h.Advance(snapshot(start.Add(3*time.Hour), "a", eth(2, 2500, 1800)))
	assert.Equal(t, netif.Delta{netif.Normal, 500, 500}, steps[0].Received, "what is not believed is no base")
	assert.EqualValues(t, 1500, h.Lines[0].Received)
	var sum uint64
	var classes uint16
	for _, hour := range h.Lines[0].Hours {
		sum += hour.Received
		classes |= hour.Classes
	}
	assert.EqualValues(t, 1500, sum)
	assert.NotZero(t, classes&(1<<netif.Implausible), "the class is stored")
}

func TestAnImplausibleCounterThatStaysIsTheNewBase(t *testing.T) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", eth(2, 1000, 1000)))
	h, _ = h.Advance(snapshot(start.Add(time.Hour), "a", eth(2, 1<<62, 1000)))
	_, steps := h.Advance(snapshot(start.Add(2*time.Hour), "a", eth(2, 1<<62+400, 1000)))
	assert.Equal(t, netif.Delta{netif.Normal, 400, 400}, steps[0].Received)
}

func TestOneWrongClockReadingDestroysNothing(t *testing.T) {
	for name, wrong := range map[string]time.Time{"1970": time.Unix(0, 0).UTC(), "years ahead": start.AddDate(10, 0, 0)} {
		h, _ := netif.History{}.Advance(snapshot(start, "a", eth(2, 0, 0)))
		at := start
		for i := range 48 {
			at = at.Add(time.Hour)
			h, _ = h.Advance(snapshot(at, "a", eth(2, uint64(i+1)*100, 0)))
		}
		h, _ = h.Advance(snapshot(wrong, "a", eth(2, 4900, 0)))
		h, _ = h.Advance(snapshot(at.Add(2*time.Hour), "a", eth(2, 5000, 0)))
		h, _ = h.Advance(snapshot(at.Add(3*time.Hour), "a", eth(2, 5100, 0)))
		assert.EqualValues(t, 5100, h.Lines[0].Received, name)
		assert.GreaterOrEqual(t, len(h.Lines[0].Hours), 49, name)
		var sum uint64
		for _, hour := range h.Lines[0].Hours {
			sum += hour.Received
		}
		assert.GreaterOrEqual(t, sum, uint64(4800), name)
	}
}

func TestABSDWhoseClockWasSetHasNotBooted(t *testing.T) {
	at := func(now, booted time.Time, bytes uint64) netif.Snapshot {
		s := snapshot(now, "at "+booted.String(), eth(2, bytes, bytes))
		s.Booted = booted
		return s
	}
	h, _ := netif.History{}.Advance(at(start, start.Add(-time.Hour), 966_000_000_000))
	_, steps := h.Advance(at(start.Add(5*time.Hour), start.Add(2*time.Hour), 966_000_000_500))
	assert.Equal(t, netif.Delta{netif.Normal, 500, 500}, steps[0].Received)
	_, steps = h.Advance(at(start.Add(5*time.Hour), start.Add(2*time.Hour), 500))
	assert.Equal(t, netif.Delta{netif.Reboot, 500, 500}, steps[0].Received)
}

func TestFreeBSDIsAskedForWholeNames(t *testing.T) {
	m := hosttest.New(`A FreeBSD, after netstat(1).
-- machine now=2026-11-25T06:00:00Z --
-- /proc/net/dev absent --
-- $ ["uname","-snrm"] --
FreeBSD web 14.1-RELEASE amd64
-- $ ["netstat","-ibdnW"] --
Name         Mtu Network       Address              Ipkts Ierrs Idrop     Ibytes    Opkts Oerrs     Obytes  Coll  Drop
vtnet0      1500 <Link#1>      52:54:00:12:34:56      100     1     2       3000      200     4       5000     0     6
vtnet1      1500 <Link#2>      52:54:00:12:34:57      100     1     2       7000      200     4       5000     0     6
-- $ ["sysctl","-n","kern.boottime"] --
{ sec = 1700000000, usec = 0 } Tue Nov 14 22:13:20 2023
`)
	snap, err := netif.Read(t.Context(), m.Host())
	require.NoError(t, err)
	assert.Len(t, snap.Interfaces, 2)
}

func TestNetBSDIsAskedForWholeNames(t *testing.T) {
	m := hosttest.New(`A NetBSD, after usr.bin/netstat/if.c: without -v it cuts names to five characters.
-- machine now=2026-11-25T06:00:00Z --
-- /proc/net/dev absent --
-- $ ["uname","-snrm"] --
NetBSD web 10.1 amd64
-- $ ["netstat","-ibdnv"] --
Name  Mtu   Network       Address               Ibytes     Obytes Drops
vioif0 1500  <Link>        52:54:00:12:34:56       3000       5000     0
vioif1 1500  <Link>        52:54:00:12:34:57       7000       5000     0
-- $ ["sysctl","-n","kern.boottime"] --
1700000000
`)
	snap, err := netif.Read(t.Context(), m.Host())
	require.NoError(t, err)
	assert.Len(t, snap.Interfaces, 2)
}

func TestNamesThatWereCutAreAnError(t *testing.T) {
	for _, text := range []string{`Name    Mtu Network       Address              Ipkts Ierrs Idrop     Ibytes    Opkts Oerrs     Obytes  Coll  Drop
vtnet  1500 <Link#1>      52:54:00:12:34:56      100     1     2       3000      200     4       5000     0     6
vtnet  1500 <Link#2>      52:54:00:12:34:57      100     1     2       7000      200     4       5000     0     6
`, `Name  Mtu   Network       Address               Ibytes     Obytes Drops
vioif 1500  <Link>        52:54:00:12:34:56       3000       5000     0
vioif 1500  <Link>        52:54:00:12:34:57       7000       5000     0
`} {
		_, err := netif.ParseNetstat([]byte(text))
		assert.ErrorContains(t, err, "cut off")
	}
}

func TestWhatRidesOnACardIsNotCountedTwice(t *testing.T) {
	kinds := func(s netif.Sample, kind netif.Kind, link int) netif.Sample {
		s.Kind, s.Link = kind, link
		return s
	}
	cards := []netif.Sample{
		{Name: "lo", Index: 1, Kind: netif.Loopback},
		named("eth0", 2, "", 0, 0), named("eth1", 3, "", 0, 0),
		kinds(named("bond0", 4, "", 0, 0), netif.Bond, 0), kinds(named("bond0.7", 5, "", 0, 0), netif.VLAN, 4),
		kinds(named("br0", 6, "", 0, 0), netif.Bridge, 0), kinds(named("wg0", 7, "", 0, 0), netif.Tunnel, 0), kinds(named("dummy0", 8, "", 0, 0), netif.Virtual, 0),
	}
	assert.Equal(t, map[string]bool{"eth0": true, "eth1": true}, netif.Outer(cards))
	container := []netif.Sample{{Name: "lo", Index: 1, Kind: netif.Loopback}, kinds(named("eth0", 2, "", 0, 0), netif.Virtual, 77)}
	assert.Equal(t, map[string]bool{"eth0": true}, netif.Outer(container))
}

func TestReadingManyInterfacesIsFewExchanges(t *testing.T) {
	m := withCards(0, card{"eth0", 2, 0, "1"}, card{"eth1", 3, 0, "1"}, card{"eth2", 4, 0, "1"})
	h := m.Host()
	b := &batches{Machine: m}
	h.Files = b
	_, err := netif.Read(t.Context(), h)
	require.NoError(t, err)
	assert.Equal(t, 1, b.n)
	assert.LessOrEqual(t, b.opened, 3)
}
