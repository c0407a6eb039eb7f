package netif

import "github.com/pugetsoundtech/upkeep/report"

const (
	name = "traffic.netif"

	ruleAppeared    = name + ".appeared"
	ruleVanished    = name + ".vanished"
	ruleRenamed     = name + ".renamed"
	ruleErrors      = name + ".errors"
	ruleDrops       = name + ".drops"
	ruleRestarted   = name + ".counter-restarted"
	ruleAmbiguous   = name + ".counter-ambiguous"
	ruleImplausible = name + ".counter-implausible"
	ruleSurge       = name + ".volume-surge"
	rulePeak        = name + ".new-peak"
	ruleQuiet       = name + ".silent"
)

// Rules is the catalogue.
func (c Interfaces) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Event.Rule(ruleAppeared, report.Notice, "A network interface appeared").Text(
			"A new interface is a new way in and out: a card, a tunnel, or a bridge that somebody or some program made.",
			"Find out who made it (ip -d link show, ifconfig), and sign this off if it belongs here."),
		report.Event.Rule(ruleVanished, report.Warning, "A network interface vanished").Text(
			"What was reached through it is no longer reached. A card that is gone may be broken.",
			"Look for it in the kernel's messages (dmesg), and sign this off if it was removed on purpose."),
		report.Event.Rule(ruleRenamed, report.Info, "A network interface has another name").Text(
			"Firewall rules and services that name the interface may no longer fit.",
			"Compare the firewall and network configuration with the new name, then sign this off."),
		report.Condition.Rule(ruleErrors, report.Warning, "A network interface counts errors").Text(
			"Damaged frames come from a bad cable, plug or port, or from two ends that disagree on speed.",
			"Compare speed and duplex on both ends (ethtool NAME; ifconfig NAME on a BSD), then change the cable or the port."),
		report.Condition.Rule(ruleDrops, report.Notice, "A network interface drops packets").Text(
			"The machine could not take or send all packets: too little buffer, too busy, or a protocol that nobody handles.",
			"See which counter rises (ip -s -s link show NAME, ethtool -S NAME; netstat -id on a BSD). If it is rx_missed, raise the ring buffer."),
		report.Event.Rule(ruleRestarted, report.Notice, "The counters of a network interface restarted").Text(
			"The interface was made anew or its driver was loaded again while the system kept running. What was counted after the last look and before the restart is lost.",
			"Look in the kernel's messages (dmesg) at the time for the reason, then sign this off."),
		report.Event.Rule(ruleAmbiguous, report.Notice, "The traffic of a network interface is not certain").Text(
			"A counter of 32 bits went down: it restarted, or it passed 4 GiB, and nothing tells which.",
			"Run the check more often, or sign this off."),
		report.Event.Rule(ruleImplausible, report.Notice, "A network interface counts more than it can carry").Text(
			"The counter is wrong, the speed that the driver tells is wrong, or the clock was set.",
			"Compare with the switch or router at the other end, then sign this off."),
		report.Condition.Rule(ruleSurge, report.Notice, "Unusually much goes through a network interface").Text(
			"A backup, a mirror, an attack, or data that leaves the machine.",
			"See which connections carry it (ss -tinp; sockstat on a BSD), and what the logs of the servers say."),
		report.Condition.Rule(rulePeak, report.Info, "A network interface has its busiest hour").Text(
			"In no hour of the weeks before went so much through it.",
			"Ask whether the line and the machine have room for more, and what the hour was used for."),
		report.Condition.Rule(ruleQuiet, report.Warning, "A network interface has gone quiet").Text(
			"Where there always was traffic there is none: a cable, a switch, a route, or a server behind it.",
			"Look at the link (ip -s link, ifconfig), and try to reach what is behind it."),
	)
}
