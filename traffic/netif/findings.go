package netif

import (
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

const (
	ruleAppeared    = "netif.appeared"
	ruleVanished    = "netif.vanished"
	ruleRenamed     = "netif.renamed"
	ruleErrors      = "netif.errors"
	ruleDrops       = "netif.drops"
	ruleRestarted   = "netif.counter-restarted"
	ruleAmbiguous   = "netif.counter-ambiguous"
	ruleImplausible = "netif.counter-implausible"
)

// Rules is the catalogue.
func (c Interfaces) Rules() []report.Rule {
	rule := func(id string, kind report.Kind, severity report.Severity, title, explain, remedy string) report.Rule {
		return report.Rule{ID: id, Kind: kind, Severity: severity, Title: title, Explain: explain, Remedy: remedy, Since: "0.1.0"}
	}
	return []report.Rule{
		rule(ruleAppeared, report.Event, report.Notice, "a network interface appeared",
			"A new interface is a new way in and out: a card, a tunnel, or a bridge that somebody or some program made.",
			"Find out who made it (ip -d link show, ifconfig), and sign this off if it belongs here."),
		rule(ruleVanished, report.Event, report.Warning, "a network interface vanished",
			"What was reached through it is no longer reached. A card that is gone may be broken.",
			"Look for it in the kernel's messages (dmesg), and sign this off if it was removed on purpose."),
		rule(ruleRenamed, report.Event, report.Info, "a network interface has another name",
			"Firewall rules and services that name the interface may no longer fit.",
			"Compare the firewall and network configuration with the new name, then sign this off."),
		rule(ruleErrors, report.Condition, report.Warning, "a network interface counts errors",
			"Damaged frames come from a bad cable, plug or port, or from two ends that disagree on speed.",
			"Compare speed and duplex on both ends (ethtool NAME; ifconfig NAME on a BSD), then change the cable or the port."),
		rule(ruleDrops, report.Condition, report.Notice, "a network interface drops packets",
			"The machine could not take or send all packets: too little buffer, too busy, or a protocol that nobody handles.",
			"See which counter rises (ip -s -s link show NAME, ethtool -S NAME; netstat -id on a BSD). If it is rx_missed, raise the ring buffer."),
		rule(ruleRestarted, report.Event, report.Notice, "the counters of a network interface restarted",
			"The interface was made anew or its driver was loaded again while the system kept running. What was counted after the last look and before the restart is lost.",
			"Look in the kernel's messages (dmesg) at the time for the reason, then sign this off."),
		rule(ruleAmbiguous, report.Event, report.Notice, "the traffic of a network interface is not certain",
			"A counter of 32 bits went down: it restarted, or it passed 4 GiB, and nothing tells which.",
			"Run the check more often, or sign this off."),
		rule(ruleImplausible, report.Event, report.Notice, "a network interface counts more than it can carry",
			"The counter is wrong, the speed that the driver tells is wrong, or the clock was set.",
			"Compare with the switch or router at the other end, then sign this off."),
	}
}

func finding(rule string, s Step, title, detail string) report.Finding {
	f := report.Finding{
		Rule: rule, Subject: report.Attr{Key: report.Interface, Value: s.Sample.Name},
		Scope: scopeOf(s), Title: title, Detail: detail, First: s.From, Last: s.To,
	}
	if s.Sample.MAC != "" {
		f.Evidence = append(f.Evidence, report.Attr{Key: report.Now, Value: "mac=" + s.Sample.MAC})
	}
	return f
}

func scopeOf(s Step) string { return scopeRoot + "/" + s.Sample.Name }

func appeared(s Step) report.Finding {
	f := finding(ruleAppeared, s, fmt.Sprintf("network interface %s%s appeared", s.Sample.Name, s.Sample.kind()),
		fmt.Sprintf("It is there on %s, and was not there at the last look.", stamp(s.To)))
	f.First = s.To
	f.Evidence = append(f.Evidence, report.AtTime(s.To))
	return f
}

func vanished(s Step) report.Finding {
	f := finding(ruleVanished, s, fmt.Sprintf("network interface %s%s vanished", s.Sample.Name, s.Sample.kind()),
		fmt.Sprintf("It was there on %s and is not on %s.", stamp(s.From), stamp(s.To)))
	if s.Sample.Kind != Physical {
		f.Severity = report.Notice
	}
	f.Evidence = append(f.Evidence, report.AtTime(s.To))
	return f
}

func renamed(s Step) report.Finding {
	f := finding(ruleRenamed, s, fmt.Sprintf("network interface %s is now named %s", s.Renamed, s.Sample.Name),
		"Number and hardware address are the same; its traffic is counted on.")
	f.Evidence = append(f.Evidence, report.Attr{Key: report.Was, Value: "name=" + s.Renamed}, report.AtTime(s.To))
	return f
}

// recordCounter reports a difference that is not certain. Of both directions
// the one with the greater class tells: they restart together.
func recordCounter(rec *report.Recorder, s Step) {
	class := max(worth(s.Received.Class), worth(s.Sent.Class))
	var f report.Finding
	switch class {
	case Reset, NewInstance:
		f = finding(ruleRestarted, s, fmt.Sprintf("the counters of %s restarted without a boot (%s)", s.Sample.Name, class),
			fmt.Sprintf("Since the restart it received %s and sent %s; what came before it and after %s is not counted.",
				bytesText(s.Received.Bytes), bytesText(s.Sent.Bytes), stamp(s.From)))
	case Ambiguous:
		f = finding(ruleAmbiguous, s, fmt.Sprintf("the traffic of %s since the last look is not certain", s.Sample.Name),
			fmt.Sprintf("It received between %s and %s, and sent between %s and %s; the lower numbers are counted.",
				bytesText(s.Received.Bytes), bytesText(s.Received.Max), bytesText(s.Sent.Bytes), bytesText(s.Sent.Max)))
	case Implausible:
		f = finding(ruleImplausible, s, fmt.Sprintf("%s counts more than %d Mbit/s can carry", s.Sample.Name, s.Sample.Speed/1_000_000),
			fmt.Sprintf("Received %s and sent %s in %s; the numbers are kept as they are.",
				bytesText(s.Received.Bytes), bytesText(s.Sent.Bytes), s.To.Sub(s.From)))
	default:
		return
	}
	f.Evidence = append(f.Evidence, report.AtTime(s.To))
	rec.Finding(f)
}

// worth keeps the classes that a person should see.
func worth(c Class) Class {
	switch c {
	case Reset, NewInstance, Ambiguous, Implausible:
		return c
	}
	return Unknown
}

// kind gives the kind in parentheses, for titles.
func (s Sample) kind() string {
	if s.Kind == "" {
		return ""
	}
	return " (" + string(s.Kind) + ")"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }

// bytesText gives a number of bytes for people: "17.3 MB".
func bytesText(n uint64) string {
	if n < 1000 {
		return fmt.Sprintf("%d bytes", n)
	}
	v, unit := float64(n), 0
	for v >= 999.95 && unit < len(units)-1 {
		v /= 1000
		unit++
	}
	return fmt.Sprintf("%.1f %s", v, units[unit])
}

var units = [...]string{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"}
