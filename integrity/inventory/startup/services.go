package startup

import (
	"context"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Services is the check "integrity.services": which of the services that are
// started at boot nothing here needs. Its scope is services/needed. That one was
// enabled or disabled the check of files tells, since a file says so.
type Services struct {
	Host host.Host
}

// Name returns "integrity.services".
func (Services) Name() string { return "integrity.services" }

// Rules returns the catalogue.
func (Services) Rules() []report.Rule {
	return report.Since(since, report.Rule{
		ID: "integrity.services.not-needed", Kind: report.Condition, Severity: report.Info, Title: "A service is started that nothing here needs",
		Explain: "What does not run has no faults that anybody can use, and needs no updates in a hurry.",
		Remedy:  "Disable it, or accept this to keep it.",
	}, report.Rule{
		ID: "integrity.services.clear-text", Kind: report.Condition, Severity: report.Warning, Title: "A service is started that sends passwords in clear text",
		Explain: "Whoever sees the network on the way can read the passwords.",
		Remedy:  "Disable it, and use ssh instead.",
	})
}

// Check judges each enabled service.
func (c Services) Check(ctx context.Context, rec *report.Recorder) error {
	all, err := ReadEnabled(ctx, c.Host)
	if err != nil {
		return fmt.Errorf("enabled services: %w", err)
	}
	rec.Covered("services/needed")
	rec.Metric(report.Metric{Name: "services_enabled", Value: report.Count(uint64(len(all)))})
	guide := howto.Of(ctx, c.Host)
	told := map[string]bool{}
	for _, e := range all {
		short, _, _ := strings.Cut(strings.TrimSuffix(e.Name, ending(e.Name)), "@")
		v, ok := verdicts[short]
		if !ok || told[e.Name] {
			continue
		}
		told[e.Name] = true
		if v.unneeded == nil || v.unneeded(ctx, c.Host) {
			rec.Finding(v.finding(guide, e))
		}
	}
	return nil
}

// ending gives the type of a unit, such as ".service"; "" elsewhere.
func ending(unit string) string {
	for _, e := range []string{".service", ".socket", ".timer", ".path"} {
		if strings.HasSuffix(unit, e) {
			return e
		}
	}
	return ""
}

func (v verdict) finding(guide howto.Guide, e Enabled) report.Finding {
	f := report.Finding{
		Rule: "integrity.services.not-needed", Subject: report.Service.Of(inventory.Word(e.Name)), Scope: "services/needed",
		Title:    prose.Clip(e.Name, 100) + " is started, and nothing here seems to need it: " + v.why,
		Evidence: []report.Attr{report.Reason.Of(v.why), report.Path.Of(e.By)},
	}
	if v.unneeded == nil {
		f.Rule, f.Title = "integrity.services.clear-text", prose.Clip(e.Name, 100)+" is started: "+v.why
	}
	// Stopped first: what is disabled, the scripts of FreeBSD do not stop, and those of Slackware cannot be run.
	do := howto.Commands(guide.Command(howto.Stop, e.Name), guide.Command(howto.Disable, e.Name))
	undo := howto.Commands(guide.Command(howto.Enable, e.Name), guide.Command(howto.Start, e.Name))
	if len(do) == 2 && len(undo) == 2 {
		f.Remedy = &report.Remedy{Do: do, Undo: undo}
		f.Fix = "If so, stop it, and let it not be started again."
	} else if name, _, ok := strings.Cut(e.How, "="); ok {
		f.Fix = "If so, by hand: stop it, and set " + prose.Clip(name, 100) + "=NO in /etc/rc.conf."
	}
	return f
}
