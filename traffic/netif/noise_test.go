package netif_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

// card is one line of /proc/net/dev, and what sysfs tells of it; hardware "":
// there is no such folder, and it drops packets.
type card struct {
	name            string
	index, received int
	hardware        string
}

// withCards is a machine with these cards, some days after the start.
func withCards(days int, cards ...card) *hosttest.Machine {
	text := "Cards of a test.\n-- machine now=" + start.AddDate(0, 0, days).Format(time.RFC3339) +
		" --\n-- /proc/sys/kernel/random/boot_id --\na\n-- /proc/uptime --\n99999999.0 1.0\n-- /sys/class/net/ dir complete --\n"
	table := "-- /proc/net/dev --\nInter-| Receive | Transmit\n face |bytes |bytes\n"
	for _, c := range cards {
		drops := 0
		if c.hardware == "" {
			drops = 900_000
		}
		table += fmt.Sprintf("%s: %d 1000000 0 %d 0 0 0 0 5 5 0 0 0 0 0 0\n", c.name, c.received, drops)
		if c.hardware != "" {
			text += fmt.Sprintf("-- /sys/class/net/%[1]s/ dir complete --\n-- /sys/class/net/%[1]s/ifindex --\n%[2]d\n-- /sys/class/net/%[1]s/type --\n%[3]s\n", c.name, c.index, c.hardware)
		}
	}
	return hosttest.New(text + table)
}

func TestContainersThatComeAndGoMakeNoNoise(t *testing.T) {
	var store reporttest.Store
	for day := range 5 {
		cards := []card{{"eth0", 2, 1000 * day, "1"}, {"lxcbr0", 3, 1000 * day, "1"}, {"vnet0", 10 + day, 500 - day, "1"}}
		for i := range 300 {
			cards = append(cards, card{name: fmt.Sprintf("veth%04x%02d", i, day), received: i})
		}
		cards = append(cards, card{name: fmt.Sprintf("br-%012x", day), received: 5})
		res := run(t, &store, withCards(day, cards...))
		assert.Empty(t, res.Findings, "day %d", day)
		assert.Empty(t, res.Problems)
		assert.Less(t, len(res.Metrics), 300, "a report does not fill with what is gone tomorrow")
	}
}

func TestManyLastingInterfacesAreNotNewEachDay(t *testing.T) {
	for _, n := range []int{100, 500} {
		var store reporttest.Store
		for day := range 3 {
			var cards []card
			for i := range n {
				cards = append(cards, card{fmt.Sprintf("vlan%d", i), i + 1, 1000 * day, "1"})
			}
			res := run(t, &store, withCards(day, cards...))
			assert.Empty(t, res.Findings, "day %d of %d interfaces", day, n)
			assert.Empty(t, res.Problems, "day %d of %d interfaces", day, n)
		}
	}
}

func TestTunnelThatIsDialledAnewIsToldOnce(t *testing.T) {
	var store reporttest.Store
	eth0 := card{"eth0", 2, 0, "1"}
	run(t, &store, withCards(0, eth0))
	res := run(t, &store, withCards(1, eth0, card{"ppp0", 7, 100, "512"}))
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "Network interface ppp0 (tunnel) appeared", res.Findings[0].Title)
	for day, cards := range [][]card{
		{eth0, {"ppp0", 8, 50, "512"}}, // dialled anew
		{eth0},                         // down
		{eth0},
		{eth0, {"ppp0", 9, 70, "512"}},
	} {
		res = run(t, &store, withCards(2+day, cards...))
		assert.Empty(t, res.Findings, "step %d", day)
	}
	for _, m := range res.Metrics {
		if m.Name == "interface_received_bytes" && m.Attrs[0].Value == "ppp0" {
			assert.Equal(t, "70", m.Value.String(), "all that the new one has counted")
		}
	}
}

func TestInterfaceThatComesBackKeepsItsHours(t *testing.T) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", eth(2, 0, 0)))
	h, _ = h.Advance(snapshot(start.Add(time.Hour), "a", eth(2, 100, 0)))
	h, steps := h.Advance(snapshot(start.Add(2*time.Hour), "a"))
	require.Len(t, steps, 1)
	assert.True(t, steps[0].Gone)
	h, steps = h.Advance(snapshot(start.Add(3*time.Hour), "a"))
	assert.Empty(t, steps, "it went once")
	data, err := h.Encode()
	require.NoError(t, err)
	h, err = netif.Decode(data)
	require.NoError(t, err)
	again, steps := h.Advance(snapshot(start.Add(4*time.Hour), "a", eth(2, 400, 0)))
	assert.True(t, steps[0].Returned)
	assert.Equal(t, netif.Delta{netif.Normal, 300, 300}, steps[0].Received, "the number is the same: it has counted on")
	assert.Equal(t, start.Add(time.Hour), steps[0].From)
	assert.EqualValues(t, 400, again.Lines[0].Received)
	_, steps = h.Advance(snapshot(start.Add(4*time.Hour), "a", eth(3, 50, 0)))
	assert.Equal(t, netif.Delta{netif.NewInstance, 50, 50}, steps[0].Received)
	assert.Equal(t, start.Add(3*time.Hour), steps[0].From, "it was not there at the last look")
	h, _ = h.Advance(snapshot(start.Add(15*24*time.Hour), "a"))
	assert.NotEmpty(t, h.Lines, "not by one reading of a clock")
	h, _ = h.Advance(snapshot(start.Add(16*24*time.Hour), "a"))
	assert.Empty(t, h.Lines, "what is gone is forgotten in the end")
}

func TestLinkThatIsSlowerNowIsNotImplausible(t *testing.T) {
	fast, slow := eth(2, 0, 0), eth(2, 3_000_000_000, 0)
	fast.Speed, slow.Speed = 1_000_000_000, 10_000_000
	h, _ := netif.History{}.Advance(snapshot(start, "a", fast))
	_, steps := h.Advance(snapshot(start.Add(time.Minute), "a", slow))
	assert.Equal(t, netif.Normal, steps[0].Received.Class)
}

func TestTunnelWithTheNumberOfAnotherIsNotRenamed(t *testing.T) {
	tun := netif.Sample{Name: "tun0", Index: 5, Kind: netif.Tunnel, Received: netif.Counters{Bytes: n(100)}, Sent: netif.Counters{Bytes: n(100)}}
	h, _ := netif.History{}.Advance(snapshot(start, "a", tun))
	wg := tun
	wg.Name = "wg0"
	_, steps := h.Advance(snapshot(start.Add(time.Hour), "a", wg))
	assert.Empty(t, steps[0].Renamed)
	assert.Nil(t, steps[0].Before)
}

// A number is used again: another card in its place is not the old one.
func TestInterfaceWithAnotherAddressIsNotRenamed(t *testing.T) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", eth(2, 1000, 1000)))
	other := eth(2, 1500, 1500)
	other.Name, other.MAC = "lan0", "52:54:00:65:43:21"
	_, steps := h.Advance(snapshot(start.Add(time.Hour), "a", other))
	require.Len(t, steps, 2)
	assert.Empty(t, steps[0].Renamed)
	assert.Nil(t, steps[0].Before)
	assert.Equal(t, netif.Base, steps[0].Received.Class)
	assert.True(t, steps[1].Gone)
	assert.Equal(t, "eth0", steps[1].Sample.Name)
}

func TestDaysWithoutALookAreSpreadAndDaysWithoutAnInterfaceAreGaps(t *testing.T) {
	var store reporttest.Store
	run(t, &store, withCards(0, card{"eth0", 2, 0, "1"}))
	run(t, &store, withCards(3, card{"eth0", 2, 72_000, "1"})) // nobody looked for three days
	run(t, &store, withCards(4))
	res := run(t, &store, withCards(5, card{"eth0", 3, 2400, "1"})) // made anew since day 4
	for _, s := range res.Series {
		if s.Name != "interface_received_bytes" {
			continue
		}
		require.Len(t, s.Values, 5*24)
		assert.Equal(t, n(1000), s.Values[30])
		assert.False(t, s.Values[3*24+5].Known(), "it was not there")
		assert.Equal(t, n(100), s.Values[4*24+5])
		return
	}
	t.Fatal("no series")
}
