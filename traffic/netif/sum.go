package netif

import "github.com/pugetsoundtech/upkeep/report"

// recordSum gives what went in and out of the system: that of its cards, since
// what a bridge, a bond, a VLAN or a tunnel carries goes through one of them.
// Without any card it is that of the interfaces that ride on none of the system.
func recordSum(rec *report.Recorder, snap Snapshot, steps []Step) {
	outer := Outer(snap.Interfaces)
	var received, sent uint64
	known := false
	for _, s := range steps {
		if !outer[s.Sample.Name] || !s.Received.counts() || !s.Sent.counts() {
			continue
		}
		known = true
		received, sent = received+s.Received.Bytes, sent+s.Sent.Bytes
	}
	if known {
		rec.Metric(report.Metric{Name: "network_received_bytes", Unit: "bytes", Value: report.Count(received), Time: snap.Time})
		rec.Metric(report.Metric{Name: "network_sent_bytes", Unit: "bytes", Value: report.Count(sent), Time: snap.Time})
	}
}

// Outer gives the names of the interfaces whose traffic may be added up without
// counting any twice: the cards or, in a container, what leads out of it.
func Outer(samples []Sample) map[string]bool {
	cards, others := map[string]bool{}, map[string]bool{}
	numbers := map[int]bool{}
	for _, s := range samples {
		numbers[s.Index] = true
	}
	for _, s := range samples {
		switch {
		case s.Kind == Physical:
			cards[s.Name] = true
		case (s.Kind == Virtual || s.Kind == "") && !s.ephemeral() && (s.Link == 0 || !numbers[s.Link]):
			others[s.Name] = true
		}
	}
	if len(cards) > 0 {
		return cards
	}
	return others
}
