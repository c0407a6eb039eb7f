package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/report"
)

// Services checks for services that the service manager gave up. Its scope is
// services, with the name of the unit below it.
type Services struct {
	Host host.Host
}

// Name returns "resource.services".
func (Services) Name() string { return "resource.services" }

// A Failed is a unit of systemd in the state failed.
type Failed struct {
	Unit        string
	Description string
	Result      string // why: "exit-code", "signal", "timeout"; "" when not told
	Since       string // in the words of systemd; "" when not told
}

// otherManagers keep a record of failed services too. Their commands give a name
// a line, and end with 1 to say that there are some, or that there are none.
var otherManagers = []struct {
	program string
	list    []string
	folder  string // with a name for each that did not start; "": there is none
}{
	{"/sbin/openrc-run", []string{"rc-status", "--nocolor", "--crashed"}, "/run/openrc/failed"},
	{"/usr/sbin/rcctl", []string{"rcctl", "ls", "failed"}, ""},
}

// Check asks the service manager. Where none keeps a record of failed services
// the question does not exist.
func (c Services) Check(ctx context.Context, rec *report.Recorder) error {
	_, err := c.Host.Lstat(ctx, "/run/systemd/system") // as sd_booted(3) does
	if errors.Is(err, fs.ErrNotExist) {
		if c.Host.Exec == nil {
			return fmt.Errorf("failed services of a system that does not run: %w", errors.ErrUnsupported)
		}
		return c.withoutSystemd(ctx, rec)
	}
	if err != nil {
		return err
	}
	failed, err := ReadFailed(ctx, c.Host)
	if err != nil {
		return err
	}
	c.tell(ctx, rec, failed)
	return nil
}

func (c Services) tell(ctx context.Context, rec *report.Recorder, failed []Failed) {
	rec.Covered("services")
	rec.Metric(report.Metric{Name: "services_failed", Value: report.Count(uint64(len(failed)))})
	for _, f := range failed {
		rec.Finding(serviceFinding(f, howto.Of(ctx, c.Host)))
	}
}

func (c Services) withoutSystemd(ctx context.Context, rec *report.Recorder) error {
	for _, manager := range otherManagers {
		_, err := c.Host.Lstat(ctx, manager.program)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		failed, err := listFailed(ctx, c.Host, manager.list)
		if err == nil && manager.folder != "" {
			failed, err = addNotStarted(ctx, c.Host, manager.folder, failed)
		}
		if err != nil {
			return err
		}
		c.tell(ctx, rec, failed)
		return nil
	}
	return report.Skip("no service manager here keeps a record of failed services")
}

func listFailed(ctx context.Context, h host.Host, list []string) ([]Failed, error) {
	out, err := h.Run(ctx, host.Command{Args: list})
	if err != nil {
		return nil, err
	}
	if out.Exit > 1 || out.Exit < 0 || out.Truncated || len(out.Stderr) > 0 {
		return nil, fmt.Errorf("%s: %w", strings.Join(list, " "), cmp.Or(out.Err(), errors.New(firstLine(out.Stderr))))
	}
	failed := []Failed{}
	for line := range strings.Lines(string(out.Stdout)) {
		f := strings.Fields(line)
		if len(f) > 1 {
			return nil, fmt.Errorf("%s: %.80q is no name of a service", list[0], line)
		}
		if len(f) == 1 {
			failed = append(failed, Failed{Unit: f[0], Description: "The service manager says that it should run and does not"})
		}
	}
	return failed, nil
}

// addNotStarted adds those that OpenRC keeps a record of since they did not start.
func addNotStarted(ctx context.Context, h host.Host, folder string, failed []Failed) ([]Failed, error) {
	entries, err := h.ReadDir(ctx, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return failed, nil
	}
	for _, st := range entries {
		failed = append(failed, Failed{Unit: st.Name, Description: "It did not start"})
	}
	return failed, err
}

// ReadFailed returns the failed units of a system that systemd runs.
func ReadFailed(ctx context.Context, h host.Host) ([]Failed, error) {
	out, err := h.Query(ctx, "systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--full", "--no-pager")
	if err != nil {
		return nil, err
	}
	failed, err := parseUnits(out)
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

// parseUnits reads systemctl list-units --plain --no-legend: unit, load state,
// active state, sub-state, description.
func parseUnits(out []byte) ([]Failed, error) {
	failed := []Failed{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) < 4 || !strings.Contains(f[0], ".") {
			return nil, fmt.Errorf("systemctl: %.80q is no unit", strings.TrimSpace(line))
		}
		if f[2] == "failed" && !ofLogin(f[0]) {
			failed = append(failed, Failed{Unit: f[0], Description: strings.Join(f[4:], " ")})
		}
	}
	return failed, nil
}

// ofLogin reports whether a unit is of a login or of a program that nobody
// manages: how such a one ended is no trouble of the system.
func ofLogin(unit string) bool {
	return strings.HasSuffix(unit, ".scope") || strings.HasPrefix(unit, "user@") || strings.HasPrefix(unit, "user-runtime-dir@")
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
