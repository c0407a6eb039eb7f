package netif

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

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
	f := finding(ruleAppeared, s, fmt.Sprintf("Network interface %s%s appeared", s.Sample.Name, s.Sample.kind()),
		fmt.Sprintf("It is there on %s, and was not there at the last look.", prose.Time(s.To, nil)))
	f.First = s.To
	f.Evidence = append(f.Evidence, report.AtTime(s.To))
	return f
}

func vanished(s Step) report.Finding {
	f := finding(ruleVanished, s, fmt.Sprintf("Network interface %s%s vanished", s.Sample.Name, s.Sample.kind()),
		fmt.Sprintf("It was there on %s and is not on %s.", prose.Time(s.From, nil), prose.Time(s.To, nil)))
	if s.Sample.Kind != Physical {
		f.Severity = report.Notice
	}
	f.Evidence = append(f.Evidence, report.AtTime(s.To))
	return f
}

func renamed(s Step) report.Finding {
	f := finding(ruleRenamed, s, fmt.Sprintf("Network interface %s is now named %s", s.Renamed, s.Sample.Name),
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
		f = finding(ruleRestarted, s, fmt.Sprintf("The counters of %s restarted without a boot (%s)", s.Sample.Name, class),
			fmt.Sprintf("Since the restart it received %s and sent %s; what came before it and after %s is not counted.",
				prose.Bytes(s.Received.Bytes), prose.Bytes(s.Sent.Bytes), prose.Time(s.From, nil)))
	case Ambiguous:
		f = finding(ruleAmbiguous, s, fmt.Sprintf("The traffic of %s since the last look is not certain", s.Sample.Name),
			fmt.Sprintf("It received between %s and %s, and sent between %s and %s; the lower numbers are counted.",
				prose.Bytes(s.Received.Bytes), prose.Bytes(s.Received.Max), prose.Bytes(s.Sent.Bytes), prose.Bytes(s.Sent.Max)))
	case Implausible:
		speed := s.Sample.Speed
		if speed == 0 {
			speed = fastestCard
		}
		f = finding(ruleImplausible, s, fmt.Sprintf("%s counts more than %d Mbit/s can carry", s.Sample.Name, speed/1_000_000),
			fmt.Sprintf("It counts %s as received and %s as sent in %s; what is too much is in no total.",
				prose.Bytes(s.Received.Max), prose.Bytes(s.Sent.Max), prose.Duration(s.To.Sub(s.From))))
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
