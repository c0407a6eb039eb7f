package netif_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
)

func FuzzProcNetDev(f *testing.F) {
	f.Add([]byte(procNetDev))
	f.Fuzz(func(t *testing.T, data []byte) {
		samples, err := netif.ParseProcNetDev(data)
		check(t, samples, err)
	})
}

func FuzzNetstat(f *testing.F) {
	f.Add([]byte("Name Mtu Network Address Ipkts Ierrs Ibytes Opkts Oerrs Obytes Coll\nem0 1500 <Link#1> a:b:c:d:e:f 1 2 3 4 5 6 7\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		samples, err := netif.ParseNetstat(data)
		check(t, samples, err)
		netif.ParseBootTime(data)
	})
}

func check(t *testing.T, samples []netif.Sample, err error) {
	if err != nil && samples != nil {
		t.Fatal("samples beside an error")
	}
	for _, s := range samples {
		if s.Name == "" {
			t.Fatal("a sample without a name")
		}
	}
}

func FuzzDecode(f *testing.F) {
	h, _ := netif.History{}.Advance(snapshot(start, "a", eth(2, 5, 5)))
	h, _ = h.Advance(snapshot(start.Add(3*time.Hour), "a", eth(2, 50, 5)))
	data, err := h.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := netif.Decode(data)
		if err != nil {
			return
		}
		next, _ := h.Advance(snapshot(start.Add(5*time.Hour), "a", eth(2, 70, 7)))
		if encoded, err := next.Encode(); err != nil || !json.Valid(encoded) {
			t.Fatalf("%v", err)
		}
	})
}

func FuzzClassify(f *testing.F) {
	f.Add(uint64(5), uint64(3), 32, uint64(1e9), int64(time.Second), false)
	f.Fuzz(func(t *testing.T, before, after uint64, width int, speed uint64, over int64, zero bool) {
		d := netif.Classify(netif.Pair{Before: report.Count(before), After: report.Count(after), Width: width, Speed: speed, Over: time.Duration(over), ZeroBefore: zero})
		if d.Class == netif.Unknown || d.Max < d.Bytes || d.Class != netif.Ambiguous && d.Class != netif.Implausible && d.Max != d.Bytes {
			t.Fatalf("%+v", d)
		}
	})
}
