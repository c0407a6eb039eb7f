package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// Services checks for services that the service manager gave up. Its scope is
// services, with the name of the unit below it.
type Services struct {
	Host host.Host
}

// Name returns "host.services".
func (Services) Name() string { return "host.services" }

// Rules returns the catalogue.
func (Services) Rules() []report.Rule {
	return []report.Rule{{
		ID: "service.failed", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A service has failed",
		Explain: "The service manager started it and it ended with an error, so what it does is not done.",
		Remedy:  "Read its messages, remove the cause, start it again.",
	}}
}

// A Failed is a unit of systemd in the state failed.
type Failed struct {
	Unit        string
	Description string
	Result      string // why: "exit-code", "signal", "timeout"; "" when not told
	Since       string // in the words of systemd; "" when not told
}

// otherManagers keep a record of failed services too, which is not read so far.
var otherManagers = []string{"/sbin/openrc-run", "/usr/sbin/rcctl"}

// Check asks the service manager. Where none keeps a record of failed services
// the question does not exist.
func (c Services) Check(ctx context.Context, rec *report.Recorder) error {
	_, err := c.Host.Lstat(ctx, "/run/systemd/system") // as sd_booted(3) does
	if errors.Is(err, fs.ErrNotExist) {
		if c.Host.Exec == nil {
			return fmt.Errorf("failed services of a system that does not run: %w", errors.ErrUnsupported)
		}
		return c.withoutSystemd(ctx)
	}
	if err != nil {
		return err
	}
	failed, err := ReadFailed(ctx, c.Host)
	if err != nil {
		return err
	}
	rec.Covered("services")
	rec.Metric(report.Metric{Name: "services_failed", Value: report.Count(uint64(len(failed)))})
	for _, f := range failed {
		rec.Finding(f.finding())
	}
	return nil
}

func (c Services) withoutSystemd(ctx context.Context) error {
	for _, name := range otherManagers {
		_, err := c.Host.Lstat(ctx, name)
		if err == nil {
			return fmt.Errorf("failed services of %s: %w", name, errors.ErrUnsupported)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return report.Skip("no service manager here keeps a record of failed services")
}

// ReadFailed returns the failed units of a system that systemd runs.
func ReadFailed(ctx context.Context, h host.Host) ([]Failed, error) {
	out, err := h.Query(ctx, "systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--full", "--no-pager")
	if err != nil {
		return nil, err
	}
	failed, err := ParseUnits(out)
	if err != nil || len(failed) == 0 {
		return failed, err
	}
	args := []string{"systemctl", "show", "--property=Id,Result,StateChangeTimestamp", "--"}
	for _, f := range failed {
		args = append(args, f.Unit)
	}
	out, err = h.Query(ctx, args...)
	if err != nil {
		return nil, err
	}
	addProperties(failed, out)
	return failed, nil
}

// ParseUnits reads systemctl list-units --plain --no-legend: unit, load state,
// active state, sub-state, description.
func ParseUnits(out []byte) ([]Failed, error) {
	failed := []Failed{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) < 4 || !strings.Contains(f[0], ".") {
			return nil, fmt.Errorf("systemctl: %.80q is no unit", strings.TrimSpace(line))
		}
		if f[2] == "failed" {
			failed = append(failed, Failed{Unit: f[0], Description: strings.Join(f[4:], " ")})
		}
	}
	return failed, nil
}

// addProperties reads systemctl show: a block of name=value lines for each unit.
func addProperties(failed []Failed, out []byte) {
	for block := range strings.SplitSeq(string(out), "\n\n") {
		values := map[string]string{}
		for line := range strings.Lines(block) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			values[name] = value
		}
		for i := range failed {
			if failed[i].Unit == values["Id"] {
				failed[i].Result, failed[i].Since = values["Result"], values["StateChangeTimestamp"]
			}
		}
	}
}

func (f Failed) finding() report.Finding {
	detail := f.Description + "."
	if f.Since != "" {
		detail += " It failed on " + f.Since + "."
	}
	var evidence []report.Attr
	if f.Result != "" {
		detail += " The service manager's reason: " + f.Result + "."
		evidence = []report.Attr{{Key: report.Reason, Value: f.Result}}
	}
	unit := shellWord(f.Unit)
	return report.Finding{
		Rule: "service.failed", Subject: report.Attr{Key: report.Service, Value: f.Unit},
		Scope:    "services/" + strings.ReplaceAll(f.Unit, "/", "-"),
		Title:    "The service " + f.Unit + " has failed",
		Detail:   detail,
		Fix:      "Read why: journalctl -u " + unit + " -n 50; then: systemctl restart " + unit,
		Evidence: evidence,
	}
}
